//! What can go wrong between a client and its server.

use std::io;
use std::sync::Arc;

use http::StatusCode;

/// Why a transport could not be opened, or broke.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The connection could not be opened, or ended.
    #[error("{0}")]
    Connection(String),
    /// The server answered a request with another status than success.
    #[error("the server answered with status {status}{}", shown(.body))]
    #[expect(missing_docs, reason = "the fields are described above")]
    Status { status: u16, body: Arc<str> },
    /// The answer to the WebSocket's request is none of a WebSocket server.
    #[error("the server opened no WebSocket: {0}")]
    Upgrade(String),
    /// What came is no WebSocket frame, or breaks its rules.
    #[error("broken WebSocket frame: {0}")]
    Frame(String),
    /// What came is no packet.
    #[error("what came is no packet: {0}")]
    Packet(String),
    /// The first packet is no handshake.
    #[error("the server's handshake cannot be read: {0}")]
    Handshake(String),
    /// More came in one piece than the client takes.
    #[error("more than {limit} bytes in one message")]
    #[expect(missing_docs, reason = "the field is described above")]
    TooLarge { limit: usize },
    /// A request was not answered in time.
    #[error("a request was not answered in time")]
    RequestTimeout,
    /// The host of the URL cannot stand in a header.
    #[error("the host cannot stand in a header")]
    Host,
    /// The path and query of the URL are none.
    #[error("path and query cannot be sent")]
    Target,
}

impl TransportError {
    pub(crate) fn http(error: &hyper::Error) -> Self {
        Self::Connection(with_causes(error))
    }

    pub(crate) fn status(status: StatusCode, body: &[u8]) -> Self {
        let body = String::from_utf8_lossy(&body[..body.len().min(MAX_SHOWN_BYTES)]);
        Self::Status {
            status: status.as_u16(),
            body: body.into(),
        }
    }
}

impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        Self::Connection(with_causes(&error))
    }
}

/// An error's text with those of its causes, each once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

fn shown(body: &str) -> String {
    match body.is_empty() {
        true => String::new(),
        false => format!(": {body}"),
    }
}

const MAX_SHOWN_BYTES: usize = 200;
