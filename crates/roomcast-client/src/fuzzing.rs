//! Sessions with servers that say anything. Not part of the API: it is for fuzz targets.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use roomcast_engineio::Transport;
use roomcast_websocket::deflate;

use crate::connect::{Connector, Proxy, Script, Tls};
use crate::engine::{
    Compression, Engine, EngineEvent, Options, Outgoing, Queued, Received, Shared, Source,
};
use crate::origin::Origin;

/// What a session has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Whether it was opened.
    pub is_opened: bool,
    /// Whether it has ended.
    pub is_closed: bool,
    /// The bytes of each message.
    pub messages: Vec<usize>,
}

/// Opens a session over these transports with a server that gives these answers, one after the other
/// on each connection, and lets it run to its end, or for an hour.
///
/// On a paused clock that takes no time.
pub async fn meet(
    transports: &[Transport],
    answers: impl IntoIterator<Item = VecDeque<Vec<u8>>>,
    max_message_bytes: usize,
) -> Seen {
    let origin = Origin {
        is_secure: false,
        host: "localhost".to_owned(),
        port: 80,
    };
    let connector = Connector {
        origin,
        proxy: Some(Proxy::Script(Script::new(answers))),
        tls: Tls::default(),
    };
    let options = Options {
        transports: transports.to_vec(),
        keeps_cookies: true,
        tries_all: true,
        deflate: Some(deflate::Config::default()),
        max_message_bytes,
        ..Options::default()
    };
    let mut engine = Engine::open(Shared::new(connector, options), None);
    let mut seen = Seen::default();
    let running = run(&mut engine, &mut seen);
    // Whoever pings in time may go on for ever.
    let _ = tokio::time::timeout(PATIENCE, running).await;
    engine.close(&mut ());
    let mut after = Seen::default();
    let closing = run(&mut engine, &mut after);
    let _ = tokio::time::timeout(PATIENCE, closing).await;
    seen
}

async fn run(engine: &mut Engine, seen: &mut Seen) {
    let mut letters = Letters(2);
    poll_fn(|cx| {
        while let Poll::Ready(event) = engine.poll_event(cx, &mut letters) {
            match event {
                EngineEvent::Opened(_) => seen.is_opened = true,
                EngineEvent::Message(Received::Text(text)) => seen.messages.push(text.len()),
                EngineEvent::Message(Received::Binary(bytes)) => seen.messages.push(bytes.len()),
                EngineEvent::Closed(_) => {
                    seen.is_closed = true;
                    return Poll::Ready(());
                }
                _ => {}
            }
        }
        Poll::Pending
    })
    .await;
}

/// Something to send, so many times.
struct Letters(usize);

impl Source for Letters {
    fn take_next(&mut self, queue: &mut VecDeque<Queued>) -> bool {
        let Some(left) = self.0.checked_sub(1) else {
            return false;
        };
        self.0 = left;
        for packet in [
            Outgoing::Text(Bytes::from_static(b"4hello")),
            Outgoing::Binary(Bytes::from_static(b"\0\xff")),
        ] {
            queue.push_back(Queued {
                packet,
                compression: Compression::Allowed,
            });
        }
        true
    }
}

const PATIENCE: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(answers: &[&str]) -> VecDeque<Vec<u8>> {
        let answers = answers.iter();
        answers.map(|answer| answer.as_bytes().to_vec()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_script_opens_a_session_over_each_transport() {
        let open = "HTTP/1.1 200 OK\r\nContent-Length: 63\r\n\r\n\
            0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200}";
        let message = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n4hi";
        // What is sent goes over the first connection, or the poll does.
        let polling = [answers(&[open, message]), answers(&[message])];
        let seen = meet(&[Transport::Polling], polling, 1000).await;
        assert_eq!((seen.is_opened, &seen.messages[..]), (true, &[2][..]));

        let upgrade = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n\
            \x81\x3f0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":300,\"pingTimeout\":200}\
            \x81\x034hi";
        let websocket = [VecDeque::from([upgrade.to_vec()])];
        let seen = meet(&[Transport::WebSocket], websocket, 1000).await;
        assert_eq!((seen.is_opened, &seen.messages[..]), (true, &[2][..]));
        assert!(seen.is_closed);
    }
    #[tokio::test(start_paused = true)]
    async fn a_server_may_name_a_transport_twice_or_polling_itself() {
        let open = "HTTP/1.1 200 OK\r\nContent-Length: 96\r\n\r\n\
            0{\"sid\":\"x\",\"upgrades\":[\"websocket\",\"websocket\",\"polling\"],\
            \"pingInterval\":300,\"pingTimeout\":200}";
        let upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n";
        let message = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n4hi";
        let connections = [
            answers(&[open, message, message]),
            answers(&[upgrade, "\u{1}"]),
            answers(&[upgrade, "\u{1}"]),
            answers(&[message]),
        ];
        let both = [Transport::Polling, Transport::WebSocket];
        let seen = meet(&both, connections, 1000).await;
        assert!(seen.is_opened && seen.is_closed, "{seen:?}");
    }
}
