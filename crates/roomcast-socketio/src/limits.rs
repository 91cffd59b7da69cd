//! Limits on what a peer may send.

/// Limits on one incoming packet.
///
/// The length of the text itself is limited by the transport (`max_http_buffer_size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The deepest nesting of arrays and objects that passes, the array of arguments included.
    /// Default 512. Reading an argument uses the stack in proportion to this limit.
    pub max_depth: usize,
    /// The largest number of attachments that one packet may announce. Default 10.
    pub max_attachments: usize,
    /// The largest sum of the attachments of one packet, in bytes, and also of the attachments
    /// that its placeholders name, of which several may name the same. Default 10,000,000.
    pub max_attachment_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 512,
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
        }
    }
}
