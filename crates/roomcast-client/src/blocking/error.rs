//! Why waiting was in vain.

use crate::error::{EmitError, NotConnected, NotFlushed};

/// Why a blocking call did not wait to the end.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It did not happen in time.
    #[error("it did not happen in time")]
    TimedOut,
    /// A handler has made the call, which would wait for the handler's own end.
    #[error("a blocking call in a handler would wait for the handler itself")]
    InHandler,
}

/// Why [`Socket::flushed`](super::Socket::flushed) ended before all had left.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushError {
    /// The socket was disconnected before.
    #[error(transparent)]
    NotFlushed(#[from] NotFlushed),
    /// It was not waited for to the end.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// Why [`Socket::connected`](super::Socket::connected) ended without a connection.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConnectedError {
    /// The socket is not connected, and will not be by itself.
    #[error(transparent)]
    NotConnected(#[from] NotConnected),
    /// It was not waited for to the end.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl From<WaitError> for EmitError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::TimedOut => Self::NoRoom,
            WaitError::InHandler => Self::InHandler,
        }
    }
}
