//! The way from another library's request to a session on its WebSocket.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use http_body_util::Empty;

use super::{Carried, MessageSocket};
use crate::engine::duplex::Duplex;
use crate::engine::handle::{Carrier, Reply};
use crate::engine::request::Request;
use crate::engine::respond::head_too_long;
use crate::engine::server::{Engine, Owner, Shared};
use crate::engine::upgrade::Switch;

/// A request for a WebSocket that was accepted, and which another library answers with 101.
///
/// Made by [`Server::accept_websocket`](crate::Server::accept_websocket), where an example is, and
/// [`Engine::accept_websocket`]. Nothing happens if it is dropped: a session begins with
/// [`carry`](Self::carry).
///
/// Spec: features 1.45.
#[must_use = "a session begins with `carry`"]
pub struct Accepted {
    engine: Arc<Shared>,
    owner: Owner,
    switch: Switch,
    headers: HeaderMap,
}

impl Accepted {
    pub(super) fn new(engine: &Arc<Shared>, owner: Owner, switch: Switch) -> Self {
        let headers = switch.answer(engine).into_parts().0.headers;
        Self {
            engine: Arc::clone(engine),
            owner,
            switch,
            headers,
        }
    }

    /// Returns what the answer 101 is to carry beside the headers of the handshake: what CORS,
    /// request middlewares and the hooks for headers add.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the largest message that the session takes, in bytes: the server's
    /// [`max_http_buffer_size`](crate::engine::Builder::max_http_buffer_size). A larger one closes
    /// the client with 1009; a library that has a limit of its own should stop reading there.
    #[must_use]
    pub fn max_message_bytes(&self) -> usize {
        self.engine.config().max_message_bytes
    }

    /// Makes a session on the WebSocket, or moves the session there that the request has named, in a
    /// task of the server's. The WebSocket is open: the answer 101 has left.
    ///
    /// It is dropped when it is closed. A client that does not answer the close frame is cut after
    /// 10 s.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime; no session has begun then.
    pub fn carry(self, socket: impl MessageSocket) {
        // Invariant: it panics here or not at all, so that no session is registered without a task.
        drop(tokio::runtime::Handle::current());
        let Self {
            engine,
            owner,
            switch,
            ..
        } = self;
        let max_message_bytes = engine.config().max_message_bytes;
        let binary_form = switch.binary_form();
        let session = switch.open(&engine, |sid| {
            let mut carried = Carried::new(socket, max_message_bytes, binary_form);
            if let Some(sid) = sid {
                carried.greet(engine.greet(sid, roomcast_engineio::Transport::WebSocket));
            }
            Duplex::Carried(Box::new(carried))
        });
        drop(owner);
        if let Some(session) = session {
            engine.tasks().spawn(session);
        }
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Decides whether a session may begin, or continue, on a WebSocket that another library is
    /// about to open; as [`Server::accept_websocket`](crate::Server::accept_websocket).
    ///
    /// # Errors
    ///
    /// The answer to a request that is refused.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(request: http::Request<()>, websocket: impl roomcast::engine::MessageSocket) {
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::new(move |_: &Socket| echo);
    /// if let Ok(accepted) = engine.accept_websocket(&request.into_parts().0).await {
    ///     accepted.carry(websocket);
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing has begun if the future is dropped.
    ///
    /// Spec: features 1.45.
    pub async fn accept_websocket(&self, request: &Parts) -> Result<Accepted, Response<Bytes>> {
        self.shared().accept_websocket(request, None).await
    }
}

impl Shared {
    /// Asks all that is asked of a request that would become a WebSocket here.
    pub(crate) async fn accept_websocket(
        self: &Arc<Self>,
        parts: &Parts,
        owner: Owner,
    ) -> Result<Accepted, Response<Bytes>> {
        if self.is_too_long(parts) {
            return Err(head_too_long());
        }
        let request = match parts.method {
            // SPEC: RFC 8441, section 5: over HTTP/2 this method stands for the GET of HTTP/1.
            Method::CONNECT => {
                let mut parts = parts.clone();
                parts.method = Method::GET;
                Request::new(&parts)
            }
            _ => Request::new(parts),
        };
        let request = Arc::new(request);
        let reply = self.reply(&request, Empty::<Bytes>::new(), Carrier::Foreign);
        match Box::pin(reply).await {
            Reply::Switch(switch) => Ok(Accepted::new(self, owner, switch)),
            Reply::Answer(answer) => Err(answer),
            Reply::Usual(usual) => Err(usual.into()),
        }
    }
}
