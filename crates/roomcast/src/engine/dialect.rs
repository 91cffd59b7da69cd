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
        if handshake.revision() == Revision::Four {
            return Self::Four;
        }
        let query = Query::parse(handshake.head().query());
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
            return Usual::packets(body, content);
        }
        let jsonp = Jsonp::new(handshake.query("j").unwrap_or_default());
        Usual::script(jsonp.wrap(&String::from_utf8_lossy(&body)))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::engine::Peer;
    use crate::http::head::RequestHead;

    fn dialect(method: &Method, query: &str) -> Dialect {
        let target = format!("/socket.io/?{query}");
        let head = RequestHead::new(method, "", &target, std::iter::empty);
        let peer = Peer::new(([127, 0, 0, 1], 1).into());
        Dialect::of(&Request::with_peer(head, peer))
    }

    #[test]
    fn the_query_of_the_handshake_decides() {
        assert_eq!(dialect(&Method::GET, "EIO=4&j=0&b64=1"), Dialect::Four);
        for (query, bodies) in [
            ("", Bodies::Any),
            ("EIO=3", Bodies::Any),
            ("EIO=3&b64=", Bodies::Any),
            ("EIO=3&b64=1", Bodies::Text),
            ("EIO=3&b64=1&j=", Bodies::Jsonp),
        ] {
            assert_eq!(dialect(&Method::GET, query), Dialect::Three(bodies));
        }
    }

    #[test]
    fn webtransport_is_of_revision_4_whatever_its_query() {
        assert_eq!(dialect(&Method::CONNECT, ""), Dialect::Four);
    }
}
