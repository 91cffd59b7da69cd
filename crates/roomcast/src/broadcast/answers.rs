//! What the receivers of a broadcast have answered.

use crate::error::{AckError, ArgumentError};
use crate::id::SocketId;
use crate::metrics::{AckOutcome, Meter};

/// Holds what the receivers of a broadcast have answered.
///
/// # Example
///
/// ```
/// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
/// let answers = io.to("jury").emit_with_ack::<u8>("vote", ()).await?;
/// if answers.is_complete() {
///     println!("{} points", answers.into_values().iter().sum::<u8>());
/// } else {
///     println!("timed out: {}, silent: {:?}", answers.has_timed_out, answers.missing);
///     println!("answered, but no number: {:?}", answers.invalid);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.30, 2.31.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answers<T> {
    /// Who answered what, in the order of arrival.
    pub values: Vec<(SocketId, T)>,
    /// Answers of another type than was asked for.
    pub invalid: Vec<(SocketId, ArgumentError)>,
    /// Who did not answer: too late, or disconnected.
    pub missing: Vec<SocketId>,
    /// Whether the wait ended because of the timeout.
    pub has_timed_out: bool,
}

impl<T> Answers<T> {
    pub(super) fn count_in(&self, meter: &Meter) {
        let missing = match self.has_timed_out {
            true => AckOutcome::TimedOut,
            false => AckOutcome::Disconnected,
        };
        meter.acks(AckOutcome::Answered, self.values.len() + self.invalid.len());
        meter.acks(missing, self.missing.len());
    }

    /// Tells whether everyone has answered with a `T`. Example: [`Answers`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.invalid.is_empty()
    }

    /// Returns the error that the official server reports beside the answers: [`AckError::Timeout`]
    /// if somebody did not answer.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::{Server, Value};
    ///
    /// let io = Server::new();
    /// io.on("ask-jury", async |io: Server| {
    ///     let jury = io.to("jury").timeout(Duration::from_secs(5));
    ///     let answers = jury.emit_with_ack::<Value>("vote", ()).await?;
    ///     let error = answers.error().map(|error| error.to_string());
    ///     Ok::<_, roomcast::EmitError>((error, answers.into_values()))
    /// });
    /// ```
    ///
    /// Spec: features 2.30.
    #[must_use]
    pub fn error(&self) -> Option<AckError> {
        (!self.missing.is_empty()).then_some(AckError::Timeout)
    }

    /// Gives the values alone, in the order of arrival. Example: [`Answers`].
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values.into_iter().map(|(_, value)| value).collect()
    }
}
