//! Socket.IO packets that break the rules, and odd ones that do not. Spec: features, section 9.

use crate::support::{Host, echo_server, reasons};

/// Sends `packets` behind the CONNECT packet: the server closes that connection, tells this reason
/// to the socket's handlers, and goes on serving everybody else.
async fn closes(packets: &[&str], reason: &str) {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;

    for packet in packets {
        client.send(packet).await;
    }
    client.expect_closed().await;
    assert_eq!(reasons.next().await, reason, "after {packets:?}");
    neighbour.expect_alive().await;
}

/// The packet is ignored.
async fn is_ignored(packet: &str) {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send(packet).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn an_event_whose_data_is_no_array_with_a_name_closes() {
    for packet in [r#"42[{"a":1}]"#, "42{}", "42[", "42[]"] {
        closes(&[packet], "forced close").await;
    }
}

#[tokio::test]
async fn an_event_name_that_is_an_object_with_methods_closes() {
    closes(&[r#"42[{"toString":"foo"}]"#], "forced close").await;
}

#[tokio::test]
async fn an_event_without_data_is_ignored() {
    is_ignored("42").await;
}

#[tokio::test]
async fn an_event_named_by_a_number_is_ignored_where_nobody_handles_it() {
    is_ignored("42[5]").await;
}

#[tokio::test]
async fn an_event_named_by_a_number_reaches_the_handler_of_its_text() {
    let io = echo_server();
    io.on("5", |answer: u32| answer);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("421[5,7]").await;
    client.expect("431[7]").await;
}

#[tokio::test]
async fn a_reserved_event_name_closes() {
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        closes(&[&format!(r#"42["{name}"]"#)], "forced close").await;
    }
}

/// CVE-2024-38355.
#[tokio::test]
async fn an_event_named_error_without_a_listener_harms_nobody() {
    is_ignored(r#"42["error","boom"]"#).await;
}

#[tokio::test]
async fn an_unknown_packet_type_closes() {
    closes(&["49"], "forced close").await;
    closes(&["4x"], "forced close").await;
}

#[tokio::test]
async fn a_connect_error_from_a_client_closes() {
    closes(&[r#"44{"message":"no"}"#], "forced server close").await;
}

#[tokio::test]
async fn a_disconnect_with_data_closes() {
    closes(&["41{}"], "forced close").await;
}

#[tokio::test]
async fn a_second_connect_to_a_joined_namespace_closes() {
    closes(&["40"], "forced server close").await;
}

#[tokio::test]
async fn a_connect_whose_auth_is_no_object_closes() {
    for auth in [r#""x""#, "[1]", "true", "null"] {
        closes(&[&format!("40/other,{auth}")], "forced close").await;
    }
}

#[tokio::test]
async fn a_first_connect_whose_auth_is_no_object_closes() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.websocket().await;

    client.send(r#"40"x""#).await;
    client.expect_closed().await;
}

#[tokio::test]
async fn an_event_for_a_namespace_that_was_not_joined_closes() {
    closes(&[r#"42/foo,["alive"]"#], "forced server close").await;
}

#[tokio::test]
async fn an_event_before_any_connect_closes() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.websocket().await;

    client.send(r#"42["alive"]"#).await;
    client.expect_closed().await;
}

#[tokio::test]
async fn a_connect_to_an_unknown_namespace_is_answered_and_the_connection_stays() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send("40/foo,").await;
    client
        .expect(r#"44/foo,{"message":"Invalid namespace"}"#)
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_query_belongs_to_the_namespaces_name() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send("40/foo?a=1,").await;
    client
        .expect(r#"44/foo?a=1,{"message":"Invalid namespace"}"#)
        .await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_namespace_at_the_end_of_a_packet_needs_no_comma() {
    let io = echo_server();
    io.of("/admin");
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40/admin").await;
    assert!(client.next_text().await.starts_with(r#"40/admin,{"sid":""#));
    client.send("41/admin").await;
    client.join("/admin").await;
}

#[tokio::test]
async fn the_main_namespace_may_be_named() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.websocket().await;

    client.send("40/,").await;
    assert!(client.next_text().await.starts_with(r#"40{"sid":""#));
    client.send(r#"42/,1["alive"]"#).await;
    client.expect(r#"431["yes"]"#).await;
}

#[tokio::test]
async fn an_acknowledgement_without_an_id_is_ignored() {
    is_ignored(r#"43["x"]"#).await;
}

#[tokio::test]
async fn an_acknowledgement_of_nothing_is_ignored() {
    is_ignored(r#"4312345["x"]"#).await;
}

#[tokio::test]
async fn an_acknowledgement_whose_data_is_no_array_closes() {
    closes(&["431{}"], "forced close").await;
}

#[tokio::test]
async fn a_ping_from_the_client_closes_with_a_transport_error() {
    closes(&["2"], "transport error").await;
}

#[tokio::test]
async fn pongs_that_nobody_asked_for_are_ignored() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send("3").await;
    client.send("3").await;
    client.expect_alive().await;
}

#[tokio::test]
async fn packets_of_other_phases_are_ignored_on_an_open_websocket() {
    for packet in ["5", r#"0{"sid":"x"}"#, "6"] {
        is_ignored(packet).await;
    }
}

#[tokio::test]
async fn what_is_no_engine_packet_closes_with_a_parse_error() {
    closes(&["9"], "parse error").await;
    closes(&[""], "parse error").await;
}

#[tokio::test]
async fn the_connect_answer_comes_before_what_the_connect_handler_emits() {
    let io = echo_server();
    io.on_connect(|socket: roomcast::Socket| socket.emit("welcome", 1));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/").await;
    client.expect(r#"42["welcome",1]"#).await;
}

#[tokio::test]
async fn nothing_is_sent_after_the_open_packet_before_the_client_joins() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.websocket().await;

    // The answer to the CONNECT is the first packet behind the open packet.
    client.join("/").await;
}

#[tokio::test]
async fn an_ack_id_of_0_is_an_id() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send(r#"420["alive"]"#).await;
    client.expect(r#"430["yes"]"#).await;
}

#[tokio::test]
async fn an_ack_id_beyond_double_precision_is_answered_as_javascript_would() {
    let host = Host::tcp(&echo_server()).await;
    let mut client = host.joined().await;

    client.send(r#"429007199254740993["alive"]"#).await;
    client.expect(r#"439007199254740992["yes"]"#).await;
}

#[tokio::test]
async fn an_ack_id_beyond_64_bits_is_answered_in_the_exponent_form_of_javascript() {
    let io = echo_server();
    io.on("seven", || 7);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42100000000000000000000000["seven"]"#).await;
    client.expect("431e+23[7]").await;
}
