//! Sessions with a real server.

mod scripted;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};

use bytes::Bytes;
use futures_util::future::poll_fn;
use roomcast::engine as server;
use roomcast::engine::Engine as Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use crate::origin::Origin;

/// A server that sends everything back, and tells why sessions end.
async fn echo(
    configure: impl FnOnce(server::Builder<server::Bare>) -> server::Builder<server::Bare>,
) -> (SocketAddr, Receiver<String>) {
    struct Echo(std::sync::mpsc::Sender<String>);

    impl server::Connection for Echo {
        fn message(&mut self, socket: &server::Socket, message: server::Message<'_>) {
            match message {
                server::Message::Text(text) => socket.send_text(&text),
                server::Message::Binary(bytes) => socket.send_binary(&bytes),
                _ => {}
            }
        }

        fn closed(&mut self, _: &server::Socket, reason: server::CloseReason) {
            let _ = self.0.send(reason.to_string());
        }
    }

    let (sender, reasons) = channel();
    let engine = configure(Server::builder()).build(move |_: &server::Socket| Echo(sender.clone()));
    let listening = engine.listen("127.0.0.1:0").await.expect("a port is free");
    let address = listening.local_addr().expect("it is bound");
    tokio::spawn(listening.run());
    (address, reasons)
}

fn client(address: SocketAddr, options: Options) -> Engine {
    let connector = Connector {
        origin: Origin {
            is_secure: false,
            host: address.ip().to_string(),
            port: address.port(),
        },
        proxy: None,
        tls: crate::connect::Tls::default(),
    };
    let options = Options {
        path: "/engine.io/".to_owned(),
        ..options
    };
    Engine::open(Shared::new(connector, options), None)
}

fn over(transports: &[Transport]) -> Options {
    Options {
        transports: transports.to_vec(),
        ..Options::default()
    }
}

async fn next(engine: &mut Engine) -> EngineEvent {
    let event = poll_fn(|cx| engine.poll_event(cx, &mut ()));
    tokio::time::timeout(Duration::from_secs(20), event)
        .await
        .expect("something happens")
}

async fn opened(engine: &mut Engine) -> Transport {
    match next(engine).await {
        EngineEvent::Opened(transport) => transport,
        other => panic!("{other:?}"),
    }
}

fn send(engine: &mut Engine, packet: Outgoing) {
    engine.queue.push_back(Queued {
        packet,
        compression: Compression::Allowed,
    });
}

fn text(text: &str) -> Outgoing {
    Outgoing::Text(Bytes::from(format!("4{text}")))
}

/// The messages that come before all of `count` have, upgrades let pass.
async fn messages(engine: &mut Engine, count: usize) -> Vec<String> {
    let mut messages = Vec::new();
    while messages.len() < count {
        match next(engine).await {
            EngineEvent::Message(Received::Text(text)) => messages.push(text),
            EngineEvent::Message(Received::Binary(bytes)) => messages.push(format!("{bytes:?}")),
            EngineEvent::Upgraded(_) | EngineEvent::Ping => {}
            other => panic!("{other:?}"),
        }
    }
    messages
}

#[tokio::test]
async fn messages_go_and_come_over_each_transport() {
    let (address, _) = echo(|builder| builder).await;
    for transport in [Transport::Polling, Transport::WebSocket] {
        let mut engine = client(address, over(&[transport]));
        assert_eq!(opened(&mut engine).await, transport);
        send(&mut engine, text("hé\u{1f600}"));
        send(&mut engine, Outgoing::Binary(Bytes::from_static(b"\0\xff")));
        send(&mut engine, text("last"));
        assert_eq!(
            messages(&mut engine, 3).await,
            ["hé\u{1f600}", r#"b"\0\xff""#, "last"]
        );
    }
}

#[tokio::test]
async fn bytes_go_as_base64_where_it_is_forced() {
    let (address, _) = echo(|builder| builder).await;
    for transport in [Transport::Polling, Transport::WebSocket] {
        let options = Options {
            forces_base64: true,
            ..over(&[transport])
        };
        let mut engine = client(address, options);
        opened(&mut engine).await;
        send(&mut engine, Outgoing::Binary(Bytes::from_static(b"\0\xff")));
        assert_eq!(messages(&mut engine, 1).await, [r#"b"\0\xff""#]);
    }
}

#[tokio::test]
async fn nothing_is_lost_or_reordered_while_the_session_changes_over() {
    let (address, _) = echo(|builder| builder).await;
    let mut engine = client(address, Options::default());
    assert_eq!(opened(&mut engine).await, Transport::Polling);
    let mut sent = 0;
    let mut received = 0;
    let mut upgraded_at = None;
    while upgraded_at.is_none_or(|at| received < at + 100) {
        for _ in 0..3 {
            send(&mut engine, text(&sent.to_string()));
            sent += 1;
        }
        match next(&mut engine).await {
            EngineEvent::Message(Received::Text(text)) => {
                assert_eq!(text, received.to_string());
                received += 1;
            }
            EngineEvent::Upgraded(transport) => {
                assert_eq!(transport, Transport::WebSocket);
                upgraded_at = Some(received);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_holds_no_more_than_the_server_takes() {
    let (address, _) = echo(|builder| builder.max_http_buffer_size(1000)).await;
    let mut engine = client(address, over(&[Transport::Polling]));
    opened(&mut engine).await;
    let sent: Vec<_> = (0..50).map(|i| format!("{i}{}", "x".repeat(90))).collect();
    for message in &sent {
        send(&mut engine, text(message));
    }
    assert_eq!(messages(&mut engine, 50).await, sent);
}

#[tokio::test]
async fn what_is_queued_leaves_before_a_close_and_the_server_knows_the_reason() {
    for transport in [Transport::Polling, Transport::WebSocket] {
        let (address, reasons) = echo(|builder| builder).await;
        let mut engine = client(address, over(&[transport]));
        opened(&mut engine).await;
        send(&mut engine, text("last words"));
        engine.close(&mut ());
        let closed = loop {
            match next(&mut engine).await {
                EngineEvent::Closed(closed) => break closed,
                EngineEvent::Message(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(closed.reason, CloseReason::ForcedClose);
        let reason = tokio::task::spawn_blocking(move || reasons.recv())
            .await
            .expect("no panic");
        assert_eq!(reason.as_deref(), Ok("transport close"));
    }
}

#[tokio::test]
async fn a_session_that_is_given_up_while_it_opens_over_polling_is_closed_at_the_server() {
    let (address, reasons) = echo(|builder| builder).await;
    let mut engine = client(address, over(&[Transport::Polling]));
    // The request has to be on its way.
    let waiting = poll_fn(|cx| Poll::Ready(engine.poll_event(cx, &mut ()).is_pending())).await;
    assert!(waiting);
    engine.close(&mut ());
    assert!(matches!(next(&mut engine).await, EngineEvent::Closed(_)));
    let reason = tokio::task::spawn_blocking(move || reasons.recv())
        .await
        .expect("no panic");
    assert_eq!(reason.as_deref(), Ok("transport close"));
}

#[tokio::test]
async fn all_transports_are_tried_and_each_says_why_it_failed() {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let options = Options {
        tries_all: true,
        ..Options::default()
    };
    let mut engine = client(address, options);
    let EngineEvent::Closed(closed) = next(&mut engine).await else {
        panic!("nobody listens");
    };
    let tried: Vec<_> = closed
        .failures
        .iter()
        .map(|(transport, _)| *transport)
        .collect();
    assert_eq!(tried, [Transport::Polling, Transport::WebSocket]);
}

#[tokio::test]
async fn the_next_transport_is_taken_if_the_first_is_refused() {
    let (address, _) = echo(|builder| builder.transports([Transport::WebSocket])).await;
    let options = Options {
        tries_all: true,
        ..Options::default()
    };
    let mut engine = client(address, options);
    assert_eq!(opened(&mut engine).await, Transport::WebSocket);
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status_and_body() {
    let (address, _) = echo(|builder| builder.transports([Transport::WebSocket])).await;
    let mut engine = client(address, over(&[Transport::Polling]));
    let EngineEvent::Closed(closed) = next(&mut engine).await else {
        panic!("the server refuses");
    };
    assert_eq!(closed.reason, CloseReason::TransportError);
    let body = r#"{"code":0,"message":"Transport unknown"}"#;
    let expected = TransportError::Status {
        status: 400,
        body: body.into(),
    };
    assert_eq!(closed.fault, Some(expected));
}

#[tokio::test]
async fn a_probe_that_is_refused_leaves_the_session_on_polling() {
    let (address, _) = echo(|builder| builder.transports([Transport::Polling])).await;
    let mut engine = client(address, Options::default());
    opened(&mut engine).await;
    send(&mut engine, text("still here"));
    assert_eq!(messages(&mut engine, 1).await, ["still here"]);
}

#[tokio::test]
async fn pings_are_answered_and_a_server_that_is_gone_ends_the_session() {
    let heartbeat = |builder: server::Builder<server::Bare>| {
        builder
            .ping_interval(Duration::from_millis(100))
            .ping_timeout(Duration::from_millis(500))
    };
    for transport in [Transport::Polling, Transport::WebSocket] {
        let (address, _) = echo(heartbeat).await;
        let mut engine = client(address, over(&[transport]));
        opened(&mut engine).await;
        for _ in 0..10 {
            assert!(matches!(next(&mut engine).await, EngineEvent::Ping));
        }
    }
}
