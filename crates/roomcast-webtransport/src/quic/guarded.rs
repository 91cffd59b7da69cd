//! A connection that nobody can forget to close.

use quinn::{Connection, ConnectionError, ReadExactError, VarInt, WriteError};

use crate::error::{ReadError, Violation, code};

/// A connection that is closed when it is dropped, whatever its streams wait for.
#[derive(Debug)]
pub struct Guarded(Connection);

impl Guarded {
    /// Guards a connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.0
    }

    /// Closes the connection for `failure`, with its code.
    #[must_use]
    pub fn failed(&self, failure: Failure) -> Failure {
        self.0.close(failure.code(), b"");
        failure
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Without effect on a connection that is closed already.
        self.0.close(VarInt::from_u32(code::NO_ERROR), b"");
    }
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The connection could not be opened, or ended.
    #[error("connection ended: {0}")]
    Connection(#[from] ConnectionError),
    /// A stream ended before what had to come on it.
    #[error("stream ended: {0}")]
    Read(#[from] ReadExactError),
    /// The peer does not want what is sent to it.
    #[error("stream is not read: {0}")]
    Write(#[from] WriteError),
    /// The peer has broken the rules of HTTP/3.
    #[error(transparent)]
    Broken(#[from] Violation),
}

impl Failure {
    /// The code that the connection is closed with.
    fn code(&self) -> VarInt {
        match self {
            Self::Broken(violation) => VarInt::from_u32(violation.code),
            _ => VarInt::from_u32(code::NO_ERROR),
        }
    }
}

impl From<ReadError<ReadExactError>> for Failure {
    fn from(error: ReadError<ReadExactError>) -> Self {
        match error {
            ReadError::Stream(error) => Self::Read(error),
            ReadError::Broken(violation) => Self::Broken(violation),
        }
    }
}
