//! Sockets that a selection has found.

use std::sync::Arc;
use std::time::Duration;

use roomcast_cluster::{Answer, Body, Flags, Options, Question, SocketDescription};
use roomcast_socketio::{EncodeError, RESERVED_EVENTS, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Broadcast, RemoteEmission, elsewhere};
use crate::cluster::{Link, event_packet, handshake_of};
use crate::engine::SendOptions;
use crate::error::{AckError, EmitError};
use crate::id::SocketId;
use crate::namespace::{IntoRooms, Namespace};
use crate::socket::{Handshake, Socket};

/// A socket that [`Broadcast::fetch_sockets`](crate::Broadcast::fetch_sockets) has found, on this
/// server or on another of the cluster.
///
/// Of a socket on another server, [`rooms`](Self::rooms) and [`data`](Self::data) are as they were
/// when it was found; what is done with it is asked of its server, which does not answer. Two are
/// equal if they stand for the same socket.
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
#[derive(Clone, Debug)]
pub struct RemoteSocket(Place);

#[derive(Clone, Debug)]
enum Place {
    Here(Socket),
    Elsewhere(Arc<Elsewhere>),
}

/// A socket on another server.
#[derive(Debug)]
pub(super) struct Elsewhere {
    namespace: Namespace,
    id: SocketId,
    handshake: Handshake,
    rooms: Vec<Arc<str>>,
    data: Value,
}

impl RemoteSocket {
    pub(super) fn here(socket: Socket) -> Self {
        Self(Place::Here(socket))
    }

    /// A socket that another server describes; none if its id is no id.
    pub(super) fn elsewhere(namespace: &Namespace, socket: &SocketDescription) -> Option<Self> {
        Some(Self(Place::Elsewhere(Arc::new(Elsewhere {
            namespace: namespace.clone(),
            id: socket.id.parse().ok()?,
            handshake: handshake_of(&socket.handshake),
            rooms: socket.rooms.clone(),
            data: socket.data.clone(),
        }))))
    }

    /// The socket, if it is on this server.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let fetched = io.fetch_sockets().await?;
    /// let here = fetched.iter().filter_map(|socket| socket.local()).count();
    /// println!("{here} of {} are here", fetched.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn local(&self) -> Option<&Socket> {
        match &self.0 {
            Place::Here(socket) => Some(socket),
            Place::Elsewhere(_) => None,
        }
    }

    /// Returns the socket's id. Example: [`RemoteSocket`].
    #[must_use]
    pub fn id(&self) -> SocketId {
        match &self.0 {
            Place::Here(socket) => socket.id(),
            Place::Elsewhere(socket) => socket.id.clone(),
        }
    }

    /// Returns what is known of the client. Example: [`RemoteSocket`].
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        match &self.0 {
            Place::Here(socket) => socket.handshake(),
            Place::Elsewhere(socket) => &socket.handshake,
        }
    }

    /// Returns the rooms that the socket is in, in the order in which it joined them. Example:
    /// [`RemoteSocket`].
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        match &self.0 {
            Place::Here(socket) => socket.rooms(),
            Place::Elsewhere(socket) => socket.rooms.clone(),
        }
    }

    /// Returns the socket's named values as an object; see
    /// [`SocketData::to_value`](crate::SocketData::to_value). Example: [`RemoteSocket`].
    #[must_use]
    pub fn data(&self) -> Value {
        match &self.0 {
            Place::Here(socket) => socket.data().to_value(),
            Place::Elsewhere(socket) => socket.data.clone(),
        }
    }

    /// Sends an event to the socket, as [`Socket::emit`]. Example: [`RemoteSocket`].
    pub fn emit(&self, event: &str, args: impl Serialize) {
        self.emission().emit(event, args);
    }

    /// Sends an event to the socket and waits for its answer, as [`Socket::emit_with_ack`].
    ///
    /// A socket on another server is awaited for
    /// [`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout) if there is no other
    /// timeout, and only the first value of its answer comes.
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
        self.emission().emit_with_ack(event, args).await
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
    pub fn timeout(&self, timeout: Duration) -> RemoteEmission {
        self.emission().timeout(timeout)
    }

    /// Makes the socket a member of the rooms. Example: [`RemoteSocket`].
    pub fn join(&self, rooms: impl IntoRooms) {
        match &self.0 {
            Place::Here(socket) => socket.join(rooms),
            Place::Elsewhere(socket) => socket.selection().sockets_join(rooms),
        }
    }

    /// Takes the socket out of the rooms. Example: [`RemoteSocket`].
    pub fn leave(&self, rooms: impl IntoRooms) {
        match &self.0 {
            Place::Here(socket) => socket.leave(rooms),
            Place::Elsewhere(socket) => socket.selection().sockets_leave(rooms),
        }
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
        match &self.0 {
            Place::Here(socket) => socket.disconnect(),
            Place::Elsewhere(socket) => socket.selection().disconnect_sockets(),
        }
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
        match &self.0 {
            Place::Here(socket) => socket.disconnect_and_close(),
            Place::Elsewhere(socket) => socket.selection().disconnect_sockets_and_close(),
        }
    }

    fn namespace(&self) -> &Namespace {
        match &self.0 {
            Place::Here(socket) => socket.namespace(),
            Place::Elsewhere(socket) => &socket.namespace,
        }
    }

    fn emission(&self) -> RemoteEmission {
        match &self.0 {
            Place::Here(socket) => RemoteEmission::here(socket.emission()),
            Place::Elsewhere(socket) => RemoteEmission::elsewhere(Arc::clone(socket)),
        }
    }
}

impl PartialEq for RemoteSocket {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id() && self.namespace() == other.namespace()
    }
}

impl Eq for RemoteSocket {}

impl Elsewhere {
    /// The room of the socket's id.
    fn selection(&self) -> Broadcast {
        Broadcast::new(&self.namespace).to(&self.id)
    }

    fn link(&self) -> Result<&Link, EmitError> {
        self.namespace.link().ok_or(EmitError::Disconnected)
    }

    fn options(&self, options: SendOptions, timeout: Option<Duration>) -> Options {
        // The order of the official server.
        let mut flags = Flags::default().single_response();
        if let Some(timeout) = timeout {
            flags = flags.timeout_after(timeout);
        }
        if options.is_volatile {
            flags = flags.volatile();
        }
        if !options.may_compress {
            flags = flags.uncompressed();
        }
        Options {
            rooms: vec![self.id.as_str().into()],
            except: Vec::new(),
            flags,
        }
    }

    pub(super) fn emit<T: Serialize>(
        &self,
        event: &str,
        args: &T,
        options: SendOptions,
    ) -> Result<(), EmitError> {
        check_name(event)?;
        self.link()?.tell(Body::Broadcast {
            packet: event_packet(event, args)?.into(),
            options: self.options(options, None),
            request: None,
        });
        Ok(())
    }

    pub(super) async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
        options: SendOptions,
        timeout: Option<Duration>,
    ) -> Result<T, AckError> {
        check_name(event)?;
        let link = self.link()?;
        let timeout = timeout
            .or_else(|| self.namespace.server()?.ack_timeout())
            .unwrap_or_else(|| link.request_timeout());
        let question = Question::Broadcast {
            packet: event_packet(event, &args).map_err(EmitError::from)?.into(),
            options: self.options(options, Some(timeout)),
        };
        drop(args);
        let mut inquiry = link.ask(question, Some(timeout));
        loop {
            match inquiry.next().await {
                Ok(Answer::Ack { value, .. }) => return Ok(elsewhere::read(value)?),
                Ok(_) => {}
                Err(outcome) if outcome.has_timed_out => return Err(AckError::Timeout),
                Err(_) => return Err(AckError::Disconnected),
            }
        }
    }
}

fn check_name(event: &str) -> Result<(), EmitError> {
    match RESERVED_EVENTS.contains(&event) {
        true => Err(EncodeError::ReservedEvent {
            name: event.to_owned(),
        }
        .into()),
        false => Ok(()),
    }
}
