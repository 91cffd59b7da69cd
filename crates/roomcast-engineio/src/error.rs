//! Why bytes of the peer were not understood.

/// Why a packet could not be decoded.
///
/// The session it came from is to be told by [`Input::DecodeFailed`](crate::Input::DecodeFailed).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A text frame of 0 bytes, or nothing between two separators of a payload.
    #[error("empty packet")]
    Empty,
    /// The first character names no packet type.
    #[error("{found:?} is no packet type, expected '0' to '6' or 'b'")]
    #[expect(missing_docs, reason = "the field is described above")]
    UnknownType { found: char },
    /// A length in a payload of revision 3 is missing, no number, or no length of what follows it.
    #[error("a length in the payload is none, or does not fit")]
    InvalidLength,
    /// Text in a binary payload of revision 3 is not UTF-8.
    #[error("text in a binary payload is not UTF-8")]
    InvalidText,
}

/// Why a stream of WebTransport cannot be read any further.
///
/// The session is to be told by [`Input::DecodeFailed`](crate::Input::DecodeFailed).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A header announces a packet of 0 bytes.
    #[error("header announces an empty packet")]
    Empty,
    /// A header announces more bytes than a packet may have.
    #[error("header announces a packet of {announced} bytes, at most {max} are taken")]
    #[expect(missing_docs, reason = "the fields are described above")]
    TooLong { announced: u64, max: usize },
}

/// Why the JSON of an open packet could not be read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// Not an object with the fields of a handshake; holds what was found and where.
    #[error("handshake is not understood: {0}")]
    Malformed(String),
}
