//! A small client that speaks in literal bytes, and servers for it to speak to.

mod host;
mod http;
mod polling;
mod stream;
mod websocket;

use std::future::Future;
use std::time::Duration;

pub use host::Host;
pub use http::{Request, Response};
pub use polling::{Getting, Polling, packets};
pub use stream::Stream;
pub use websocket::{Frame, WebSocket, masked};

use roomcast::{Namespace, Server, Spread, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Waits, but not for ever: a test that hangs says what for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Waits, with the clock paused, until nobody has anything left to do.
pub async fn idle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// What a server's handlers tell the test, in order.
pub fn channel<T>() -> (Teller<T>, Heard<T>) {
    let (teller, heard) = unbounded_channel();
    (Teller(teller), Heard(heard))
}

/// The handlers' end of [`channel`].
pub struct Teller<T>(UnboundedSender<T>);

impl<T> Teller<T> {
    pub fn tell(&self, what: T) {
        // A test that is over listens no more.
        let _ = self.0.send(what);
    }
}

impl<T> Clone for Teller<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The test's end of [`channel`].
pub struct Heard<T>(UnboundedReceiver<T>);

impl<T> Heard<T> {
    /// The next thing that was told.
    pub async fn next(&mut self) -> T {
        within("a handler", self.0.recv())
            .await
            .expect("its handlers live")
    }

    /// What was told and not yet looked at.
    pub fn so_far(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// Handlers that most tests use: `alive` answers `yes`, `echo` sends its arguments back as an event.
pub fn answering(namespace: &Namespace) {
    namespace.on("alive", || "yes");
    namespace.on(
        "echo",
        |socket: roomcast::Socket, Spread(args): Spread<Value>| socket.emit("echo", Spread(args)),
    );
}

/// A default server with the handlers of [`answering`].
pub fn echo_server() -> Server {
    let io = Server::new();
    answering(&io);
    io
}

/// Tells the reason of every disconnection from the main namespace.
pub fn reasons(io: &Server) -> Heard<String> {
    let (teller, heard) = channel();
    io.on_disconnect(move |reason: roomcast::DisconnectReason| teller.tell(reason.to_string()));
    heard
}

/// Long enough for a machine that does much else; only failing tests wait so long.
pub const DEADLINE: Duration = Duration::from_secs(20);
