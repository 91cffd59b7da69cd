//! Events as types: [`roomcast::Event`].

use roomcast::{Event, ExpectsReply};

use crate::{TestClient, Waiting};

/// Typed events.
impl TestClient {
    /// Sends a typed event, as [`emit`](Self::emit).
    ///
    /// # Panics
    ///
    /// If the event cannot be encoded.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Event, Server, Socket};
    ///
    /// #[derive(Event, Debug, PartialEq)]
    /// #[event(name = "chat", reply = u64)]
    /// struct Chat { text: String }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let io = Server::new();
    /// io.on_event(|socket: Socket, chat: Chat| {
    ///     socket.broadcast().emit_event(&chat);
    ///     chat.text.len() as u64
    /// });
    /// let server = roomcast_test::TestServer::new(&io);
    /// let ada = server.connect("/").await;
    /// let mut ben = server.connect("/").await;
    ///
    /// let hello = Chat { text: "hello".to_owned() };
    /// ada.emit_event(&hello);
    /// assert_eq!(ben.expect_event("chat").await.read::<Chat>(), hello);
    /// assert_eq!(ada.emit_event_with_ack(&hello).await, 5);
    /// # }
    /// ```
    #[track_caller]
    pub fn emit_event<E: Event>(&self, event: &E) {
        self.emit(E::NAME, event.args());
    }

    /// Sends a typed event and waits for its reply, as [`emit_with_ack`](Self::emit_with_ack).
    /// Example: [`emit_event`](Self::emit_event).
    ///
    /// # Panics
    ///
    /// As [`emit_with_ack`](Self::emit_with_ack).
    #[track_caller]
    pub fn emit_event_with_ack<E: ExpectsReply<Reply: 'static>>(
        &self,
        event: &E,
    ) -> Waiting<'static, E::Reply> {
        self.emit_with_ack(E::NAME, event.args())
    }
}

impl crate::Event {
    /// Reads a typed event, whose name must be that of this one. Example:
    /// [`TestClient::emit_event`].
    ///
    /// # Panics
    ///
    /// If it has another name, or its arguments are not of these types.
    #[must_use]
    #[track_caller]
    pub fn read<E: Event>(&self) -> E {
        assert!(
            self.name() == E::NAME,
            "expected \"{}\", but {self:?} came",
            E::NAME
        );
        E::read(&mut self.packet().args()).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}
