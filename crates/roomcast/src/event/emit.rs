//! Typed events to one socket, and to many.

use roomcast_handler::ExpectsReply;
use roomcast_socketio::Event;

use crate::broadcast::{Answers, Broadcast, RemoteEmission, RemoteSocket};
use crate::error::{AckError, EmitError};
use crate::namespace::Namespace;
use crate::socket::{Emission, Socket};

/// Typed events to one socket.
impl Socket {
    /// Sends a typed event to the socket, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(socket: roomcast::Socket) {
    /// socket.emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(&self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to the socket and reports whether that worked, as
    /// [`try_emit`](Self::try_emit).
    ///
    /// # Errors
    ///
    /// As [`try_emit`](Self::try_emit). The name of a derived event is never refused.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "report")]
    /// struct Report(String);
    ///
    /// # fn example(socket: roomcast::Socket) {
    /// if let Err(error) = socket.try_emit_event(&Report("first quarter".to_owned())) {
    ///     eprintln!("no report: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn try_emit_event<E: Event>(&self, event: &E) -> Result<(), EmitError> {
        self.try_emit(E::NAME, event.args())
    }

    /// Sends a typed event to the socket and waits for its reply, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let vote: u8 = socket.emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{vote} points");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        &self,
        event: &E,
    ) -> Result<E::Reply, AckError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}

/// Typed events with options, to one socket.
impl Emission {
    /// Sends a typed event to the socket, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(socket: roomcast::Socket) {
    /// socket.volatile().emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to the socket and reports whether that worked, as
    /// [`try_emit`](Self::try_emit).
    ///
    /// # Errors
    ///
    /// As [`try_emit`](Self::try_emit). The name of a derived event is never refused.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "report")]
    /// struct Report(String);
    ///
    /// # fn example(socket: roomcast::Socket) {
    /// if let Err(error) = socket.uncompressed().try_emit_event(&Report("first quarter".to_owned())) {
    ///     eprintln!("no report: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn try_emit_event<E: Event>(self, event: &E) -> Result<(), EmitError> {
        self.try_emit(E::NAME, event.args())
    }

    /// Sends a typed event to the socket and waits for its reply, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(socket: roomcast::Socket) -> Result<(), roomcast::AckError> {
    /// let asked = socket.timeout(std::time::Duration::from_secs(5));
    /// let vote: u8 = asked.emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{vote} points");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        self,
        event: &E,
    ) -> Result<E::Reply, AckError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}

/// Typed events to a socket that was found.
impl RemoteSocket {
    /// Sends a typed event to the socket, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(socket: roomcast::RemoteSocket) {
    /// socket.emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(&self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to the socket and waits for its reply, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(socket: roomcast::RemoteSocket) -> Result<(), roomcast::AckError> {
    /// let vote: u8 = socket.emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{vote} points");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        &self,
        event: &E,
    ) -> Result<E::Reply, AckError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}

/// Typed events with options, to a socket that was found.
impl RemoteEmission {
    /// Sends a typed event to the socket, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(found: roomcast::RemoteEmission) {
    /// found.volatile().emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to the socket and waits for its reply, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(socket: roomcast::RemoteSocket) -> Result<(), roomcast::AckError> {
    /// let asked = socket.timeout(std::time::Duration::from_secs(5));
    /// let vote: u8 = asked.emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{vote} points");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answer.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        self,
        event: &E,
    ) -> Result<E::Reply, AckError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}

/// Typed events to everyone.
impl Namespace {
    /// Sends a typed event to everyone, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(io: roomcast::Server) {
    /// io.emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(&self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to everyone and reports whether that worked, as
    /// [`try_emit`](Self::try_emit).
    ///
    /// # Errors
    ///
    /// As [`try_emit`](Self::try_emit). The name of a derived event is never refused.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "report")]
    /// struct Report(String);
    ///
    /// # fn example(io: roomcast::Server) {
    /// if let Err(error) = io.of("/staff").try_emit_event(&Report("first quarter".to_owned())) {
    ///     eprintln!("no report: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn try_emit_event<E: Event>(&self, event: &E) -> Result<(), EmitError> {
        self.try_emit(E::NAME, event.args())
    }

    /// Sends a typed event to everyone and waits for the replies, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let answers = io.emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{} points", answers.into_values().iter().sum::<u8>());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answers.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        &self,
        event: &E,
    ) -> Result<Answers<E::Reply>, EmitError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}

/// Typed events to a selection.
impl Broadcast {
    /// Sends a typed event to the selected sockets, as [`emit`](Self::emit).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "moved")]
    /// struct Moved { piece: String, to: (u8, u8) }
    ///
    /// # fn example(io: roomcast::Server) {
    /// io.to("game").emit_event(&Moved { piece: "king".to_owned(), to: (4, 0) });
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn emit_event<E: Event>(self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event to the selected sockets and reports whether that worked, as
    /// [`try_emit`](Self::try_emit).
    ///
    /// # Errors
    ///
    /// As [`try_emit`](Self::try_emit). The name of a derived event is never refused.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "report")]
    /// struct Report(String);
    ///
    /// # fn example(io: roomcast::Server) {
    /// if let Err(error) = io.to("staff").try_emit_event(&Report("first quarter".to_owned())) {
    ///     eprintln!("no report: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.40.
    pub fn try_emit_event<E: Event>(self, event: &E) -> Result<(), EmitError> {
        self.try_emit(E::NAME, event.args())
    }

    /// Sends a typed event to the selected sockets and waits for the replies, as
    /// [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Errors
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Event;
    ///
    /// #[derive(Event)]
    /// #[event(name = "vote", reply = u8)]
    /// struct Vote { subject: String }
    ///
    /// # async fn example(io: roomcast::Server) -> Result<(), roomcast::EmitError> {
    /// let answers = io.to("jury").emit_event_with_ack(&Vote { subject: "cats".to_owned() }).await?;
    /// println!("{} points", answers.into_values().iter().sum::<u8>());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The event has left when the future was first polled; dropping it forgets the answers.
    ///
    /// Spec: features 2.40.
    pub async fn emit_event_with_ack<E: ExpectsReply>(
        self,
        event: &E,
    ) -> Result<Answers<E::Reply>, EmitError> {
        self.emit_with_ack(E::NAME, event.args()).await
    }
}
