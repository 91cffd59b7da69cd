//! What can be asked of a manager.

use std::sync::Arc;

use super::{Manager, Settings, SocketKey};
use crate::Parser;

impl<E: Clone> Manager<E> {
    /// The parser for which [`Content`](super::Content) is to be made.
    #[must_use]
    pub fn parser(&self) -> &Parser {
        &self.parser
    }

    /// How the manager connects again.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The socket of a namespace, if there is one.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Option<SocketKey> {
        self.namespaces.get(namespace).copied()
    }

    /// All sockets, in the order in which they were made.
    pub fn sockets(&self) -> impl Iterator<Item = SocketKey> {
        self.sockets.keys().copied()
    }

    /// The name of a socket's namespace.
    #[must_use]
    pub fn namespace(&self, socket: SocketKey) -> Option<&Arc<str>> {
        Some(&self.sockets.get(&socket)?.namespace)
    }

    /// The id of a socket at the server, while it is connected.
    #[must_use]
    pub fn sid(&self, socket: SocketKey) -> Option<&Arc<str>> {
        self.sockets.get(&socket)?.phase.sid()
    }

    /// Whether a socket is connected.
    #[must_use]
    pub fn is_connected(&self, socket: SocketKey) -> bool {
        self.sid(socket).is_some()
    }

    /// Whether a socket is connected or will be, by itself.
    #[must_use]
    pub fn is_active(&self, socket: SocketKey) -> bool {
        let socket = self.sockets.get(&socket);
        socket.is_some_and(|socket| socket.phase.is_active())
    }

    /// Whether the last time a socket was connected the server has restored its session.
    #[must_use]
    pub fn recovered(&self, socket: SocketKey) -> bool {
        self.sockets
            .get(&socket)
            .is_some_and(|socket| socket.recovered)
    }

    /// How many events of a socket wait to be sent, in the send buffer or the queue of retries.
    #[must_use]
    pub fn waiting(&self, socket: SocketKey) -> usize {
        let socket = self.sockets.get(&socket);
        socket.map_or(0, |socket| socket.buffer.len() + socket.queue.len())
    }

    /// Whether [`poll_packet`](Self::poll_packet) has something.
    #[must_use]
    pub fn has_packets(&self) -> bool {
        !self.work.outbox.is_empty()
    }

    /// How many bytes wait in [`poll_packet`](Self::poll_packet).
    #[must_use]
    pub fn outbox_bytes(&self) -> usize {
        self.work.outbox.bytes()
    }

    /// Whether no more than this part of the room for a socket's events is taken: 2 is for half of it.
    ///
    /// That is the room in the outbox, or in the send buffer while the socket is not connected, or in
    /// the queue of retries if it has one.
    #[must_use]
    pub fn is_within(&self, socket: SocketKey, part: usize) -> bool {
        let Some(socket) = self.sockets.get(&socket) else {
            return true;
        };
        match (socket.options.retries, socket.is_connected()) {
            (0, true) => socket.buffer.is_empty() && self.work.outbox.is_within(part),
            (0, false) => socket.buffer.is_within(part),
            _ => socket.queue.is_within(part),
        }
    }
}
