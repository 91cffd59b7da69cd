//! The part of HTTP/3 that one session of WebTransport needs, for both ends.
//!
//! It reads and writes settings, the request for a session and its answer, the head of the session's
//! stream and the capsule that ends it. It keeps no table for the compression of header fields, and
//! tells its peer so. Datagrams, further streams and HTTP/3 for anything else are not its business.
//!
//! # Example
//!
//! What a client sends on the stream of its request, and what the server reads there:
//!
//! ```
//! use roomcast_webtransport::{encode_headers, read_headers};
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let request = [(":method", &b"CONNECT"[..]), (":protocol", b"webtransport"), ("x-app", b"7")];
//! let sent = encode_headers(request);
//! assert_eq!(sent[..4], *b"\x01\x23\0\0");
//!
//! let fields = read_headers(&mut &sent[..]).await?;
//! assert_eq!(fields[2], ("x-app".to_owned(), b"7".to_vec()));
//! # Ok::<(), roomcast_webtransport::ReadError<roomcast_webtransport::EndOfBytes>>(())
//! # }).expect("bytes in memory never wait").unwrap();
//! ```
//!
//! # The contract
//!
//! Nothing here opens a connection, keeps time or spawns a task. What is read comes from a [`Source`],
//! such as a stream of QUIC or bytes in memory, and never more of it than belongs to what is read:
//! the rest stays where it is. Peer input never panics and takes no more memory than the limit of
//! each function. With the feature `quinn`, `quic` holds sessions over connections of quinn; it names
//! no runtime.
//!
//! Revisions: the drafts 2 and 7 of WebTransport over HTTP/3 (RFC 9114, RFC 9204, RFC 9220).

mod capsule;
mod error;
mod headers;
mod qpack;
#[cfg(feature = "quinn")]
pub mod quic;
mod settings;
mod source;
mod stream;
mod varint;

pub use capsule::{CapsuleReader, Close, encode_close};
pub use error::{ReadError, Violation, code};
pub use headers::{encode_headers, read_headers};
pub use qpack::Field;
pub use settings::{CONTROL_STREAM, Settings, UniStream, read_uni_stream};
pub use source::{EndOfBytes, Source};
pub use stream::{encode_stream_head, read_stream_head};
