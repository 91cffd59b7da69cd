//! Runs all cases of the suite in `autobahn/` as a client that echoes every message.
//!
//! `websocket_client [--keep-context] ws://HOST:PORT`: by default each message is compressed
//! afresh; with the flag messages of both ends may refer back to earlier ones.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::io;

use bytes::BytesMut;
use roomcast_conformance::http_head::HttpHead;
use roomcast_websocket::deflate::{self, ClientContext, Config, Pool};
use roomcast_websocket::handshake::{Response, client_key};
use roomcast_websocket::{Connection, Decoded, Event, Limits, OpCode, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let keeps_context = env::args().any(|flag| flag == "--keep-context");
    let url = env::args().next_back().unwrap_or_default();
    let host = url
        .strip_prefix("ws://")
        .map(|rest| rest.trim_end_matches('/'));
    let host = host.ok_or_else(|| io::Error::other("the last argument is ws://HOST:PORT"))?;
    let mut client = Client {
        host: host.to_owned(),
        config: config(keeps_context),
        masks: Masks::default(),
    };

    let count = client.run("/getCaseCount", Answers::Nothing).await?;
    let count: u32 = count.parse().map_err(io::Error::other)?;
    let agent = if keeps_context {
        "roomcast-context"
    } else {
        "roomcast"
    };
    for case in 1..=count {
        let path = format!("/runCase?case={case}&agent={agent}");
        if let Err(error) = client.run(&path, Answers::Echo).await {
            eprintln!("case {case}: {error}");
        }
    }
    client
        .run(&format!("/updateReports?agent={agent}"), Answers::Nothing)
        .await?;
    Ok(())
}

/// Every message is compressed, so that the suite judges short ones too.
fn config(keeps_context: bool) -> Config {
    let context = if keeps_context {
        ClientContext::Kept
    } else {
        ClientContext::Reset
    };
    Config::default()
        .with_threshold_bytes(0)
        .with_client_context(context)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Echo,
    Nothing,
}

struct Client {
    host: String,
    config: Config,
    masks: Masks,
}

impl Client {
    /// Opens `path` and answers until the server ends the connection; gives the last text.
    async fn run(&mut self, path: &str, answers: Answers) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        let (mut connection, mut input) = self.open(&mut stream, path).await?;
        let (mut out, mut last) = (BytesMut::new(), String::new());
        loop {
            let mut at = 0;
            while at < input.len() && !connection.is_closed() {
                let mask = self.masks.next();
                let Ok(Decoded {
                    consumed, event, ..
                }) = connection.receive(&mut input[at..], mask, &mut out)
                else {
                    break;
                };
                at += consumed;
                let (opcode, payload) = match &event {
                    Some(Event::Text(text)) => (OpCode::Text, text.as_bytes()),
                    Some(Event::Binary(bytes)) => (OpCode::Binary, &bytes[..]),
                    _ => continue,
                };
                if answers == Answers::Echo {
                    connection.send(opcode, payload, self.masks.next(), &mut out);
                } else {
                    last = String::from_utf8_lossy(payload).into_owned();
                }
            }
            stream.write_all_buf(&mut out).await?;
            input.clear();
            input.reserve(64 * 1024);
            // SPEC: RFC 6455, section 7.1.1: the server ends TCP.
            match stream.read_buf(&mut input).await {
                Ok(0) => return Ok(last),
                Ok(_) => {}
                // The suite's server resets TCP once it has the answer to its close frame.
                Err(_) if connection.is_closed() => return Ok(last),
                Err(error) => return Err(error),
            }
        }
    }

    async fn open(
        &mut self,
        stream: &mut TcpStream,
        path: &str,
    ) -> io::Result<(Connection, BytesMut)> {
        let key = client_key(self.masks.nonce());
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Extensions: {}\r\n\r\n",
            self.host,
            deflate::offer(&self.config),
        );
        stream.write_all(request.as_bytes()).await?;
        let (head, input) = HttpHead::read(stream).await?;
        let [connection, upgrade, accept, extensions] = [
            "connection",
            "upgrade",
            "sec-websocket-accept",
            "sec-websocket-extensions",
        ]
        .map(|name| head.header(name));
        let response = Response {
            status: head.word(1).parse().unwrap_or_default(),
            connection: connection.as_deref(),
            upgrade: upgrade.as_deref(),
            accept: accept.as_deref(),
        };
        response.check(&key).map_err(io::Error::other)?;
        let limits = Limits::default()
            .with_max_frame_bytes(64 << 20)
            .with_max_message_bytes(64 << 20)
            .with_max_fragments(65_536 + 1);
        let connection = Connection::new(Role::Client, limits);
        let agreement = deflate::accept(extensions.as_deref().unwrap_or_default(), &self.config);
        Ok((
            match agreement.map_err(io::Error::other)? {
                Some(agreement) => {
                    connection.with_deflate(&agreement, &self.config, &Pool::default())
                }
                None => connection,
            },
            input,
        ))
    }
}

/// Masking keys from the seed of the standard library's hash maps: good enough for a test.
#[derive(Default)]
struct Masks {
    state: RandomState,
    count: u64,
}

impl Masks {
    fn next(&mut self) -> [u8; 4] {
        self.count += 1;
        (self.state.hash_one(self.count) as u32).to_ne_bytes()
    }

    fn nonce(&mut self) -> [u8; 16] {
        let mut nonce = [0; 16];
        nonce
            .chunks_exact_mut(4)
            .for_each(|word| word.copy_from_slice(&self.next()));
        nonce
    }
}
