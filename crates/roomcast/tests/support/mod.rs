//! A small client that speaks in literal bytes, and servers for it to speak to.

mod buses;
mod cluster;
mod foreign;
mod host;
mod http;
mod polling;
mod session;
mod shared;
mod stream;
mod websocket;
#[cfg(feature = "webtransport")]
pub(crate) mod webtransport;

use std::future::Future;
use std::time::Duration;

pub(crate) use buses::{Counted, Dynamic};
pub(crate) use cluster::{Three, together};
pub(crate) use foreign::{Channels, accept, foreign, foreign_tcp, head};
pub(crate) use host::Host;
pub(crate) use http::{Request, Response};
pub(crate) use polling::{Getting, Polling, packets, sid_of};
pub(crate) use session::Session;
pub(crate) use shared::Shared;
pub(crate) use stream::Stream;
pub(crate) use websocket::{Frame, WebSocket, masked};

use roomcast::{Namespace, Server, Spread, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Waits, but not for ever: a test that hangs says what for.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// A runtime of its own with one thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(1).enable_all();
    builder.build().expect("a runtime can be made")
}

/// How many tasks the runtime of the test has.
pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// As many tasks as there were before: nothing is left of what came since.
pub(crate) async fn expect_tasks(before: usize) {
    let settled = async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    };
    within("the tasks to end", settled).await;
}

/// Waits, with the clock paused, until nobody has anything left to do.
pub(crate) async fn idle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// What a server's handlers tell the test, in order.
pub(crate) fn channel<T>() -> (Teller<T>, Heard<T>) {
    let (teller, heard) = unbounded_channel();
    (Teller(teller), Heard(heard))
}

/// The handlers' end of [`channel`].
pub(crate) struct Teller<T>(UnboundedSender<T>);

impl<T> Teller<T> {
    pub(crate) fn tell(&self, what: T) {
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
pub(crate) struct Heard<T>(UnboundedReceiver<T>);

impl<T> Heard<T> {
    /// The next thing that was told.
    pub(crate) async fn next(&mut self) -> T {
        within("a handler", self.0.recv())
            .await
            .expect("its handlers live")
    }

    /// Whether nobody is left who could tell anything.
    pub(crate) async fn is_over(&mut self) -> bool {
        within("the end of all handlers", self.0.recv())
            .await
            .is_none()
    }

    /// What was told and not yet looked at.
    pub(crate) fn so_far(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// Handlers that most tests use: `alive` answers `yes`, `echo` sends its arguments back as an event.
pub(crate) fn answering(namespace: &Namespace) {
    namespace.on("alive", || "yes");
    namespace.on(
        "echo",
        |socket: roomcast::Socket, Spread(args): Spread<Value>| socket.emit("echo", Spread(args)),
    );
}

/// A default server with the handlers of [`answering`].
pub(crate) fn echo_server() -> Server {
    let io = Server::new();
    answering(&io);
    io
}

/// Tells the reason of every disconnection from the main namespace.
pub(crate) fn reasons(io: &Server) -> Heard<String> {
    let (teller, heard) = channel();
    io.on_disconnect(move |reason: roomcast::DisconnectReason| teller.tell(reason.to_string()));
    heard
}

/// Long enough for a machine that does much else; only failing tests wait so long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// The socket of this id in the main namespace.
pub(crate) fn socket(io: &Server, id: &str) -> roomcast::Socket {
    let sockets = io.sockets();
    sockets
        .into_iter()
        .find(|socket| socket.id().as_str() == id)
        .expect("the socket is connected")
}

/// A gate that is closed at first: who passes takes a permit.
pub(crate) fn gate() -> std::sync::Arc<tokio::sync::Semaphore> {
    std::sync::Arc::new(tokio::sync::Semaphore::new(0))
}

/// Waits at a [`gate`].
pub(crate) async fn pass(gate: &tokio::sync::Semaphore) {
    gate.acquire()
        .await
        .expect("nobody closes the gate")
        .forget();
}

/// Tells the errors of the main namespace.
pub(crate) fn errors(io: &Server) -> Heard<roomcast::SocketError> {
    let (teller, heard) = channel();
    io.on_error(move |error: roomcast::SocketError| teller.tell(error));
    heard
}
