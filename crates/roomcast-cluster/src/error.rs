//! Errors, one type for each question a caller can ask.

use crate::Message;

/// Says why a payload of a peer is no message. It is counted and skipped.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{DecodeError, Message};
///
/// let error = Message::decode(b"\xc1".as_slice().into(), "/").expect_err("no MessagePack");
/// assert_eq!(error, DecodeError::Format { at: 0 });
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The payload ends within a value.
    #[error("the payload ends at byte {at}, within a value")]
    Truncated {
        /// How many bytes there are.
        at: usize,
    },
    /// A byte that starts no value, a key that is no text, or bytes behind the value.
    #[error("unexpected byte at {at}")]
    Format {
        /// Position in the payload.
        at: usize,
    },
    /// Arrays and maps are nested too deep.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The payload is no JSON.
    #[error("invalid JSON: {cause}")]
    Json {
        /// What is wrong.
        cause: String,
    },
    /// A part of the message is missing or is something else.
    #[error("`{part}` is missing or of the wrong kind")]
    Shape {
        /// The part.
        part: &'static str,
    },
    /// The message is of a type that this version does not know.
    #[error("unknown message type {kind}")]
    UnknownType {
        /// The number of the type.
        kind: u64,
    },
}

/// Says why a bus could not do what it was asked.
///
/// # Example
///
/// ```
/// use roomcast_cluster::BusError;
///
/// let error = BusError::Unavailable { cause: "connection refused".into() };
/// assert_eq!(error.to_string(), "the bus is not available: connection refused");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The broker cannot be reached now. What was to be sent is tried again.
    #[error("the bus is not available: {cause}")]
    Unavailable {
        /// What happened.
        cause: String,
    },
    /// The broker, or what others do on it, forbids it. Trying again does not help.
    #[error("the bus refuses: {cause}")]
    Refused {
        /// What is wrong.
        cause: String,
    },
    /// The server was closed, or has no bus.
    #[error("the bus is closed")]
    Closed,
}

/// Says that messages did not leave, and gives back those that may be tried again, in their order.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{BusError, PublishError};
///
/// let lost = PublishError::new(BusError::Closed, Vec::new());
/// assert_eq!(lost.to_string(), "could not publish: the bus is closed");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("could not publish: {cause}")]
#[non_exhaustive]
pub struct PublishError {
    /// What happened.
    pub cause: BusError,
    /// The messages that did not leave, in their order.
    pub unsent: Vec<Message>,
}

impl PublishError {
    /// Describes messages that did not leave. Example: [`PublishError`].
    #[must_use]
    pub fn new(cause: BusError, unsent: Vec<Message>) -> Self {
        Self { cause, unsent }
    }
}
