//! The id of a session.

use crate::id::RandomId;

/// The id of one session.
///
/// Cost: the usual id lies in the session, without memory of its own, and is made without any.
pub(crate) enum Sid {
    Random(RandomId),
    Text(Box<str>),
}

impl Sid {
    pub(super) fn random() -> Self {
        Self::Random(RandomId::random())
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Random(id) => id.as_str(),
            Self::Text(text) => text,
        }
    }

    /// Cost: as a text the usual id is checked to be one.
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Random(id) => id.as_bytes(),
            Self::Text(text) => text.as_bytes(),
        }
    }
}

impl From<String> for Sid {
    fn from(sid: String) -> Self {
        RandomId::parse(&sid).map_or_else(|| Self::Text(sid.into()), Self::Random)
    }
}
