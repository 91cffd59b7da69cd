//! Echoes every WebSocket message with its type, for the suite in `autobahn/`.
//!
//! `PORT=9001 websocket_echo [--ignore-context-hint]`: the flag leaves a client's
//! `client_no_context_takeover` unanswered, so that its messages refer back to earlier ones.

use std::env;
use std::io;
use std::time::Duration;

use bytes::BytesMut;
use roomcast_conformance::http_head::HttpHead;
use roomcast_websocket::deflate::{self, Agreement, ClientContext, Config, Pool};
use roomcast_websocket::handshake::{Request, RequestError};
use roomcast_websocket::{Connection, Decoded, Event, Limits, OpCode, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let port = env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(9001);
    let client_context = match env::args().any(|flag| flag == "--ignore-context-hint") {
        true => ClientContext::Kept,
        false => ClientContext::ResetIfHinted,
    };
    // Every message is compressed, so that the suite judges short ones too.
    let config = Config::default()
        .with_threshold_bytes(0)
        .with_client_context(client_context);
    let pool = Pool::default();
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("echoes at ws://{}/", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let pool = pool.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, config, &pool).await {
                eprintln!("connection ends: {error}");
            }
        });
    }
}

async fn serve(mut stream: TcpStream, config: Config, pool: &Pool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (head, input) = HttpHead::read(&mut stream).await?;
    let agreement = head
        .header("sec-websocket-extensions")
        .and_then(|offers| deflate::negotiate(&offers, &config));
    let answer = match answer(&head, agreement.as_ref()) {
        Ok(answer) => answer,
        Err(error) => {
            let status = error.status();
            let answer = format!(
                "HTTP/1.1 {status} {error}\r\nSec-WebSocket-Version: 13\r\n\
                 Connection: close\r\nContent-Length: 0\r\n\r\n"
            );
            return stream.write_all(answer.as_bytes()).await;
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    let limits = Limits::default()
        .with_max_frame_bytes(64 << 20)
        .with_max_message_bytes(64 << 20)
        // Cases 9.3.1 and 9.4.1: 65,536 fragments, then an empty one that ends the message.
        .with_max_fragments(65_536 + 1);
    let mut connection = Connection::new(Role::Server, limits);
    if let Some(agreement) = &agreement {
        connection = connection.with_deflate(agreement, &config, pool);
    }
    echo(stream, connection, input).await
}

fn answer(head: &HttpHead, agreement: Option<&Agreement>) -> Result<String, RequestError> {
    let [connection, upgrade, version, key] = [
        "connection",
        "upgrade",
        "sec-websocket-version",
        "sec-websocket-key",
    ]
    .map(|name| head.header(name));
    let request = Request {
        method: head.word(0),
        connection: connection.as_deref(),
        upgrade: upgrade.as_deref(),
        version: version.as_deref(),
        key: key.as_deref(),
    };
    let accept = request.check()?;
    let extensions = agreement.map_or_else(String::new, |agreement| {
        format!("Sec-WebSocket-Extensions: {}\r\n", agreement.response())
    });
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
    ))
}

async fn echo(
    mut stream: TcpStream,
    mut connection: Connection,
    mut input: BytesMut,
) -> io::Result<()> {
    let mut out = BytesMut::new();
    loop {
        let mut at = 0;
        while at < input.len() && !connection.is_closed() {
            let Ok(Decoded {
                consumed, event, ..
            }) = connection.receive(&mut input[at..], NO_MASK, &mut out)
            else {
                break;
            };
            at += consumed;
            match event {
                Some(Event::Text(text)) => {
                    connection.send(OpCode::Text, text.as_bytes(), NO_MASK, &mut out);
                }
                Some(Event::Binary(bytes)) => {
                    connection.send(OpCode::Binary, &bytes, NO_MASK, &mut out);
                }
                _ => {}
            }
        }
        stream.write_all_buf(&mut out).await?;
        if connection.is_closed() {
            return end(stream).await;
        }
        input.clear();
        input.reserve(64 * 1024);
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
    }
}

/// Ends TCP so that the peer reads the close frame: unread bytes would turn the end into a reset.
async fn end(mut stream: TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    let drain = async { while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {} };
    // A peer that goes on sending is cut off all the same.
    let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
    Ok(())
}

/// A server masks nothing.
const NO_MASK: [u8; 4] = [0; 4];
