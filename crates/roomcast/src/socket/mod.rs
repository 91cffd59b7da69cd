//! One client in one namespace.

mod acks;
mod data;
mod emission;
mod handshake;
mod listeners;
mod reason;
mod rooms;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use roomcast_socketio::AckId;
use serde::Serialize;

pub(crate) use acks::{PendingAcks, Waiting};
pub use data::SocketData;
pub use emission::{Answer, Emission};
pub use handshake::Handshake;
pub use reason::DisconnectReason;

use crate::client::{Command, Connection};
use crate::engine::{self, Round, SendOptions, Sent};
use crate::error::EmitError;
use crate::handler::{Listeners, Table};
use crate::id::SocketId;
use crate::namespace::Namespace;
use crate::server::Server;
use crate::wire::{self, Outgoing};

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
}

/// Where a socket stands; it only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The middleware has not decided yet.
    Connecting,
    Connected,
    /// Still connected; its disconnecting handlers are being told.
    Ending,
    /// Disconnected by the server; its handlers are still to be told.
    Leaving,
    Disconnected,
}

impl Socket {
    pub(crate) fn new(
        namespace: Namespace,
        connection: Arc<Connection>,
        handshake: Handshake,
    ) -> Self {
        Self(Arc::new(Inner {
            id: SocketId::random(),
            namespace,
            engine: connection.engine().clone(),
            connection,
            handshake,
            phase: AtomicU8::new(Phase::Connecting as u8),
            listeners: Listeners::default(),
            acks: PendingAcks::default(),
            data: SocketData::default(),
        }))
    }

    /// Returns the socket's id, which is also the name of a room it is in. Example: [`Socket`].
    ///
    /// Spec: features 2.5.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id
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
        emission::log(event, self.emit_with(event, &args, SendOptions::default()));
    }

    /// Sends an event and reports whether it was queued.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form,
    /// [`EmitError::Disconnected`] if the socket is not connected, [`EmitError::Dropped`] if the
    /// outbox is full and its policy is to drop.
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
        // Invariant: from here on nothing is emitted, so the DISCONNECT that the session's task sends
        // comes after all that was. It forgets the socket with it: a client that joins again at once
        // finds its place free.
        if self.advance(Phase::Connected, Phase::Leaving) {
            self.0.connection.command(Command::Disconnect(self.clone()));
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
            self.0.connection.command(Command::DisconnectAll);
        }
    }

    pub(crate) fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.0.data.insert(value);
    }

    pub(crate) fn data_of<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.data.typed()
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

    pub(crate) fn phase(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Connecting,
            1 => Phase::Connected,
            2 => Phase::Ending,
            3 => Phase::Leaving,
            _ => Phase::Disconnected,
        }
    }

    /// Moves on if the socket stands at `from`.
    pub(crate) fn advance(&self, from: Phase, to: Phase) -> bool {
        let exchange = self.0.phase.compare_exchange(
            from as u8,
            to as u8,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        exchange.is_ok()
    }

    /// The end: no room can be joined any more and nobody waits for answers.
    pub(crate) fn finish(&self) {
        self.0
            .phase
            .store(Phase::Disconnected as u8, Ordering::Release);
        self.0.acks.clear();
    }

    /// Forgets the socket's own handlers, which may hold the socket itself.
    pub(crate) fn forget_handlers(&self) {
        self.0.listeners.close();
    }

    pub(crate) fn may_join(&self) -> bool {
        self.phase() < Phase::Disconnected
    }

    pub(crate) fn send_packet(&self, packet: &Outgoing, options: SendOptions) -> Sent {
        self.conn().send_frames(packet.frames(), options)
    }

    /// Sends the packet together with the other receivers' of `round`.
    pub(crate) fn send_in(&self, round: &mut Round, packet: &Outgoing, options: SendOptions) {
        self.conn().send_in(round, packet.frames(), options);
    }

    pub(crate) fn send_ack<T: Serialize + ?Sized>(&self, id: AckId, args: &T) {
        if !self.is_connected() {
            return;
        }
        let options = SendOptions::default();
        let namespace = self.namespace();
        match wire::ack(namespace.parser(), namespace.name(), id, args) {
            Ok(wire::Ack::Draft(packet, opcode, attachments)) => {
                self.conn().send_own(packet, opcode, &attachments, options);
            }
            Ok(wire::Ack::Frames(frames)) => drop(self.conn().send_frames(&frames, options)),
            Err(error) => tracing::warn!(%error, "an acknowledgement cannot be encoded"),
        }
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
