//! Events from server to server.

use roomcast_cluster::{Answer, Body, Question};
use roomcast_socketio::{EncodeError, Spread, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::packet::packet_of;
use crate::broadcast::MissingNodes;
use crate::error::{ArgumentError, EmitError};
use crate::handler::{Handler, HandlerId, Place, Slot};
use crate::namespace::Namespace;

/// What the other servers have answered.
///
/// # Example
///
/// ```
/// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
/// let answers = io.server_side_emit_with_ack::<u64>("sessions?", ()).await?;
/// let others: u64 = answers.values.iter().sum();
/// println!("{others} sessions elsewhere");
/// if !answers.is_complete() {
///     println!("but {}", answers.missing);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 2.36, N19.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerAnswers<T> {
    /// The answers, in the order of arrival.
    pub values: Vec<T>,
    /// Answers of another type than was asked for.
    pub invalid: Vec<ArgumentError>,
    /// The servers that did not answer. One without a handler for the event is among them.
    pub missing: MissingNodes,
    /// Whether the wait ended because of the timeout.
    pub has_timed_out: bool,
}

impl<T> ServerAnswers<T> {
    /// Tells whether every other server has answered with a `T`. Example: [`ServerAnswers`].
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.invalid.is_empty()
    }

    /// Gives the answers if nobody is missing, as the official server does.
    ///
    /// # Errors
    ///
    /// [`MissingNodes`], and the answers that came are gone.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), Box<dyn std::error::Error>> {
    /// let answers = io.server_side_emit_with_ack::<u64>("sessions?", ()).await?;
    /// let total: u64 = answers.complete()?.iter().sum();
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete(self) -> Result<Vec<T>, MissingNodes> {
        match self.missing.is_empty() {
            true => Ok(self.values),
            false => Err(self.missing),
        }
    }
}

impl Namespace {
    /// Calls `handler` when another server of the cluster sends this event with
    /// [`server_side_emit`](Self::server_side_emit). What it returns answers
    /// [`server_side_emit_with_ack`](Self::server_side_emit_with_ack); of several values the first.
    ///
    /// It takes arguments as other handlers do, and [`Server`](crate::Server),
    /// [`Namespace`](crate::Namespace), [`State`](crate::State) and [`Ack`](crate::Ack). One that
    /// asks for a socket is not called. It runs where the bus delivers, so it should not block.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::new();
    /// io.on_server_side("reload", |io: Server, file: String| {
    ///     io.local().emit("notice", format!("{file} is new"));
    /// });
    /// io.on_server_side("sessions?", |io: Server| io.sockets_count());
    /// ```
    ///
    /// Spec: features 2.36.
    pub fn on_server_side<S: 'static>(&self, event: &str, handler: impl Handler<S>) -> HandlerId {
        self.listeners()
            .add(Slot::ServerSide(event), Place::Last, handler)
    }

    /// Removes all handlers of an event of other servers.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_server_side("reload", || println!("reload"));
    /// io.off_server_side("reload");
    /// ```
    ///
    /// Spec: features 2.36.
    pub fn off_server_side(&self, event: &str) {
        self.listeners().clear(Slot::ServerSide(event));
    }

    /// Sends an event to the other servers of the cluster; this one does not get it. Arguments are
    /// as in [`Socket::emit`](crate::Socket::emit). Without a bus nothing happens.
    ///
    /// A mistake of the caller is logged; [`try_server_side_emit`](Self::try_server_side_emit)
    /// reports it.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.server_side_emit("reload", "motd.txt");
    /// ```
    ///
    /// Spec: features 2.36.
    pub fn server_side_emit(&self, event: &str, args: impl Serialize) {
        if let Err(error) = self.try_server_side_emit(event, args) {
            tracing::error!(event, %error, "event not sent to the other servers");
        }
    }

    /// Sends an event to the other servers and reports a mistake of the caller.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name (`connect`, `connection`, `new_namespace`) or
    /// arguments that have no JSON form.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert!(io.try_server_side_emit("reload", ()).is_ok());
    /// assert!(io.try_server_side_emit("connection", ()).is_err()); // a reserved name
    /// ```
    ///
    /// Spec: features 2.36.
    pub fn try_server_side_emit(&self, event: &str, args: impl Serialize) -> Result<(), EmitError> {
        check_name(event)?;
        for namespace in self.with_children() {
            if let Some(link) = namespace.link() {
                link.tell(Body::ServerSideEmit {
                    request: None,
                    packet: event_packet(event, &args)?.into(),
                });
            }
        }
        Ok(())
    }

    /// Sends an event to the other servers and waits for their answers, as long as
    /// [`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout) says. Without a bus
    /// there is nobody to answer.
    ///
    /// # Errors
    ///
    /// As [`try_server_side_emit`](Self::try_server_side_emit). Missing answers are no error:
    /// [`ServerAnswers::is_complete`] tells.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let answers = io.server_side_emit_with_ack::<String>("version?", ()).await?;
    /// println!("{:?}, missing: {:?}", answers.values, answers.missing.nodes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answers.
    ///
    /// Spec: features 2.36, N19.
    pub async fn server_side_emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<ServerAnswers<T>, EmitError> {
        check_name(event)?;
        let mut inquiries = Vec::new();
        for namespace in self.with_children() {
            if let Some(link) = namespace.link() {
                let packet = event_packet(event, &args)?.into();
                inquiries.push(link.ask(Question::ServerSideEmit { packet }, None));
            }
        }
        drop(args);
        let mut answers = ServerAnswers {
            values: Vec::new(),
            invalid: Vec::new(),
            missing: MissingNodes::default(),
            has_timed_out: false,
        };
        for mut inquiry in inquiries {
            let outcome = loop {
                match inquiry.next().await {
                    Ok(Answer::Value(value)) => answers.add(value),
                    Ok(_) => {}
                    Err(outcome) => break outcome,
                }
            };
            answers.missing.extend(outcome.missing);
            answers.has_timed_out |= outcome.has_timed_out;
        }
        Ok(answers)
    }
}

impl<T: DeserializeOwned> ServerAnswers<T> {
    fn add(&mut self, value: Value) {
        let packet = packet_of(vec![value]);
        match packet.map(|packet| packet.args().read()) {
            Some(Ok(value)) => self.values.push(value),
            Some(Err(error)) => self.invalid.push(ArgumentError::read::<T>(&error)),
            None => self
                .invalid
                .push(ArgumentError::of::<T>(0, &"it cannot be written")),
        }
    }
}

/// The name of an event and its arguments, as other servers get them.
pub(crate) fn event_packet<T: Serialize + ?Sized>(
    event: &str,
    args: &T,
) -> Result<Vec<Value>, EncodeError> {
    let Spread(args) = Spread::of(args)?;
    let mut packet = Vec::with_capacity(1 + args.len());
    packet.push(event.into());
    packet.extend(args);
    Ok(packet)
}

fn check_name(event: &str) -> Result<(), EncodeError> {
    match event {
        "connect" | "connection" | "new_namespace" => Err(EncodeError::ReservedEvent {
            name: event.to_owned(),
        }),
        _ => Ok(()),
    }
}
