//! Options of the socket of the URL's namespace.

use std::future::Future;
use std::time::Duration;

use roomcast_socketio::client::{BufferLimits, Overflow};
use serde::Serialize;

use super::Builder;
use crate::error::ConfigError;

/// The socket of the URL's namespace.
impl Builder {
    /// As [`SocketConfig::auth`](crate::SocketConfig::auth).
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        match self.socket.clone().try_auth(&auth) {
            Some(socket) => self.socket = socket,
            None => self.blame(ConfigError::Auth),
        }
        self
    }

    /// As [`SocketConfig::auth_with`](crate::SocketConfig::auth_with).
    pub fn auth_with<F, A, E>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<A, E>> + Send + 'static,
        A: Serialize,
        E: ToString,
    {
        self.socket = self.socket.auth_with(ask);
        self
    }

    /// As [`SocketConfig::ack_timeout`](crate::SocketConfig::ack_timeout).
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.socket = self.socket.ack_timeout(timeout);
        self
    }

    /// As [`SocketConfig::retries`](crate::SocketConfig::retries).
    pub fn retries(mut self, retries: u32) -> Self {
        self.socket = self.socket.retries(retries);
        self
    }

    /// As [`SocketConfig::send_buffer`](crate::SocketConfig::send_buffer).
    pub fn send_buffer(mut self, limits: BufferLimits) -> Self {
        self.socket = self.socket.send_buffer(limits);
        self
    }

    /// As [`SocketConfig::when_full`](crate::SocketConfig::when_full).
    pub fn when_full(mut self, overflow: Overflow) -> Self {
        self.socket = self.socket.when_full(overflow);
        self
    }

    /// As [`SocketConfig::max_pending_acks`](crate::SocketConfig::max_pending_acks).
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.socket = self.socket.max_pending_acks(acks);
        self
    }
}
