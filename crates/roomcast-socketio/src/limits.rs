//! Limits on what a peer may send.

/// Limits on one incoming packet.
///
/// The length of the message itself is limited by the transport (`max_http_buffer_size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The deepest nesting of arrays and objects that passes, the array of arguments included.
    /// Default 512. Reading an argument uses the stack in proportion to this limit.
    pub max_depth: usize,
    /// The largest number of attachments that one packet in text form may announce. Default 10.
    pub max_attachments: usize,
    /// The largest sum of the attachments of one packet, in bytes, and also of the attachments
    /// that its placeholders name, of which several may name the same. In the MessagePack form: of
    /// the binary values of one packet. Default 10,000,000.
    pub max_attachment_bytes: usize,
    /// The largest number of elements, keys and values of all arrays and maps of one packet in
    /// MessagePack form, where an element may take a single byte. In text form each takes two, and
    /// the transport's limit alone holds. Default 1,000,000.
    pub max_elements: usize,
}

impl Limits {
    /// Limits for packets of one's own, which need none.
    pub const NONE: Self = Self {
        max_depth: usize::MAX,
        max_attachments: usize::MAX,
        max_attachment_bytes: usize::MAX,
        max_elements: usize::MAX,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 512,
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
            max_elements: 1_000_000,
        }
    }
}
