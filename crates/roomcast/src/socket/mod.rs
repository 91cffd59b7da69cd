//! One client in one namespace.

mod acks;
mod data;
mod emission;
mod handshake;
mod listeners;
mod reason;

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

use crate::broadcast::Broadcast;
use crate::client::{Command, Connection};
use crate::engine::{self, SendOptions, Sent};
use crate::error::EmitError;
use crate::handler::{Listeners, Table};
use crate::id::SocketId;
use crate::namespace::{IntoRooms, Namespace};
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
///     socket.emit("welcome", format!("Welcome to the server {}", socket.id()));
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
            connection,
            handshake,
            phase: AtomicU8::new(Phase::Connecting as u8),
            listeners: Listeners::default(),
            acks: PendingAcks::default(),
            data: SocketData::default(),
        }))
    }

    /// The socket's id, which is also the name of a room it is in.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.0.connection.server()
    }

    /// What is known of the client from its first request and its CONNECT packet.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Values that belong to this socket.
    #[must_use]
    pub fn data(&self) -> &SocketData {
        &self.0.data
    }

    /// The Engine.IO session below, which all sockets of the client share.
    #[must_use]
    pub fn conn(&self) -> &engine::Socket {
        self.0.connection.engine()
    }

    /// Whether the socket is connected: from the end of the middleware to the disconnection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.phase(), Phase::Connected | Phase::Ending)
    }

    /// Whether the socket has been disconnected.
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
    /// # use roomcast::Socket;
    /// # fn example(socket: Socket) {
    /// socket.emit("tick", ());
    /// socket.emit("message", "hello");
    /// socket.emit("moved", (3, 4, "north"));
    /// # }
    /// ```
    pub fn emit(&self, event: &str, args: impl Serialize) {
        emission::log(event, self.emit_with(event, &args, SendOptions::default()));
    }

    /// Sends an event and reports whether it was queued.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form,
    /// [`EmitError::Disconnected`] if the socket is not connected.
    pub fn try_emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        self.emit_with(event, &args, SendOptions::default())
    }

    /// Sends the event `message`, as in JavaScript.
    pub fn send(&self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Makes the socket a member of one room or several.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.namespace().join(self, &rooms.into_rooms());
    }

    /// Takes the socket out of one room or several.
    pub fn leave(&self, rooms: impl IntoRooms) {
        for room in rooms.into_rooms() {
            self.namespace().leave(self.id(), &room);
        }
    }

    /// The rooms of the socket, in the order in which it joined them; the first is mostly its id.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.namespace().rooms_of(self.id())
    }

    /// Whether the socket is a member of the room.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.namespace().is_member(self.id(), room)
    }

    /// Everyone in the namespace but this socket.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self.namespace()).except(self.id())
    }

    /// The members of the rooms but this socket.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to).
    pub fn r#in(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone in the namespace but this socket and the members of the rooms.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Everyone but this socket, on this server alone even if it is part of a cluster.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    /// Disconnects the socket from its namespace. The client does not reconnect by itself.
    ///
    /// Other namespaces of the client live on. Disconnect handlers are told the reason
    /// [`DisconnectReason::ServerNamespaceDisconnect`].
    pub fn disconnect(&self) {
        if self.advance(Phase::Connected, Phase::Leaving) {
            self.send_packet(
                &wire::disconnect(self.namespace().name()),
                SendOptions::default(),
            );
            self.0.connection.command(Command::Disconnect(self.clone()));
        }
    }

    /// Disconnects all sockets of this client and closes its connection: `disconnect(true)` in
    /// JavaScript.
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

    pub(crate) fn own_table(&self) -> arc_swap::Guard<Arc<Table>> {
        self.0.listeners.table()
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

    pub(crate) fn may_join(&self) -> bool {
        self.phase() < Phase::Disconnected
    }

    pub(crate) fn send_packet(&self, packet: &Outgoing, options: SendOptions) -> Sent {
        self.conn().send_frames(packet.frames(), options)
    }

    pub(crate) fn send_ack<T: Serialize + ?Sized>(&self, id: AckId, args: &T) {
        if !self.is_connected() {
            return;
        }
        match wire::ack(self.namespace().name(), id, args) {
            Ok(packet) => drop(self.send_packet(&packet, SendOptions::default())),
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
