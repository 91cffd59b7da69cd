//! Sockets that a selection has found.

use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::AckError;
use crate::id::SocketId;
use crate::namespace::IntoRooms;
use crate::socket::{Emission, Handshake, Socket};

/// A socket that [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets) has found. There is no cluster yet, so it is on this
/// server.
///
/// # Example
///
/// ```
/// # use std::time::Duration;
/// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
/// for socket in io.fetch_sockets().await? {
///     println!("{} {:?} {:?}", socket.id(), socket.rooms(), socket.data()["name"]);
///     println!("from {:?}", socket.handshake().address());
///
///     socket.emit("hello", "there");
///     socket.leave("lobby");
///     socket.join(["game", "game:red"]);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.34.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSocket(pub(super) Socket);

impl RemoteSocket {
    /// Returns the socket's id. Example: [`RemoteSocket`].
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id()
    }

    /// Returns what is known of the client. Example: [`RemoteSocket`].
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        self.0.handshake()
    }

    /// Returns the rooms that the socket is in, in the order in which it joined them. Example:
    /// [`RemoteSocket`].
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.0.rooms()
    }

    /// Returns the socket's named values as an object; see
    /// [`SocketData::to_value`](crate::SocketData::to_value). Example: [`RemoteSocket`].
    #[must_use]
    pub fn data(&self) -> Value {
        self.0.data().to_value()
    }

    /// Sends an event to the socket, as [`Socket::emit`]. Example: [`RemoteSocket`].
    pub fn emit(&self, event: &str, args: impl Serialize) {
        self.0.emit(event, args);
    }

    /// Sends an event to the socket and waits for its answer, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// for socket in io.to("jury").fetch_sockets().await? {
    ///     let vote: u8 = socket.emit_with_ack("vote", ()).await?;
    ///     println!("{}: {vote}", socket.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.34.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        self.0.emit_with_ack(event, args).await
    }

    /// Limits how long the next event waits for its acknowledgement.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(socket: roomcast::RemoteSocket) -> Result<(), roomcast::AckError> {
    /// let name: String = socket.timeout(Duration::from_secs(5)).emit_with_ack("name?", ()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.34.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.0.timeout(timeout)
    }

    /// Makes the socket a member of the rooms. Example: [`RemoteSocket`].
    pub fn join(&self, rooms: impl IntoRooms) {
        self.0.join(rooms);
    }

    /// Takes the socket out of the rooms. Example: [`RemoteSocket`].
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.0.leave(rooms);
    }

    /// Disconnects the socket from its namespace, as [`Socket::disconnect`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// for socket in io.to("guests").fetch_sockets().await? {
    ///     if socket.data()["name"].is_null() {
    ///         socket.disconnect();
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.34.
    pub fn disconnect(&self) {
        self.0.disconnect();
    }

    /// Disconnects the socket and closes its client's connection; see
    /// [`Socket::disconnect_and_close`].
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// for socket in io.to("banned").fetch_sockets().await? {
    ///     socket.disconnect_and_close();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.34.
    pub fn disconnect_and_close(&self) {
        self.0.disconnect_and_close();
    }
}
