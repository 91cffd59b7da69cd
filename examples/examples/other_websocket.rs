//! WebSockets of another library, here tokio-tungstenite, carry the sessions; polling is served as
//! ever. It is what `wsEngine` is for in JavaScript.
//!
//! Run `cargo run -p roomcast-examples --example other_websocket` and connect any client: it begins
//! with polling and moves to the other library's WebSocket.

use std::io;
use std::pin::Pin;
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
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
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
        accepted.carry(Tungstenite::new(websocket));
    });
    answer
}

struct Tungstenite {
    websocket: WebSocketStream<TokioIo<Upgraded>>,
    reading: Reading,
}

/// What comes next of what the client sends.
enum Reading {
    Messages,
    /// Messages, once the answer to a ping has left: tungstenite keeps any number of answers, and a
    /// client that takes none of them is to be read no more.
    BehindPong,
    /// Nothing: there was an error. The rest is forgotten, or the connection would be reset, and the
    /// client would not see the close frame.
    Rest,
}

impl Tungstenite {
    fn new(websocket: WebSocketStream<TokioIo<Upgraded>>) -> Self {
        Self { websocket, reading: Reading::Messages }
    }

    /// Hangs up and waits for the client to do so, too.
    fn poll_forget(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(self.websocket.get_mut());
        ready!(stream.as_mut().poll_shutdown(cx))?;
        let mut bytes = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(stream.as_mut().poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl MessageSocket for Tungstenite {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        loop {
            match self.reading {
                Reading::Messages => {}
                Reading::BehindPong => {
                    if let Err(error) = ready!(self.poll_flush(cx)) {
                        return Poll::Ready(Some(Err(error.into())));
                    }
                    self.reading = Reading::Messages;
                }
                Reading::Rest => {
                    let end = ready!(self.poll_forget(cx));
                    return Poll::Ready(end.err().map(|error| Err(error.into())));
                }
            }
            return Poll::Ready(match ready!(self.websocket.poll_next_unpin(cx)) {
                Some(Ok(Message::Text(text))) => Some(Ok(SocketMessage::Text(text.to_string()))),
                Some(Ok(Message::Binary(bytes))) => Some(Ok(SocketMessage::Binary(bytes))),
                Some(Ok(Message::Close(frame))) => Some(Ok(SocketMessage::Close {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map_or_else(String::new, |frame| frame.reason.to_string()),
                })),
                Some(Ok(Message::Ping(_))) => {
                    self.reading = Reading::BehindPong;
                    continue;
                }
                Some(Ok(_)) => continue,
                None | Some(Err(Error::Protocol(ResetWithoutClosingHandshake))) => None,
                Some(Err(error)) => {
                    self.reading = Reading::Rest;
                    Some(Err(receive_error(error)))
                }
            });
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.websocket.poll_ready_unpin(cx).map_err(io::Error::other)
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        let message = match message {
            SocketMessage::Text(text) => Message::text(text),
            SocketMessage::Binary(bytes) => Message::Binary(bytes),
            SocketMessage::Close { code, reason } => Message::Close(
                code.map(|code| CloseFrame { code: code.into(), reason: reason.into() }),
            ),
        };
        self.websocket.start_send_unpin(message).map_err(io::Error::other)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.websocket.poll_flush_unpin(cx).map_err(io::Error::other)
    }
}

fn receive_error(error: Error) -> ReceiveError {
    match error {
        Error::Capacity(_) => ReceiveError::TooLarge,
        Error::Utf8(_) => ReceiveError::NotUtf8,
        Error::Protocol(rule) => ReceiveError::Protocol(rule.to_string()),
        error => io::Error::other(error).into(),
    }
}
