//! Errors, one type for each question a caller can ask.

use std::sync::Arc;

pub use roomcast_handler::ArgumentError;
use roomcast_handler::Subject;
use roomcast_socketio::{DecodeError, EncodeError, Value};

use crate::engine::Sent;

/// Says why an event was not sent.
///
/// # Example
///
/// ```
/// use roomcast::{EmitError, EncodeError, Server};
///
/// let io = Server::new();
/// let error = io.try_emit("disconnect", ()).expect_err("the name is reserved");
/// assert!(matches!(error, EmitError::Encode(EncodeError::ReservedEvent { .. })));
/// assert_eq!(error.to_string(), r#""disconnect" is a reserved event name"#);
/// ```
///
/// Spec: features 2.44.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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
    /// The event was volatile and the transport busy; or the outbox was full, and its policy is
    /// [`OutboxPolicy::DropNewest`](crate::OutboxPolicy::DropNewest).
    #[error("the event was dropped, the transport is busy")]
    Dropped,
    /// Too many events wait to be written to the log of the server's
    /// [recovery](crate::recovery): the disk does not keep up.
    #[error("too many events wait for the log")]
    LogFull,
    /// The outbox is full, and its policy is [`OutboxPolicy::Error`](crate::OutboxPolicy::Error); or
    /// it had no room in time. Of a broadcast: at least one receiver's; the others have the event.
    #[error("the outbox is full")]
    Full,
}

/// Says why no acknowledgement came.
///
/// # Example
///
/// ```
/// # use std::time::Duration;
/// use roomcast::{AckError, Socket};
///
/// async fn greet(socket: Socket) {
///     match socket.timeout(Duration::from_secs(5)).emit_with_ack::<String>("name?", ()).await {
///         Ok(name) => socket.emit("greeting", format!("hello {name}")),
///         Err(AckError::Timeout) => println!("no answer in 5 s"),
///         Err(error) => println!("no name: {error}"),
///     }
/// }
/// ```
///
/// Spec: features 2.28, 2.29.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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

/// A refusal by a middleware: the message and data that the client gets.
///
/// For a connection it becomes the client's `connect_error` event with `message` and `data`; for an
/// event it is reported to [`Namespace::on_error`](crate::Namespace::on_error). A text is a refusal
/// without data, so a middleware may return `Err("unauthorized")`.
///
/// # Example
///
/// ```
/// use roomcast::{Refusal, value};
///
/// let refusal = Refusal::new("unauthorized").with_data(value!({ "code": 401 }));
/// assert_eq!(refusal.message(), "unauthorized");
/// assert_eq!(refusal.data().map(|data| &data["code"]), Some(&value!(401)));
///
/// assert_eq!(Refusal::from("unauthorized").data(), None);
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
    /// Makes a refusal without data. Example: [`Refusal`].
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            data: None,
        }
    }

    /// Adds data, any serialisable value. A value that cannot be serialised is left out and logged.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Refusal, value};
    ///
    /// let refusal = Refusal::new("too many guests").with_data(("limit", 100));
    /// assert_eq!(refusal.data(), Some(&value!(["limit", 100])));
    /// ```
    #[must_use]
    pub fn with_data(mut self, data: impl serde::Serialize) -> Self {
        self.data = Value::from_serialize(&data)
            .inspect_err(
                |error| tracing::warn!(%error, "the data of a refusal cannot be serialised"),
            )
            .ok();
        self
    }

    /// The answer to a client that asks for a namespace which does not exist.
    pub(crate) fn unknown_namespace() -> Self {
        Self::new("Invalid namespace")
    }

    /// Returns the message: `err.message` at the client. Example: [`Refusal`].
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the data: `err.data` at the client. Example: [`Refusal`].
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

/// Says `invalid auth`, `invalid arguments`, or `internal error` where the server lacks something.
/// The log has the error: its text names types of the application, which are not for clients.
impl From<ArgumentError> for Refusal {
    fn from(error: ArgumentError) -> Self {
        if error.subject() == Subject::Context {
            tracing::error!(%error, "a parameter of a middleware cannot be had");
        } else {
            tracing::debug!(%error, "a parameter of a middleware cannot be read");
        }
        Self::new(match error.subject() {
            Subject::Auth => "invalid auth",
            Subject::Argument => "invalid arguments",
            Subject::Context => "internal error",
        })
    }
}

/// Says what [`Namespace::on_error`](crate::Namespace::on_error) handlers are told.
///
/// # Example
///
/// ```
/// use roomcast::{Server, Socket, SocketError};
///
/// let io = Server::new();
/// io.on_error(|socket: Socket, error: SocketError| match error {
///     SocketError::Refused(refusal) => socket.emit("refused", refusal.message()),
///     error => eprintln!("{}: {error}", socket.id()),
/// });
/// ```
///
/// Spec: features 3.9, 3.15.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
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

impl Sent {
    /// As the emitter is told.
    pub(crate) fn into_result(self) -> Result<(), EmitError> {
        match self {
            Self::Queued | Self::MustFlush => Ok(()),
            Self::Dropped => Err(EmitError::Dropped),
            Self::Full => Err(EmitError::Full),
            Self::Closed => Err(EmitError::Disconnected),
        }
    }
}
