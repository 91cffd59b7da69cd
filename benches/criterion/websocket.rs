//! Frames of both directions.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use roomcast_benches::{SIZES, masked_frame, text};
use roomcast_websocket::{Decoder, Limits, OpCode, Role, deflate, encode};

fn decode(criterion: &mut Criterion) {
    for opcode in [OpCode::Text, OpCode::Binary] {
        let mut group = criterion.benchmark_group(format!("websocket/decode/{opcode:?}"));
        for len in SIZES {
            let mut frame = masked_frame(opcode, text(len).as_bytes());
            let mut decoder = Decoder::new(Role::Server, Limits::default());
            group.throughput(Throughput::Bytes(len as u64));
            group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
                bencher.iter(|| {
                    let decoded = decoder.decode(black_box(&mut frame));
                    black_box(decoded).is_ok_and(|decoded| decoded.event.is_some())
                });
            });
        }
    }
}

/// Text of which every second character takes two bytes; each frame is copied before it is read.
fn decode_wide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/decode/Text/wide");
    for len in SIZES {
        let frame = masked_frame(OpCode::Text, "aé–".repeat(len / 6).as_bytes());
        let mut input = frame.clone();
        let mut decoder = Decoder::new(Role::Server, Limits::default());
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
            bencher.iter(|| {
                input.copy_from_slice(&frame);
                let decoded = decoder.decode(black_box(&mut input));
                black_box(decoded).is_ok_and(|decoded| decoded.event.is_some())
            });
        });
    }
}

/// One message in pieces of 16 KiB, as a large one arrives.
fn decode_pieces(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/decode/pieces");
    let len = 64 * 1024;
    group.throughput(Throughput::Bytes(len as u64));
    for opcode in [OpCode::Text, OpCode::Binary] {
        let mut frame = masked_frame(opcode, text(len).as_bytes());
        let mut decoder = Decoder::new(Role::Server, Limits::default());
        group.bench_function(format!("{opcode:?}"), |bencher| {
            bencher.iter(|| {
                for piece in frame.chunks_mut(16 * 1024) {
                    black_box(decoder.decode(black_box(piece))).expect("a valid frame");
                }
            });
        });
    }
}

fn encode_frame(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/encode");
    for len in SIZES {
        let payload = text(len);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
            bencher.iter(|| encode(OpCode::Text, black_box(payload.as_bytes())));
        });
    }
}

/// Words of digits, each another: about half of their bytes is left.
fn compress(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("websocket/compress");
    let config = deflate::Config::default();
    let agreement =
        deflate::negotiate("permessage-deflate", &config).expect("an offer to agree to");
    let pool = deflate::Pool::new(1);
    let mut deflater = deflate::Deflater::new(Role::Server, &agreement, &config, &pool);
    for len in SIZES {
        let payload: String = (0..len / 8)
            .map(|word| format!("{:07x} ", word * 2_654_435))
            .collect();
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
            bencher.iter(|| deflater.encode(OpCode::Text, black_box(payload.as_bytes())));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .without_plots();
    targets = decode, decode_wide, decode_pieces, encode_frame, compress
}
criterion_main!(benches);
