//! WebSockets of other libraries under a Socket.IO server.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use super::{Server, Shared};
use crate::engine::Accepted;

impl Server {
    /// Decides whether a session may begin, or move from polling, on a WebSocket that another
    /// library or HTTP server is about to open.
    ///
    /// `request` is the head of the client's request: its query says what is wanted. It is asked all
    /// that a request is asked that becomes a WebSocket here (transports, session, revision, origin,
    /// request middlewares, [`allow_request`](crate::engine::Builder::allow_request)) but for its
    /// path, and for the headers of the handshake, which are the other library's. Over HTTP/2 it may
    /// be a CONNECT.
    ///
    /// Once the library has answered 101, with the [headers](Accepted::headers) that this server
    /// adds, [`Accepted::carry`] takes the WebSocket.
    ///
    /// # Errors
    ///
    /// The answer to a request that is refused, ready to be sent.
    ///
    /// # Example
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Request, Response, StatusCode};
    /// use roomcast::Server;
    /// use roomcast::engine::MessageSocket;
    ///
    /// /// Answers a request; `open` makes the other library's WebSocket of it.
    /// async fn websocket<W: MessageSocket, F: Future<Output = W> + Send + 'static>(
    ///     io: Server,
    ///     request: Request<()>,
    ///     open: impl FnOnce(&Request<()>) -> F,
    /// ) -> Response<Bytes> {
    ///     let opening = open(&request);
    ///     let accepted = match io.accept_websocket(&request.into_parts().0).await {
    ///         Ok(accepted) => accepted,
    ///         Err(refusal) => return refusal,
    ///     };
    ///     let mut answer = Response::new(Bytes::new());
    ///     *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    ///     answer.headers_mut().extend(accepted.headers().clone());
    ///     tokio::spawn(async move { accepted.carry(opening.await) });
    ///     answer
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing has begun if the future is dropped.
    ///
    /// Spec: features 1.45.
    pub async fn accept_websocket(&self, request: &Parts) -> Result<Accepted, Response<Bytes>> {
        let owner = Arc::<Shared>::clone(&self.0);
        let engine = self.0.engine.shared();
        engine.accept_websocket(request, Some(owner)).await
    }
}
