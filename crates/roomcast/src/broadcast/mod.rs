//! Events and actions for many sockets at once.

mod answers;
mod audience;
mod elsewhere;
mod fetched;
mod paced;
mod remote_emission;
mod remote_socket;

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;
use tokio::sync::mpsc;

pub use answers::Answers;
pub(crate) use audience::Asked;
pub use fetched::FetchedSockets;
pub use paced::Delivery;
use paced::Tally;
pub use remote_emission::RemoteEmission;
pub use remote_socket::RemoteSocket;
pub use roomcast_cluster::Missing as MissingNodes;

use crate::engine::{Pace, SendOptions};
use crate::error::EmitError;
use crate::namespace::{IntoRooms, Namespace, RoomNames, Selection};
use crate::socket::Socket;

/// Selects sockets of a namespace, and says what to do with them.
///
/// [`Server`](crate::Server), [`Namespace`] and [`Socket`] make one. Each method gives a new
/// selection, so one can be cloned and used again. Rooms are united: `to("a")` and then `to("b")`
/// means the members of either. A socket in several of them is meant once.
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
    /// A key is one within each namespace.
    pace: Option<Pace>,
    /// Other servers are left out.
    is_local: bool,
}

impl Broadcast {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        Self {
            namespace: namespace.clone(),
            selection: Selection::default(),
            options: SendOptions::default(),
            timeout: None,
            pace: None,
            is_local: false,
        }
    }

    /// Adds the members of the rooms to the selection. Without any room everyone is selected.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("news").to(["sport", "weather"]).emit("headline", "it rains");
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        add(&mut self.selection.rooms, rooms.into_rooms());
        self
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
    pub fn r#in(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Leaves the members of the rooms out, whichever other rooms they are in.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("news").except(["muted", "away"]).emit("headline", "it rains");
    /// ```
    ///
    /// Spec: features 2.23.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        add(&mut self.selection.except, rooms.into_rooms());
        self
    }

    /// Keeps to sockets of this server: other servers of the cluster are told nothing.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("news").local().emit("headline", "it rains");
    /// ```
    ///
    /// Spec: features 2.26.
    pub fn local(mut self) -> Self {
        self.is_local = true;
        self
    }

    /// Leaves out sockets whose connection cannot take the event at once. They never get it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("game").volatile().emit("positions", [(3, 4), (7, 1)]);
    /// ```
    ///
    /// Spec: features 2.25.
    pub fn volatile(mut self) -> Self {
        self.options.is_volatile = true;
        self
    }

    /// Sends the event without compression: `compress(false)` in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let (io, jpeg) = (roomcast::Server::new(), bytes::Bytes::new());
    /// io.to("viewers").uncompressed().emit("frame", jpeg);
    /// ```
    ///
    /// Spec: features 2.27.
    pub fn uncompressed(mut self) -> Self {
        self.options.may_compress = false;
        self
    }

    /// Limits how long [`emit_with_ack`](Self::emit_with_ack) waits. Default:
    /// [`ack_timeout`](crate::ServerBuilder::ack_timeout).
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let jury = io.to("jury").timeout(Duration::from_secs(5));
    /// let votes = jury.emit_with_ack::<u8>("vote", ()).await?.into_values();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Spec: features 2.28.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends an event, encoded once; arguments as in [`Socket::emit`].
    ///
    /// A mistake of the caller is logged; [`try_emit`](Self::try_emit) reports it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("lobby").emit("chat", ("Ada", "hello"));
    /// ```
    ///
    /// Spec: features 2.22.
    pub fn emit(self, event: &str, args: impl Serialize) {
        crate::socket::log(event, self.try_emit(event, args));
    }

    /// Sends an event and reports a mistake of the caller. That a receiver is gone or busy is none.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that have no JSON form;
    /// [`EmitError::Full`] if a receiver's outbox is full and the policy is
    /// [`Error`](crate::OutboxPolicy::Error): the other receivers have the event. With a log on disk
    /// the event enters the outboxes later, and [`EmitError::LogFull`] says instead that too much
    /// waits for the disk.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert!(io.to("lobby").try_emit("chat", "hello").is_ok());
    /// assert!(io.to("lobby").try_emit("disconnect", ()).is_err()); // a reserved name
    /// ```
    ///
    /// Spec: features 2.44.
    pub fn try_emit(self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        let mut tally = Tally::default();
        for namespace in self.targets() {
            self.emit_counted(&namespace, event, &args, None, &mut tally)?;
            self.publish(&namespace, event, &args)?;
        }
        match tally.has_full() {
            true => Err(EmitError::Full),
            false => Ok(()),
        }
    }

    /// Sends the event `message`, as in JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("lobby").send("hello");
    /// ```
    ///
    /// Spec: features 2.33.
    pub fn send(self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Sends an event and waits until every receiver has acknowledged it, was disconnected, or the
    /// [`timeout`](Self::timeout) is over. In a cluster the sockets of other servers are asked, too;
    /// without any timeout they are awaited for
    /// [`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout).
    ///
    /// What has come by then is in the result, with who sent it. A tuple as `T` takes several
    /// values of an answer, any other type the first one.
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
    /// let jury = io.to("jury").timeout(Duration::from_secs(5));
    /// let answers = jury.emit_with_ack::<u8>("vote", ()).await?;
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
    ///
    /// Spec: features 2.30, 2.31.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answers<T>, EmitError> {
        let (sender, mut incoming) = mpsc::unbounded_channel();
        let timeout = self
            .timeout
            .or_else(|| self.namespace.server()?.ack_timeout());
        let mut asked = Asked(Vec::new());
        let mut elsewhere = Vec::new();
        for namespace in self.targets() {
            let receivers = self.emit_in(&namespace, event, &args, Some(&sender))?;
            asked.0.extend(receivers);
            elsewhere.extend(self.ask_elsewhere(&namespace, event, &args, timeout)?);
        }
        drop((args, sender));
        let mut answered = HashSet::with_hasher(foldhash::fast::RandomState::default());
        let mut answers = Answers::default();
        let collect = async {
            while let Some((from, answer)) = incoming.recv().await {
                answered.insert(from.clone());
                match answer.read() {
                    Ok(value) => answers.values.push((from, value)),
                    Err(error) => answers.invalid.push((Some(from), error)),
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
        // What came meanwhile waits there, so to look at one after the other loses nothing.
        for inquiry in elsewhere {
            elsewhere::collect(inquiry, &mut answers).await;
        }
        answers.count_in(self.namespace.meter());
        Ok(answers)
    }

    /// Makes the sockets members of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("lobby").sockets_join(["game", "game:red"]);
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn sockets_join(self, rooms: impl IntoRooms) {
        self.sockets_join_names(&rooms.into_rooms());
    }

    /// Takes the sockets out of the rooms.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("game").sockets_leave("lobby");
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn sockets_leave(self, rooms: impl IntoRooms) {
        self.sockets_leave_names(&rooms.into_rooms());
    }

    /// Disconnects the sockets from their namespace. Their connections stay open.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("banned").disconnect_sockets();
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn disconnect_sockets(self) {
        self.for_each(Socket::disconnect);
        self.disconnect_elsewhere(false);
    }

    /// Disconnects the sockets and closes their clients' connections: `disconnectSockets(true)` in
    /// JavaScript.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.to("banned").disconnect_sockets_and_close();
    /// ```
    ///
    /// Spec: features 2.35.
    pub fn disconnect_sockets_and_close(self) {
        self.for_each(Socket::disconnect_and_close);
        self.disconnect_elsewhere(true);
    }

    /// The namespace itself, or a parent's children.
    fn targets(&self) -> SmallVec<[Namespace; 1]> {
        self.namespace.with_children()
    }

    fn for_each(&self, act: impl Fn(&Socket)) {
        for namespace in self.targets() {
            namespace
                .connected_of(&self.selection)
                .iter()
                .for_each(&act);
        }
    }
}

/// Cost: the first names are not moved one by one.
fn add(names: &mut RoomNames, more: RoomNames) {
    match names.is_empty() {
        true => *names = more,
        false => names.extend(more),
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
