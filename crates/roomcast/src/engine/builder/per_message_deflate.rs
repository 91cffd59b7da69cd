//! Settings of the compression of WebSocket messages.

use roomcast_websocket::deflate;

/// Settings of permessage-deflate.
///
/// Each connection that keeps its context costs up to 300 kB; without context takeover compressors
/// are shared.
///
/// # Example
///
/// ```
/// use roomcast::{PerMessageDeflate, Server};
///
/// let settings = PerMessageDeflate::default().threshold(4096).without_context_takeover();
/// let io = Server::builder().per_message_deflate_with(settings).build();
/// ```
///
/// Spec: RFC 7692; features 1.22.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PerMessageDeflate(deflate::Config);

impl PerMessageDeflate {
    /// Sets the smallest message that is compressed, in bytes. Default: 1024. Example:
    /// [`PerMessageDeflate`].
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.0.threshold_bytes = bytes;
        self
    }

    /// Forgets earlier messages after each message of the server: less memory, larger messages.
    /// Example: [`PerMessageDeflate`].
    pub fn without_context_takeover(mut self) -> Self {
        self.0.server_no_context_takeover = true;
        self
    }

    /// Tells clients to forget earlier messages too, so that the server need not keep a window for
    /// each of them. Default: those that offer to do so.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{PerMessageDeflate, Server};
    ///
    /// let settings = PerMessageDeflate::default()
    ///     .without_context_takeover()
    ///     .without_client_context_takeover();
    /// let io = Server::builder().per_message_deflate_with(settings).build();
    /// ```
    pub fn without_client_context_takeover(mut self) -> Self {
        self.0.client_context = deflate::ClientContext::Reset;
        self
    }

    /// Sets the largest window for messages of the server, as the base-2 logarithm of its bytes,
    /// from 9 to 15; other numbers count as the nearest. Default: 15, that is 32 KiB.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{PerMessageDeflate, Server};
    ///
    /// let settings = PerMessageDeflate::default()
    ///     .server_max_window_bits(11) // 2 KiB
    ///     .client_max_window_bits(11)
    ///     .memory_level(5);
    /// let io = Server::builder().per_message_deflate_with(settings).build();
    /// ```
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.0.server_max_window_bits = window_bits(bits);
        self
    }

    /// Sets the largest window for messages of clients that let the server choose, from 9 to 15 as
    /// [`server_max_window_bits`](Self::server_max_window_bits). Default: 15.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.0.client_max_window_bits = window_bits(bits);
        self
    }

    /// Sets the effort, from 0 (none) to 9 (smallest messages); a higher number counts as 9.
    /// Default: 6.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{PerMessageDeflate, Server};
    ///
    /// let settings = PerMessageDeflate::default().level(1);
    /// let io = Server::builder().per_message_deflate_with(settings).build();
    /// ```
    pub fn level(mut self, level: u8) -> Self {
        self.0 = self.0.with_level(level);
        self
    }

    /// Sets the memory of a compressor, from 1 to 9; other numbers count as the nearest. Default:
    /// 8. Example: [`server_max_window_bits`](Self::server_max_window_bits).
    pub fn memory_level(mut self, level: u8) -> Self {
        self.0 = self.0.with_memory_level(level);
        self
    }

    pub(super) fn into_config(self) -> deflate::Config {
        self.0
    }
}

fn window_bits(bits: u8) -> deflate::WindowBits {
    let (min, max) = (deflate::WindowBits::MIN, deflate::WindowBits::MAX);
    deflate::WindowBits::new(bits.clamp(min.get(), max.get())).unwrap_or(max)
}
