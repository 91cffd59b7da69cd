//! Whether a request may reach a session.

use crate::{BadRequest, Query, Refusal, Transport};

/// What is known of a request before any of its body.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller fills it, and every field is needed"
)]
pub struct Request<'a> {
    /// The parsed query string.
    pub query: &'a Query<'a>,
    /// The HTTP method, such as `GET`.
    pub method: &'a str,
    /// The bytes of the `Origin` header, if there is one.
    pub origin: Option<&'a [u8]>,
    /// Whether it asks for a WebSocket.
    pub kind: RequestKind,
}

/// Whether a request asks for a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a request either asks to upgrade or it does not"
)]
pub enum RequestKind {
    /// A request to be answered.
    Plain,
    /// A request to become a WebSocket.
    Upgrade,
}

/// Where a request goes that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server that overlooked one of them would leave the client waiting"
)]
pub enum Admission<'a> {
    /// Opens a session on this transport. Behind it the official server asks the application
    /// (`allowRequest`), then looks at [`Query::revision`], then makes the id.
    Handshake(Transport),
    /// A poll or a post of this polling session. A method other than `GET` and `POST` is answered
    /// 500 without a body and changes nothing.
    Polling(&'a str),
    /// A WebSocket to which this session may upgrade; the session itself decides
    /// ([`Input::TransportOpened`](crate::Input::TransportOpened)).
    Upgrade(&'a str),
    /// An upgrade request that names the polling transport. The official server accepts the
    /// WebSocket and closes it at once; no session is touched.
    Pointless,
}

/// Checks a request in the order of the official server. WebTransport is not asked for by such a
/// request, so its name is an unknown transport here.
///
/// `enabled` holds the transports of the server, `transport_of` tells the transport that a session
/// is on now, or none if there is no such session. It is called at most once.
///
/// # Errors
///
/// In this order: [`Refusal::UnknownTransport`]; [`BadRequest::InvalidOrigin`]; with a sid
/// [`Refusal::UnknownSid`] or, for a plain request, [`BadRequest::TransportMismatch`]; without one
/// [`Refusal::BadHandshakeMethod`] or [`BadRequest::TransportHandshakeError`].
///
/// # Example
///
/// ```
/// use roomcast_engineio::{Admission, Query, Refusal, Request, RequestKind, Transport, verify};
///
/// let query = Query::parse("EIO=4&transport=polling&sid=abc");
/// let request = Request { query: &query, method: "GET", origin: None, kind: RequestKind::Plain };
/// let enabled = [Transport::Polling, Transport::WebSocket];
///
/// assert_eq!(verify(&request, &enabled, |_| None), Err(Refusal::UnknownSid));
/// let found = verify(&request, &enabled, |_| Some(Transport::Polling));
/// assert_eq!(found, Ok(Admission::Polling("abc")));
/// ```
///
/// Spec: engine.io 6.6.9, `Server.verify`; features section 11, 1 to 6.
pub fn verify<'a>(
    request: &Request<'a>,
    enabled: &[Transport],
    transport_of: impl FnOnce(&str) -> Option<Transport>,
) -> Result<Admission<'a>, Refusal> {
    let Some(transport) = request
        .query
        .transport()
        .filter(|transport| enabled.contains(transport) && *transport != Transport::WebTransport)
    else {
        return Err(Refusal::UnknownTransport);
    };
    if request.origin.is_some_and(|origin| !is_field_text(origin)) {
        return Err(BadRequest::InvalidOrigin.into());
    }
    match request.query.sid() {
        Some(sid) => existing(request.kind, transport, sid, transport_of(sid)),
        None => opening(request, transport),
    }
}

fn existing(
    kind: RequestKind,
    transport: Transport,
    sid: &str,
    current: Option<Transport>,
) -> Result<Admission<'_>, Refusal> {
    let Some(current) = current else {
        return Err(Refusal::UnknownSid);
    };
    match (kind, transport) {
        (RequestKind::Upgrade, Transport::Polling) => Ok(Admission::Pointless),
        (RequestKind::Upgrade, _) => Ok(Admission::Upgrade(sid)),
        (RequestKind::Plain, _) if current != transport => {
            Err(BadRequest::TransportMismatch.into())
        }
        (RequestKind::Plain, Transport::Polling) => Ok(Admission::Polling(sid)),
        // The official server leaves this request without any answer.
        (RequestKind::Plain, _) => Err(BadRequest::TransportHandshakeError.into()),
    }
}

fn opening<'a>(request: &Request<'a>, transport: Transport) -> Result<Admission<'a>, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::BadHandshakeMethod);
    }
    match (request.kind, transport) {
        (RequestKind::Plain, Transport::WebSocket) => {
            Err(BadRequest::TransportHandshakeError.into())
        }
        (RequestKind::Upgrade, Transport::Polling) => Ok(Admission::Pointless),
        _ => Ok(Admission::Handshake(transport)),
    }
}

/// Whether `value` holds only what a header field may: tab, visible bytes and bytes above 127.
// SPEC: RFC 9110, 5.5
fn is_field_text(value: &[u8]) -> bool {
    value
        .iter()
        .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[Transport] = &[Transport::Polling, Transport::WebSocket];

    /// The session `poll` is on polling, `sock` on a WebSocket, `wide` on WebTransport; there are no
    /// others.
    fn transport_of(sid: &str) -> Option<Transport> {
        match sid {
            "poll" => Some(Transport::Polling),
            "sock" => Some(Transport::WebSocket),
            "wide" => Some(Transport::WebTransport),
            _ => None,
        }
    }

    fn check(kind: RequestKind, method: &str, query: &str) -> Result<String, Refusal> {
        let query = Query::parse(query);
        let request = Request {
            query: &query,
            method,
            origin: None,
            kind,
        };
        verify(&request, BOTH, transport_of).map(|admission| format!("{admission:?}"))
    }

    fn plain(method: &str, query: &str) -> Result<String, Refusal> {
        check(RequestKind::Plain, method, query)
    }

    fn upgrade(query: &str) -> Result<String, Refusal> {
        check(RequestKind::Upgrade, "GET", query)
    }

    fn refused<T>(why: BadRequest) -> Result<T, Refusal> {
        Err(Refusal::BadRequest(why))
    }

    #[test]
    fn handshakes_pass_on_both_transports() {
        let polling = plain("GET", "EIO=4&transport=polling");
        assert_eq!(polling.unwrap(), "Handshake(Polling)");
        let websocket = upgrade("EIO=4&transport=websocket");
        assert_eq!(websocket.unwrap(), "Handshake(WebSocket)");
    }

    #[test]
    fn an_empty_sid_asks_for_a_new_session() {
        let admission = plain("GET", "EIO=4&transport=polling&sid=");
        assert_eq!(admission.unwrap(), "Handshake(Polling)");
    }

    #[test]
    fn an_unknown_transport_is_refused_before_anything_else() {
        for name in [
            "",
            "transport=abc",
            "transport=__proto__",
            "transport=webtransport",
        ] {
            let query = format!("EIO=4&sid=nope&{name}");
            assert_eq!(plain("PUT", &query), Err(Refusal::UnknownTransport));
            assert_eq!(upgrade(&query), Err(Refusal::UnknownTransport));
        }
    }

    #[test]
    fn webtransport_is_unknown_over_http_even_if_it_is_enabled() {
        let enabled = [Transport::Polling, Transport::WebTransport];
        for (kind, text) in [
            (RequestKind::Plain, "EIO=4&transport=webtransport"),
            (
                RequestKind::Upgrade,
                "EIO=4&transport=webtransport&sid=poll",
            ),
        ] {
            let query = Query::parse(text);
            let request = Request {
                query: &query,
                method: "GET",
                origin: None,
                kind,
            };
            let verdict = verify(&request, &enabled, transport_of);
            assert_eq!(verdict, Err(Refusal::UnknownTransport));
        }
    }

    #[test]
    fn a_disabled_transport_is_unknown() {
        let query = Query::parse("EIO=4&transport=websocket");
        let request = Request {
            query: &query,
            method: "GET",
            origin: None,
            kind: RequestKind::Upgrade,
        };
        let verdict = verify(&request, &[Transport::Polling], transport_of);
        assert_eq!(verdict, Err(Refusal::UnknownTransport));
    }

    #[test]
    fn an_origin_with_a_control_byte_is_refused_before_the_sid_is_looked_at() {
        let query = Query::parse("EIO=4&transport=polling&sid=nope");
        let check = |origin: &[u8]| {
            let request = Request {
                query: &query,
                method: "GET",
                origin: Some(origin),
                kind: RequestKind::Plain,
            };
            verify(&request, BOTH, transport_of).map(|_| ())
        };

        assert_eq!(check(b"http://a\x01"), refused(BadRequest::InvalidOrigin));
        assert_eq!(check(b"\x7f"), refused(BadRequest::InvalidOrigin));
        assert_eq!(check(b"http://a\t\xe9"), Err(Refusal::UnknownSid));
        assert_eq!(check(b""), Err(Refusal::UnknownSid));
    }

    #[test]
    fn an_unknown_sid_is_refused_on_every_way() {
        for sid in ["nope", "__proto__", "constructor", "toString"] {
            let polling = format!("EIO=4&transport=polling&sid={sid}");
            let websocket = format!("EIO=4&transport=websocket&sid={sid}");
            assert_eq!(plain("GET", &polling), Err(Refusal::UnknownSid));
            assert_eq!(plain("POST", &polling), Err(Refusal::UnknownSid));
            assert_eq!(plain("GET", &websocket), Err(Refusal::UnknownSid));
            assert_eq!(upgrade(&websocket), Err(Refusal::UnknownSid));
        }
    }

    #[test]
    fn a_plain_request_on_another_transport_than_the_sessions_is_a_mismatch() {
        let mismatch = refused(BadRequest::TransportMismatch);
        assert_eq!(plain("GET", "EIO=4&transport=polling&sid=sock"), mismatch);
        assert_eq!(plain("GET", "EIO=4&transport=polling&sid=wide"), mismatch);
        assert_eq!(plain("GET", "EIO=4&transport=websocket&sid=poll"), mismatch);
    }

    #[test]
    fn a_session_opens_by_get_only() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "get"] {
            let verdict = plain(method, "EIO=4&transport=polling");
            assert_eq!(verdict, Err(Refusal::BadHandshakeMethod));
        }
    }

    #[test]
    fn a_websocket_needs_an_upgrade_request() {
        let verdict = plain("GET", "EIO=4&transport=websocket");
        assert_eq!(verdict, refused(BadRequest::TransportHandshakeError));
        let verdict = plain("GET", "EIO=4&transport=websocket&sid=sock");
        assert_eq!(verdict, refused(BadRequest::TransportHandshakeError));
    }

    #[test]
    fn requests_of_a_session_reach_it() {
        let query = "EIO=4&transport=polling&sid=poll";
        assert_eq!(plain("GET", query).unwrap(), r#"Polling("poll")"#);
        assert_eq!(plain("POST", query).unwrap(), r#"Polling("poll")"#);
        for sid in ["poll", "sock"] {
            let admission = upgrade(&format!("EIO=4&transport=websocket&sid={sid}"));
            assert_eq!(admission.unwrap(), format!("Upgrade({sid:?})"));
        }
    }

    #[test]
    fn an_upgrade_to_polling_is_pointless() {
        assert_eq!(upgrade("EIO=4&transport=polling").unwrap(), "Pointless");
        assert_eq!(
            upgrade("EIO=4&transport=polling&sid=poll").unwrap(),
            "Pointless"
        );
    }

    #[test]
    fn the_revision_is_not_asked_of_a_request_with_a_sid() {
        let admission = plain("GET", "EIO=3&transport=polling&sid=poll");
        assert_eq!(admission.unwrap(), r#"Polling("poll")"#);
    }
}
