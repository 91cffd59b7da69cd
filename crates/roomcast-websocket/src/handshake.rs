//! The opening handshake on header values; reading and writing HTTP is left to the caller.
//!
//! # Example
//!
//! ```
//! use roomcast_websocket::handshake::Request;
//!
//! let request = Request {
//!     method: "GET",
//!     connection: Some("keep-alive, Upgrade"),
//!     upgrade: Some("websocket"),
//!     version: Some("13"),
//!     key: Some("dGhlIHNhbXBsZSBub25jZQ=="),
//! };
//! assert_eq!(request.check()?.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
//! # Ok::<(), roomcast_websocket::handshake::RequestError>(())
//! ```

use std::fmt;

use sha1::{Digest, Sha1};

use crate::tokens::{Items, tokens};

/// The parts of an upgrade request that the protocol prescribes.
///
/// A header that occurs several times is handed over joined by commas. The caller has checked
/// that the request is HTTP/1.1.
///
/// Spec: RFC 6455, section 4.2.1.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers write it out, the protocol closes it"
)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Value of `Connection`.
    pub connection: Option<&'a str>,
    /// Value of `Upgrade`.
    pub upgrade: Option<&'a str>,
    /// Value of `Sec-WebSocket-Version`.
    pub version: Option<&'a str>,
    /// Value of `Sec-WebSocket-Key`.
    pub key: Option<&'a str>,
}

impl Request<'_> {
    /// Checks the request and gives the value of `Sec-WebSocket-Accept` for the answer 101.
    ///
    /// # Errors
    ///
    /// A [`RequestError`] that names the header at fault and the status to answer with.
    pub fn check(&self) -> Result<AcceptKey, RequestError> {
        if self.method != "GET" {
            return Err(RequestError::Method);
        }
        if !names(self.connection, "upgrade") {
            return Err(RequestError::Connection);
        }
        if !names(self.upgrade, "websocket") {
            return Err(RequestError::Upgrade);
        }
        let key = self.key.map(str::trim_ascii).filter(|key| is_key(key));
        let key = key.ok_or(RequestError::Key)?;
        // SPEC: RFC 6455, section 4.4: a wrong version is answered with the right one.
        if self.version.map(str::trim_ascii) != Some(VERSION) {
            return Err(RequestError::Version);
        }
        Ok(accept_key(key))
    }
}

/// What is wrong with an upgrade request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The method is not GET.
    #[error("method is not GET")]
    Method,
    /// `Connection` does not name `upgrade`.
    #[error("header connection does not name upgrade")]
    Connection,
    /// `Upgrade` does not name `websocket`.
    #[error("header upgrade does not name websocket")]
    Upgrade,
    /// `Sec-WebSocket-Version` is not 13; the answer carries `Sec-WebSocket-Version: 13`.
    #[error("header sec-websocket-version is not 13")]
    Version,
    /// `Sec-WebSocket-Key` is missing or not the base64 form of 16 bytes.
    #[error("header sec-websocket-key is not 16 bytes in base64")]
    Key,
    /// `Sec-WebSocket-Extensions` does not follow its grammar.
    #[error("header sec-websocket-extensions is malformed")]
    Extensions,
}

impl RequestError {
    /// The HTTP status of the answer: 405, 426 or 400.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Version => 426,
            _ => 400,
        }
    }
}

/// Checks the grammar of a `Sec-WebSocket-Extensions` value, whatever extensions it names.
///
/// [`negotiate`](crate::deflate::negotiate) declines a malformed value; a server that follows the
/// letter refuses the request instead.
///
/// # Errors
///
/// [`RequestError::Extensions`].
///
/// Spec: RFC 6455, section 9.1.
pub fn check_extensions(value: &str) -> Result<(), RequestError> {
    match Items::new(value).all(|item| item.is_ok()) {
        true => Ok(()),
        false => Err(RequestError::Extensions),
    }
}

/// The subprotocols that a `Sec-WebSocket-Protocol` value names, in the client's order.
///
/// It takes time linear in the length of the value and holds nothing; elements that are no token
/// are left out.
///
/// # Example
///
/// ```
/// use roomcast_websocket::handshake::protocols;
///
/// assert!(protocols("chat, superchat").eq(["chat", "superchat"]));
/// ```
///
/// Spec: RFC 6455, section 4.1.
pub fn protocols(value: &str) -> impl Iterator<Item = &str> {
    tokens(value).flatten()
}

/// The value of `Sec-WebSocket-Accept`: 28 characters of ASCII.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AcceptKey([u8; 28]);

impl AcceptKey {
    /// The header value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The header value as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AcceptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcceptKey").field(&self.as_str()).finish()
    }
}

impl fmt::Display for AcceptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Answers the value of `Sec-WebSocket-Key`, as it stands in the header.
///
/// # Example
///
/// ```
/// let accept = roomcast_websocket::accept_key("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
///
/// Spec: RFC 6455, section 4.2.2, item 5.
#[must_use]
pub fn accept_key(sec_websocket_key: &str) -> AcceptKey {
    let mut sha = Sha1::new();
    sha.update(sec_websocket_key.as_bytes());
    sha.update(ACCEPT_SUFFIX);
    let digest: [u8; 20] = sha.finalize().into();
    AcceptKey(base64(&digest))
}

/// The value of `Sec-WebSocket-Key` for a client's 16 random bytes.
///
/// # Example
///
/// ```
/// let key = roomcast_websocket::handshake::client_key(*b"the sample nonce");
/// assert_eq!(key, "dGhlIHNhbXBsZSBub25jZQ==");
/// ```
///
/// Spec: RFC 6455, section 4.1.
#[must_use]
pub fn client_key(nonce: [u8; 16]) -> String {
    String::from_utf8_lossy(&base64::<24>(&nonce)).into_owned()
}

/// The parts of the answer to an upgrade request that a client checks.
///
/// Spec: RFC 6455, section 4.1, page 19.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers write it out, the protocol closes it"
)]
pub struct Response<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Value of `Connection`.
    pub connection: Option<&'a str>,
    /// Value of `Upgrade`.
    pub upgrade: Option<&'a str>,
    /// Value of `Sec-WebSocket-Accept`.
    pub accept: Option<&'a str>,
}

impl Response<'_> {
    /// Checks that the server agreed to the request that carried `key`.
    ///
    /// # Errors
    ///
    /// A [`ResponseError`] that names what differs.
    pub fn check(&self, key: &str) -> Result<(), ResponseError> {
        if self.status != 101 {
            return Err(ResponseError::Status { found: self.status });
        }
        if !names(self.connection, "upgrade") {
            return Err(ResponseError::Connection);
        }
        if !names(self.upgrade, "websocket") {
            return Err(ResponseError::Upgrade);
        }
        if self.accept.map(str::trim_ascii) != Some(accept_key(key).as_str()) {
            return Err(ResponseError::Accept);
        }
        Ok(())
    }
}

/// What is wrong with the answer to an upgrade request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The server does not switch protocols.
    #[error("status is {found}, not 101")]
    #[expect(missing_docs, reason = "the field is the status")]
    Status { found: u16 },
    /// `Connection` does not name `upgrade`.
    #[error("header connection does not name upgrade")]
    Connection,
    /// `Upgrade` does not name `websocket`.
    #[error("header upgrade does not name websocket")]
    Upgrade,
    /// `Sec-WebSocket-Accept` is missing or answers another key.
    #[error("header sec-websocket-accept does not answer the key")]
    Accept,
}

const VERSION: &str = "13";
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Whether a list header names `expected`, in either case.
fn names(value: Option<&str>, expected: &str) -> bool {
    let is_it = |token: &str| token.eq_ignore_ascii_case(expected);
    // Cost: mostly it stands alone, and need not be searched for.
    value.is_some_and(|value| is_it(value) || tokens(value).flatten().any(is_it))
}

/// 16 bytes in base64 are 22 characters and two paddings.
fn is_key(key: &str) -> bool {
    key.len() == 24
        && key
            .strip_suffix("==")
            .is_some_and(|text| text.bytes().all(is_base64))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Encodes `input` as exactly `N` characters, padded.
fn base64<const N: usize>(input: &[u8]) -> [u8; N] {
    let mut out = [b'='; N];
    for (quad, bytes) in out.chunks_exact_mut(4).zip(input.chunks(3)) {
        let at = |i| u32::from(bytes.get(i).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for (i, character) in quad.iter_mut().enumerate().take(bytes.len() + 1) {
            *character = ALPHABET[(word >> (18 - 6 * i) & 63) as usize];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Request<'static> = Request {
        method: "GET",
        connection: Some("Upgrade"),
        upgrade: Some("WebSocket"),
        version: Some("13"),
        key: Some("dGhlIHNhbXBsZSBub25jZQ=="),
    };

    #[test]
    fn each_header_at_fault_is_named_with_its_status() {
        let cases = [
            (
                Request {
                    method: "POST",
                    ..GOOD
                },
                RequestError::Method,
                405,
            ),
            (
                Request {
                    connection: Some("close"),
                    ..GOOD
                },
                RequestError::Connection,
                400,
            ),
            (
                Request {
                    connection: None,
                    ..GOOD
                },
                RequestError::Connection,
                400,
            ),
            (
                Request {
                    upgrade: Some("h2c"),
                    ..GOOD
                },
                RequestError::Upgrade,
                400,
            ),
            (
                Request {
                    upgrade: None,
                    ..GOOD
                },
                RequestError::Upgrade,
                400,
            ),
            (
                Request {
                    version: Some("8"),
                    ..GOOD
                },
                RequestError::Version,
                426,
            ),
            (
                Request {
                    version: None,
                    ..GOOD
                },
                RequestError::Version,
                426,
            ),
            (
                Request {
                    key: Some("dGhlIHNhbXBsZQ=="),
                    ..GOOD
                },
                RequestError::Key,
                400,
            ),
            (
                Request {
                    key: Some("dGhlIHNhbXBsZSBub25jZQ*="),
                    ..GOOD
                },
                RequestError::Key,
                400,
            ),
            (
                Request {
                    key: Some("éGhlIHNhbXBsZSBub25jZQ="),
                    ..GOOD
                },
                RequestError::Key,
                400,
            ),
            (Request { key: None, ..GOOD }, RequestError::Key, 400),
        ];

        for (request, error, status) in cases {
            assert_eq!(request.check(), Err(error));
            assert_eq!(error.status(), status);
        }
    }

    #[test]
    fn answer_must_carry_the_key_that_belongs_to_the_request() {
        let answer = Response {
            status: 101,
            connection: Some("Upgrade"),
            upgrade: Some("websocket"),
            accept: Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        };
        let key = client_key(*b"the sample nonce");

        assert_eq!(answer.check(&key), Ok(()));
        assert_eq!(
            answer.check("AAAAAAAAAAAAAAAAAAAAAA=="),
            Err(ResponseError::Accept)
        );
        let refused = Response {
            status: 403,
            ..answer
        };
        assert_eq!(
            refused.check(&key),
            Err(ResponseError::Status { found: 403 })
        );
    }
}
