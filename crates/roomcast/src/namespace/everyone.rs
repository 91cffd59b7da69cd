//! What a namespace does with everyone in it, and the selections that begin with everyone.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{IntoRooms, Namespace};
use crate::broadcast::{Answers, Broadcast, FetchedSockets};
use crate::error::EmitError;
use crate::recovery::LogError;

impl Namespace {
    /// Sends an event to everyone; arguments as in [`Socket::emit`](crate::Socket::emit).
    ///
    /// A mistake of the caller is logged; [`try_emit`](Self::try_emit) reports it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.emit("notice", "the server restarts at noon");
    /// io.of("/chess").emit("moved", ("e2", "e4"));
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn emit(&self, event: &str, args: impl Serialize) {
        Broadcast::new(self).emit(event, args);
    }

    /// Sends an event to everyone and reports a mistake of the caller.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert!(io.try_emit("notice", "hello").is_ok());
    /// assert!(io.try_emit("connect", ()).is_err()); // a reserved name
    /// ```
    ///
    /// Spec: features 2.44.
    pub fn try_emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        Broadcast::new(self).try_emit(event, args)
    }

    /// Sends the event `message` to everyone, as in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.send("hello");
    /// ```
    ///
    /// Spec: features 2.33.
    pub fn send(&self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Sends an event to everyone and waits for the acknowledgements; see
    /// [`Broadcast::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Broadcast::emit_with_ack`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let answers = io.emit_with_ack::<String>("version?", ()).await?;
    /// for (id, version) in answers.values {
    ///     println!("{id} runs {version}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answers.
    ///
    /// Spec: features 2.30.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answers<T>, EmitError> {
        Broadcast::new(self).emit_with_ack(event, args).await
    }

    /// Waits until everything that was emitted here before is as safe as the server makes it: on
    /// disk with [`RedbLog`](crate::recovery), at once otherwise.
    ///
    /// What was emitted and is not safe yet has reached nobody.
    ///
    /// # Errors
    ///
    /// [`LogError::Failed`] if the log has been given up.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::recovery::LogError> {
    /// io.to("orders").emit("paid", 4711);
    /// io.logged().await?;
    /// println!("whoever follows the orders learns of it, whatever happens to this process");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only ends the wait.
    pub async fn logged(&self) -> Result<(), LogError> {
        if self.is_parent() {
            for child in self.children() {
                child.settled().await?;
            }
            return Ok(());
        }
        self.settled().await
    }

    async fn settled(&self) -> Result<(), LogError> {
        match self.keeper() {
            Some(keeper) => keeper.log().settled().await,
            None => Ok(()),
        }
    }

    /// Selects the members of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("news").emit("headline", "it rains");
    /// io.to(["red", "blue"]).emit("score", (2, 1));
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).to(rooms)
    }

    /// Does the same as [`to`](Self::to).
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.r#in("news").emit("headline", "it rains");
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn r#in(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Selects everyone but the members of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.except("muted").emit("chat", "hello");
    /// ```
    ///
    /// Spec: features 2.23.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).except(rooms)
    }

    /// Selects everyone, to narrow the selection, to keep it, or to act on it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// let mut audience = io.everyone();
    /// for room in ["muted", "away"] {
    ///     audience = audience.except(room);
    /// }
    /// audience.emit("headline", "it rains");
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn everyone(&self) -> Broadcast {
        Broadcast::new(self)
    }

    /// Selects everyone on this server; other servers of the cluster are told nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.local().emit("notice", "this server restarts");
    /// ```
    ///
    /// Spec: features 2.26.
    pub fn local(&self) -> Broadcast {
        Broadcast::new(self).local()
    }

    /// Selects everyone whose connection can take the event at once. The others never get it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.volatile().emit("price", 101.25);
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn volatile(&self) -> Broadcast {
        Broadcast::new(self).volatile()
    }

    /// Selects everyone; the event is sent without compression.
    ///
    /// # Example
    ///
    /// ```
    /// # let (io, jpeg) = (roomcast::Server::new(), bytes::Bytes::new());
    /// io.uncompressed().emit("frame", jpeg);
    /// ```
    ///
    /// Spec: features 2.27.
    pub fn uncompressed(&self) -> Broadcast {
        Broadcast::new(self).uncompressed()
    }

    /// Selects everyone; [`emit_with_ack`](Broadcast::emit_with_ack) waits at most this long.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let answers = io.timeout(Duration::from_secs(1)).emit_with_ack::<()>("ping", ()).await?;
    /// println!("{} did not answer", answers.missing.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.28.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        Broadcast::new(self).timeout(timeout)
    }

    /// Finds all connected sockets; see [`Broadcast::fetch_sockets`].
    ///
    /// # Errors
    ///
    /// As [`Broadcast::fetch_sockets`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let names: Vec<_> = io.fetch_sockets().await?.iter().map(|socket| socket.id()).collect();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed, so dropping the future loses nothing.
    ///
    /// Spec: features 2.34.
    pub async fn fetch_sockets(&self) -> Result<FetchedSockets, EmitError> {
        Broadcast::new(self).fetch_sockets().await
    }

    /// Makes all sockets members of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.sockets_join("everyone");
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn sockets_join(&self, rooms: impl IntoRooms) {
        Broadcast::new(self).sockets_join(rooms);
    }

    /// Takes all sockets out of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.sockets_leave(["red", "blue"]);
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn sockets_leave(&self, rooms: impl IntoRooms) {
        Broadcast::new(self).sockets_leave(rooms);
    }

    /// Disconnects all sockets from the namespace. Their connections stay open.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.of("/chess").disconnect_sockets();
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn disconnect_sockets(&self) {
        Broadcast::new(self).disconnect_sockets();
    }

    /// Disconnects all sockets and closes their clients' connections: `disconnectSockets(true)` in
    /// JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.disconnect_sockets_and_close();
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn disconnect_sockets_and_close(&self) {
        Broadcast::new(self).disconnect_sockets_and_close();
    }
}
