//! The HTTP request that opens a WebSocket, and its answer.

use bytes::BytesMut;
use roomcast_websocket::handshake::{Response, client_key};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::builder::ClientBuilder;

/// A connection on which the WebSocket is open, and what was read behind the answer.
pub(crate) struct Opened {
    pub(crate) stream: DuplexStream,
    pub(crate) unread: BytesMut,
}

/// Opens a WebSocket on `stream`; the error is the server's answer as a text.
pub(crate) async fn open(
    mut stream: DuplexStream,
    path: &str,
    client: &ClientBuilder,
) -> Result<Opened, String> {
    // In memory nobody caches or guesses: the key may always be the same.
    let key = client_key(*b"a key of 16 byte");
    let request = request(path, client, &key);
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|error| error.to_string())?;
    let mut unread = BytesMut::new();
    let head_len = loop {
        if let Some(len) = head_len(&unread) {
            break len;
        }
        match stream.read_buf(&mut unread).await {
            Ok(0) => return Err("the server hung up".to_owned()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    };
    let head = unread.split_to(head_len);
    if !is_accepted(&head, &key) {
        // The body of a refusal is short and says why; the server may keep the connection.
        let (head, body) = (
            String::from_utf8_lossy(&head),
            String::from_utf8_lossy(&unread),
        );
        let status = head.lines().next().unwrap_or_default();
        return Err(format!("{status} {body}"));
    }
    Ok(Opened { stream, unread })
}

fn request(path: &str, client: &ClientBuilder, key: &str) -> String {
    let query = &client.query;
    let mut request = format!(
        "GET {path}?EIO=4&transport=websocket{query} HTTP/1.1\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    );
    let is_host = |(name, _): &(String, String)| name.eq_ignore_ascii_case("host");
    if !client.headers.iter().any(is_host) {
        request.push_str("Host: localhost\r\n");
    }
    for (name, value) in &client.headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    request
}

fn head_len(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(end + 4)
}

fn is_accepted(head: &[u8], key: &str) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    if parsed.parse(head).is_err() {
        return false;
    }
    let value = |name: &str| {
        let found = parsed
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let response = Response {
        status: parsed.code.unwrap_or_default(),
        connection: value("connection"),
        upgrade: value("upgrade"),
        accept: value("sec-websocket-accept"),
    };
    response.check(key).is_ok()
}
