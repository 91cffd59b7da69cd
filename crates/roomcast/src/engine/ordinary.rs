//! Ordinary requests of the polling transport: polls of known sessions, and POSTs to them that were
//! read in one piece, where nobody looks at the requests themselves.
//!
//! Cost: what answers any request keeps its head, and is a third of what a poll costs.

use http::StatusCode;
use roomcast_engineio::Transport;
use tokio::sync::oneshot;

use super::dialect::Content;
use super::handle;
use super::mailbox::{Input, PostAnswer};
use super::polling::{Polled, compressed};
use super::respond::{self, Answer, Usual};
use super::server::Shared;
use super::socket::Socket;
use crate::http::head;
use crate::id::RandomId;

/// A request with nothing unusual in its head: to the server's own path, and for no WebSocket.
pub(crate) struct Plain<'h> {
    pub(crate) asks: Asks<'h>,
    /// What stands behind the `?`. Nothing of it is encoded.
    pub(crate) query: &'h [u8],
    pub(crate) user_agent: Option<&'h [u8]>,
}

pub(crate) enum Asks<'h> {
    /// GET, with what `Accept-Encoding` says.
    Poll(Option<&'h [u8]>),
    /// POST, with its type and the whole of its body.
    Post(Option<&'h [u8]>, &'h [u8]),
}

impl Plain<'_> {
    /// Bytes behind the head that belong to the request.
    pub(crate) fn body_len(&self) -> usize {
        match self.asks {
            Asks::Poll(_) => 0,
            Asks::Post(_, body) => body.len(),
        }
    }
}

/// An ordinary request.
pub(crate) struct Ordinary {
    socket: Socket,
    task: Task,
}

/// What an ordinary request comes to, mostly.
pub(crate) type OrdinaryReply = Result<Usual, Box<Answer>>;

enum Task {
    /// With what `Accept-Encoding` says, if that is text.
    Poll(Option<Box<str>>),
    Post(Vec<u8>),
}

impl Shared {
    /// The request as an ordinary one, if it is one.
    pub(crate) fn ordinary(&self, plain: &Plain<'_>) -> Option<Ordinary> {
        if self.config().looks_at_requests() || plain.user_agent.is_some_and(is_internet_explorer) {
            return None;
        }
        if let Asks::Post(content_type, body) = plain.asks
            && (content_type == Some(BYTES) || body.len() > self.config().max_message_bytes)
        {
            return None;
        }
        // Invariant: a session is on this transport only if the server has it.
        let socket = self.find_by_bytes(polled_sid(plain.query)?)?;
        if socket.transport() != Transport::Polling {
            return None;
        }
        let task = match plain.asks {
            Asks::Poll(accepted) => Task::Poll(accepted.and_then(head::text).map(Box::from)),
            Asks::Post(_, body) => Task::Post(body.to_vec()),
        };
        Some(Ordinary { socket, task })
    }

    /// Answers an ordinary request.
    pub(crate) async fn reply_ordinary(&self, ordinary: Ordinary) -> OrdinaryReply {
        let Ordinary { socket, task } = ordinary;
        match task {
            Task::Poll(accepted) => self.reply_packets(&socket, accepted.as_deref()).await,
            Task::Post(body) => match post(&socket, body).await {
                PostAnswer::Accepted => Ok(Usual::taken()),
                PostAnswer::Refused => refused(),
            },
        }
    }

    async fn reply_packets(&self, socket: &Socket, accepted: Option<&str>) -> OrdinaryReply {
        let (usual, may_compress) = match self.poll(socket).await {
            Ok(Polled::Packets(usual, may_compress)) => (usual, may_compress),
            Ok(_) => return refused(),
            Err(refusal) => {
                handle::note(&refusal);
                return Err(Box::new(respond::refuse(&refusal)));
            }
        };
        let encoding = match may_compress {
            true => self.encoding_for(accepted, usual.body.len()),
            false => None,
        };
        match encoding {
            Some(encoding) => Err(Box::new(compressed(usual, encoding))),
            None => Ok(usual),
        }
    }
}

fn refused() -> OrdinaryReply {
    Err(Box::new(respond::status(StatusCode::BAD_REQUEST)))
}

fn is_internet_explorer(agent: &[u8]) -> bool {
    head::text(agent).is_some_and(respond::names_internet_explorer)
}

/// Hands the packets of a POST to their session.
async fn post(socket: &Socket, body: Vec<u8>) -> PostAnswer {
    let (sender, done) = oneshot::channel();
    let is_only = socket.mailbox().tell_post(Input::Post {
        body,
        content: Content::Text,
        done: sender,
    });
    if !is_only {
        socket.mailbox().tell(Input::PostOverlapped);
        return PostAnswer::Refused;
    }
    // Without an answer the session has ended.
    done.await.unwrap_or(PostAnswer::Refused)
}

/// The session that a query names on the polling transport. Of a repeated parameter the last value
/// counts.
fn polled_sid(query: &[u8]) -> Option<&[u8]> {
    // Cost: what official clients begin with need not be taken apart.
    let (mut transport, mut rest) = match query.strip_prefix(USUAL_START.as_bytes()) {
        Some(rest) => (&b"polling"[..], rest),
        None => (&b""[..], query),
    };
    let mut sid = &b""[..];
    while !rest.is_empty() {
        // Cost: an id as this server makes them, at the end, need not be searched for its end.
        if let Some(last) = rest.strip_prefix(b"sid=")
            && RandomId::of_bytes(last).is_some()
        {
            sid = last;
            break;
        }
        let end = rest.iter().position(|&byte| byte == b'&');
        let (parameter, behind) = rest.split_at(end.unwrap_or(rest.len()));
        if let Some(value) = parameter.strip_prefix(b"sid=") {
            sid = value;
        } else if let Some(value) = parameter.strip_prefix(b"transport=") {
            transport = value;
        } else if matches!(parameter, b"sid" | b"transport") {
            // Without a value it is not ordinary.
            return None;
        }
        rest = behind.strip_prefix(b"&").unwrap_or_default();
    }
    (transport == b"polling" && !sid.is_empty()).then_some(sid)
}

/// The content type of a POST of bytes, which is for nobody here.
pub(crate) const BYTES: &[u8] = b"application/octet-stream";

/// How the queries of official clients begin.
pub(crate) const USUAL_START: &str = "EIO=4&transport=polling&";

#[cfg(test)]
mod tests {
    use roomcast_engineio::Query;

    use super::*;

    #[test]
    fn the_session_is_the_one_that_any_query_names() {
        for query in [
            "EIO=4&transport=polling&sid=a",
            "EIO=4&transport=polling&t=x&sid=a&EIO=3",
            "sid=a&transport=polling&t=x&sid=b",
            "transport=websocket&transport=polling&sid=a&&",
            "transport=polling&sid==a=&ssid=b&sids=c&Sid=d",
        ] {
            let parsed = Query::parse(query);

            assert_eq!(parsed.transport(), Some(Transport::Polling));
            let sid = parsed.sid().map(str::as_bytes);
            assert_eq!(polled_sid(query.as_bytes()), sid, "{query}");
        }
    }

    #[test]
    fn queries_without_a_session_or_on_another_transport_are_not_ordinary() {
        for query in [
            "",
            "EIO=4&transport=polling",
            "EIO=4&transport=polling&",
            "EIO=4&transport=polling&sid=a&transport=websocket",
            "EIO=4&transport=polling&sid=a&transport=",
            "transport=polling&sid=",
            "transport=polling&sid",
            "transport=polling&sid=a&sid",
            "transport=polling&sid=a&sid=",
            "transport=polling&sid=a&transport",
            "transport=websocket&sid=a",
            "transport=polling&transport=websocket&sid=a",
            "transport=Polling&sid=a",
            "sid=a",
        ] {
            assert_eq!(polled_sid(query.as_bytes()), None, "{query}");
        }
    }
}
