//! One client in one namespace.

mod acks;
mod answer;
mod data;
mod emission;
mod flow;
mod handshake;
mod listeners;
mod phase;
mod reason;
mod rooms;
mod sending;

use std::fmt;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Weak};

use serde::Serialize;

pub(crate) use acks::{PendingAcks, Waiting};
pub use answer::Answer;
pub(crate) use data::SavedData;
pub use data::SocketData;
pub use emission::Emission;
pub(crate) use emission::log;
pub(crate) use flow::{has_room, in_time, released, room_for, room_in, scoped, send_when_room};
pub use handshake::Handshake;
pub(crate) use phase::Phase;
pub use reason::DisconnectReason;

use crate::client::{Command, Connection};
use crate::engine::{self, DisconnectCause, Revision, SendOptions};
use crate::error::EmitError;
use crate::handler::{Listeners, Table};
use crate::id::SocketId;
use crate::namespace::Namespace;
use crate::recovery::{Position, Reclaimed, Ticket};
use crate::server::Server;

/// One client in one namespace; cheap to clone, usable from any thread and task.
///
/// A client that joins several namespaces has one socket in each, over one connection.
///
/// # Example
///
/// ```
/// use roomcast::{Server, Socket};
///
/// let io = Server::new();
/// io.on_connect(|socket: Socket| {
///     let browser = socket.handshake().header("user-agent").unwrap_or("unknown");
///     println!("{} joined {} with {browser}", socket.id(), socket.namespace().name());
///     socket.emit("welcome", format!("{} are here", socket.server().sockets_count()));
///     socket.broadcast().emit("joined", socket.id());
/// });
/// ```
///
/// Spec: features, section 3.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    id: SocketId,
    namespace: Namespace,
    connection: Arc<Connection>,
    /// That of `connection`. Cost: a broadcast goes from here to the outbox without a detour.
    engine: engine::Socket,
    handshake: Handshake,
    phase: AtomicU8,
    listeners: Listeners,
    acks: PendingAcks,
    data: SocketData,
    /// The session, if the client can have it back.
    ticket: Option<Box<Ticket>>,
}

impl Socket {
    pub(crate) fn new(
        namespace: Namespace,
        connection: Arc<Connection>,
        handshake: Handshake,
        reclaimed: Option<&Reclaimed>,
    ) -> Self {
        let engine = connection.engine();
        let (id, ticket) = match (reclaimed, engine.revision()) {
            (Some(reclaimed), _) => (reclaimed.id(), Some(reclaimed.ticket())),
            // These clients cannot come back as who they were.
            (None, Revision::Three) => (SocketId::of_session(namespace.name(), engine.sid()), None),
            (None, _) => {
                let ticket = namespace.keeper().map(|keeper| keeper.new_ticket());
                (SocketId::random(), ticket)
            }
        };
        let data = SocketData::default();
        if let Some(reclaimed) = reclaimed {
            data.restore(reclaimed.data());
        }
        Self(Arc::new(Inner {
            id,
            namespace,
            engine: connection.engine().clone(),
            connection,
            handshake,
            phase: AtomicU8::new(Phase::Connecting as u8),
            listeners: Listeners::default(),
            acks: PendingAcks::default(),
            data,
            ticket: ticket.map(Box::new),
        }))
    }

    /// Returns the socket's id, which is also the name of a room it is in. Example: [`Socket`].
    ///
    /// Spec: features 2.5.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id.clone()
    }

    /// As [`id`](Self::id), for those who only look at it.
    pub(crate) fn own_id(&self) -> &SocketId {
        &self.0.id
    }

    /// Returns the socket's namespace. Example: [`Socket`].
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// Returns the server. Example: [`Socket`].
    #[must_use]
    pub fn server(&self) -> &Server {
        self.0.connection.server()
    }

    /// Returns what is known of the client from its first request and its CONNECT packet. Example:
    /// [`Socket`].
    ///
    /// Spec: features 3.5.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Returns the values that belong to this socket.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("name", |socket: Socket, name: String| socket.data().set("name", name));
    /// io.on("chat", |socket: Socket, text: String| {
    ///     let name: Option<String> = socket.data().get("name");
    ///     socket.broadcast().emit("chat", (name, text));
    /// });
    /// ```
    ///
    /// Spec: features 3.4.
    #[must_use]
    pub fn data(&self) -> &SocketData {
        &self.0.data
    }

    /// Returns the Engine.IO session below, which all sockets of the client share.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| println!("over {}", socket.conn().transport().as_str()));
    /// ```
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn conn(&self) -> &engine::Socket {
        &self.0.engine
    }

    /// Tells whether the socket is connected: from the end of the middleware to the disconnection.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// assert_ne!(socket.is_connected(), socket.is_disconnected());
    /// # }
    /// ```
    ///
    /// Spec: features 2.12.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.phase(), Phase::Connected | Phase::Ending)
    }

    /// Tells whether the socket has been disconnected. While the middleware runs it is neither
    /// connected nor disconnected.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(members: &mut Vec<roomcast::Socket>) {
    /// members.retain(|socket| !socket.is_disconnected());
    /// # }
    /// ```
    ///
    /// Spec: features 3.6.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.phase() > Phase::Ending
    }

    /// Tells whether the client has come back to the session of an earlier connection: its id, its
    /// rooms and its named values are those of then, and it gets what it has missed.
    ///
    /// Always false without
    /// [`connection_state_recovery`](crate::ServerBuilder::connection_state_recovery).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::builder().connection_state_recovery(Default::default()).build();
    /// io.on_connect(|socket: Socket| {
    ///     if !socket.is_recovered() {
    ///         socket.join("news");
    ///         socket.emit("snapshot", "everything from the start");
    ///     }
    /// });
    /// ```
    ///
    /// Spec: features 2.38.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.ticket().is_some_and(Ticket::is_recovered)
    }

    /// Sends an event. A tuple is spread into several arguments, `()` is none, everything else is
    /// one; bytes ([`bytes::Bytes`] and what else serde knows as bytes) leave as attachments,
    /// wherever they sit.
    ///
    /// Nothing happens if the socket is not connected. A mistake of the caller, such as a reserved
    /// event name, is logged; [`try_emit`](Self::try_emit) reports it.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::{Socket, value};
    /// # fn example(socket: Socket) {
    /// socket.emit("tick", ());
    /// socket.emit("message", "hello");
    /// socket.emit("moved", (3, 4, "north"));
    /// socket.emit("user", value!({ "name": "Ada", "tags": ["admin", "beta"] }));
    /// socket.emit("file", ("cat.png", bytes::Bytes::from_static(b"\x89PNG")));
    /// # }
    /// ```
    ///
    /// Spec: features 5.1, 5.2.
    pub fn emit(&self, event: &str, args: impl Serialize) {
        log(event, self.emit_with(event, &args, SendOptions::default()));
    }

    /// Sends an event and reports whether it was queued.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form,
    /// [`EmitError::Disconnected`] if the socket is not connected, [`EmitError::Dropped`] or
    /// [`EmitError::Full`] if the outbox is full and its policy is
    /// [`DropNewest`](crate::OutboxPolicy::DropNewest) or [`Error`](crate::OutboxPolicy::Error).
    ///
    /// With a log on disk the event enters the outbox later, so these two are never reported, and
    /// [`EmitError::LogFull`] is, if too much waits for the disk.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// if let Err(error) = socket.try_emit("report", (2026, "first quarter")) {
    ///     eprintln!("{} gets no report: {error}", socket.id());
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.44.
    pub fn try_emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.emit_with(event, &args, SendOptions::default())
    }

    /// Sends the event `message`, as in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.send("hello");
    /// # }
    /// ```
    ///
    /// Spec: features 2.33.
    pub fn send(&self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Disconnects the socket from its namespace. The client does not reconnect by itself.
    ///
    /// Other namespaces of the client live on. Disconnect handlers are told the reason
    /// [`DisconnectReason::ServerNamespaceDisconnect`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("leave-chat", |socket: Socket| socket.disconnect());
    /// ```
    ///
    /// Spec: features 3.8.
    pub fn disconnect(&self) {
        self.disconnect_for(DisconnectCause::Application);
    }

    pub(crate) fn disconnect_for(&self, cause: DisconnectCause) {
        // Invariant: from here on nothing is emitted, so the DISCONNECT that the session's task sends
        // comes after all that was. It forgets the socket with it: a client that joins again at once
        // finds its place free.
        if self.advance(Phase::Connected, Phase::Leaving) {
            self.command_behind(Command::Disconnect(self.clone(), cause));
        }
    }

    /// Disconnects all sockets of this client and closes its connection: `disconnect(true)` in
    /// JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("log-out", |socket: Socket| socket.disconnect_and_close());
    /// ```
    ///
    /// Spec: features 3.10.
    pub fn disconnect_and_close(&self) {
        if self.is_connected() {
            self.0.connection.dismiss();
            self.command_behind(Command::DisconnectAll);
        }
    }

    /// Asks the client's task, once everything that was emitted before has been queued.
    fn command_behind(&self, command: Command) {
        match self.namespace().keeper() {
            None => self.0.connection.command(command),
            Some(keeper) => {
                let connection = Arc::clone(&self.0.connection);
                drop(keeper.release(move |_| connection.command(command)));
            }
        }
    }

    pub(crate) fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.0.data.insert(value);
    }

    pub(crate) fn data_of<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.data.typed()
    }

    /// The client's session, if it can have it back.
    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        self.0.ticket.as_deref()
    }

    /// Notes that a packet of the log is on its way to the client.
    pub(crate) fn note_logged(&self, position: Position) {
        if let Some(ticket) = self.ticket() {
            ticket.note_sent(position);
        }
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    /// The handlers of this socket alone, if there were ever any.
    pub(crate) fn own_table(&self) -> Option<arc_swap::Guard<Arc<Table>>> {
        self.0.listeners.used_table()
    }

    pub(crate) fn acks(&self) -> &PendingAcks {
        &self.0.acks
    }
}

/// A socket that may be gone.
#[derive(Clone)]
pub(crate) struct WeakSocket(Weak<Inner>);

impl Socket {
    pub(crate) fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }
}

impl WeakSocket {
    pub(crate) fn upgrade(&self) -> Option<Socket> {
        self.0.upgrade().map(Socket)
    }
}

impl fmt::Debug for WeakSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSocket")
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .field("namespace", &self.namespace().name())
            .field("phase", &self.phase())
            .finish()
    }
}
