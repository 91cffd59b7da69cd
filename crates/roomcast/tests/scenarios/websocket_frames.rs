//! Frames that break RFC 6455, and odd ones that do not. Spec: features, sections 9 and 10.

use crate::support::{Frame, Host, echo_server, masked, reasons};

/// Sends these bytes to a joined client's connection: it alone is closed, with this code.
async fn closes(bytes: &[u8], code: u16) {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    client.stream.write(bytes).await;
    client.expect_close(Some(code)).await;
    assert_eq!(reasons.next().await, "transport error");
    neighbour.expect_alive().await;
}

/// CVE-2022-21676.
#[tokio::test]
async fn a_frame_with_a_reserved_bit_closes_that_client_only() {
    for first in [0xc1, 0xa1, 0x91, 0xf1] {
        closes(&masked(first, b"3"), 1002).await;
    }
}

#[tokio::test]
async fn a_frame_without_a_mask_closes() {
    closes(b"\x81\x013", 1002).await;
}

#[tokio::test]
async fn an_unknown_opcode_closes() {
    closes(&masked(0x83, b"3"), 1002).await;
    closes(&masked(0x8b, b"3"), 1002).await;
}

#[tokio::test]
async fn a_length_that_is_not_in_its_shortest_form_closes() {
    closes(b"\x81\xfe\x00\x01\x00\x00\x00\x003", 1002).await;
}

#[tokio::test]
async fn text_that_is_no_utf_8_closes_with_1007() {
    closes(&masked(0x81, b"42[\"\xff\"]"), 1007).await;
}

#[tokio::test]
async fn a_continuation_of_nothing_closes() {
    closes(&masked(0x80, b"3"), 1002).await;
}

/// CVE-2016-10542: a ping's payload is bounded by the protocol.
#[tokio::test]
async fn a_ping_of_more_than_125_bytes_closes() {
    closes(&masked(0x89, &[0; 126]), 1002).await;
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send_frame(0x89, b"payload").await;
    assert_eq!(client.next().await, Frame::Pong(b"payload".to_vec()));
}

#[tokio::test]
async fn a_pong_is_ignored() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send_frame(0x8a, b"unasked").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_message_in_fragments_is_read_with_a_ping_between_them() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send_frame(0x01, br#"421["al"#).await;
    client.send_frame(0x89, b"!").await;
    client.send_frame(0x00, b"iv").await;
    client.send_frame(0x80, br#"e"]"#).await;
    assert_eq!(client.next().await, Frame::Pong(b"!".to_vec()));
    client.expect(r#"431["yes"]"#).await;
}

#[tokio::test]
async fn a_frame_that_comes_byte_by_byte_is_read() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    for byte in masked(0x81, br#"421["alive"]"#) {
        client.stream.write(&[byte]).await;
    }
    client.expect(r#"431["yes"]"#).await;
}

/// CVE-2026-45736: the answer holds the code and not a byte more.
#[tokio::test]
async fn a_close_frame_is_answered_with_its_code_alone() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send_frame(0x88, b"\x03\xe8a reason").await;
    assert_eq!(client.stream.read_to_end().await, &b"\x88\x02\x03\xe8"[..]);
}

#[tokio::test]
async fn the_end_of_the_connection_is_a_transport_close() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.stream.finish_writing().await;
    assert_eq!(reasons.next().await, "transport close");
}

/// The official server's WebSocket package reports a reset as an ordinary end.
#[tokio::test]
async fn a_reset_connection_is_a_transport_close() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::resetting(&io).await;
    let client = host.joined().await;

    drop(client);
    assert_eq!(reasons.next().await, "transport close");
}

#[tokio::test]
async fn frames_behind_a_close_frame_are_ignored() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    let close = masked(0x88, &[]);
    client
        .stream
        .write(&[close, masked(0x81, br#"421["alive"]"#)].concat())
        .await;
    client.expect_closed().await;
    assert_eq!(reasons.next().await, "transport close");
}
