//! Identifiers: the public id of a socket, and the random text behind every id.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use rand::Rng as _;
use roomcast_socketio::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The public id of one socket: 20 characters of base64url, new for each namespace a client joins.
///
/// It is never the Engine.IO session id: who knows a `SocketId` can address that client, and
/// nothing more. Every socket is a member of the room that bears its id until it leaves that room.
///
/// Clients of Engine.IO 3 are the exception, where
/// [`allow_eio3`](crate::engine::Builder::allow_eio3) lets them in. They take their session's id as
/// that of their socket in the main namespace, and put `/name#` before it in another one.
///
/// # Example
///
/// ```
/// use roomcast::SocketId;
///
/// let id: SocketId = "wNhZbJYd3vWdGhFZAAAB".parse()?;
/// assert_eq!(id.as_str(), "wNhZbJYd3vWdGhFZAAAB");
/// let old: SocketId = "/chat#wNhZbJYd3vWdGhFZAAAB".parse()?;
/// assert_ne!(old, id);
/// assert!("short".parse::<SocketId>().is_err());
/// # Ok::<(), roomcast::InvalidSocketId>(())
/// ```
///
/// Spec: features 1.46, 2.5.
#[derive(Clone, PartialEq, Eq)]
pub struct SocketId(Form);

/// Cost: nearly all ids are of one length, and need no memory of their own.
#[derive(Clone, PartialEq, Eq)]
enum Form {
    Random(RandomId),
    /// Invariant: never what could be `Random`.
    Text(Arc<str>),
}

/// Says that a text is not 20 characters of base64url, alone or behind a namespace and a `#`.
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
        Self(Form::Random(RandomId::random()))
    }

    /// The id that a client of Engine.IO 3 gives itself in a namespace.
    pub(crate) fn of_session(namespace: &str, sid: &str) -> Self {
        match namespace {
            "/" => Self::of_text(sid),
            _ => Self::of_text(&format!("{namespace}#{sid}")),
        }
    }

    /// The id of this text, whatever it is.
    pub(crate) fn of_text(text: &str) -> Self {
        let random = RandomId::parse(text).map(Form::Random);
        Self(random.unwrap_or_else(|| Form::Text(text.into())))
    }

    /// Returns the id as text, as the client knows it: `socket.id`. Example: [`SocketId`].
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Random(id) => id.as_str(),
            Form::Text(text) => text,
        }
    }

    /// The text of an id that is not 20 characters of base64url.
    pub(crate) fn as_other_text(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Form::Random(_) => None,
            Form::Text(text) => Some(text),
        }
    }
}

/// 20 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RandomId([u8; ID_LEN]);

impl RandomId {
    /// Draws a new id from the thread's secure random source.
    pub(crate) fn random() -> Self {
        Self(random_base64())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    pub(crate) fn of_bytes(text: &[u8]) -> Option<Self> {
        let id: [u8; ID_LEN] = text.try_into().ok()?;
        // Cost: without an end ahead of the last byte the compiler makes vector instructions of it.
        let is_allowed = id.iter().fold(true, |all, &byte| all & is_base64url(byte));
        is_allowed.then_some(Self(id))
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only base64url characters are stored")
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<RandomId> for SocketId {
    fn from(id: RandomId) -> Self {
        Self(Form::Random(id))
    }
}

impl FromStr for SocketId {
    type Err = InvalidSocketId;

    fn from_str(text: &str) -> Result<Self, InvalidSocketId> {
        if let Some(id) = RandomId::parse(text) {
            return Ok(id.into());
        }
        let (namespace, sid) = text.rsplit_once('#').ok_or(InvalidSocketId)?;
        match namespace.starts_with('/') && RandomId::parse(sid).is_some() {
            true => Ok(Self(Form::Text(text.into()))),
            false => Err(InvalidSocketId),
        }
    }
}

impl Hash for SocketId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Form::Random(id) => state.write(&id.0),
            Form::Text(text) => state.write(text.as_bytes()),
        }
    }
}

impl Ord for SocketId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for SocketId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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

/// Whether the byte is in [`ALPHABET`].
pub(crate) fn is_base64url(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    is_letter | is_digit | (byte == b'-') | (byte == b'_')
}

/// 6 random bits for each of `LEN` characters.
pub(crate) fn random_base64<const LEN: usize>() -> [u8; LEN] {
    let mut random = [0u8; LEN];
    rand::rng().fill_bytes(&mut random);
    random.map(|byte| ALPHABET[usize::from(byte & 63)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_20_characters_of_base64url_and_differ() {
        let (a, b) = (SocketId::random(), SocketId::random());

        assert_eq!(a.as_str().parse(), Ok(a.clone()));
        assert_ne!(a, b);
    }

    #[test]
    fn ids_of_old_clients_are_those_they_give_themselves() {
        let sid = "wNhZbJYd3vWdGhFZAAAB";
        let main = SocketId::of_session("/", sid);
        let other = SocketId::of_session("/chat", sid);

        assert_eq!(main.as_str(), sid);
        assert_eq!(other.as_str(), "/chat#wNhZbJYd3vWdGhFZAAAB");
        assert_eq!(other.as_str().parse(), Ok(other));
        assert_eq!(SocketId::of_session("/", "own").as_str(), "own");
        for text in ["own", "/chat#own", "chat#wNhZbJYd3vWdGhFZAAAB", "/chat"] {
            assert_eq!(text.parse::<SocketId>(), Err(InvalidSocketId), "{text}");
        }
    }

    #[test]
    fn an_id_has_no_byte_but_those_of_base64url_at_any_place() {
        let id = "wNhZbJYd3vWdGhFZAAAB";
        for byte in 0..=u8::MAX {
            let is_known = ALPHABET.contains(&byte);
            for place in 0..ID_LEN {
                let mut other = id.as_bytes().to_vec();
                other[place] = byte;
                assert_eq!(RandomId::of_bytes(&other).is_some(), is_known, "{other:?}");
            }
        }
        assert!(RandomId::parse("éNhZbJYd3vWdGhFZAAA").is_none());
    }

    #[test]
    fn an_id_takes_little_more_than_its_characters() {
        assert_eq!(size_of::<SocketId>(), 24);
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
