//! What a peer can do wrong.

/// A rule of HTTP/3 that the peer has broken.
///
/// Example: [`read_headers`](crate::read_headers).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Violation {
    /// What it did, for a log.
    pub what: &'static str,
    /// The code that the connection is closed with, one of [`code`].
    pub code: u32,
}

impl Violation {
    /// A broken rule.
    #[must_use]
    pub const fn new(what: &'static str, code: u32) -> Self {
        Self { what, code }
    }
}

/// Why something could not be read. `E` is the error of the [`Source`](crate::Source).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The stream ended, or broke.
    #[error("stream ended: {0}")]
    Stream(E),
    /// What came is against the rules.
    #[error(transparent)]
    Broken(#[from] Violation),
}

/// Codes that connections are closed with.
///
/// Spec: RFC 9114, section 8.1; RFC 9204, section 6.
pub mod code {
    /// There is nothing wrong.
    pub const NO_ERROR: u32 = 0x100;
    /// A frame where it may not stand.
    pub const FRAME_UNEXPECTED: u32 = 0x105;
    /// A frame whose content is none.
    pub const FRAME_ERROR: u32 = 0x106;
    /// More than is taken.
    pub const EXCESSIVE_LOAD: u32 = 0x107;
    /// A stream of no session.
    pub const ID_ERROR: u32 = 0x108;
    /// The settings could not be agreed on.
    pub const SETTINGS_ERROR: u32 = 0x109;
    /// A control stream without settings.
    pub const MISSING_SETTINGS: u32 = 0x10a;
    /// A request that is not answered.
    pub const REQUEST_REJECTED: u32 = 0x10b;
    /// A message that is none.
    pub const MESSAGE_ERROR: u32 = 0x10e;
    /// Header fields that cannot be read.
    pub const DECOMPRESSION_FAILED: u32 = 0x200;
}
