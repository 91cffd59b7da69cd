//! What can go wrong with a log that is kept on disk.

use std::path::PathBuf;

/// Says why the log of a server's messages cannot be used.
///
/// # Example
///
/// ```
/// use roomcast::recovery::LogError;
///
/// let error = LogError::Failed { message: "no space left on device".to_owned() };
/// assert_eq!(error.to_string(), "the log was given up: no space left on device");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The file is open already, in this process or in another one.
    #[error("{} is in use", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is no log, or damaged. Nothing was changed in it.
    #[error("{} is no log of messages, or damaged: {message}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        message: String,
    },
    /// The file was written by a version of this crate that this one does not know.
    #[error("{} has the format {found}, expected {expected}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u64,
        /// The format that this version writes.
        expected: u64,
    },
    /// The file cannot be opened.
    #[error("{} cannot be opened: {message}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The cause.
        message: String,
    },
    /// Writing has failed. What is emitted since leaves without being kept on disk.
    #[error("the log was given up: {message}")]
    Failed {
        /// The cause.
        message: String,
    },
}
