//! The Engine.IO server: its sessions, and what they share.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use roomcast_engineio::{CloseReason, Config as Times, Transport};
use roomcast_websocket::{CloseCode, deflate};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;

use super::application::Application;
use super::builder::{Bare, Builder};
use super::cause::Farewell;
use super::config::Config;
use super::connection::{Connection, Plain};
use super::deadlines::Deadlines;
use super::duplex::Duplex;
use super::flusher::Flusher;
use super::relay::{Exchange, Exchanging};
use super::runtimes::Runtimes;
use super::sessions::Sessions;
use super::socket::Socket;
use super::totals::{OutboxCounts, Totals};
use crate::metrics;

/// An Engine.IO server on its own: sessions with text and binary messages, nothing above them.
///
/// Cheap to clone. The Socket.IO [`Server`](crate::Server) stands on it and has the same options.
/// Serve it by [`serve`](Self::serve), or mount [`layer`](Self::layer) in another HTTP server.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::engine::{Engine, Message, Socket};
///
/// # async fn run() -> std::io::Result<()> {
/// let engine = Engine::builder()
///     .path("/engine.io")
///     .ping_interval(Duration::from_secs(10))
///     .build(|_: &Socket| {
///         let mut received = 0; // data of one session
///         move |socket: &Socket, message: Message<'_>| {
///             received += 1;
///             socket.send(message);
///         }
///     });
/// engine.serve("127.0.0.1:3000").await
/// # }
/// ```
///
/// Spec: Engine.IO protocol 4.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

impl Engine {
    /// Makes a server with the default options; `accept` is called for each new session.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::new(move |_: &Socket| echo);
    /// ```
    pub fn new<C: Connection>(accept: impl Fn(&Socket) -> C + Send + Sync + 'static) -> Self {
        Self::builder().build(accept)
    }

    /// Starts with the options; [`Builder::build`] makes the server.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::builder().path("/echo").build(move |_: &Socket| echo);
    /// ```
    pub fn builder() -> Builder<Bare> {
        Builder::default()
    }

    pub(crate) fn with_application(
        config: Config,
        accept: impl Fn(Socket) -> Box<dyn Application> + Send + Sync + 'static,
    ) -> Self {
        let mut config = config;
        let exchange = config.cluster_engine.take().map(Exchanging::new);
        let deadlines = Deadlines::new(Arc::clone(&config.times));
        let shared = Arc::new(Shared {
            config,
            deadlines,
            exchange,
            sessions: Sessions::default(),
            accept: Box::new(accept),
            pool: deflate::Pool::default(),
            totals: Arc::default(),
            flushers: Runtimes::default(),
            open_templates: Default::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            is_closing: AtomicBool::new(false),
        });
        if let Some(exchange) = shared.exchange() {
            exchange.serve(Arc::downgrade(&shared));
        }
        Self(shared)
    }

    pub(crate) fn with_connections<C: Connection>(
        config: Config,
        accept: impl Fn(&Socket) -> C + Send + Sync + 'static,
    ) -> Self {
        Self::with_application(config, move |socket| {
            let connection = accept(&socket);
            Box::new(Plain { socket, connection })
        })
    }

    /// Counts the open sessions.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// println!("{} connections", io.engine().clients_count());
    /// ```
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn clients_count(&self) -> usize {
        self.0.sessions.len()
    }

    /// Counts what full outboxes did with events since the server was made. Example:
    /// [`OutboxCounts`].
    ///
    /// Spec: features N8.
    #[must_use]
    pub fn outbox_counts(&self) -> OutboxCounts {
        self.0.totals.outbox()
    }

    /// Counts the sessions that are over, by the name of their cause
    /// ([`DisconnectCause::as_str`](crate::engine::DisconnectCause::as_str)); names whose count is 0 are among them.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// for (cause, count) in io.engine().disconnect_counts() {
    ///     println!("disconnects{{cause=\"{cause}\"}} {count}");
    /// }
    /// ```
    ///
    /// Spec: features N9.
    #[must_use]
    pub fn disconnect_counts(&self) -> Vec<(&'static str, u64)> {
        self.0.totals.disconnects().collect()
    }

    /// Closes every session at once, with the reason [`CloseReason::ServerShuttingDown`], refuses
    /// new ones, and waits until all that belongs to them has ended.
    ///
    /// What is queued and has not left is discarded.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use roomcast::engine::{Engine, Message, Socket};
    ///
    /// let echo = |socket: &Socket, message: Message<'_>| socket.send(message);
    /// let engine = Engine::new(move |_: &Socket| echo);
    /// engine.close().await;
    /// assert_eq!(engine.clients_count(), 0);
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only ends the wait.
    ///
    /// Spec: features, section 11, 17.
    pub async fn close(&self) {
        self.close_sessions().await;
        self.leave().await;
    }

    /// Closes every session and refuses new ones.
    pub(crate) async fn close_sessions(&self) {
        // Invariant: whoever is woken by the token sees the flag.
        self.0.is_closing.store(true, Ordering::SeqCst);
        self.0.closing.cancel();
        for socket in self.0.sessions.all() {
            socket.discard(CloseReason::ServerShuttingDown);
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Shares no sessions any more; takes 5 s at most.
    pub(crate) async fn leave(&self) {
        if let Some(exchange) = self.0.exchange() {
            exchange.close().await;
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("path", &self.0.config.path)
            .field("clients_count", &self.clients_count())
            .finish()
    }
}

/// What the sessions of one server share.
pub(crate) struct Shared {
    config: Config,
    sessions: Sessions,
    accept: Box<dyn Fn(Socket) -> Box<dyn Application> + Send + Sync>,
    pool: deflate::Pool,
    totals: Arc<Totals>,
    flushers: Runtimes<Flusher>,
    deadlines: Deadlines,
    /// The open packets of polling, and of the transports that are not upgraded, without an id.
    open_templates: [OnceLock<String>; 2],
    /// All tasks of sessions, upgrades and closing connections.
    tasks: TaskTracker,
    closing: CancellationToken,
    /// As the token says, without its lock.
    is_closing: AtomicBool,
    exchange: Option<Exchanging>,
}

impl Shared {
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn times(&self) -> &Arc<Times> {
        &self.config.times
    }

    pub(crate) fn pool(&self) -> &deflate::Pool {
        &self.pool
    }

    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Lets nothing more wait for sessions whose runtime has ended, and with it this `flusher`. They
    /// end one after the other, and each may tell all others of it.
    pub(super) fn runtime_ended(&self, flusher: &Arc<Flusher>) {
        if !flusher.end() {
            return;
        }
        for socket in self.sessions.all() {
            if Arc::ptr_eq(socket.flusher(), flusher) {
                socket.mailbox().discard_what_comes();
            }
        }
    }

    /// The flusher of the current runtime.
    pub(super) fn flusher(&self) -> Arc<Flusher> {
        self.flushers.current(
            |runtime| Flusher::new(runtime, Arc::clone(&self.totals)),
            |runtime, flusher| flusher.start(runtime),
        )
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    pub(super) fn open_template(&self, transport: Transport) -> &OnceLock<String> {
        &self.open_templates[usize::from(transport != Transport::Polling)]
    }

    /// The runtimes that may take over a task of the server: the current one, and those of sessions.
    pub(crate) fn runtimes(&self) -> Vec<Handle> {
        let current = Handle::try_current().ok().into_iter();
        current.chain(self.deadlines.runtimes()).collect()
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Ends when the server is being closed.
    pub(crate) fn closing(&self) -> WaitForCancellationFutureOwned {
        self.closing.clone().cancelled_owned()
    }

    pub(crate) fn find(&self, sid: &str) -> Option<Socket> {
        self.find_by_bytes(sid.as_bytes())
    }

    pub(super) fn find_by_bytes(&self, sid: &[u8]) -> Option<Socket> {
        self.sessions.find(sid)
    }

    /// Makes a session known and gives what the application makes of it: nothing if its id is in use
    /// or the application did not take it.
    pub(crate) fn accept(&self, socket: &Socket) -> Option<Box<dyn Application>> {
        if !self.register(socket) {
            return None;
        }
        let application = self.begin(socket)?;
        metrics::session_opened(socket.transport());
        Some(application)
    }

    /// Makes a session known; tells whether its id was free.
    pub(crate) fn register(&self, socket: &Socket) -> bool {
        if !self.sessions.insert(socket) {
            return false;
        }
        // Invariant: a session that came too late to be seen by `close` sees here that it is late.
        if self.is_closing() {
            socket.discard(CloseReason::ServerShuttingDown);
        }
        true
    }

    /// What the application makes of a session that is known; one that it does not take is forgotten.
    pub(crate) fn begin(&self, socket: &Socket) -> Option<Box<dyn Application>> {
        let accept = AssertUnwindSafe(|| (self.accept)(socket.clone()));
        let application = std::panic::catch_unwind(accept);
        if application.is_err() {
            tracing::error!("a session was not accepted for a panic");
            self.forget(socket);
        }
        application.ok()
    }

    /// Where sessions are shared with other servers, how.
    pub(crate) fn exchange(&self) -> Option<&Arc<Exchange>> {
        self.exchange.as_deref()
    }

    pub(crate) fn forget(&self, socket: &Socket) {
        self.sessions.remove(socket);
    }

    /// Says goodbye to a connection in a task of its own, since nothing else waits for it.
    #[expect(clippy::boxed_local, reason = "it lies in a box wherever it is")]
    pub(crate) fn close_duplex(
        &self,
        duplex: Box<Duplex>,
        code: Option<CloseCode>,
        farewell: Option<Box<Farewell>>,
    ) {
        self.tasks.spawn(duplex.close(code, farewell));
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What new sessions need and the engine itself does not hold: a request keeps it until its session
/// is open.
pub(crate) type Owner = Option<Arc<dyn std::any::Any + Send + Sync>>;

#[cfg(test)]
mod tests {
    use http::Request;
    use tokio::sync::Notify;
    use tower_service::Service as _;

    use super::*;
    use crate::engine::Message;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_is_opened_while_the_server_closes_ends_too() {
        let gate = Arc::new(Notify::new());
        let at_gate = Arc::clone(&gate);
        let engine = Engine::builder()
            .generate_id(move |_| {
                let gate = Arc::clone(&at_gate);
                async move {
                    gate.notified().await;
                    Ok("late".to_owned())
                }
            })
            .build(|_: &Socket| |_: &Socket, _: Message<'_>| {});
        let mut app: axum::Router = axum::Router::new().layer(engine.layer());
        let handshake = Request::get("/engine.io/?EIO=4&transport=polling");
        let handshake = app.call(handshake.body(axum::body::Body::empty()).unwrap());
        let handshake = tokio::spawn(handshake);
        tokio::task::yield_now().await;

        engine.close().await;
        gate.notify_one();

        handshake.await.unwrap().unwrap();
        let end = engine.shared().tasks().wait();
        let limit = std::time::Duration::from_secs(1);
        assert_eq!(tokio::time::timeout(limit, end).await, Ok(()));
    }
}
