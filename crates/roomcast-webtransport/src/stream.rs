//! The head of the session's stream.

use crate::error::{ReadError, Violation, code};
use crate::source::Source;
use crate::varint;

/// The head of a stream of the session whose request stands on the stream `session_id`.
///
/// # Example
///
/// ```
/// assert_eq!(roomcast_webtransport::encode_stream_head(0), b"\x40\x41\x00");
/// ```
///
/// Spec: WebTransport over HTTP/3, section 4.2.
#[must_use]
pub fn encode_stream_head(session_id: u64) -> Vec<u8> {
    let mut head = Vec::new();
    varint::write(KIND, &mut head);
    varint::write(session_id, &mut head);
    head
}

/// Reads the head of a stream, which must be one of the session `session_id`.
///
/// # Errors
///
/// [`ReadError::Broken`] for any other stream.
///
/// Spec: WebTransport over HTTP/3, section 4.2.
pub async fn read_stream_head<S: Source + Send>(
    stream: &mut S,
    session_id: u64,
) -> Result<(), ReadError<S::Error>> {
    let kind = varint::read(stream).await?;
    if kind != KIND || varint::read(stream).await? != session_id {
        return Err(Violation::new("stream of no session", code::ID_ERROR).into());
    }
    Ok(())
}

/// Also a frame's type where no frame may be.
pub(crate) const KIND: u64 = 0x41;
