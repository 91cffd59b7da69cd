//! Compression of polling answers and of WebSocket messages. Spec: features 1.22, 1.23, 2.27 and 11, 20.

use std::io::{Read as _, Write as _};

use roomcast::{HttpCompression, PerMessageDeflate, Server, Socket};

use crate::support::{Host, Request, Response, WebSocket, answering, echo_server, masked, socket};

fn text(len: usize) -> String {
    "abcdefgh".repeat(len / 8)
}

/// Asks a polling client's server for `event` and gets the answer with these encodings accepted.
async fn poll(io: &Server, emit: impl Fn(&Socket), accepted: &str) -> Response {
    let host = Host::tcp(io).await;
    let mut client = host.polling().await;
    let id = client.join("/").await;
    emit(&socket(io, &id));
    host.request(Request::get(&client.target()).header("accept-encoding", accepted))
        .await
}

#[tokio::test]
async fn a_large_answer_to_a_poll_is_compressed() {
    let answer = poll(
        &echo_server(),
        |socket| socket.emit("large", text(2000)),
        "gzip, deflate",
    )
    .await;

    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut plain = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut plain)
        .expect("it is gzip");
    assert_eq!(plain, format!(r#"42["large","{}"]"#, text(2000)));
}

#[tokio::test]
async fn a_small_answer_is_not_compressed() {
    let answer = poll(
        &echo_server(),
        |socket| socket.emit("small", text(800)),
        "gzip",
    )
    .await;

    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.text(), format!(r#"42["small","{}"]"#, text(800)));
}

#[tokio::test]
async fn an_uncompressed_event_leaves_as_it_is() {
    let emit = |socket: &Socket| socket.uncompressed().emit("large", text(2000));
    assert_eq!(
        poll(&echo_server(), emit, "gzip")
            .await
            .header("content-encoding"),
        None
    );

    let io = echo_server();
    let broadcast = io.uncompressed();
    let emit = move |_: &Socket| broadcast.clone().emit("large", text(2000));
    assert_eq!(
        poll(&io, emit, "gzip").await.header("content-encoding"),
        None
    );
}

#[tokio::test]
async fn the_clients_preference_decides_between_the_encodings() {
    for (accepted, chosen) in [
        ("deflate", Some("deflate")),
        ("deflate;q=0.5, gzip", Some("gzip")),
        ("br", Some("br")),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
    ] {
        let answer = poll(
            &echo_server(),
            |socket| socket.emit("large", text(2000)),
            accepted,
        )
        .await;
        assert_eq!(answer.header("content-encoding"), chosen, "{accepted}");
    }
}

#[tokio::test]
async fn compression_of_polls_can_be_turned_off_or_start_later() {
    for compression in [
        HttpCompression::off(),
        HttpCompression::default().threshold(5000),
    ] {
        let io = Server::builder().http_compression(compression).build();
        let answer = poll(&io, |socket| socket.emit("large", text(2000)), "gzip").await;
        assert_eq!(answer.header("content-encoding"), None);
    }
}

async fn deflating(io: &Server, offer: &str) -> WebSocket {
    let host = Host::tcp(io).await;
    let request = Request::get(&host.target("EIO=4&transport=websocket"));
    let mut client =
        WebSocket::session(&host, request.header("sec-websocket-extensions", offer)).await;
    client.join("/").await;
    client
}

fn deflating_server() -> Server {
    let io = Server::builder().per_message_deflate().build();
    answering(&io);
    io
}

/// What a raw deflate stream inflates to.
fn inflate(payload: &[u8]) -> String {
    let mut plain = String::new();
    let whole = [payload, b"\x00\x00\xff\xff\x03\x00"].concat();
    flate2::read::DeflateDecoder::new(&whole[..])
        .read_to_string(&mut plain)
        .expect("it is deflated");
    plain
}

#[tokio::test]
async fn permessage_deflate_is_off_by_default() {
    let mut client = deflating(&echo_server(), "permessage-deflate").await;

    assert_eq!(client.head.header("sec-websocket-extensions"), None);
    client.expect_alive().await;
}

#[tokio::test]
async fn large_messages_are_deflated_and_small_ones_are_not() {
    let io = deflating_server();
    let mut client = deflating(&io, "permessage-deflate; client_max_window_bits").await;
    assert!(
        client
            .head
            .header("sec-websocket-extensions")
            .expect("it was agreed")
            .starts_with("permessage-deflate")
    );

    io.emit("large", text(2000));
    let (first, payload) = client.read().await.expect("the event comes");
    assert_eq!(first, 0xc1);
    assert_eq!(
        inflate(&payload),
        format!(r#"42["large","{}"]"#, text(2000))
    );
    io.emit("small", text(800));
    client
        .expect(&format!(r#"42["small","{}"]"#, text(800)))
        .await;
    io.uncompressed().emit("large", text(2000));
    client
        .expect(&format!(r#"42["large","{}"]"#, text(2000)))
        .await;
}

#[tokio::test]
async fn deflated_messages_of_the_client_are_read() {
    let mut client = deflating(&deflating_server(), "permessage-deflate").await;
    let packet = br#"421["alive"]"#;
    let len = u16::try_from(packet.len()).expect("it is short");

    // A stored block, and the empty one that RFC 7692 cuts to a byte.
    let mut payload = vec![0];
    payload.extend(len.to_le_bytes());
    payload.extend((!len).to_le_bytes());
    payload.extend(packet);
    payload.push(0);
    client.stream.write(&masked(0xc1, &payload)).await;
    client.expect(r#"431["yes"]"#).await;
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_closes_with_1009() {
    let io = Server::builder()
        .per_message_deflate()
        .max_http_buffer_size(10_000)
        .build();
    let mut client = deflating(&io, "permessage-deflate").await;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder
        .write_all(&[b'4'; 1_000_000])
        .expect("memory takes it");
    let bomb = encoder.finish().expect("memory takes it");
    assert!(bomb.len() < 10_000);

    client.send_frame(0xc1, &bomb).await;
    client.expect_close(Some(1009)).await;
}

#[tokio::test]
async fn the_threshold_of_permessage_deflate_is_an_option() {
    let settings = PerMessageDeflate::default()
        .threshold(100)
        .without_context_takeover();
    let io = Server::builder().per_message_deflate_with(settings).build();
    let mut client = deflating(&io, "permessage-deflate").await;
    assert!(
        client
            .head
            .header("sec-websocket-extensions")
            .expect("it was agreed")
            .contains("server_no_context_takeover")
    );

    io.emit("event", text(160));
    assert_eq!(client.read().await.expect("the event comes").0, 0xc1);
}

#[tokio::test]
async fn windows_and_the_clients_context_of_permessage_deflate_are_options() {
    let settings = PerMessageDeflate::default()
        .server_max_window_bits(10)
        .client_max_window_bits(0)
        .without_client_context_takeover()
        .level(9)
        .memory_level(1);
    let io = Server::builder().per_message_deflate_with(settings).build();
    let mut client = deflating(&io, "permessage-deflate; client_max_window_bits").await;
    let agreed = client.head.header("sec-websocket-extensions");
    let agreed = agreed.expect("it was agreed");
    let mut parameters: Vec<_> = agreed.split("; ").collect();
    parameters.sort_unstable();
    assert_eq!(
        parameters,
        [
            "client_max_window_bits=9",
            "client_no_context_takeover",
            "permessage-deflate",
            "server_max_window_bits=10",
        ]
    );

    io.emit("event", text(2000));
    let (first, payload) = client.read().await.expect("the event comes");
    assert_eq!(first, 0xc1);
    assert_eq!(
        inflate(&payload),
        format!(r#"42["event","{}"]"#, text(2000))
    );
}

#[tokio::test]
async fn an_offer_that_cannot_be_met_is_declined() {
    for offer in [
        "permessage-deflate; server_max_window_bits=99",
        "permessage-deflate; unknown=1",
        "x-webkit-deflate-frame",
    ] {
        let mut client = deflating(&deflating_server(), offer).await;
        assert_eq!(
            client.head.header("sec-websocket-extensions"),
            None,
            "{offer}"
        );
        client.expect_alive().await;
    }
}
