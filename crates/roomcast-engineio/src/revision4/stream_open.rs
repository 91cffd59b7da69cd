//! The first packet of a client on a stream.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::decode_text;
use crate::Packet;

/// What a client wants with the first packet on its stream of WebTransport.
///
/// # Example
///
/// ```
/// use roomcast_engineio::revision4::StreamOpen;
///
/// assert_eq!(StreamOpen::Session.encode(), "0");
/// let upgrade = StreamOpen::Upgrade("abc".into());
/// assert_eq!(upgrade.encode(), r#"0{"sid":"abc"}"#);
/// assert_eq!(StreamOpen::decode(r#"0{"sid":"abc"}"#), Some(upgrade));
/// ```
///
/// Spec: Engine.IO protocol 4, "Transports > WebTransport".
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third wish")]
pub enum StreamOpen<'a> {
    /// A new session.
    Session,
    /// That the session with this id moves to the stream.
    Upgrade(Cow<'a, str>),
}

#[derive(Deserialize, Serialize)]
struct Content<'a> {
    #[serde(borrow)]
    sid: Cow<'a, str>,
}

impl<'a> StreamOpen<'a> {
    /// Reads the text of the first packet; `None` if it is none with which a stream may begin.
    #[must_use]
    pub fn decode(text: &'a str) -> Option<Self> {
        match decode_text(text).ok()? {
            Packet::Open("") => Some(Self::Session),
            // An array with a text would be read as well.
            Packet::Open(json) if json.starts_with('{') => {
                let content: Content<'_> = serde_json::from_str(json).ok()?;
                Some(Self::Upgrade(content.sid))
            }
            _ => None,
        }
    }

    /// The same with a life of its own.
    #[must_use]
    pub fn into_owned(self) -> StreamOpen<'static> {
        match self {
            Self::Session => StreamOpen::Session,
            Self::Upgrade(sid) => StreamOpen::Upgrade(sid.into_owned().into()),
        }
    }

    /// Writes the text of the first packet.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Session => "0".to_owned(),
            Self::Upgrade(sid) => {
                let sid = Cow::Borrowed(sid.as_ref());
                let json = serde_json::to_string(&Content { sid });
                format!("0{}", json.expect("a text is always JSON"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_packets_are_no_beginning() {
        for text in [
            "",
            "1",
            "2probe",
            "4hi",
            "0{}",
            "0[]",
            r#"0{"sid":7}"#,
            "0{",
        ] {
            assert_eq!(StreamOpen::decode(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_with_any_letters_comes_back() {
        let wish = StreamOpen::Upgrade("a\"\\\n\u{1f600}".into());
        let text = wish.encode();
        assert_eq!(text, "0{\"sid\":\"a\\\"\\\\\\n\u{1f600}\"}");
        assert_eq!(StreamOpen::decode(&text), Some(wish));
    }
}
