//! Literal bytes of `socket.io-msgpack-parser` 3.0.2 with notepack.io 2.2.0, recorded with
//! Node.js 20.19: what it writes is written, and what it writes is read.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use std::collections::BTreeMap;

use bytes::Bytes;
use roomcast_socketio::{
    AckId, ArrayBuffer, Date, EncodeError, EventName, Header, Number, Packet, PacketKind, Spread,
    Value, msgpack, value,
};
use serde::Serialize;

const MAIN: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// The packet `{type: 2, data: ["v", value], nsp: "/"}` around the value's own bytes.
fn around(value: &str) -> Vec<u8> {
    let hex = format!("83a47479706502a46461746192a176{value}a36e7370a12f");
    bytes(&hex)
}

fn written<T: Serialize>(value: T) -> Vec<u8> {
    let mut out = Vec::new();
    msgpack::encode_event(&mut out, MAIN, "v", &(value,)).unwrap();
    out
}

fn read(message: &[u8]) -> Packet<'_> {
    msgpack::Decoder::default().binary(message).unwrap()
}

fn argument(message: &[u8]) -> Value {
    read(message).args().read().unwrap()
}

#[test]
fn numbers_take_the_bytes_that_javascript_gives_them() {
    for (number, hex) in [
        (0.0, "00"),
        (-0.0, "00"),
        (127.0, "7f"),
        (128.0, "cc80"),
        (255.0, "ccff"),
        (256.0, "cd0100"),
        (65_535.0, "cdffff"),
        (65_536.0, "ce00010000"),
        (4_294_967_295.0, "ceffffffff"),
        (4_294_967_296.0, "cf0000000100000000"),
        (9_007_199_254_740_992.0, "cf0020000000000000"),
        (9_223_372_036_854_775_808.0, "cf8000000000000000"),
        (-1.0, "ff"),
        (-32.0, "e0"),
        (-33.0, "d0df"),
        (-128.0, "d080"),
        (-129.0, "d1ff7f"),
        (-32_768.0, "d18000"),
        (-32_769.0, "d2ffff7fff"),
        (-2_147_483_648.0, "d280000000"),
        (-2_147_483_649.0, "d3ffffffff7fffffff"),
        (-9_007_199_254_740_992.0, "d3ffe0000000000000"),
        (-9_223_372_036_854_775_808.0, "d38000000000000000"),
        (1.5, "cb3ff8000000000000"),
        (-0.1, "cbbfb999999999999a"),
        (f64::INFINITY, "cb7ff0000000000000"),
    ] {
        assert_eq!(written(number), around(hex), "{number}");
        assert_eq!(argument(&around(hex)), number, "{hex}");
    }
    assert_eq!(written(f64::NAN), around("cb7ff8000000000000"));
    let nan = argument(&around("cb7ff8000000000000")).as_f64();
    assert!(nan.is_some_and(f64::is_nan));
}

/// Where notepack.io writes 0 for what no 64 bits hold, a double says more.
#[test]
fn numbers_beyond_64_bits_are_doubles() {
    assert_eq!(written(1e300), around("cb7e37e43c8800759c"));
    assert_eq!(written(u128::MAX), around("cb47f0000000000000"));
    assert_eq!(written(i128::MIN), around("cbc7e0000000000000"));
    assert_eq!(written(7_u128), around("07"));
    assert_eq!(written(-7_i128), around("f9"));
}

#[test]
fn integers_of_every_rust_type_take_the_fewest_bytes() {
    assert_eq!(written(7_u8), around("07"));
    assert_eq!(written(200_u64), around("ccc8"));
    assert_eq!(written(200_i64), around("ccc8"));
    assert_eq!(written(-3_i64), around("fd"));
    assert_eq!(written(u64::MAX), around("cfffffffffffffffff"));
    assert_eq!(written(i64::MIN), around("d38000000000000000"));
    assert_eq!(argument(&around("cfffffffffffffffff")), u64::MAX);
    assert_eq!(argument(&around("d38000000000000000")), i64::MIN);
}

#[test]
fn texts_take_the_bytes_that_javascript_gives_them() {
    assert_eq!(written("é😀"), around("a6c3a9f09f9880"));
    assert_eq!(argument(&around("a6c3a9f09f9880")), "é😀");
    for (len, head) in [
        (31, "bf"),
        (32, "d920"),
        (255, "d9ff"),
        (256, "da0100"),
        (65_535, "daffff"),
        (65_536, "db00010000"),
    ] {
        let hex = format!("{head}{}", "61".repeat(len));
        assert_eq!(written("a".repeat(len)), around(&hex), "{len}");
        assert_eq!(argument(&around(&hex)), "a".repeat(len).as_str(), "{len}");
    }
    // `"a\ud800"`, whose lone half JavaScript joins with the zero behind it.
    assert_eq!(argument(&around("a561f0908080")), "a\u{10000}");
}

#[test]
fn bytes_are_bin_and_array_buffers_are_extensions_whatever_their_length() {
    assert_eq!(
        written(Value::from(Bytes::from_static(&[1, 2]))),
        around("c4020102")
    );
    for (len, bin, ext) in [
        (0, "c400", "c70000"),
        (1, "c401", "c70100"),
        (8, "c408", "c70800"),
        (255, "c4ff", "c7ff00"),
        (256, "c50100", "c8010000"),
        (65_536, "c600010000", "c90001000000"),
    ] {
        let content = vec![9; len];
        let tail = "09".repeat(len);
        let binary = Value::from(Bytes::from(content.clone()));

        let bin = around(&format!("{bin}{tail}"));
        assert_eq!(written(&binary), bin, "{len}");
        assert_eq!(argument(&bin), binary, "{len}");

        let ext = around(&format!("{ext}{tail}"));
        assert_eq!(written(ArrayBuffer::from(content.clone())), ext, "{len}");
        assert_eq!(argument(&ext), binary, "{len}");
        assert_eq!(
            read(&ext).args().read::<ArrayBuffer>(),
            Ok(ArrayBuffer::from(content))
        );
    }
}

#[test]
fn dates_are_64_bits_of_milliseconds() {
    for (millis, hex, text) in [
        (
            1_700_000_000_123,
            "d7000000018bcfe5687b",
            "2023-11-14T22:13:20.123Z",
        ),
        (-1, "d700ffffffffffffffff", "1969-12-31T23:59:59.999Z"),
    ] {
        let date = Date::from_millis(millis);
        let message = around(hex);

        assert_eq!(written(date), message);
        let args = read(&message);
        assert_eq!(args.args().read::<Date>(), Ok(date));
        assert_eq!(args.args().read::<String>(), Ok(text.to_owned()));
        assert_eq!(args.args().read::<i64>(), Ok(millis));
        assert_eq!(args.args().read::<f64>(), Ok(millis as f64));
        assert_eq!(args.args().read::<Value>(), Ok(text.into()));
    }
}

#[test]
fn undefined_is_read_as_null() {
    let message = around("d40000");

    assert_eq!(argument(&message), Value::Null);
    assert_eq!(read(&message).args().read::<Option<u8>>(), Ok(None));
    assert_eq!(read(&message).args().read::<()>(), Ok(()));
    assert_eq!(
        argument(&around("81a16192d4000001")),
        value!({ "a": [null, 1] })
    );
}

#[test]
fn an_extension_of_somebody_else_is_its_type_and_its_bytes() {
    let data = |bytes: &'static [u8]| Value::from(Bytes::from_static(bytes));

    assert_eq!(argument(&around("d40507")), value!([5, data(&[7])]));
    assert_eq!(argument(&around("d5000708")), value!([0, data(&[7, 8])]));
    assert_eq!(
        argument(&around("d6ff01020304")),
        value!([-1, data(&[1, 2, 3, 4])])
    );
    assert_eq!(
        argument(&around("d7010000000000000000")),
        value!([1, data(&[0; 8])])
    );
    assert_eq!(argument(&around("c7020a0102")), value!([10, data(&[1, 2])]));
    let (kind, bytes): (i8, Bytes) = read(&around("c7020a0102")).args().read().unwrap();
    assert_eq!((kind, &bytes[..]), (10, &[1, 2][..]));
}

#[test]
fn arrays_and_objects_take_the_bytes_that_javascript_gives_them() {
    assert_eq!(written(value!([true, false])), around("92c3c2"));
    assert_eq!(written(value!(null)), around("c0"));
    assert_eq!(
        written(value!({ "a": 1, "b": { "c": [] } })),
        around("82a16101a16281a16390")
    );
    let keys = BTreeMap::from([(3, (true, ()))]);
    assert_eq!(written(keys), around("81a13392c3c0"));
    assert_eq!(
        written(vec![1; 16]),
        around("dc001001010101010101010101010101010101")
    );
    let many: BTreeMap<String, u8> = (0..16).map(|n| (format!("k{n:02}"), n)).collect();
    assert!(written(many).starts_with(&bytes("83a47479706502a46461746192a176de0010a36b303000")));
}

#[test]
fn fifteen_arguments_have_a_short_head_and_sixteen_a_long_one() {
    let packet = |count| {
        let mut out = Vec::new();
        msgpack::encode_event(&mut out, MAIN, "v", &Spread(vec![0; count])).unwrap();
        out
    };

    assert_eq!(
        packet(14),
        bytes("83a47479706502a4646174619fa1760000000000000000000000000000a36e7370a12f")
    );
    assert_eq!(
        packet(15),
        bytes("83a47479706502a464617461dc0010a176000000000000000000000000000000a36e7370a12f")
    );
    assert_eq!(read(&packet(15)).args().len(), 15);
    assert_eq!(read(&packet(70_000)).args().len(), 70_000);
}

#[test]
fn packets_of_the_official_server_are_written_key_by_key() {
    let mut out = Vec::new();
    let mut expect = |write: &dyn Fn(&mut Vec<u8>), hex: &str| {
        out.clear();
        write(&mut out);
        assert_eq!(out, bytes(hex));
    };
    let zero = Header {
        namespace: "/",
        ack: Some(AckId::from(0)),
    };

    expect(
        &|out| msgpack::encode_event(out, MAIN, "ev", &(1, "a")).unwrap(),
        "83a47479706502a46461746193a2657601a161a36e7370a12f",
    );
    expect(
        &|out| msgpack::encode_event(out, zero, "q", &()).unwrap(),
        "84a47479706502a46461746191a171a2696400a36e7370a12f",
    );
    expect(
        &|out| msgpack::encode_ack(out, zero, "yes").unwrap(),
        "84a2696400a47479706503a46461746191a3796573a36e7370a12f",
    );
    expect(
        &|out| msgpack::encode_disconnect(out, "/"),
        "82a47479706501a36e7370a12f",
    );
    // The official server adds `pid: undefined` here.
    expect(
        &|out| msgpack::encode_connected(out, "/", "nsOHRmyHLyH-iVJ0AAAA", None),
        "83a47479706500a46461746181a3736964b46e734f48526d79484c79482d69564a3041414141a36e7370a12f",
    );
    expect(
        &|out| msgpack::encode_connected(out, "/", "a", Some("p")),
        "83a47479706500a46461746182a3736964a161a3706964a170a36e7370a12f",
    );
    let data = value!({ "code": 401 });
    expect(
        &|out| msgpack::encode_connect_error(out, "/auth", "unauthorized", Some(&data)).unwrap(),
        concat!(
            "83a47479706504a46461746182a76d657373616765ac756e617574686f72697a6564",
            "a46461746181a4636f6465cd0191a36e7370a52f61757468"
        ),
    );
    expect(
        &|out| msgpack::encode_connect(out, "/", Some(&value!({ "token": "x" }))).unwrap(),
        "83a47479706500a46461746181a5746f6b656ea178a36e7370a12f",
    );
    expect(
        &|out| msgpack::encode_connect(out, "/auth", None::<&()>).unwrap(),
        "82a47479706500a36e7370a52f61757468",
    );
}

#[test]
fn packets_of_the_official_client_are_read() {
    let connect = bytes("83a47479706500a464617461d40000a36e7370a52f61757468");
    let connect = read(&connect);
    assert_eq!(
        (connect.kind(), connect.namespace()),
        (PacketKind::Connect, "/auth")
    );
    assert_eq!(connect.data::<Value>(), None);

    let connect = bytes("83a47479706500a46461746181a5746f6b656ea178a36e7370a12f");
    assert_eq!(
        read(&connect).data::<Value>(),
        Some(Ok(value!({ "token": "x" })))
    );

    // `emit("ask", ack)`, with the options that the client leaves in the packet.
    let event = bytes(concat!(
        "85a47479706502a46461746191a361736ba76f7074696f6e7381a8636f6d7072657373c3",
        "a2696400a36e7370a12f"
    ));
    let event = read(&event);
    assert_eq!(event.event(), Some(EventName::from("ask")));
    assert_eq!((event.ack(), event.args().len()), (Some(AckId::from(0)), 0));

    // `emit("hi", 1, undefined, null)`.
    let event = bytes(concat!(
        "84a47479706502a46461746194a2686901d40000c0",
        "a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f"
    ));
    let args = read(&event).args().rest::<Value>();
    assert_eq!(args, Ok(vec![value!(1), Value::Null, Value::Null]));

    let ack = bytes("84a47479706503a2696400a4646174619107a36e7370a12f");
    let ack = read(&ack);
    assert_eq!((ack.kind(), ack.event()), (PacketKind::Ack, None));
    assert_eq!(ack.args().read(), Ok(7));
}

#[test]
fn ack_ids_beyond_a_double_are_those_of_javascript() {
    let id = |hex: &str| {
        let message = bytes(&format!(
            "84a47479706503a26964{hex}a46461746190a36e7370a12f"
        ));
        read(&message).ack()
    };

    assert_eq!(id("cf0020000000000001"), Some(AckId::from(1 << 53)));
    assert_eq!(id("cb4024000000000000"), Some(AckId::from(10)));
    assert_eq!(id("d00a"), Some(AckId::from(10)));
    assert_eq!(id("d40000"), None);
    let mut out = Vec::new();
    let header = Header {
        namespace: "/",
        ack: Some(AckId::from((1 << 53) + 2)),
    };
    msgpack::encode_ack(&mut out, header, &()).unwrap();
    assert_eq!(
        out,
        bytes("84a26964cf0020000000000002a47479706503a46461746190a36e7370a12f")
    );
}

#[test]
fn names_may_be_numbers_and_reserved_ones_are_refused() {
    let mut out = b"before".to_vec();
    let refused = msgpack::encode_event(&mut out, MAIN, "connect", &());
    assert_eq!(
        refused,
        Err(EncodeError::ReservedEvent {
            name: "connect".to_owned()
        })
    );
    assert_eq!(out, b"before");

    out.clear();
    msgpack::encode_event(&mut out, MAIN, EventName::from(12), &()).unwrap();
    assert_eq!(out, bytes("83a47479706502a464617461910ca36e7370a12f"));
    assert_eq!(
        read(&out).event(),
        Some(EventName::Number(Number::from(12)))
    );
}
