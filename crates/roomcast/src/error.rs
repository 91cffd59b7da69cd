//! Errors, one type for each question a caller can ask.

use std::sync::Arc;

use roomcast_socketio::{ArgError, DecodeError, EncodeError, Value};

/// Why an event was not sent.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum EmitError {
    /// The event or its arguments cannot be written, for example a reserved event name.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The socket is not connected.
    #[error("the socket is not connected")]
    Disconnected,
    /// A parent namespace was asked for its sockets; only its children have some.
    #[error("fetch_sockets is not supported on parent namespaces")]
    Parent,
    /// The event was volatile and the transport busy, or the outbox was full.
    #[error("the event was dropped, the transport is busy")]
    Dropped,
}

/// Why no acknowledgement came.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum AckError {
    /// The event was not sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// Nothing came in time. The text is the official server's.
    #[error("operation has timed out")]
    Timeout,
    /// The socket was disconnected before it answered.
    #[error("the socket has been disconnected")]
    Disconnected,
    /// The answer is not of the type that was asked for.
    #[error(transparent)]
    Answer(#[from] ArgumentError),
}

/// An argument of an event, or of an acknowledgement, that is missing or of another type.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("argument {index} is no {expected}: {cause}")]
pub struct ArgumentError {
    /// Position among the arguments, from 0; the event name does not count.
    pub index: usize,
    /// The Rust type that was to be read.
    pub expected: &'static str,
    /// What was found instead.
    pub cause: String,
}

impl ArgumentError {
    pub(crate) fn of<T>(index: usize, cause: &dyn std::fmt::Display) -> Self {
        Self {
            index,
            expected: std::any::type_name::<T>(),
            cause: cause.to_string(),
        }
    }

    pub(crate) fn read<T>(error: &ArgError) -> Self {
        match error {
            ArgError::Missing { index } => Self::of::<T>(*index, &"it is missing"),
            ArgError::Mismatch { index, message } => Self::of::<T>(*index, message),
            error => Self::of::<T>(0, error),
        }
    }
}

/// A refusal by a middleware: the message and data that the client gets.
///
/// For a connection it becomes the client's `connect_error` event with `message` and `data`; for an
/// event it is reported to [`Namespace::on_error`](crate::Namespace::on_error).
///
/// # Example
///
/// ```
/// use roomcast::Refusal;
///
/// let refusal = Refusal::new("unauthorized").with_data(("code", 401));
/// assert_eq!(refusal.message(), "unauthorized");
/// ```
///
/// Spec: features 2.11.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    message: String,
    data: Option<Value>,
}

impl Refusal {
    /// A refusal without data.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds data, any serialisable value. A value that cannot be serialised is left out and logged.
    #[must_use]
    pub fn with_data(mut self, data: impl serde::Serialize) -> Self {
        self.data = Value::from_serialize(&data)
            .inspect_err(
                |error| tracing::warn!(%error, "the data of a refusal cannot be serialised"),
            )
            .ok();
        self
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The data.
    #[must_use]
    pub fn data(&self) -> Option<&Value> {
        self.data.as_ref()
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<ArgumentError> for Refusal {
    fn from(error: ArgumentError) -> Self {
        Self::new(error.to_string())
    }
}

/// What [`Namespace::on_error`](crate::Namespace::on_error) handlers are told.
///
/// Spec: features 3.9, 3.15.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum SocketError {
    /// The client sent a packet that breaks the protocol; its connection is closed.
    #[error(transparent)]
    Packet(DecodeError),
    /// An event middleware refused the event; its handlers were not called.
    #[error(transparent)]
    Refused(Refusal),
    /// A handler's parameter could not be read from the event; the handler was not called.
    #[error("event {event:?}: {error}")]
    Argument {
        /// The event.
        event: Arc<str>,
        /// The parameter.
        error: ArgumentError,
    },
    /// A handler panicked; its socket is closed.
    #[error("handler of {event:?} panicked: {message}")]
    Panic {
        /// The event, or the hook's name.
        event: Arc<str>,
        /// The panic's message.
        message: Arc<str>,
    },
}
