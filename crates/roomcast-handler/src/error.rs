//! What is wrong with a parameter.

use roomcast_socketio::ArgError;

/// An argument of an event, or of an acknowledgement, that is missing or of another type.
///
/// A handler that takes `Result<T, ArgumentError>` is called all the same and sees it. A handler
/// that takes `T` is not called, and the `on_error` handlers are told.
///
/// # Example
///
/// ```
/// use roomcast::{ArgumentError, Server};
///
/// let io = Server::new();
/// io.on("add", |a: i64, b: Result<i64, ArgumentError>| match b {
///     Ok(b) => Ok(a + b),
///     Err(error) => Err(format!("argument {}: {}", error.index, error.cause)),
/// });
/// ```
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
    subject: Subject,
}

/// What could not be read.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "hidden, for the sides only")]
pub enum Subject {
    Argument,
    Auth,
    Context,
}

impl ArgumentError {
    #[doc(hidden)]
    pub fn of<T>(index: usize, cause: &dyn std::fmt::Display) -> Self {
        Self {
            index,
            expected: std::any::type_name::<T>(),
            cause: cause.to_string(),
            subject: Subject::Argument,
        }
    }

    /// The client's `auth` object is no `T`.
    #[doc(hidden)]
    pub fn auth<T>(cause: &dyn std::fmt::Display) -> Self {
        Self {
            subject: Subject::Auth,
            ..Self::of::<T>(0, cause)
        }
    }

    /// A `T` that the call, or the program itself, should have.
    #[doc(hidden)]
    pub fn context<T>(cause: &dyn std::fmt::Display) -> Self {
        Self {
            subject: Subject::Context,
            ..Self::of::<T>(0, cause)
        }
    }

    #[doc(hidden)]
    pub fn read<T>(error: &ArgError) -> Self {
        match error {
            ArgError::Missing { index } => Self::of::<T>(*index, &"it is missing"),
            ArgError::Mismatch { index, message } => Self::of::<T>(*index, message),
            error => Self::of::<T>(0, error),
        }
    }

    #[doc(hidden)]
    pub fn subject(&self) -> Subject {
        self.subject
    }
}
