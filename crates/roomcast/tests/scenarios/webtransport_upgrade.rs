//! The move of a session from polling to WebTransport. Spec: features 1.10 and 11, 8.

use std::time::Duration;

use roomcast::{Server, Transport};

use crate::support::webtransport::{Quic, WebTransport};
use crate::support::{Host, Polling, WebSocket, answering, reasons};

struct Hosts {
    io: Server,
    http: Host,
    quic: Quic,
}

impl Hosts {
    async fn of(builder: roomcast::ServerBuilder) -> Self {
        let io = builder
            .transports([
                Transport::Polling,
                Transport::WebSocket,
                Transport::WebTransport,
            ])
            .build();
        answering(&io);
        Self {
            http: Host::tcp(&io).await,
            quic: Quic::of(&io).await,
            io,
        }
    }

    async fn new() -> Self {
        Self::of(Server::builder()).await
    }

    async fn probed(&self, polling: &Polling) -> WebTransport {
        let mut client = self.quic.probe(&polling.sid).await;
        client.write(b"\x062probe").await;
        client.expect_bytes(b"\x063probe").await;
        client
    }

    async fn upgraded(&self, polling: &Polling) -> WebTransport {
        let mut client = self.probed(polling).await;
        client.write(b"\x015").await;
        client
    }
}

#[tokio::test]
async fn the_handshake_offers_webtransport_behind_websocket_if_it_is_on() {
    let hosts = Hosts::new().await;
    let polling = hosts.http.polling().await;
    let text = polling.handshake.text();
    assert!(text.contains(r#""upgrades":["websocket","webtransport"]"#));

    let default = Host::tcp(&Server::new()).await.polling().await;
    let text = default.handshake.text();
    assert!(text.contains(r#""upgrades":["websocket"]"#));
}

#[tokio::test]
async fn its_name_is_an_unknown_transport_over_http() {
    let hosts = Hosts::new().await;

    let answer = hosts.http.get("EIO=4&transport=webtransport").await;
    assert_eq!(
        answer.summary(),
        (400, r#"{"code":0,"message":"Transport unknown"}"#)
    );
}

#[tokio::test]
async fn an_upgraded_session_goes_on_over_webtransport() {
    let hosts = Hosts::new().await;
    let mut polling = hosts.http.polling().await;
    let id = polling.join("/").await;
    let socket = crate::support::socket(&hosts.io, &id);
    assert_eq!(socket.conn().transport(), Transport::Polling);

    let mut client = hosts.upgraded(&polling).await;
    client.expect_alive().await;
    assert_eq!(socket.conn().transport().as_str(), "webtransport");
    assert_eq!(hosts.io.engine().clients_count(), 1);
}

#[tokio::test]
async fn packets_that_wait_at_the_upgrade_leave_over_webtransport_in_order() {
    let hosts = Hosts::new().await;
    let polling = hosts.http.joined_polling().await;
    polling.send("42[\"echo\",1]\x1e42[\"echo\",2]").await;

    let mut client = hosts.upgraded(&polling).await;
    client.expect(r#"42["echo",1]"#).await;
    client.expect(r#"42["echo",2]"#).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn after_the_upgrade_requests_over_polling_are_code_3_and_websockets_are_closed() {
    let hosts = Hosts::new().await;
    let polling = hosts.http.joined_polling().await;
    let mut client = hosts.upgraded(&polling).await;
    client.expect_alive().await;

    let mismatch = (400, r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(polling.get().await.summary(), mismatch);
    assert_eq!(polling.post("3").await.summary(), mismatch);
    let mut websocket = WebSocket::probe(&hosts.http, &polling.sid).await;
    websocket.expect_closed().await;
    hosts.quic.probe(&polling.sid).await.expect_closed().await;
    client.expect_alive().await;
}

#[tokio::test]
async fn a_second_transport_during_the_upgrade_is_closed_and_the_first_goes_on() {
    let hosts = Hosts::new().await;
    let polling = hosts.http.joined_polling().await;
    let mut first = hosts.probed(&polling).await;

    hosts.quic.probe(&polling.sid).await.expect_closed().await;
    let mut websocket = WebSocket::probe(&hosts.http, &polling.sid).await;
    websocket.expect_closed().await;
    first.write(b"\x015").await;
    first.expect_alive().await;
}

#[tokio::test]
async fn a_websocket_that_probes_is_not_disturbed_by_webtransport() {
    let hosts = Hosts::new().await;
    let polling = hosts.http.joined_polling().await;
    let mut websocket = WebSocket::probe(&hosts.http, &polling.sid).await;
    websocket.send("2probe").await;
    websocket.expect("3probe").await;

    hosts.quic.probe(&polling.sid).await.expect_closed().await;
    websocket.send("5").await;
    websocket.expect_alive().await;
}

#[tokio::test]
async fn other_packets_than_a_probe_end_the_upgrade_and_polling_lives_on() {
    for packet in [&b"\x012"[..], b"\x062other", b"\x019", b"\x00", b"\x8142"] {
        let hosts = Hosts::new().await;
        let mut polling = hosts.http.joined_polling().await;

        let mut client = hosts.quic.probe(&polling.sid).await;
        client.write(packet).await;
        client.expect_closed().await;
        polling.expect_alive().await;
        hosts.upgraded(&polling).await.expect_alive().await;
    }
}

#[tokio::test]
async fn an_upgrade_that_is_never_finished_ends_and_polling_lives_on() {
    let builder = Server::builder().upgrade_timeout(Duration::from_millis(200));
    let hosts = Hosts::of(builder).await;
    let mut polling = hosts.http.joined_polling().await;

    hosts.probed(&polling).await.expect_closed().await;
    polling.expect_alive().await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_upgrade_leaves_the_session_on_polling() {
    let hosts = Hosts::new().await;
    let mut polling = hosts.http.joined_polling().await;

    drop(hosts.probed(&polling).await);
    polling.expect_alive().await;
    // The place is free once the server has seen the end of the first.
    let mut client = hosts.quic.probe(&polling.sid).await;
    client.write(b"\x062probe\x015").await;
    while !matches!(client.recv.read_exact(&mut [0; 7]).await, Ok(())) {
        client = hosts.quic.probe(&polling.sid).await;
        client.write(b"\x062probe\x015").await;
    }
    client.expect_alive().await;
}

#[tokio::test]
async fn a_session_that_ends_after_the_upgrade_says_so() {
    let hosts = Hosts::new().await;
    let mut reasons = reasons(&hosts.io);
    let polling = hosts.http.joined_polling().await;
    let mut client = hosts.upgraded(&polling).await;
    client.expect_alive().await;

    client.connection.close(0x100u32.into(), b"");
    assert_eq!(reasons.next().await, "transport close");
    polling.expect_gone().await;
}

#[tokio::test]
async fn without_upgrades_none_is_offered() {
    let hosts = Hosts::of(Server::builder().without_upgrades()).await;
    let polling = hosts.http.polling().await;

    assert!(polling.handshake.text().contains(r#""upgrades":[]"#));
}
