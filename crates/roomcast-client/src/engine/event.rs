//! What happens to a session.

use bytes::Bytes;
use roomcast_engineio::Transport;
use roomcast_engineio::client::{CloseReason, ProbeFailure};
use roomcast_websocket::Event;

use crate::error::TransportError;

/// What happens to a session.
#[derive(Debug)]
pub(crate) enum EngineEvent {
    Opened(Transport),
    Message(Received),
    /// The server has pinged, and was answered.
    Ping,
    Upgraded(Transport),
    UpgradeFailed {
        transport: Transport,
        failure: ProbeFailure,
    },
    /// The last event.
    Closed(Closed),
}

/// A message of the server.
#[derive(Debug)]
pub(crate) enum Received {
    Text(String),
    Binary(Bytes),
}

/// How a session ended.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) reason: CloseReason,
    /// The transport's fault, if it has one.
    pub(crate) fault: Option<TransportError>,
    /// Why each transport that was tried could not be opened.
    pub(crate) failures: Vec<(Transport, TransportError)>,
}

/// A message of a WebSocket, with a life of its own.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

impl Frame {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Control frames are answered where they are decoded.
    pub(crate) fn of(event: Event<'_>) -> Option<Self> {
        match event {
            Event::Text(text) => Some(Self::Text(text.into_owned())),
            Event::Binary(bytes) => Some(Self::Binary(bytes.into_owned())),
            Event::Ping(_) | Event::Pong(_) | Event::Close(_) => None,
        }
    }
}
