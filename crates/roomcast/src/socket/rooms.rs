//! The rooms of a socket, and the selections that begin with it.

use std::sync::Arc;

use super::Socket;
use crate::broadcast::Broadcast;
use crate::cluster::BusError;
use crate::namespace::IntoRooms;

impl Socket {
    /// Makes the socket a member of one room or several. Once disconnected, it joins none.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("join", |socket: Socket, room: String| {
    ///     socket.join(["lobby", room.as_str()]);
    ///     socket.to(room).emit("joined", socket.id());
    /// });
    /// ```
    ///
    /// Spec: features 2.20, 3.13.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.namespace().join(self, &rooms.into_rooms());
    }

    /// Makes the socket a member of the rooms, and waits until the other servers of the cluster send
    /// here what they emit to them: nothing that is emitted afterwards, on any server, is missed.
    ///
    /// Only a bus that subscribes to each room needs that wait; any other is ready, as is a server
    /// without a bus. [`join`](Self::join) does not wait.
    ///
    /// # Errors
    ///
    /// [`BusError`] if the bus could not subscribe, or not within
    /// [`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout). The socket is a member
    /// all the same, and the bus tries again.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket, cluster::BusError};
    ///
    /// async fn join(socket: Socket, room: String) -> Result<&'static str, String> {
    ///     socket.join_confirmed(room).await.map_err(|error| error.to_string())?;
    ///     Ok("joined") // the client knows that it misses nothing from here on
    /// }
    ///
    /// Server::new().on("join", join);
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The socket is a member when the future was first polled; dropping it only ends the wait.
    ///
    /// Spec: cluster, section 15.
    pub async fn join_confirmed(&self, rooms: impl IntoRooms) -> Result<(), BusError> {
        self.join(rooms);
        match self.namespace().link() {
            Some(link) => link.rooms_confirmed().await,
            None => Ok(()),
        }
    }

    /// Takes the socket out of one room or several.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("leave", |socket: Socket, room: String| socket.leave(room));
    /// ```
    ///
    /// Spec: features 2.20.
    pub fn leave(&self, rooms: impl IntoRooms) {
        for room in &rooms.into_rooms() {
            self.namespace().leave(self, room);
        }
    }

    /// Returns the rooms of the socket, in the order in which it joined them; the first is mostly
    /// its id.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("my-rooms", |socket: Socket| {
    ///     let rooms = socket.rooms();
    ///     rooms.iter().map(|room| room.to_string()).collect::<Vec<_>>()
    /// });
    /// ```
    ///
    /// Spec: features 2.20.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        // The client may have come back, with the id of this socket.
        if !self.may_join() {
            return Vec::new();
        }
        self.namespace().rooms_of(self.own_id())
    }

    /// Tells whether the socket is a member of the room.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("chat", |socket: Socket, room: String, text: String| {
    ///     if socket.is_in(&room) {
    ///         socket.to(room).emit("chat", text);
    ///     }
    /// });
    /// ```
    ///
    /// Spec: features 2.20.
    #[must_use]
    pub fn is_in(&self, room: &str) -> bool {
        self.may_join() && self.namespace().is_member(self.own_id(), room)
    }

    /// Selects everyone in the namespace but this socket.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.broadcast().emit("joined", socket.id());
    /// # }
    /// ```
    ///
    /// Spec: features 2.24.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self.namespace()).except(self.own_id())
    }

    /// Selects the members of the rooms but this socket.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket, friend: roomcast::SocketId) {
    /// socket.to("game").emit("moved", ("e2", "e4"));
    /// socket.to(friend).emit("hello", socket.id()); // to one other socket
    /// # }
    /// ```
    ///
    /// Spec: features 2.22, 2.24.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// Does the same as [`to`](Self::to).
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.r#in("game").emit("moved", ("e2", "e4"));
    /// # }
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn r#in(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Selects everyone in the namespace but this socket and the members of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.except("muted").emit("chat", "hello");
    /// # }
    /// ```
    ///
    /// Spec: features 2.23.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Selects everyone but this socket on this server; other servers of the cluster are told
    /// nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.local().emit("joined", socket.id());
    /// # }
    /// ```
    ///
    /// Spec: features 2.26.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }
}
