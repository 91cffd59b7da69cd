//! What a request is told that may not reach a session.

/// The number of a refusal on the wire.
///
/// # Example
///
/// ```
/// use roomcast_engineio::ErrorCode;
///
/// let code = ErrorCode::Forbidden;
/// assert_eq!((code.code(), code.message(), code.status()), (4, "Forbidden", 403));
/// ```
///
/// Spec: engine.io 6.6.9, `Server.errors`; features 1.33.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the official client and server share this list of numbers"
)]
pub enum ErrorCode {
    /// The transport is unknown or not enabled.
    UnknownTransport = 0,
    /// There is no such session.
    UnknownSid = 1,
    /// A session can only be opened by `GET`.
    BadHandshakeMethod = 2,
    /// The request makes no sense; [`BadRequest`] says why.
    BadRequest = 3,
    /// The application refuses the request.
    Forbidden = 4,
    /// The revision of the protocol is not enabled.
    UnsupportedProtocolVersion = 5,
}

impl ErrorCode {
    /// The number on the wire.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The official text.
    pub fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }

    /// The HTTP status of a refused polling request. A refused upgrade always gets 400.
    pub fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            _ => 400,
        }
    }
}

/// Why a request makes no sense.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{BadRequest, Refusal};
///
/// let refusal = Refusal::from(BadRequest::InvalidOrigin);
/// assert_eq!(refusal.context_name(), Some(BadRequest::InvalidOrigin.as_str()));
/// assert_eq!(BadRequest::InvalidOrigin.as_str(), "INVALID_ORIGIN");
/// ```
///
/// Spec: features 1.32.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadRequest {
    /// The session is on another transport and this is no upgrade request.
    TransportMismatch,
    /// A WebSocket was asked for without an upgrade request, or the transport could not be made.
    TransportHandshakeError,
    /// The `Origin` header holds a control byte. It must not be echoed.
    InvalidOrigin,
    /// The application's middleware failed.
    MiddlewareFailure,
    /// The application's id generator failed.
    IdGenerationError,
}

impl BadRequest {
    /// The official name in the context of a `connection_error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportMismatch => "TRANSPORT_MISMATCH",
            Self::TransportHandshakeError => "TRANSPORT_HANDSHAKE_ERROR",
            Self::InvalidOrigin => "INVALID_ORIGIN",
            Self::MiddlewareFailure => "MIDDLEWARE_FAILURE",
            Self::IdGenerationError => "ID_GENERATION_ERROR",
        }
    }
}

/// Why a request may not reach a session, and what it is answered.
///
/// A refused polling request gets [`status`](Self::status) with [`to_json`](Self::to_json) as
/// `application/json`. A refused upgrade gets 400, `Connection: close` and
/// [`message`](Self::message) as `text/html`, before any 101.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{BadRequest, ErrorCode, Refusal};
///
/// assert_eq!(Refusal::UnknownSid.to_json(), r#"{"code":1,"message":"Session ID unknown"}"#);
/// let refusal = Refusal::Forbidden(Some("not today".into()));
/// assert_eq!((refusal.status(), refusal.code()), (403, ErrorCode::Forbidden));
/// assert_eq!(refusal.message(), "not today");
/// assert_eq!(refusal.to_json(), r#"{"code":4,"message":"not today"}"#);
///
/// let refusal = Refusal::BadRequest(BadRequest::TransportMismatch);
/// assert_eq!(refusal.context_name(), Some("TRANSPORT_MISMATCH"));
/// ```
///
/// Spec: features 1.32, 1.33.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The transport is unknown or not enabled.
    #[error("transport is unknown or not enabled")]
    UnknownTransport,
    /// There is no such session.
    #[error("session id is unknown")]
    UnknownSid,
    /// A session was to be opened by another method than `GET`.
    #[error("session can only be opened by GET")]
    BadHandshakeMethod,
    /// The request makes no sense.
    #[error("request makes no sense: {}", .0.as_str())]
    BadRequest(BadRequest),
    /// The application refuses the request, perhaps with a text for the client.
    #[error("request is forbidden by the application")]
    Forbidden(Option<String>),
    /// The revision of the protocol is not enabled.
    #[error("protocol revision is not enabled")]
    UnsupportedProtocolVersion,
}

impl Refusal {
    /// The number on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownTransport => ErrorCode::UnknownTransport,
            Self::UnknownSid => ErrorCode::UnknownSid,
            Self::BadHandshakeMethod => ErrorCode::BadHandshakeMethod,
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::Forbidden(_) => ErrorCode::Forbidden,
            Self::UnsupportedProtocolVersion => ErrorCode::UnsupportedProtocolVersion,
        }
    }

    /// The text for the client: the application's own, or the official one of the code.
    pub fn message(&self) -> &str {
        match self {
            Self::Forbidden(Some(text)) if !text.is_empty() => text,
            _ => self.code().message(),
        }
    }

    /// The official name of the circumstances, where there is one.
    pub fn context_name(&self) -> Option<&'static str> {
        match self {
            Self::BadRequest(why) => Some(why.as_str()),
            _ => None,
        }
    }

    /// The HTTP status of a refused polling request. A refused upgrade always gets 400.
    pub fn status(&self) -> u16 {
        self.code().status()
    }

    /// The body of a refused polling request.
    pub fn to_json(&self) -> String {
        let message = serde_json::Value::from(self.message());
        format!(r#"{{"code":{},"message":{message}}}"#, self.code().code())
    }
}

impl From<BadRequest> for Refusal {
    fn from(why: BadRequest) -> Self {
        Self::BadRequest(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_status_and_body() {
        let expected = [
            (
                Refusal::UnknownTransport,
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                Refusal::UnknownSid,
                400,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                Refusal::BadHandshakeMethod,
                400,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                Refusal::BadRequest(BadRequest::InvalidOrigin),
                400,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                Refusal::Forbidden(None),
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                Refusal::UnsupportedProtocolVersion,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ];
        for (refusal, status, body) in expected {
            assert_eq!(
                (refusal.status(), refusal.to_json().as_str()),
                (status, body)
            );
        }
    }

    #[test]
    fn the_applications_text_is_escaped_and_an_empty_one_replaced() {
        let own = Refusal::Forbidden(Some("say \"no\"\n\u{1}é".to_owned()));
        let expected = r#"{"code":4,"message":"say \"no\"\n\u0001é"}"#;
        assert_eq!(own.to_json(), expected);
        assert_eq!(
            Refusal::Forbidden(Some(String::new())).message(),
            "Forbidden"
        );
    }

    #[test]
    fn only_a_bad_request_names_its_context() {
        let contexts = [
            (BadRequest::TransportMismatch, "TRANSPORT_MISMATCH"),
            (
                BadRequest::TransportHandshakeError,
                "TRANSPORT_HANDSHAKE_ERROR",
            ),
            (BadRequest::InvalidOrigin, "INVALID_ORIGIN"),
            (BadRequest::MiddlewareFailure, "MIDDLEWARE_FAILURE"),
            (BadRequest::IdGenerationError, "ID_GENERATION_ERROR"),
        ];
        for (cause, name) in contexts {
            assert_eq!(Refusal::from(cause).context_name(), Some(name));
        }
        assert_eq!(Refusal::UnknownSid.context_name(), None);
    }
}
