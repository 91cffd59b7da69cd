//! How much a peer may make the receiver hold.

/// What a [`Decoder`](crate::Decoder) takes from its peer before it ends the connection.
///
/// # Example
///
/// ```
/// use roomcast_websocket::Limits;
///
/// let limits = Limits::default().with_max_message_bytes(64 << 20).with_max_frame_bytes(64 << 20);
/// assert_eq!(limits.max_fragments, 4096);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest payload of one frame as it crosses the wire, in bytes. Default: 1 MiB.
    pub max_frame_bytes: usize,
    /// Longest message, all fragments together and inflated, in bytes. Default: 1 MiB.
    pub max_message_bytes: usize,
    /// Most frames that one message may be cut into. Default: 4096.
    pub max_fragments: usize,
}

impl Limits {
    /// Sets the longest payload of one frame, in bytes.
    #[must_use]
    pub const fn with_max_frame_bytes(mut self, bytes: usize) -> Self {
        self.max_frame_bytes = bytes;
        self
    }

    /// Sets the longest message, inflated, in bytes.
    #[must_use]
    pub const fn with_max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// Sets the most frames of one message.
    #[must_use]
    pub const fn with_max_fragments(mut self, count: usize) -> Self {
        self.max_fragments = count;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 1 << 20,
            max_message_bytes: 1 << 20,
            max_fragments: 4096,
        }
    }
}
