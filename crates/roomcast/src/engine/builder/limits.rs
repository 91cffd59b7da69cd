//! Limits on what one client may send, and on what may wait for it.

use super::Builder;
use crate::engine::mailbox::OutboxPolicy;

impl<Kind> Builder<Kind> {
    /// Sets the most bytes of one POST body or one WebSocket message from a client. A larger body
    /// is answered 413, a larger message closes its connection with code 1009, a larger packet over
    /// WebTransport ends its session. Default: 1,000,000.
    ///
    /// A message that was compressed counts inflated.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_http_buffer_size(100_000).build();
    /// ```
    ///
    /// Spec: features 1.20.
    pub fn max_http_buffer_size(mut self, bytes: usize) -> Self {
        self.config.max_message_bytes = bytes;
        self
    }

    /// Sets the most bytes of the head of one HTTP request: its line and headers, with the empty line
    /// behind them. A longer one is answered 431, and its connection is closed. Default: 16 KiB, as
    /// in Node.js.
    ///
    /// It holds for every path of the server's own listener; over HTTP/2 it counts as that has it,
    /// with 32 bytes for each header. Behind another HTTP server, whose limit comes first, requests
    /// below the server's path are answered 431 if their target and the names and values of their
    /// headers are longer together. Each session keeps the head of its first request.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_head_bytes(64 * 1024).build(); // for large cookies
    /// ```
    ///
    /// Spec: features, section 10.
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.config.max_head_bytes = bytes;
        self
    }

    /// Sets the most frames that one WebSocket message from a client may be cut into; one more
    /// closes its connection with code 1008. Default: 4096.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_fragments(64).build();
    /// ```
    ///
    /// Spec: features, section 10.
    pub fn max_fragments(mut self, count: usize) -> Self {
        self.config.max_fragments = count;
        self
    }

    /// Sets how many bytes of a WebSocket are read at a time. Default: 256 KiB; at least 1.
    ///
    /// The buffer belongs to the worker thread, not to the connection: an idle connection has none,
    /// so a smaller one saves memory only where there are many threads. Messages may be longer.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().read_buffer_bytes(64 * 1024).build();
    /// ```
    ///
    /// Spec: features 1.52.
    pub fn read_buffer_bytes(mut self, bytes: usize) -> Self {
        self.config.read_buffer_bytes = bytes.max(1);
        self
    }

    /// Sets how many bytes may wait for one client, and what happens beyond.
    /// Default: 16 MiB, then the client is disconnected with the reason `outbox full`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{OutboxPolicy, Server};
    ///
    /// let io = Server::builder().max_outbox(1024 * 1024, OutboxPolicy::Disconnect).build();
    /// ```
    ///
    /// Spec: features 1.53.
    pub fn max_outbox(mut self, bytes: usize, policy: OutboxPolicy) -> Self {
        self.config.outbox.max_bytes = bytes;
        self.config.outbox.policy = policy;
        self
    }

    /// Sets how many messages may wait for one client; beyond, the policy of
    /// [`max_outbox`](Self::max_outbox) decides. Default: no limit but that of the bytes.
    ///
    /// A message counts until it is handed to the transport; attachments count with their message.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{OutboxPolicy, Server};
    ///
    /// let io = Server::builder()
    ///     .max_outbox(1024 * 1024, OutboxPolicy::DropOldest)
    ///     .max_outbox_packets(100)
    ///     .build();
    /// ```
    ///
    /// Spec: features N8.
    pub fn max_outbox_packets(mut self, count: u32) -> Self {
        self.config.outbox.max_packets = count;
        self
    }
}
