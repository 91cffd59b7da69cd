//! What the receivers of a broadcast have answered.

use super::MissingNodes;
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
/// In a cluster the answers of other servers' sockets come after those of this one's. A Roomcast
/// server says whose they are, if the bus carries it; a Node.js server does not.
///
/// Spec: features 2.30, 2.31, N19.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answers<T> {
    /// Who answered what, in the order of arrival.
    pub values: Vec<(SocketId, T)>,
    /// Answers of sockets that their servers do not name.
    pub unnamed: Vec<T>,
    /// Answers of another type than was asked for, and whose, as far as that is known.
    pub invalid: Vec<(Option<SocketId>, ArgumentError)>,
    /// Who did not answer: too late, or disconnected.
    pub missing: Vec<SocketId>,
    /// How many more did not answer, of sockets that their servers do not name.
    pub missing_unnamed: usize,
    /// Servers that did not say whom they have asked, or were lost before all had answered.
    pub missing_nodes: MissingNodes,
    /// Whether the wait ended because of the timeout.
    pub has_timed_out: bool,
}

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            unnamed: Vec::new(),
            invalid: Vec::new(),
            missing: Vec::new(),
            missing_unnamed: 0,
            missing_nodes: MissingNodes::default(),
            has_timed_out: false,
        }
    }
}

impl<T> Answers<T> {
    pub(super) fn count_in(&self, meter: &Meter) {
        let missing = match self.has_timed_out {
            true => AckOutcome::TimedOut,
            false => AckOutcome::Disconnected,
        };
        let answered = self.values.len() + self.unnamed.len() + self.invalid.len();
        meter.acks(AckOutcome::Answered, answered);
        // The other servers say how many they have not named.
        let silent = self.missing.len().saturating_add(self.missing_unnamed);
        meter.acks(missing, silent);
    }

    /// Tells whether everyone has answered with a `T`. Example: [`Answers`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.lacks_answers() && self.invalid.is_empty()
    }

    fn lacks_answers(&self) -> bool {
        !self.missing.is_empty() || self.missing_unnamed > 0 || !self.missing_nodes.is_empty()
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
        self.lacks_answers().then_some(AckError::Timeout)
    }

    /// Gives the values alone, in the order of arrival, those of unnamed sockets last. Example: [`Answers`].
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        let named = self.values.into_iter().map(|(_, value)| value);
        named.chain(self.unnamed).collect()
    }
}
