//! The open packet's JSON.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{HandshakeError, Transport};

/// What the server tells the client in its open packet.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast_engineio::{Handshake, Transport};
///
/// let handshake = Handshake::new("lv_VI97HAXpY6yYWAAAC", &[Transport::WebSocket][..])
///     .with_heartbeat(Duration::from_secs(25), Duration::from_secs(20))
///     .with_max_payload(1_000_000);
/// assert_eq!(
///     handshake.to_json(),
///     r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
/// );
/// ```
///
/// Spec: Engine.IO protocol 4, "Handshake".
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handshake<'a> {
    /// The id of the session.
    #[serde(borrow)]
    pub sid: Cow<'a, str>,
    /// The transports to which the client may upgrade. A name that this crate does not know is
    /// left out when decoding.
    #[serde(deserialize_with = "known_transports")]
    pub upgrades: Cow<'a, [Transport]>,
    /// The time between two pings of the server, in milliseconds on the wire.
    #[serde(with = "milliseconds")]
    pub ping_interval: Duration,
    /// The time in which the client must answer a ping, in milliseconds on the wire.
    #[serde(with = "milliseconds")]
    pub ping_timeout: Duration,
    /// The most bytes the client may send in one polling body; servers before 6.2 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<u64>,
}

impl<'a> Handshake<'a> {
    /// A handshake with the default heartbeat (25 s and 20 s) and payload limit (1,000,000 bytes).
    pub fn new(sid: impl Into<Cow<'a, str>>, upgrades: impl Into<Cow<'a, [Transport]>>) -> Self {
        Self {
            sid: sid.into(),
            upgrades: upgrades.into(),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            max_payload: Some(1_000_000),
        }
    }

    /// Sets the heartbeat's interval and timeout; parts of a millisecond are cut off.
    #[must_use]
    pub fn with_heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.ping_interval = interval;
        self.ping_timeout = timeout;
        self
    }

    /// Sets the most bytes the client may send in one polling body.
    #[must_use]
    pub fn with_max_payload(mut self, max_bytes: u64) -> Self {
        self.max_payload = Some(max_bytes);
        self
    }

    /// The JSON that stands behind the `0` of the open packet.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("text, numbers and a list are always valid JSON")
    }

    /// Reads the JSON of an open packet; unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// [`HandshakeError::Malformed`] if it is not JSON or a field is missing or of another kind.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_engineio::Handshake;
    ///
    /// let json = r#"{"sid":"a","upgrades":["carrierpigeon"],"pingInterval":300,"pingTimeout":200}"#;
    /// let handshake = Handshake::decode(json)?;
    /// assert_eq!(handshake.sid, "a");
    /// assert!(handshake.upgrades.is_empty());
    /// # Ok::<(), roomcast_engineio::HandshakeError>(())
    /// ```
    pub fn decode(json: &'a str) -> Result<Self, HandshakeError> {
        serde_json::from_str(json).map_err(|error| HandshakeError::Malformed(error.to_string()))
    }

    /// The same, with a life of its own.
    pub fn into_owned(self) -> Handshake<'static> {
        Handshake {
            sid: Cow::Owned(self.sid.into_owned()),
            upgrades: Cow::Owned(self.upgrades.into_owned()),
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            max_payload: self.max_payload,
        }
    }
}

fn known_transports<'de, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'a, [Transport]>, D::Error> {
    let names = Vec::<Cow<'_, str>>::deserialize(deserializer)?;
    Ok(names
        .iter()
        .filter_map(|name| Transport::parse(name))
        .collect())
}

mod milliseconds {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from engine.io 6.6.9, but for the id.
    const RECORDED: &str = r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#;

    fn recorded() -> Handshake<'static> {
        Handshake::new("lv_VI97HAXpY6yYWAAAC", &[Transport::WebSocket][..])
            .with_heartbeat(Duration::from_millis(300), Duration::from_millis(200))
    }

    #[test]
    fn json_has_the_five_fields_in_the_official_order() {
        assert_eq!(recorded().to_json(), RECORDED);
        assert_eq!(Handshake::decode(RECORDED), Ok(recorded()));
    }

    #[test]
    fn no_upgrades_are_an_empty_list() {
        let json = Handshake::new("x", Transport::WebSocket.upgrades()).to_json();
        let expected = r#"{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn an_id_of_the_application_is_escaped() {
        let json = Handshake::new("a\"\\\n", &[][..]).to_json();

        assert!(
            json.starts_with(r#"{"sid":"a\"\\\n","upgrades":[]"#),
            "{json}"
        );
        assert_eq!(Handshake::decode(&json).unwrap().sid, "a\"\\\n");
    }

    #[test]
    fn every_truncation_is_an_error() {
        for end in 0..RECORDED.len() {
            assert!(Handshake::decode(&RECORDED[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_negative_interval_is_an_error() {
        let json = RECORDED.replace("300", "-300");
        assert!(Handshake::decode(&json).is_err());
    }
}
