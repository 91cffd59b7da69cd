//! Socket.IO packets and their arguments.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use roomcast_benches::{BINARY_EVENT, SIZES, event, text};
use roomcast_socketio::{
    AckId, Decoder, EventPacket, Header, Limits, Parser, Raw, Value, encode_ack, encode_event,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("socketio/decode");
    for len in SIZES {
        let packet = event(len);
        let mut decoder = Decoder::default();
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("text", len), |bencher| {
            bencher.iter(|| {
                let packet = decoder
                    .text(black_box(&packet))
                    .expect("valid")
                    .expect("whole");
                let is_echo = packet.event().is_some_and(|name| name == "echo");
                (is_echo, packet.ack(), black_box(&packet).namespace().len())
            });
        });
    }
    let object = r#"2["move",{"id":12345,"x":1.5,"y":-20.25,"name":"Ada","tags":["a","b"]}]"#;
    let mut decoder = Decoder::default();
    group.throughput(Throughput::Bytes(object.len() as u64));
    group.bench_function("object", |bencher| {
        bencher.iter(|| black_box(decoder.text(black_box(object))).is_ok());
    });
    let attachment = Bytes::from(vec![7; 1024]);
    group.throughput(Throughput::Bytes(1024));
    group.bench_function("binary/copied", |bencher| {
        bencher.iter(|| {
            black_box(decoder.text(black_box(BINARY_EVENT))).expect("valid");
            decoder.binary(black_box(&attachment)).expect("valid")
        });
    });
    group.bench_function("binary/owned", |bencher| {
        bencher.iter(|| {
            black_box(decoder.text(black_box(BINARY_EVENT))).expect("valid");
            decoder.binary_owned(attachment.clone()).expect("valid")
        });
    });
}

fn read<T: DeserializeOwned>(criterion: &mut Criterion, name: &str) {
    let mut group = criterion.benchmark_group(format!("socketio/read/{name}"));
    for len in SIZES {
        let packet = event(len);
        let mut decoder = Decoder::default();
        let packet = decoder.text(&packet).expect("valid").expect("whole");
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
            bencher.iter(|| black_box(&packet).args().read::<T>().expect("any value"));
        });
    }
}

fn arguments(criterion: &mut Criterion) {
    read::<Value>(criterion, "Value");
    read::<String>(criterion, "String");
    read::<Raw>(criterion, "Raw");
}

fn write<T: Serialize>(criterion: &mut Criterion, name: &str, make: impl Fn(usize) -> T) {
    let mut group = criterion.benchmark_group(format!("socketio/write/{name}"));
    let header = Header {
        ack: Some(AckId::from(17)),
        ..MAIN
    };
    for len in SIZES {
        let value = make(len);
        let mut out = Vec::with_capacity(2 * len + 64);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("ack", len), |bencher| {
            bencher.iter(|| {
                out.clear();
                encode_ack(&mut out, header, black_box(&value)).expect("any value")
            });
        });
    }
    let value = make(32);
    let mut out = Vec::with_capacity(128);
    group.throughput(Throughput::Bytes(32));
    group.bench_function("event/32", |bencher| {
        bencher.iter(|| {
            out.clear();
            encode_event(&mut out, MAIN, black_box("echo"), black_box(&value)).expect("any value")
        });
    });
}

fn results(criterion: &mut Criterion) {
    let json = |len| format!("\"{}\"", text(len));
    write(criterion, "Value", |len| Value::from(text(len)));
    write(criterion, "String", text);
    write(criterion, "Raw", |len| {
        json(len).parse::<Raw>().expect("JSON")
    });
}

/// A packet in, its argument out again.
fn echo<T: DeserializeOwned + Serialize>(criterion: &mut Criterion, name: &str) {
    let mut group = criterion.benchmark_group(format!("socketio/echo/{name}"));
    let mut decoder = Decoder::default();
    let mut out = Vec::with_capacity(256 * 1024);
    for len in SIZES {
        let packet = event(len);
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::new("text", len), |bencher| {
            bencher.iter(|| {
                let packet = decoder
                    .text(black_box(&packet))
                    .expect("valid")
                    .expect("whole");
                let value = packet.args().read::<T>().expect("any value");
                let header = Header {
                    ack: packet.ack(),
                    ..MAIN
                };
                out.clear();
                encode_ack(&mut out, header, &value).expect("any value")
            });
        });
    }
    let attachment = vec![7; 1024];
    group.throughput(Throughput::Bytes(1024));
    group.bench_function("binary/1024", |bencher| {
        bencher.iter(|| {
            black_box(decoder.text(black_box(BINARY_EVENT))).expect("valid");
            let packet = decoder.binary(&attachment).expect("valid").expect("whole");
            let value = packet.args().read::<T>().expect("any value");
            let header = Header {
                ack: packet.ack(),
                ..MAIN
            };
            out.clear();
            encode_ack(&mut out, header, &value).expect("any value")
        });
    });
}

/// The same over MessagePack.
fn packed_echo<T: DeserializeOwned + Serialize>(criterion: &mut Criterion, name: &str) {
    let mut group = criterion.benchmark_group(format!("socketio/echo/{name}/MessagePack"));
    let mut decoder = Parser::MessagePack.decoder(Limits::default());
    let mut out = Vec::with_capacity(256 * 1024);
    for len in SIZES {
        let mut packet = Vec::new();
        let header = Header {
            ack: Some(AckId::from(17)),
            ..MAIN
        };
        let value = text(len);
        Parser::MessagePack
            .encode_event(&mut packet, &EventPacket::new(header, "echo", &value))
            .expect("any value");
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_function(BenchmarkId::from_parameter(len), |bencher| {
            bencher.iter(|| {
                let packet = decoder.binary(black_box(&packet)).expect("valid");
                let packet = packet.expect("whole");
                let value = packet.args().read::<T>().expect("any value");
                let header = Header {
                    ack: packet.ack(),
                    ..MAIN
                };
                out.clear();
                Parser::MessagePack
                    .encode_ack(&mut out, header, &value)
                    .expect("any value")
            });
        });
    }
}

fn echoes(criterion: &mut Criterion) {
    echo::<Value>(criterion, "Value");
    echo::<Raw>(criterion, "Raw");
    packed_echo::<Value>(criterion, "Value");
    packed_echo::<Raw>(criterion, "Raw");
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(20)
        .without_plots();
    targets = decode, arguments, results, echoes
}
criterion_main!(benches);
