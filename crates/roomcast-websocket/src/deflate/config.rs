//! What one side wants of compression.

/// The base-2 logarithm of a compression window: 9 to 15, that is 512 bytes to 32 KiB.
///
/// The protocol knows windows of 256 bytes (8) too; the deflate algorithm in use does not write
/// them, so an offer that demands one is declined.
///
/// Spec: RFC 7692, section 7.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 9: a window of 512 bytes.
    pub const MIN: Self = Self(9);
    /// 15: a window of 32 KiB, what deflate uses if nothing is agreed.
    pub const MAX: Self = Self(15);

    /// Checks that `bits` lies between 9 and 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        match bits {
            9..=15 => Some(Self(bits)),
            _ => None,
        }
    }

    /// The logarithm.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MAX
    }
}

/// Whether clients may refer back to earlier messages (and the server keeps a window for each).
///
/// Spec: RFC 7692, section 7.1.1.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a hint is answered or not, or not waited for"
)]
pub enum ClientContext {
    /// A client's hint that it would start each message afresh is left unanswered.
    Kept,
    /// The hint is answered, so that client starts each message afresh.
    #[default]
    ResetIfHinted,
    /// Every client is told to start each message afresh.
    Reset,
}

/// What one side wants of compression.
///
/// A server that holds many connections saves most with
/// [`Config::with_server_no_context_takeover`] and [`ClientContext::Reset`]: then all connections
/// share the few compressors of a [`Pool`](super::Pool), where each one's own takes up to 360 kB.
///
/// # Example
///
/// ```
/// use roomcast_websocket::deflate::{ClientContext, Config};
///
/// let config = Config::default()
///     .with_server_no_context_takeover(true)
///     .with_client_context(ClientContext::Reset);
/// assert_eq!(config.threshold_bytes, 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Messages below this many bytes are sent uncompressed. Default: 1024.
    pub threshold_bytes: usize,
    /// Effort from 0 (none) to 9 (smallest). Default: 6.
    pub level: u8,
    /// Memory for pending symbols from 1 to 9. Default: 8, about 112 kB for a compressor.
    pub memory_level: u8,
    /// Whether the server starts each message afresh. Default: no.
    pub server_no_context_takeover: bool,
    /// Whether clients do. Default: if they hint at it.
    pub client_context: ClientContext,
    /// Largest window for messages of the server. Default: 15.
    pub server_max_window_bits: WindowBits,
    /// Largest window for messages of the client, if it lets the server choose. Default: 15.
    pub client_max_window_bits: WindowBits,
}

impl Config {
    /// Sets the length in bytes from which messages are compressed.
    #[must_use]
    pub const fn with_threshold_bytes(mut self, bytes: usize) -> Self {
        self.threshold_bytes = bytes;
        self
    }

    /// Sets the effort, from 0 to 9; a higher number counts as 9.
    #[must_use]
    pub const fn with_level(mut self, level: u8) -> Self {
        self.level = if level > 9 { 9 } else { level };
        self
    }

    /// Sets the memory for pending symbols, from 1 to 9; other numbers count as the nearest.
    #[must_use]
    pub const fn with_memory_level(mut self, level: u8) -> Self {
        self.memory_level = match level {
            0 => 1,
            10.. => 9,
            level => level,
        };
        self
    }

    /// Sets whether the server starts each message afresh.
    #[must_use]
    pub const fn with_server_no_context_takeover(mut self, is_wanted: bool) -> Self {
        self.server_no_context_takeover = is_wanted;
        self
    }

    /// Sets whether clients start each message afresh.
    #[must_use]
    pub const fn with_client_context(mut self, context: ClientContext) -> Self {
        self.client_context = context;
        self
    }

    /// Sets the largest window for messages of the server.
    #[must_use]
    pub const fn with_server_max_window_bits(mut self, bits: WindowBits) -> Self {
        self.server_max_window_bits = bits;
        self
    }

    /// Sets the largest window for messages of the client.
    #[must_use]
    pub const fn with_client_max_window_bits(mut self, bits: WindowBits) -> Self {
        self.client_max_window_bits = bits;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            threshold_bytes: 1024,
            level: 6,
            memory_level: 8,
            server_no_context_takeover: false,
            client_context: ClientContext::default(),
            server_max_window_bits: WindowBits::MAX,
            client_max_window_bits: WindowBits::MAX,
        }
    }
}
