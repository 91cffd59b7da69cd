//! Settings of the compression of WebSocket messages.

use roomcast_websocket::deflate;

/// Settings of permessage-deflate: what is offered to the server, and how the client's own messages are
/// compressed if the server agrees.
///
/// # Example
///
/// ```no_run
/// use roomcast_client::PerMessageDeflate;
///
/// # async fn example() -> Result<(), roomcast_client::ConfigError> {
/// let settings = PerMessageDeflate::default()
///     .threshold(4096)
///     .level(1)
///     .server_max_window_bits(11) // 2 KiB
///     .client_max_window_bits(11)
///     .memory_level(5);
/// let socket = roomcast_client::builder("https://example.com")
///     .per_message_deflate(settings)
///     .connect()?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: RFC 7692; features 6.9.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PerMessageDeflate(deflate::Config);

impl PerMessageDeflate {
    /// Sets the smallest message that is compressed, in bytes. Default 1024.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.0.threshold_bytes = bytes;
        self
    }

    /// Sets the effort, from 0 (none) to 9 (smallest messages); a higher number counts as 9. Default 6.
    pub fn level(mut self, level: u8) -> Self {
        self.0 = self.0.with_level(level);
        self
    }

    /// Sets the memory of the compressor, from 1 to 9; other numbers count as the nearest. Default 8.
    pub fn memory_level(mut self, level: u8) -> Self {
        self.0 = self.0.with_memory_level(level);
        self
    }

    /// Asks the server to forget earlier messages after each of its own, so that the client need not keep
    /// a window: `serverNoContextTakeover`.
    pub fn without_server_context_takeover(mut self) -> Self {
        self.0.server_no_context_takeover = true;
        self
    }

    /// Forgets earlier messages after each message of the client: less memory, larger messages.
    /// `clientNoContextTakeover`.
    pub fn without_context_takeover(mut self) -> Self {
        self.0.client_context = deflate::ClientContext::Reset;
        self
    }

    /// Asks for a window of this size for messages of the server, as the base-2 logarithm of its bytes,
    /// from 9 to 15; other numbers count as the nearest. Default 15, that is 32 KiB.
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.0.server_max_window_bits = window_bits(bits);
        self
    }

    /// Sets the largest window for messages of the client, from 9 to 15 as
    /// [`server_max_window_bits`](Self::server_max_window_bits). Default 15; the server may ask for less.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.0.client_max_window_bits = window_bits(bits);
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
