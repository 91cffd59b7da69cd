//! WebSockets that are not the server's own: those of tokio-tungstenite, and channels.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use http::request::Parts;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomcast::Server;
use roomcast::engine::{Accepted, MessageSocket, ReceiveError, SocketMessage};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Host, Stream};

/// Serves `io` in memory; its WebSockets are those of tokio-tungstenite with these settings.
pub(crate) fn foreign(io: &Server, config: WebSocketConfig) -> Host {
    Host::carried_router(router(io, config), "/socket.io/", |far| far)
}

/// As [`foreign`], on a port of the loopback interface.
pub(crate) async fn foreign_tcp(io: &Server, config: WebSocketConfig) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let service = router(io, config);
    tokio::spawn(async move { axum::serve(listener, service).await });
    Host::connecting("/socket.io/", move || async move {
        let stream = tokio::net::TcpStream::connect(address).await;
        Stream::new(stream.expect("the server listens"))
    })
}

fn router(io: &Server, config: WebSocketConfig) -> Router {
    let websockets = from_fn_with_state((io.clone(), config), websockets);
    Router::new().layer(io.layer()).layer(websockets)
}

/// Answers the handshakes of WebSockets, and passes all else on.
async fn websockets(
    State((io, config)): State<(Server, WebSocketConfig)>,
    mut request: Request,
    next: Next,
) -> Response {
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
        // A client that has left is no fault of the server.
        if let Ok(upgraded) = on_upgrade.await {
            let stream = TokioIo::new(upgraded);
            let opening = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config));
            accepted.carry(Tungstenite::new(opening.await));
        }
    });
    answer
}

/// A WebSocket of tokio-tungstenite.
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
        Self {
            websocket,
            reading: Reading::Messages,
        }
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
        self.websocket
            .poll_ready_unpin(cx)
            .map_err(io::Error::other)
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        let message = match message {
            SocketMessage::Text(text) => Message::text(text),
            SocketMessage::Binary(bytes) => Message::Binary(bytes),
            SocketMessage::Close { code, reason } => Message::Close(code.map(|code| CloseFrame {
                code: code.into(),
                reason: reason.into(),
            })),
        };
        self.websocket
            .start_send_unpin(message)
            .map_err(io::Error::other)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.websocket
            .poll_flush_unpin(cx)
            .map_err(io::Error::other)
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

/// A WebSocket of two channels; the other ends are the client's.
pub(crate) struct Channels {
    incoming: UnboundedReceiver<SocketMessage>,
    outgoing: UnboundedSender<SocketMessage>,
    counts: Arc<Counts>,
}

/// How much a [`Channels`] was asked for.
#[derive(Default)]
pub(crate) struct Counts {
    asked: AtomicUsize,
    given: AtomicUsize,
}

impl Counts {
    /// How often it was asked for a message.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many messages it has given.
    pub(crate) fn given(&self) -> usize {
        self.given.load(Ordering::Relaxed)
    }
}

impl Channels {
    /// The WebSocket, what the client sends and what it receives.
    pub(crate) fn new() -> (
        Self,
        UnboundedSender<SocketMessage>,
        UnboundedReceiver<SocketMessage>,
    ) {
        let (client, incoming) = unbounded_channel();
        let (outgoing, received) = unbounded_channel();
        let socket = Self {
            incoming,
            outgoing,
            counts: Arc::default(),
        };
        (socket, client, received)
    }

    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }
}

impl MessageSocket for Channels {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        self.counts.asked.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(match ready!(self.incoming.poll_recv(cx)) {
            Some(SocketMessage::Text(text)) if text == "panic" => panic!("as the test wants it"),
            message => message.map(|message| {
                self.counts.given.fetch_add(1, Ordering::Relaxed);
                Ok(message)
            }),
        })
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        let sent = self.outgoing.send(message);
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Has `io` accept a request by this method and query.
pub(crate) async fn accept(io: &Server, method: http::Method, query: &str) -> Accepted {
    let accepted = io.accept_websocket(&head(method, query)).await;
    accepted.expect("the server accepts it")
}

/// The head of a request on the server's path, without the headers of a handshake.
pub(crate) fn head(method: http::Method, query: &str) -> Parts {
    let target = format!("http://localhost/socket.io/?{query}");
    let request = http::Request::builder().method(method).uri(target);
    let request = request.body(()).expect("the target is one");
    request.into_parts().0
}
