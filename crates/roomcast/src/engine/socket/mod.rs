//! The handle of one session, held by everyone but its task.

mod sending;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use roomcast_engineio::{CloseReason, Revision, Transport};
use tokio::sync::Notify;

use super::cause::DisconnectCause;
use super::departure::{Departure, Mark};
use super::dialect::Dialect;
use super::events::Kinds;
use super::flusher::Flusher;
use super::held_back::HeldBack;
use super::mailbox::{Input, Mailbox, OutboxPolicy, SendOptions, Sent};
use super::sid::Sid;
use super::{Message, Request};

/// One Engine.IO session of the server; cheap to clone, usable from any thread.
///
/// # Example
///
/// ```
/// use roomcast::engine::{Engine, Message, Socket};
///
/// let engine = Engine::new(|socket: &Socket| {
///     println!("{} by {}", socket.request().url(), socket.transport().as_str());
///     socket.send_text("welcome");
///     |socket: &Socket, message: Message<'_>| match message {
///         Message::Text(text) if text == "bye" => socket.close(),
///         message => socket.send(message),
///     }
/// });
/// ```
///
/// Spec: Engine.IO protocol 4, "Protocol"; features 1.49.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    sid: Sid,
    request: Arc<Request>,
    mailbox: Mailbox,
    /// The transport in use, as [`Transport`] orders them; written by the session's task alone.
    transport: AtomicU8,
    /// The application has closed the session: what the peer still sends is ignored.
    is_closing: AtomicBool,
    is_upgraded: AtomicBool,
    /// The kinds of events that somebody listens to.
    watched: AtomicU8,
    dialect: Dialect,
    held_back: HeldBack,
}

/// What is known of a session before it begins.
pub(super) struct Opening {
    pub(super) sid: Sid,
    /// The handshake.
    pub(super) request: Arc<Request>,
    pub(super) transport: Transport,
    pub(super) dialect: Dialect,
}

impl Socket {
    pub(super) fn new(opening: Opening, mailbox: Mailbox) -> Self {
        let socket = Self(Arc::new(Inner {
            sid: opening.sid,
            request: opening.request,
            mailbox,
            transport: AtomicU8::new(0),
            is_closing: AtomicBool::new(false),
            dialect: opening.dialect,
            is_upgraded: AtomicBool::new(false),
            watched: AtomicU8::new(0),
            held_back: HeldBack::default(),
        }));
        socket.set_transport(opening.transport);
        socket
    }

    /// Returns the session's id. It is a secret between this client and the server: who knows it
    /// can take the session over.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::engine::Socket;
    /// # fn example(sessions: &mut std::collections::HashMap<String, Socket>, socket: &Socket) {
    /// sessions.insert(socket.sid().to_owned(), socket.clone());
    /// # }
    /// ```
    ///
    /// Spec: features 2.5.
    #[must_use]
    pub fn sid(&self) -> &str {
        self.0.sid.as_str()
    }

    /// The bytes of the session's id.
    pub(super) fn sid_bytes(&self) -> &[u8] {
        self.0.sid.as_bytes()
    }

    /// Returns the request that opened the session. Example: [`Request`].
    #[must_use]
    pub fn request(&self) -> &Arc<Request> {
        &self.0.request
    }

    /// Returns the transport in use; it changes from polling to another when the client upgrades.
    /// Example: [`Socket`].
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.0.transport.load(Ordering::Relaxed) {
            WEBSOCKET => Transport::WebSocket,
            WEBTRANSPORT => Transport::WebTransport,
            _ => Transport::Polling,
        }
    }

    /// Returns the revision of the protocol that the client speaks: `conn.protocol` in JavaScript.
    /// It is always 4 unless [`allow_eio3`](super::Builder::allow_eio3) lets older clients in.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket) {
    /// if socket.revision().number() == 3 {
    ///     println!("{} is out of date", socket.request().header("user-agent").unwrap_or("a client"));
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 1.46.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.0.dialect.revision()
    }

    /// Tells whether the client has changed its transport since it opened the session.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// println!("upgraded: {}", socket.conn().is_upgraded());
    /// # }
    /// ```
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn is_upgraded(&self) -> bool {
        self.0.is_upgraded.load(Ordering::Relaxed)
    }

    /// Sends a message. It is dropped if the session is over. Example: [`Socket`].
    pub fn send(&self, message: Message<'_>) {
        self.send_frames(&[message.into_frame()], SendOptions::default());
    }

    /// Sends a message, and gives what knows when it was handed to the transport: the callback of
    /// `conn.write(data, options, callback)` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::{Message, Socket};
    ///
    /// fn farewell(socket: &Socket) {
    ///     let departure = socket.send_noted(Message::Text("bye".into()));
    ///     let socket = socket.clone();
    ///     tokio::spawn(async move {
    ///         if departure.await.is_ok() {
    ///             println!("it left by {}", socket.transport().as_str());
    ///         }
    ///     });
    /// }
    /// ```
    ///
    /// Spec: features 1.50.
    pub fn send_noted(&self, message: Message<'_>) -> Departure {
        let (mark, departure) = Mark::of_message();
        let frames = [message.into_frame()];
        let options = SendOptions::default();
        let sent = self.0.mailbox.send_marked(&frames, options, mark);
        self.created(&frames, sent);
        match self.flushed_as(sent) {
            Sent::Queued | Sent::MustFlush => departure,
            Sent::Dropped | Sent::Full | Sent::Closed => Departure::never(),
        }
    }

    /// Gives what knows when everything that was sent so far was handed to the transport; where
    /// nothing waits, that is at once.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Socket;
    ///
    /// async fn send_lines(socket: Socket, lines: Vec<String>) {
    ///     for line in lines {
    ///         socket.emit("line", line);
    ///         if socket.conn().flushed().await.is_err() {
    ///             break; // the client is gone
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// Spec: features 1.50.
    pub fn flushed(&self) -> Departure {
        let (mark, departure) = Mark::of_everything();
        let sent = self.0.mailbox.mark(mark);
        match self.flushed_as(sent) {
            Sent::Queued | Sent::MustFlush => departure,
            Sent::Dropped | Sent::Full | Sent::Closed => Departure::never(),
        }
    }

    /// Sends text. It is dropped if the session is over. Example: [`Message`].
    pub fn send_text(&self, text: &str) {
        self.send(Message::Text(text.into()));
    }

    /// Sends bytes. They are dropped if the session is over. Example: [`Message`].
    pub fn send_binary(&self, bytes: &[u8]) {
        self.send(Message::Binary(bytes.into()));
    }

    /// Closes the session once everything that was sent has left. The reason is
    /// [`CloseReason::ForcedClose`]. What the client still sends is ignored. Example: [`Socket`].
    ///
    /// Spec: features 1.47.
    pub fn close(&self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
        self.0.mailbox.tell(Input::Close);
    }

    /// Returns what has ended the session; `None` while it is open. Example:
    /// [`DisconnectCause`].
    ///
    /// Spec: features N9.
    #[must_use]
    pub fn disconnect_cause(&self) -> Option<DisconnectCause> {
        self.0.mailbox.cause()
    }

    /// Counts the bytes that wait to be sent, their WebSocket headers included.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket, frame: &[u8]) {
    /// if socket.pending_bytes() < 64 * 1024 {
    ///     socket.send_binary(frame); // the client keeps up
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.0.mailbox.pending_bytes()
    }

    /// Counts the messages that wait to be sent and were not yet handed to the transport.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket) {
    /// println!("{} messages wait, {} bytes", socket.pending_packets(), socket.pending_bytes());
    /// # }
    /// ```
    ///
    /// Spec: features N8.
    #[must_use]
    pub fn pending_packets(&self) -> usize {
        self.0.mailbox.pending_packets()
    }

    /// Sets how many bytes may wait for this client, and what happens beyond, instead of what
    /// [`Builder::max_outbox`](super::Builder::max_outbox) says. All Socket.IO sockets of the client
    /// share its outbox.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{OutboxPolicy, Server, Socket};
    ///
    /// let io = Server::new();
    /// io.of("/ticker").on_connect(|socket: Socket| {
    ///     socket.conn().set_max_outbox(64 * 1024, OutboxPolicy::DropOldest);
    /// });
    /// ```
    ///
    /// Spec: features N8.
    pub fn set_max_outbox(&self, bytes: usize, policy: OutboxPolicy) {
        self.0.mailbox.set_limits(|limits| {
            limits.max_bytes = bytes;
            limits.policy = policy;
        });
    }

    /// Sets how many messages may wait for this client that were not yet handed to its transport,
    /// instead of what
    /// [`Builder::max_outbox_packets`](super::Builder::max_outbox_packets) says.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| socket.conn().set_max_outbox_packets(1000));
    /// ```
    ///
    /// Spec: features N8.
    pub fn set_max_outbox_packets(&self, count: u32) {
        self.0
            .mailbox
            .set_limits(|limits| limits.max_packets = count);
    }

    /// Tells whether the transport would take a message at once.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket, frame: &[u8]) {
    /// if socket.is_writable() {
    ///     socket.send_binary(frame);
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.mailbox.is_writable()
    }

    /// Whether somebody listens to events of these kinds.
    #[inline]
    pub(crate) fn watches(&self, kinds: Kinds) -> bool {
        kinds.is_among(self.0.watched.load(Ordering::Relaxed))
    }

    pub(crate) fn watch(&self, kind: Kinds) {
        self.0.watched.fetch_or(kind.bits(), Ordering::Relaxed);
    }

    /// Closes the session as [`close`](Self::close) does, for this cause.
    pub(crate) fn close_for(&self, cause: impl FnOnce() -> DisconnectCause) {
        self.0.mailbox.blame(cause);
        self.close();
    }

    /// Whether who may wait for room has to.
    pub(crate) fn must_wait(&self) -> bool {
        self.0.mailbox.must_wait(self.0.held_back.coming())
    }

    /// What is notified when the outbox has room, and when the session is over.
    pub(crate) fn room(&self) -> Arc<Notify> {
        self.0.mailbox.room()
    }

    /// Makes those who wait for room look again.
    pub(crate) fn recall(&self) {
        self.0.mailbox.recall();
    }

    pub(crate) fn flusher(&self) -> &Arc<Flusher> {
        self.0.mailbox.flusher()
    }

    /// Ends the session at once; what is queued is discarded.
    pub(crate) fn discard(&self, reason: CloseReason) {
        self.0.mailbox.discard(reason);
    }

    /// Makes the session's task call its application.
    pub(crate) fn notify(&self) {
        self.0.mailbox.notify();
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.is_closing.load(Ordering::Relaxed)
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    pub(crate) fn upgrade_to(&self, transport: Transport) {
        self.set_transport(transport);
        self.0.is_upgraded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        let transport = match transport {
            Transport::WebSocket => WEBSOCKET,
            Transport::WebTransport => WEBTRANSPORT,
            _ => POLLING,
        };
        self.0.transport.store(transport, Ordering::Relaxed);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

const POLLING: u8 = 0;
const WEBSOCKET: u8 = 1;
const WEBTRANSPORT: u8 = 2;
