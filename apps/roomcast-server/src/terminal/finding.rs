//! What is wrong, and what to do about it.

use std::fmt;

use super::printable;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) seen: String,
    pub(crate) advice: Option<String>,
}

impl Finding {
    pub(crate) fn new(seen: impl Into<String>) -> Self {
        Self {
            seen: seen.into(),
            advice: None,
        }
    }

    pub(crate) fn advise(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }
}

/// In lines for the person at the terminal.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "roomcast: {}", printable(&self.seen))?;
        match &self.advice {
            Some(advice) => writeln!(f, "  {}", printable(advice)),
            None => Ok(()),
        }
    }
}
