//! Identifiers: the public id of a socket, and the random text behind every id.

use std::fmt;
use std::str::FromStr;

use rand::Rng as _;
use roomcast_socketio::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The public id of one socket: 20 characters of base64url, new for each namespace a client joins.
///
/// It is never the Engine.IO session id: who knows a `SocketId` can address that client, and
/// nothing more. Every socket is a member of the room that bears its id until it leaves that room.
///
/// # Example
///
/// ```
/// use roomcast::SocketId;
///
/// let id: SocketId = "wNhZbJYd3vWdGhFZAAAB".parse()?;
/// assert_eq!(id.as_str(), "wNhZbJYd3vWdGhFZAAAB");
/// assert!("short".parse::<SocketId>().is_err());
/// # Ok::<(), roomcast::InvalidSocketId>(())
/// ```
///
/// Spec: features 2.5.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId([u8; ID_LEN]);

/// Says that a text is not 20 characters of base64url.
///
/// # Example
///
/// ```
/// use roomcast::{InvalidSocketId, SocketId};
///
/// assert_eq!("not an id".parse::<SocketId>(), Err(InvalidSocketId));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a socket id is {ID_LEN} characters of A-Z, a-z, 0-9, '-' and '_'")]
pub struct InvalidSocketId;

impl SocketId {
    /// Draws a new id from the thread's secure random source.
    pub(crate) fn random() -> Self {
        Self(random_base64())
    }

    /// Returns the id as text, as the client knows it: `socket.id`. Example: [`SocketId`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only base64url characters are stored")
    }
}

impl FromStr for SocketId {
    type Err = InvalidSocketId;

    fn from_str(text: &str) -> Result<Self, InvalidSocketId> {
        let id: [u8; ID_LEN] = text.as_bytes().try_into().map_err(|_| InvalidSocketId)?;
        if id.iter().all(|&byte| IS_ALLOWED[usize::from(byte)]) {
            Ok(Self(id))
        } else {
            Err(InvalidSocketId)
        }
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocketId({})", self.as_str())
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl From<SocketId> for Value {
    fn from(id: SocketId) -> Self {
        id.as_str().into()
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

const ID_LEN: usize = 20;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Which bytes are in [`ALPHABET`].
const IS_ALLOWED: [bool; 256] = {
    let mut is_allowed = [false; 256];
    let mut index = 0;
    while index < ALPHABET.len() {
        is_allowed[ALPHABET[index] as usize] = true;
        index += 1;
    }
    is_allowed
};

/// 6 random bits for each of `LEN` characters.
pub(crate) fn random_base64<const LEN: usize>() -> [u8; LEN] {
    let mut random = [0u8; LEN];
    rand::rng().fill_bytes(&mut random);
    random.map(|byte| ALPHABET[usize::from(byte & 63)])
}

/// A random id for an Engine.IO session, of the same form as a socket id.
pub(crate) fn random_text() -> String {
    SocketId::random().as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_20_characters_of_base64url_and_differ() {
        let (a, b) = (SocketId::random(), SocketId::random());

        assert_eq!(a.as_str().parse(), Ok(a));
        assert_ne!(a, b);
    }

    #[test]
    fn an_id_is_read_from_its_text_only() {
        let id = r#""wNhZbJYd3vWdGhFZAAAB""#;

        let read: SocketId = serde_json::from_str(id).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), id);
        assert!(serde_json::from_str::<SocketId>(r#""short""#).is_err());
        assert!(serde_json::from_str::<SocketId>("7").is_err());
    }
}
