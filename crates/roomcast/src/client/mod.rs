//! One client: the namespaces on its connection, and the handlers that wait.

mod admission;
mod connection;
mod dispatch;
mod explanation;
mod held;
mod joining;
mod leaving;
mod parked;
mod revision3;
pub(crate) mod span;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use roomcast_socketio::{
    DecodeError, Map, Namespaces, Packet, PacketKind, ParserDecoder, Step, Value,
};

pub(crate) use connection::{Command, Connection};
use held::Held;
use leaving::tell_disconnected;
use parked::{Finished, Parked};

use crate::engine::{
    self, Application, CloseReason, DisconnectCause, Farewell, Message, Readiness, Revision,
};
use crate::error::SocketError;
use crate::handler::Slot;
use crate::server::Server;
use crate::socket::{Answer, DisconnectReason, Phase, Socket};

/// What a client's session does with its messages. The session's task owns it.
pub(crate) struct Client {
    connection: Arc<Connection>,
    decoder: ParserDecoder,
    namespaces: Namespaces<Socket>,
    parked: Parked,
    /// Invariant: empty whenever another handler may be started.
    held: Held,
    /// When a client that has joined no namespace is sent away.
    // Cost: gone with the first namespace that it joins, and a pointer then.
    connect_deadline: Option<Box<Instant>>,
    revision: Revision,
    is_closed: bool,
    /// A namespace was not let in.
    is_refused: bool,
}

impl Client {
    pub(crate) fn new(server: Server, engine: engine::Socket) -> Self {
        let config = server.config();
        let deadline = tokio::time::Instant::now()
            .into_std()
            .checked_add(config.connect_timeout);
        let client = Self {
            decoder: config.parser.decoder(config.limits),
            namespaces: Namespaces::default(),
            parked: Parked::default(),
            held: Held::default(),
            connect_deadline: deadline.map(Box::new),
            revision: engine.revision(),
            connection: Arc::new(Connection::new(server, engine)),
            is_closed: false,
            is_refused: false,
        };
        if client.revision == Revision::Three {
            client.connection.command(Command::JoinMain);
        }
        client
    }

    /// Whether so many handlers wait that no other should be started.
    fn is_full(&mut self) -> bool {
        let server = self.connection.server();
        self.parked.is_full(|| server.config().max_waiting_handlers)
    }

    /// Takes a packet now, or keeps it until a handler has ended.
    fn receive(&mut self, packet: Packet<'_>, cx: &mut Context<'_>) {
        let must_wait = match packet.kind() {
            // A handler may wait for it.
            PacketKind::Ack => false,
            // It is the end of what a handler may wait for, but not ahead of what came before it.
            PacketKind::Disconnect => !self.held.is_empty(),
            _ => !self.held.is_empty() || self.is_full(),
        };
        if must_wait {
            if packet.kind() == PacketKind::Disconnect
                && let Some(socket) = self.namespaces.socket(packet.namespace())
            {
                // The client will answer nothing more: handlers that wait for it end.
                socket.acks().clear();
            }
            self.held.push(packet);
        } else {
            self.on_packet(&packet, cx);
        }
    }

    /// Takes the packets that were kept, as long as another handler may be started.
    fn take_held(&mut self, cx: &mut Context<'_>) {
        while !self.is_full()
            && let Some(packet) = self.next_held()
        {
            self.on_packet(&packet, cx);
            self.run_commands(cx);
        }
    }

    /// Takes what the client sent before its connection ended, handlers that wait or not: they are
    /// no more than those of one full [`Held`].
    fn take_all_held(&mut self, cx: &mut Context<'_>) {
        while let Some(packet) = self.next_held() {
            let socket = self.namespaces.socket(packet.namespace());
            // Nobody joins any more, and there is nothing to close for a broken rule.
            let is_taken = matches!(packet.kind(), PacketKind::Event | PacketKind::Disconnect);
            if is_taken && socket.is_some() {
                self.on_packet(&packet, cx);
                self.run_commands(cx);
            }
        }
    }

    fn next_held(&mut self) -> Option<Packet<'static>> {
        // As with packets that were not read yet: who closes does not want them.
        if self.connection.engine().is_closing() {
            self.held.clear();
        }
        self.held.pop()
    }

    fn on_packet(&mut self, packet: &Packet<'_>, cx: &mut Context<'_>) {
        if self.revision == Revision::Three
            && let Some((packet, query)) = revision3::without_query(packet)
        {
            return self.on_named_packet(&packet, query, cx);
        }
        self.on_named_packet(packet, "", cx);
    }

    /// Takes a packet whose namespace is a name and nothing more; `query` stood behind it.
    fn on_named_packet(&mut self, packet: &Packet<'_>, query: &str, cx: &mut Context<'_>) {
        let limit = self.connection.server().config().max_namespaces;
        match self.namespaces.route(packet, limit) {
            Ok(Step::Join) => self.join(packet, query, cx),
            Ok(Step::Leave) => {
                if let Some(socket) = self.namespaces.remove(packet.namespace()) {
                    let reason = DisconnectReason::ClientNamespaceDisconnect;
                    self.disconnect(&socket, reason, &DisconnectCause::Client, cx);
                }
            }
            Ok(Step::Deliver(socket)) => match packet.kind() {
                PacketKind::Ack => self.acknowledge(socket, packet),
                _ => self.dispatch(socket, packet, cx),
            },
            Err(error) => {
                tracing::debug!(%error, "a client broke the rules of namespaces");
                let cause = explanation::of_state_error(&error);
                self.close(DisconnectReason::ForcedServerClose, &cause, cx);
            }
        }
    }

    fn acknowledge(&self, socket: &Socket, packet: &Packet<'_>) {
        if let Some(id) = packet.ack() {
            let answer = Answer::new(socket.id(), packet.clone().into_owned());
            socket.acks().resolve(socket.own_id(), id, answer);
        }
    }

    /// A message that is no packet: the handlers are told, and the connection is closed.
    fn on_decode_error(&mut self, error: &DecodeError, cx: &mut Context<'_>) {
        tracing::debug!(%error, "a client sent an invalid packet");
        self.take_all_held(cx);
        let sockets: Vec<_> = self
            .namespaces
            .joined()
            .map(|(_, socket)| socket.clone())
            .collect();
        for socket in sockets {
            self.report(&socket, &SocketError::Packet(error.clone()), cx);
        }
        self.connection
            .engine()
            .close_for(|| explanation::of_decode_error(error));
    }

    fn on_command(&mut self, command: Command, cx: &mut Context<'_>) {
        match command {
            Command::Disconnect(socket, cause) => {
                if socket.phase() == Phase::Disconnected {
                    return;
                }
                explanation::send(&socket, &cause);
                tell_disconnected(&socket);
                let reason = DisconnectReason::ServerNamespaceDisconnect;
                self.disconnect(&socket, reason, &cause, cx);
            }
            Command::DisconnectAll => {
                let cause = DisconnectCause::Application;
                for (_, socket) in self.namespaces.joined() {
                    explanation::send(socket, &cause);
                    tell_disconnected(socket);
                }
                self.connection.engine().close_for(|| cause.clone());
                let reason = DisconnectReason::ServerNamespaceDisconnect;
                self.disconnect_all(reason, &cause, cx);
            }
            Command::TakeOver(socket, done) => {
                if socket.phase() != Phase::Disconnected {
                    let (reason, cause) = (DisconnectReason::TakenOver, DisconnectCause::TakenOver);
                    let engine = self.connection.engine();
                    engine.mailbox().blame(|| cause.clone());
                    engine.discard(CloseReason::ForcedClose);
                    self.disconnect_all(reason, &cause, cx);
                }
                drop(done);
            }
            Command::JoinMain => self.begin_joining("/", Value::Object(Map::new()), cx),
            Command::Drive(socket, work) => self.start_event(
                parked::contained(socket, Slot::AnyOutgoing.origin(), work, || {}),
                cx,
            ),
        }
    }

    fn check_deadline(&mut self, cx: &mut Context<'_>) {
        let is_due = |deadline| deadline <= tokio::time::Instant::now().into_std();
        if self
            .connect_deadline
            .as_deref()
            .copied()
            .is_some_and(is_due)
        {
            self.connect_deadline = None;
            tracing::debug!("a client has joined no namespace in time");
            let cause = match self.is_refused {
                true => DisconnectCause::Refused,
                false => DisconnectCause::ConnectTimeout,
            };
            self.close(DisconnectReason::ForcedServerClose, &cause, cx);
        }
    }

    fn on_finished(&mut self, finished: Finished, cx: &mut Context<'_>) {
        match finished {
            Finished::Event(ended) => self.on_event_ended(ended, cx),
            Finished::Admission(admitted) => self.on_admitted(admitted, cx),
        }
    }
}

impl Application for Client {
    fn message(&mut self, message: Message<'_>, cx: &mut Context<'_>) {
        if self.is_closed {
            return;
        }
        let packet = match &message {
            Message::Text(text) => self.decoder.text(text),
            Message::Binary(bytes) => self.decoder.binary(bytes),
        };
        match packet {
            Ok(Some(packet)) => self.receive(packet, cx),
            Ok(None) => {}
            Err(error) => self.on_decode_error(&error, cx),
        }
        self.run_commands(cx);
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        self.check_deadline(cx);
        self.run_commands(cx);
        while let Poll::Ready(Some(finished)) = self.parked.poll_next(cx) {
            self.on_finished(finished, cx);
            self.run_commands(cx);
            self.take_held(cx);
        }
    }

    fn readiness(&self) -> Readiness {
        self.held.readiness()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.connect_deadline.as_deref().copied()
    }

    fn farewell(&self, cause: &DisconnectCause) -> Option<Box<Farewell>> {
        let sockets = self.namespaces.joined().map(|(_, socket)| socket);
        explanation::farewell(self.connection.server(), sockets, cause)
    }

    fn closed(&mut self, reason: CloseReason, cause: &DisconnectCause, cx: &mut Context<'_>) {
        self.take_all_held(cx);
        self.is_closed = true;
        self.connect_deadline = None;
        // Who is disconnected already is told the cause of that.
        self.run_commands(cx);
        self.disconnect_all(reason.into(), cause, cx);
        self.run_commands(cx);
    }

    fn is_finished(&self) -> bool {
        self.parked.is_empty()
    }
}

impl Client {
    fn run_commands(&mut self, cx: &mut Context<'_>) {
        while let Some(command) = self.connection.next_command() {
            self.on_command(command, cx);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.close_commands();
    }
}
