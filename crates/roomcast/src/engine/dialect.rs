//! How a session's client speaks: the revision of the protocol, and the form of its polling bodies.

use roomcast_engineio::revision3::Jsonp;
use roomcast_engineio::{Query, Revision};

use super::request::Request;
use super::respond::Usual;

/// How a session's client speaks. Its handshake decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Four,
    Three(Bodies),
}

/// How a client of revision 3 takes the answers to its polls, and sends its POSTs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// Text, or bytes where there are binary messages.
    Any,
    /// Text, in which binary messages are base64.
    Text,
    /// The same text as the argument in a script, and as a field of a form.
    Jsonp,
}

/// What a polling body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// UTF-8.
    Text,
    /// `application/octet-stream`.
    Binary,
}

impl Dialect {
    /// That of the client that sends this handshake.
    pub(super) fn of(handshake: &Request) -> Self {
        let query = Query::parse(handshake.head().query());
        if query.revision() == Revision::Four {
            return Self::Four;
        }
        // COMPAT: a JSONP client of engine.io-client 3.5 also asks for base64; without that the
        // official server answers with what is no payload.
        Self::Three(match query.jsonp() {
            Some(_) => Bodies::Jsonp,
            None if query.wants_base64() => Bodies::Text,
            None => Bodies::Any,
        })
    }

    pub(crate) fn revision(self) -> Revision {
        match self {
            Self::Four => Revision::Four,
            Self::Three(_) => Revision::Three,
        }
    }

    /// The answer to a poll of the session that `handshake` has opened.
    pub(super) fn answer(self, handshake: &Request, body: Vec<u8>, content: Content) -> Usual {
        if self != Self::Three(Bodies::Jsonp) {
            return Usual::packets(body.into(), content);
        }
        let jsonp = Jsonp::new(handshake.query("j").unwrap_or_default());
        Usual::script(jsonp.wrap(&String::from_utf8_lossy(&body)))
    }
}
