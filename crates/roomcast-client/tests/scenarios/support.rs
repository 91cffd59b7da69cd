//! Servers on ports of their own, and waits that end.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use roomcast::Server;
use roomcast_client::{Builder, Client, Manager, ManagerEvent, Socket};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Starts a server; its URL.
pub(crate) async fn serve(io: &Server) -> String {
    format!("http://{}", serve_on(io, "127.0.0.1:0").await)
}

pub(crate) async fn serve_on(io: &Server, address: &str) -> SocketAddr {
    let listening = io.listen(address).await.expect("the port is free");
    let address = listening.local_addr().expect("it is bound");
    tokio::spawn(listening.run());
    address
}

/// Options with a client of its own, which tries again soon.
pub(crate) fn builder(url: &str) -> Builder {
    Client::new()
        .builder(url)
        .reconnection_delay(Duration::from_millis(10))
        .reconnection_delay_max(Duration::from_millis(50))
}

/// The outcome of something that must not take forever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(Duration::from_secs(20), future).await;
    outcome.expect("it happens in time")
}

/// What listeners note, in order.
pub(crate) struct Notes<T>(UnboundedReceiver<T>);

impl<T> Notes<T> {
    pub(crate) async fn next(&mut self) -> T {
        soon(self.0.recv()).await.expect("somebody notes it")
    }
}

/// Has a listener note something: what it is given to, and what it notes.
pub(crate) fn notes<T: Send + 'static>() -> (impl Fn(T) + Clone + Send + Sync + 'static, Notes<T>) {
    let (sender, receiver) = unbounded_channel();
    let note = move |what| {
        // A test that is over reads no notes.
        let _ = sender.send(what);
    };
    (note, Notes(receiver))
}

/// Notes each connection of a socket.
pub(crate) fn connections(socket: &Socket) -> Notes<String> {
    let (note, noted) = notes();
    socket.on_connect(move |socket: Socket| {
        note(socket.id().expect("it is connected").to_string());
    });
    noted
}

pub(crate) fn manager_events(manager: &Manager) -> Notes<ManagerEvent> {
    let (note, noted) = notes();
    manager.on_event(move |event| note(event.clone()));
    noted
}

/// A server that answers each connection's first request with the next of these bodies, and hangs up;
/// it refuses requests for which none is left. Its URL, and the heads of the requests.
pub(crate) async fn answering(bodies: &'static [&'static str]) -> (String, Notes<String>) {
    answering_with("", bodies).await
}

/// The same with lines of its own in the head of each answer.
pub(crate) async fn answering_with(
    lines: &'static str,
    bodies: &'static [&'static str],
) -> (String, Notes<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (note, heads) = notes();
    tokio::spawn(async move {
        let mut bodies = bodies.iter();
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else {
                    break;
                };
                head.push(byte);
            }
            note(String::from_utf8(head).expect("requests are text"));
            let (status, body) = match bodies.next() {
                Some(body) => ("200 OK", *body),
                None => ("400 Bad Request", ""),
            };
            let len = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\n{lines}Connection: close\r\nContent-Length: {len}\r\n\r\n{body}"
            );
            // A client that has gone needs no answer.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, heads)
}

/// A URL at which nobody listens.
pub(crate) async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

/// Something of a handler that asks a socket whether it is connected when it is dropped.
pub(crate) struct Asks(Box<dyn Fn() + Send + Sync>);

impl Asks {
    /// It, and what the socket says.
    pub(crate) fn new(socket: &Socket) -> (Self, Notes<bool>) {
        let (note, said) = notes();
        let socket = socket.clone();
        let ask = move || note(socket.is_connected());
        (Self(Box::new(ask)), said)
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        (self.0)();
    }
}
