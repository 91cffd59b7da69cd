//! WebSockets of another library, here tokio-tungstenite, carry the sessions; polling is served as
//! ever. It is what `wsEngine` is for in JavaScript.
//!
//! Run `cargo run -p roomcast-examples --example other_websocket` and connect any client: it begins
//! with polling and moves to the other library's WebSocket.

use std::io;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomcast::engine::{MessageSocket, ReceiveError, SocketMessage};
use roomcast::{Server, Socket};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::main]
async fn main() -> io::Result<()> {
    let io = Server::new();
    io.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));

    let app = Router::new().layer(io.layer()).layer(from_fn_with_state(io, websockets));
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await
}

/// Answers the handshakes of WebSockets, and passes all else on.
async fn websockets(State(io): State<Server>, mut request: Request, next: Next) -> Response {
    let Ok(mut answer) = create_response_with_body(&request, Body::empty) else {
        return next.run(request).await;
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    let accepted = match io.accept_websocket(&request.into_parts().0).await {
        Ok(accepted) => accepted,
        Err(refusal) => return refusal.map(Body::from),
    };
    answer.headers_mut().extend(accepted.headers().clone());
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else {
            return; // the client has left
        };
        let limit = Some(accepted.max_message_bytes());
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let stream = TokioIo::new(upgraded);
        let websocket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        accepted.carry(Tungstenite(websocket));
    });
    answer
}

struct Tungstenite(WebSocketStream<TokioIo<Upgraded>>);

impl MessageSocket for Tungstenite {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        loop {
            return Poll::Ready(match ready!(self.0.poll_next_unpin(cx)) {
                Some(Ok(Message::Text(text))) => Some(Ok(SocketMessage::Text(text.to_string()))),
                Some(Ok(Message::Binary(bytes))) => Some(Ok(SocketMessage::Binary(bytes))),
                Some(Ok(Message::Close(frame))) => Some(Ok(SocketMessage::Close {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map_or_else(String::new, |frame| frame.reason.to_string()),
                })),
                Some(Ok(_)) => continue, // pings, which are answered already, and pongs
                Some(Err(Error::Capacity(_))) => Some(Err(ReceiveError::TooLarge)),
                Some(Err(Error::Utf8(_))) => Some(Err(ReceiveError::NotUtf8)),
                None | Some(Err(Error::Protocol(ResetWithoutClosingHandshake))) => None,
                Some(Err(Error::Protocol(rule))) => {
                    Some(Err(ReceiveError::Protocol(rule.to_string())))
                }
                Some(Err(error)) => Some(Err(io::Error::other(error).into())),
            });
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_ready_unpin(cx).map_err(io::Error::other)
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        let message = match message {
            SocketMessage::Text(text) => Message::text(text),
            SocketMessage::Binary(bytes) => Message::Binary(bytes),
            SocketMessage::Close { code, reason } => Message::Close(
                code.map(|code| CloseFrame { code: code.into(), reason: reason.into() }),
            ),
        };
        self.0.start_send_unpin(message).map_err(io::Error::other)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_flush_unpin(cx).map_err(io::Error::other)
    }
}
