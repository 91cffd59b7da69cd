//! The query string of a request.

use std::borrow::Cow;

use crate::{Revision, Transport};

/// The query parameters of a request that mean something to Engine.IO; all others are ignored.
///
/// A parameter that stands more than once counts with its last value, as in the official server.
/// A parameter without a value is empty, and an empty one is the same as none.
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Query, Transport};
///
/// let query = Query::parse("EIO=4&transport=polling&t=abc123&sid=a%2Bb");
/// assert_eq!(query.transport(), Some(Transport::Polling));
/// assert_eq!(query.sid(), Some("a+b"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    revision: Cow<'a, str>,
    transport: Cow<'a, str>,
    sid: Cow<'a, str>,
    base64: Cow<'a, str>,
    jsonp: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads the part of a request target behind its `?`; an absent one is `""`.
    pub fn parse(query: &'a str) -> Self {
        // Cost: the whole is looked at once, and mostly nothing is encoded.
        let decode = match is_plain(query) {
            true => Cow::Borrowed,
            false => decode,
        };
        let mut parsed = Self::default();
        for parameter in parameters(query) {
            let (name, value) = cut(parameter, b'=').unwrap_or((parameter, ""));
            match &*decode(name) {
                "EIO" => parsed.revision = decode(value),
                "transport" => parsed.transport = decode(value),
                "sid" => parsed.sid = decode(value),
                "b64" => parsed.base64 = decode(value),
                "j" => parsed.jsonp = Some(decode(value)),
                _ => {}
            }
        }
        parsed
    }

    /// The revision of the protocol that a handshake asks for: that of 4 if `EIO` is exactly `4`.
    /// Everything else, nothing too, stands for revision 3.
    ///
    /// A server that does not speak revision 3 refuses it with
    /// [`Refusal::UnsupportedProtocolVersion`](crate::Refusal::UnsupportedProtocolVersion). The
    /// official server does so last: behind [`verify`](crate::verify) and behind the application's
    /// own check of the request.
    pub fn revision(&self) -> Revision {
        match &*self.revision {
            "4" => Revision::Four,
            _ => Revision::Three,
        }
    }

    /// The transport, if its name is known.
    pub fn transport(&self) -> Option<Transport> {
        Transport::parse(&self.transport)
    }

    /// The name of the transport as it was sent, empty if it was not.
    pub fn transport_name(&self) -> &str {
        &self.transport
    }

    /// The id of an existing session; none asks for a new one.
    pub fn sid(&self) -> Option<&str> {
        Some(&*self.sid).filter(|sid| !sid.is_empty())
    }

    /// Whether binary messages must reach this client as base64 text on every transport.
    pub fn wants_base64(&self) -> bool {
        !self.base64.is_empty()
    }

    /// The index of a JSONP callback, as it was sent.
    pub fn jsonp(&self) -> Option<&str> {
        self.jsonp.as_deref()
    }
}

fn parameters(query: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        let query = rest?;
        let (parameter, behind) = match cut(query, b'&') {
            Some((parameter, behind)) => (parameter, Some(behind)),
            None => (query, None),
        };
        rest = behind;
        Some(parameter)
    })
}

/// As `str::split_once`.
///
/// Cost: for the few bytes of a parameter a plain loop takes a third of the time of a search.
fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The value of the only parameter of this name; `None` if there are none or several.
pub(crate) fn only_value<'q>(query: &'q str, wanted: &str) -> Option<Cow<'q, str>> {
    let mut values = parameters(query).filter_map(|parameter| {
        let (name, value) = cut(parameter, b'=').unwrap_or((parameter, ""));
        (decode(name) == wanted).then_some(value)
    });
    let only = values.next()?;
    values.next().is_none().then(|| decode(only))
}

/// Undoes the encoding of `application/x-www-form-urlencoded`; a `%` without two digits stays.
fn decode(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (*first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, behind @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = behind;
                    high << 4 | low
                }
                _ => b'%',
            },
            (byte, _) => byte,
        });
    }
    Cow::Owned(match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(_) => String::from_utf8(bytes).expect("it was read as UTF-8 one line above"),
        Cow::Owned(replaced) => replaced,
    })
}

/// Whether nothing is encoded. Every byte is looked at, for the compiler to do many at once.
fn is_plain(text: &str) -> bool {
    let is_encoded = |&byte: &u8| u8::from(byte == b'%') | u8::from(byte == b'+');
    text.as_bytes()
        .iter()
        .map(is_encoded)
        .fold(0, |any, one| any | one)
        == 0
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_read() {
        let query = Query::parse("EIO=4&transport=polling&t=abc123");

        assert_eq!(query.revision(), Revision::Four);
        assert_eq!(query.transport(), Some(Transport::Polling));
        assert_eq!(query.sid(), None);
        assert!(!query.wants_base64());
        assert_eq!(query.jsonp(), None);
    }

    #[test]
    fn everything_but_a_4_is_revision_3() {
        for query in [
            "", "EIO=3", "EIO=abc", "EIO=5", "EIO=04", "EIO=", "EIO", "eio=4", "EIO=4+",
        ] {
            assert_eq!(Query::parse(query).revision(), Revision::Three, "{query}");
        }
    }

    #[test]
    fn a_name_that_only_looks_like_a_transport_is_none() {
        for name in [
            "abc",
            "constructor",
            "__proto__",
            "Polling",
            "WebTransport",
            "",
        ] {
            let text = format!("transport={name}");
            let query = Query::parse(&text);
            assert_eq!(query.transport(), None);
            assert_eq!(query.transport_name(), name);
        }
    }

    #[test]
    fn the_last_of_repeated_parameters_counts() {
        let query = Query::parse("sid=a&transport=polling&sid=b&transport=websocket");

        assert_eq!(query.sid(), Some("b"));
        assert_eq!(query.transport(), Some(Transport::WebSocket));
        assert_eq!(Query::parse("sid=a&sid=").sid(), None);
    }

    #[test]
    fn names_and_values_are_percent_decoded() {
        assert_eq!(Query::parse("s%69d=%5F_%70roto__").sid(), Some("__proto__"));
        assert_eq!(Query::parse("sid=a+b%2bc").sid(), Some("a b+c"));
        assert_eq!(Query::parse("sid=%F0%9F%98%80").sid(), Some("😀"));
    }

    #[test]
    fn bad_percent_encoding_stays_or_is_replaced() {
        assert_eq!(Query::parse("sid=%").sid(), Some("%"));
        assert_eq!(Query::parse("sid=%4").sid(), Some("%4"));
        assert_eq!(Query::parse("sid=%zz%41").sid(), Some("%zzA"));
        assert_eq!(Query::parse("sid=%+1").sid(), Some("% 1"));
        assert_eq!(Query::parse("sid=%ff").sid(), Some("\u{fffd}"));
    }

    #[test]
    fn foreign_parameters_and_empty_ones_are_ignored() {
        let query = Query::parse("&&a[b]=c&=x&token&sid=1=2&");
        assert_eq!(query.sid(), Some("1=2"));
    }

    #[test]
    fn base64_and_jsonp_are_read() {
        let query = Query::parse("b64=1&j=0");

        assert!(query.wants_base64());
        assert_eq!(query.jsonp(), Some("0"));
        assert!(!Query::parse("b64=").wants_base64());
        assert!(Query::parse("b64=true").wants_base64());
    }
}
