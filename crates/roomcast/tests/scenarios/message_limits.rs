//! `max_http_buffer_size`, on every transport. Spec: features 1.20 and section 9.

use roomcast::Server;

use crate::support::{Host, Request, Response, answering, reasons};

fn server() -> Server {
    let io = Server::builder().max_http_buffer_size(1000).build();
    answering(&io);
    io
}

/// An `echo` event of this many bytes.
fn packet(len: usize) -> String {
    let overhead = r#"42["echo",""]"#.len();
    format!(r#"42["echo","{}"]"#, "x".repeat(len - overhead))
}

#[tokio::test]
async fn a_text_frame_over_the_limit_closes_with_1009() {
    let io = server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    client.send(&packet(5000)).await;
    client.expect_close(Some(1009)).await;
    assert_eq!(reasons.next().await, "transport error");
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn a_binary_frame_over_the_limit_closes_with_1009() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined().await;

    client
        .send(r#"451-["echo",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(&[0; 5000]).await;
    client.expect_close(Some(1009)).await;
}

#[tokio::test]
async fn a_frame_at_the_limit_passes_and_one_byte_more_closes() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined().await;

    client.send(&packet(1000)).await;
    client.expect(&packet(1000)).await;
    client.send(&packet(1001)).await;
    client.expect_close(Some(1009)).await;
}

/// A frame is judged by its header: nothing of the payload need come.
#[tokio::test]
async fn a_frame_that_announces_too_much_closes_before_its_payload_comes() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined().await;

    client
        .stream
        .write(&[
            0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
        ])
        .await;
    client.expect_close(Some(1009)).await;
}

#[tokio::test]
async fn fragments_are_limited_together() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined().await;

    client.send_frame(0x01, &[b'4'; 600]).await;
    client.send_frame(0x80, &[b'4'; 600]).await;
    client.expect_close(Some(1009)).await;
}

/// CVE-2026-48779.
#[tokio::test]
async fn endless_tiny_fragments_close_the_connection() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined().await;
    client.send_frame(0x01, b"4").await;

    // The server hangs up long before the client has sent a million of them.
    let fragments = crate::support::masked(0x00, b"").repeat(1000);
    let mut is_open = true;
    for _ in 0..1000 {
        is_open = is_open && client.stream.try_write(&fragments).await;
    }
    assert!(!is_open || client.read().await.is_some_and(|(first, _)| first == 0x88));
}

#[tokio::test]
async fn the_number_of_fragments_of_a_message_is_an_option_with_its_exact_limit() {
    let io = Server::builder().max_fragments(3).build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.send_frame(0x01, b"421").await;
    client.send_frame(0x00, br#"["alive""#).await;
    client.send_frame(0x80, b"]").await;
    client.expect(r#"431["yes"]"#).await;

    client.send_frame(0x01, b"421").await;
    client.send_frame(0x00, br#"["alive""#).await;
    client.send_frame(0x00, b"]").await;
    client.send_frame(0x80, b"").await;
    client.expect_close(Some(1008)).await;
}

#[tokio::test]
async fn a_post_over_the_limit_is_413_and_the_session_stays_open() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined_polling().await;

    assert_eq!(client.post(packet(1100)).await.summary(), (413, ""));
    client.expect_alive().await;
}

#[tokio::test]
async fn a_post_at_the_limit_passes() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined_polling().await;

    client.send(&packet(1000)).await;
    client.expect(&packet(1000)).await;
    assert_eq!(client.post(packet(1001)).await.status, 413);
}

#[tokio::test]
async fn a_post_that_announces_too_much_is_413_before_its_body_comes() {
    let host = Host::tcp(&server()).await;
    let client = host.joined_polling().await;

    let request = Request::new("POST", &client.target()).header("content-length", "1000000000");
    assert_eq!(host.request(request).await.status, 413);
}

#[tokio::test]
async fn a_chunked_post_over_the_limit_is_413_and_the_session_stays_open() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined_polling().await;
    let body = format!("44c\r\n{}\r\n0\r\n\r\n", packet(1100));

    let request = Request::new("POST", &client.target()).header("transfer-encoding", "chunked");
    let answer = host.request(request.raw_body(body.as_bytes())).await;
    assert_eq!(answer.status, 413);
    client.expect_alive().await;
}

#[tokio::test]
async fn a_chunked_post_is_read() {
    let host = Host::tcp(&server()).await;
    let mut client = host.joined_polling().await;
    let body = b"7\r\n42[\"ech\r\n6\r\no\",1.5\r\n1\r\n]\r\n0\r\n\r\n";

    let request = Request::new("POST", &client.target()).header("transfer-encoding", "chunked");
    assert_eq!(
        host.request(request.raw_body(body)).await.summary(),
        (200, "ok")
    );
    client.expect(r#"42["echo",1.5]"#).await;
}

#[tokio::test]
async fn the_handshake_announces_the_limit() {
    let host = Host::tcp(&server()).await;
    let client = host.polling().await;

    assert!(
        client.handshake.text().ends_with(r#""maxPayload":1000}"#),
        "{}",
        client.handshake.text()
    );
}

#[tokio::test]
async fn the_default_limit_is_one_megabyte() {
    let host = Host::tcp(&crate::support::echo_server()).await;
    let mut client = host.joined().await;

    client.send(&packet(1_000_000)).await;
    client.expect(&packet(1_000_000)).await;
    client.send(&packet(1_000_001)).await;
    client.expect_close(Some(1009)).await;
}

/// CVE-2020-36048: the body is not read on once it is too large.
#[tokio::test]
async fn a_post_is_cut_off_at_the_limit() {
    let host = Host::tcp(&server()).await;
    let client = host.joined_polling().await;
    let mut stream = host.stream().await;
    let request = Request::new("POST", &client.target()).header("transfer-encoding", "chunked");

    stream.write(&request.to_bytes()).await;
    stream.write(b"3e9\r\n").await;
    stream.write(&[b'4'; 1001]).await;
    // The body has no end, and yet the answer comes.
    assert_eq!(
        Response::read_head(&mut stream)
            .await
            .expect("the server answers")
            .status,
        413
    );
}
