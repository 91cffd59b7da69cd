//! Events and actions for many sockets at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::{AckId, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::engine::SendOptions;
use crate::error::{AckError, ArgumentError, EmitError};
use crate::id::SocketId;
use crate::namespace::{IntoRooms, Namespace, Selection};
use crate::socket::{Handshake, Socket, Waiting};
use crate::wire;

/// A selection of sockets, and what to do with it.
///
/// Each method gives a new selection, so one can be kept and used again. Rooms are united: `to("a")`
/// and then `to("b")` means the members of either. A socket in several of them is meant once.
///
/// # Example
///
/// ```
/// use roomcast::Server;
///
/// let io = Server::new();
/// io.to("news").to("sport").except("muted").emit("headline", "it rains");
///
/// let staff = io.to("staff");
/// staff.clone().emit("notice", "lunch");
/// staff.sockets_join("canteen");
/// ```
///
/// Spec: features 2.22–2.35.
#[derive(Clone, Debug)]
#[must_use = "choose `emit` or another verb: a `Broadcast` alone sends nothing"]
pub struct Broadcast {
    namespace: Namespace,
    selection: Selection,
    options: SendOptions,
    timeout: Option<Duration>,
}

impl Broadcast {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.clone(),
            selection: Selection::default(),
            options: SendOptions::default(),
            timeout: None,
        }
    }

    /// Adds the members of the rooms.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.selection.rooms.extend(rooms.into_rooms());
        self
    }

    /// The same as [`to`](Self::to).
    pub fn r#in(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Leaves the members of the rooms out.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.selection.except.extend(rooms.into_rooms());
        self
    }

    /// Means sockets of this server alone, even if it is part of a cluster.
    pub fn local(self) -> Self {
        self
    }

    /// Leaves sockets out whose connection cannot take the event at once.
    pub fn volatile(mut self) -> Self {
        self.options.is_volatile = true;
        self
    }

    /// The event is not compressed.
    pub fn uncompressed(mut self) -> Self {
        self.options.may_compress = false;
        self
    }

    /// How long acknowledgements are awaited.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends an event, encoded once; arguments as in [`Socket::emit`].
    pub fn emit(self, event: &str, args: impl Serialize) {
        if let Err(error) = self.try_emit(event, args) {
            tracing::error!(event, %error, "event not sent");
        }
    }

    /// Sends an event and reports a mistake of the caller.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form.
    pub fn try_emit(self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        for namespace in self.targets() {
            self.emit_in(&namespace, event, &args, None)?;
        }
        Ok(())
    }

    /// Sends the event `message`.
    pub fn send(self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Sends an event and waits until every receiver has acknowledged it, was disconnected, or the
    /// [`timeout`](Self::timeout) is over. What has come by then is in the result, with who sent it.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] if the event cannot be sent. Missing answers are no error:
    /// [`Answers::is_complete`] tells.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use roomcast::{EmitError, Server};
    /// # async fn example(io: Server) -> Result<(), EmitError> {
    /// let answers = io.to("jury").timeout(Duration::from_secs(5)).emit_with_ack::<u8>("vote", ()).await?;
    /// for (juror, vote) in &answers.values {
    ///     println!("{juror}: {vote}");
    /// }
    /// println!("{} have not voted", answers.missing.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answers.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answers<T>, EmitError> {
        let (sender, mut incoming) = mpsc::unbounded_channel();
        let mut asked = Asked(Vec::new());
        for namespace in self.targets() {
            let receivers = self.emit_in(&namespace, event, &args, Some(&sender))?;
            asked.0.extend(receivers);
        }
        drop((args, sender));
        let timeout = self
            .timeout
            .or_else(|| self.namespace.server()?.ack_timeout());
        let mut answered = HashSet::with_hasher(foldhash::fast::RandomState::default());
        let mut answers = Answers {
            values: Vec::new(),
            invalid: Vec::new(),
            missing: Vec::new(),
            has_timed_out: false,
        };
        let collect = async {
            while let Some((from, answer)) = incoming.recv().await {
                answered.insert(from);
                match answer.read() {
                    Ok(value) => answers.values.push((from, value)),
                    Err(error) => answers.invalid.push((from, error)),
                }
            }
        };
        match timeout {
            Some(timeout) => {
                answers.has_timed_out = tokio::time::timeout(timeout, collect).await.is_err();
            }
            None => collect.await,
        }
        let asked = asked.0.iter().map(|(socket, _)| socket.id());
        answers.missing = asked.filter(|id| !answered.contains(id)).collect();
        Ok(answers)
    }

    /// The selected sockets.
    ///
    /// # Errors
    ///
    /// [`EmitError::Parent`] for a parent namespace, as in the official server: use its children.
    #[expect(clippy::unused_async, reason = "in a cluster other servers are asked")]
    pub async fn fetch_sockets(self) -> Result<Vec<RemoteSocket>, EmitError> {
        if self.namespace.is_parent() {
            return Err(EmitError::Parent);
        }
        Ok(self
            .namespace
            .connected_of(&self.selection)
            .into_iter()
            .map(RemoteSocket)
            .collect())
    }

    /// Makes the sockets members of the rooms.
    pub fn sockets_join(self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.for_each(|socket| socket.namespace().join(socket, &rooms));
    }

    /// Takes the sockets out of the rooms.
    pub fn sockets_leave(self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.for_each(|socket| {
            rooms
                .iter()
                .for_each(|room| socket.namespace().leave(socket.id(), room));
        });
    }

    /// Disconnects the sockets.
    pub fn disconnect_sockets(self) {
        self.for_each(Socket::disconnect);
    }

    /// Disconnects the sockets and closes their clients' connections.
    pub fn disconnect_sockets_and_close(self) {
        self.for_each(Socket::disconnect_and_close);
    }

    fn targets(&self) -> Vec<Namespace> {
        if self.namespace.is_parent() {
            self.namespace.children()
        } else {
            vec![self.namespace.clone()]
        }
    }

    fn for_each(&self, act: impl Fn(&Socket)) {
        for namespace in self.targets() {
            namespace
                .connected_of(&self.selection)
                .iter()
                .for_each(&act);
        }
    }

    /// Sends the event in one namespace; with `answers`, gives those who were asked for one.
    fn emit_in<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &T,
        answers: Option<&mpsc::UnboundedSender<(SocketId, crate::socket::Answer)>>,
    ) -> Result<Vec<(Socket, AckId)>, EmitError> {
        let ack = answers.map(|_| namespace.next_ack_id());
        let packet = wire::event(namespace.name(), ack, event, args)?;
        let mut asked = Vec::new();
        // Handlers may emit themselves: they are called when the lock of the rooms is released.
        let mut watched = Vec::new();
        namespace.selection().for_each(&self.selection, |socket| {
            if let (Some(id), Some(answers)) = (ack, answers) {
                // Invariant: noted before it is asked whether the socket lives: its end forgets it.
                socket
                    .acks()
                    .insert(id, Waiting::Broadcast(answers.clone()));
                asked.push((socket.clone(), id));
            }
            if !socket.is_connected() {
                if let Some((socket, id)) = ack.and_then(|_| asked.pop()) {
                    socket.acks().remove(id);
                }
                return;
            }
            if socket.has_outgoing_listeners() {
                watched.push(socket.clone());
            }
            // Whether it was queued concerns that receiver alone.
            let _ = socket.send_packet(&packet, self.options);
        });
        watched
            .iter()
            .for_each(|socket| socket.notify_outgoing(&packet));
        Ok(asked)
    }
}

/// Whose answers are awaited; the end of the wait, whichever it is, forgets them.
struct Asked(Vec<(Socket, AckId)>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0
            .iter()
            .for_each(|(socket, id)| socket.acks().remove(*id));
    }
}

/// What the receivers of a broadcast have answered.
///
/// Spec: features 2.30, 2.31.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answers<T> {
    /// Who answered what, in the order of arrival.
    pub values: Vec<(SocketId, T)>,
    /// Answers of another type than was asked for.
    pub invalid: Vec<(SocketId, ArgumentError)>,
    /// Who did not answer: too late, or disconnected.
    pub missing: Vec<SocketId>,
    /// Whether the wait ended because of the timeout.
    pub has_timed_out: bool,
}

impl<T> Answers<T> {
    /// Whether everyone has answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.invalid.is_empty()
    }

    /// The error that the official server reports beside the answers: [`AckError::Timeout`] if
    /// somebody did not answer.
    #[must_use]
    pub fn error(&self) -> Option<AckError> {
        (!self.missing.is_empty()).then_some(AckError::Timeout)
    }

    /// The values alone.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values.into_iter().map(|(_, value)| value).collect()
    }
}

/// A socket that [`Broadcast::fetch_sockets`] has found; in a cluster it may be on another server.
///
/// Spec: features 2.34.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSocket(Socket);

impl RemoteSocket {
    /// The socket's id.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id()
    }

    /// What is known of the client.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        self.0.handshake()
    }

    /// The rooms that the socket is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.0.rooms()
    }

    /// The socket's named values, an object.
    #[must_use]
    pub fn data(&self) -> Value {
        self.0.data().to_value()
    }

    /// Sends an event to the socket.
    pub fn emit(&self, event: &str, args: impl Serialize) {
        self.0.emit(event, args);
    }

    /// Sends an event to the socket and waits for its answer.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`].
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<T, AckError> {
        self.0.emit_with_ack(event, args).await
    }

    /// How long the next event waits for its acknowledgement.
    pub fn timeout(&self, timeout: Duration) -> crate::socket::Emission {
        self.0.timeout(timeout)
    }

    /// Makes the socket a member of the rooms.
    pub fn join(&self, rooms: impl IntoRooms) {
        self.0.join(rooms);
    }

    /// Takes the socket out of the rooms.
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.0.leave(rooms);
    }

    /// Disconnects the socket.
    pub fn disconnect(&self) {
        self.0.disconnect();
    }

    /// Disconnects the socket and closes its client's connection.
    pub fn disconnect_and_close(&self) {
        self.0.disconnect_and_close();
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower_service::Service as _;

    use super::*;
    use crate::Server;

    /// The only socket of `io`, over polling.
    async fn connected(io: &Server) -> Socket {
        let mut app: axum::Router = axum::Router::new().layer(io.layer());
        let mut send = async |method: &str, query: &str, body: &'static str| {
            let target = format!("/socket.io/?EIO=4&transport=polling{query}");
            let request = Request::builder().method(method).uri(target);
            let answer = app
                .call(request.body(axum::body::Body::from(body)).unwrap())
                .await
                .unwrap();
            answer.into_body().collect().await.unwrap().to_bytes()
        };
        let open = send("GET", "", "").await;
        let open: serde_json::Value = serde_json::from_slice(&open[1..]).unwrap();
        let sid = format!("&sid={}", open["sid"].as_str().unwrap());
        send("POST", &sid, "40").await;
        send("GET", &sid, "").await;
        io.sockets().remove(0)
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_never_come_are_forgotten_with_the_end_of_the_wait() {
        let io = Server::new();
        let socket = connected(&io).await;

        let vote = io
            .timeout(Duration::from_secs(1))
            .emit_with_ack::<u8>("vote", ());
        assert_eq!(vote.await.unwrap().missing, [socket.id()]);
        assert!(socket.acks().is_empty());
        let vote = io.emit_with_ack::<u8>("vote", ());
        assert!(
            tokio::time::timeout(Duration::from_secs(1), vote)
                .await
                .is_err()
        );
        assert!(socket.acks().is_empty());
    }
}
