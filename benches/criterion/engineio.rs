//! Engine.IO packets, polling payloads and the session's share of a message.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use roomcast_benches::{SIZES, event, message};
use roomcast_engineio::revision4::{PayloadEncoder, decode_payload, decode_text, encode_text};
use roomcast_engineio::{Config, Packet, Session, Transport};

fn packet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engineio/packet");
    let text = message(32);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| decode_text(black_box(&text)).is_ok());
    });
    let packet = event(32);
    let mut out = Vec::with_capacity(1024);
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            out.clear();
            encode_text(black_box(&Packet::Text(&packet)), &mut out);
        });
    });
}

fn session(criterion: &mut Criterion) {
    let now = Instant::now();
    let text = message(32);
    let mut session = Session::new(now, Arc::new(Config::default()), Transport::WebSocket);
    criterion.bench_function("engineio/session/message", |bencher| {
        bencher.iter(|| {
            let packet = decode_text(black_box(&text)).expect("a message");
            let message = session.handle_packet(black_box(now), Transport::WebSocket, packet);
            let output = session.poll_output();
            (
                message.is_some(),
                output,
                session.writable(),
                session.next_timeout(),
            )
        });
    });
}

/// Payloads of 16 messages, the large ones of one.
fn payload(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engineio/payload");
    for len in SIZES {
        let count = if len > 1024 { 1 } else { 16 };
        let body = vec![message(len); count].join("\u{1e}");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(BenchmarkId::new("decode", len), |bencher| {
            bencher.iter(|| decode_payload(black_box(&body)).map(black_box).count());
        });
        let packet = event(len);
        group.bench_function(BenchmarkId::new("encode", len), |bencher| {
            bencher.iter(|| {
                let mut payload = PayloadEncoder::with_capacity(body.len());
                for _ in 0..count {
                    payload.push_text(black_box(packet.as_bytes()));
                }
                payload.into_body()
            });
        });
    }
    let bytes = vec![7; 1024];
    let mut payload = PayloadEncoder::new();
    payload.push_binary(&bytes);
    let body = String::from_utf8(payload.into_body()).expect("base64");
    group.throughput(Throughput::Bytes(1024));
    group.bench_function("decode/base64", |bencher| {
        bencher.iter(|| decode_payload(black_box(&body)).map(black_box).count());
    });
    group.bench_function("encode/base64", |bencher| {
        bencher.iter(|| {
            let mut payload = PayloadEncoder::with_capacity(2048);
            payload.push_binary(black_box(&bytes));
            payload.into_body()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .without_plots();
    targets = packet, session, payload
}
criterion_main!(benches);
