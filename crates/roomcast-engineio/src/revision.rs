//! Revisions of the protocol.

/// A revision of the Engine.IO protocol.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revision {
    /// Revision 4, spoken by Engine.IO clients from 4.0: `EIO=4`.
    Four,
}

impl Revision {
    /// The number in the query parameter `EIO`.
    pub fn number(self) -> u8 {
        match self {
            Self::Four => 4,
        }
    }
}
