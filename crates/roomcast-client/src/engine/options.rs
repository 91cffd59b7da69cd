//! How an Engine.IO session is opened.

use std::time::Duration;

use http::HeaderMap;
use roomcast_engineio::Transport;
use roomcast_websocket::deflate;

/// Whether requests carry a parameter that keeps caches from answering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timestamps {
    /// Polling only.
    #[default]
    Polling,
    Always,
    Never,
}

/// How an Engine.IO session is opened; one set for all sessions of a manager.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) transports: Vec<Transport>,
    pub(crate) upgrades: bool,
    /// The next transport is tried if one cannot be opened.
    pub(crate) tries_all: bool,
    pub(crate) remembers_upgrade: bool,
    pub(crate) forces_base64: bool,
    pub(crate) timestamps: Timestamps,
    pub(crate) timestamp_param: String,
    pub(crate) headers: HeaderMap,
    pub(crate) protocols: Vec<String>,
    pub(crate) keeps_cookies: bool,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) deflate: Option<deflate::Config>,
    /// The largest message or polling body that is taken.
    pub(crate) max_message_bytes: usize,
}

impl Options {
    pub(crate) fn stamps(&self, transport: Transport) -> bool {
        match self.timestamps {
            Timestamps::Polling => transport == Transport::Polling,
            Timestamps::Always => true,
            Timestamps::Never => false,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            path: "/socket.io/".to_owned(),
            query: Vec::new(),
            transports: vec![Transport::Polling, Transport::WebSocket],
            upgrades: true,
            tries_all: false,
            remembers_upgrade: false,
            forces_base64: false,
            timestamps: Timestamps::default(),
            timestamp_param: "t".to_owned(),
            headers: HeaderMap::new(),
            protocols: Vec::new(),
            keeps_cookies: false,
            request_timeout: None,
            deflate: None,
            max_message_bytes: MAX_MESSAGE_BYTES,
        }
    }
}

/// As in the official client on Node.js.
const MAX_MESSAGE_BYTES: usize = 100 << 20;
