//! The private id by which a client gets its session back.

use std::fmt;

use crate::id::RandomId;

/// The private id of a session, known to its client alone: who has it can take the session over.
///
/// Of the usual form of a socket id, and drawn as one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Pid(RandomId);

impl Pid {
    pub(crate) fn random() -> Self {
        Self(RandomId::random())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        RandomId::parse(text).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Pid {
    // A secret: it stands in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pid(..)")
    }
}
