//! Revisions of the protocol.

/// A revision of the Engine.IO protocol.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revision {
    /// Revision 3, spoken by Engine.IO clients up to 3.x, which Socket.IO clients 1.x and 2.x use:
    /// `EIO=3`.
    Three,
    /// Revision 4, spoken by Engine.IO clients from 4.0: `EIO=4`.
    Four,
}

impl Revision {
    /// The number in the query parameter `EIO`.
    pub fn number(self) -> u8 {
        match self {
            Self::Three => 3,
            Self::Four => 4,
        }
    }
}
