//! One client: the namespaces on its connection, and the handlers that wait.

mod admission;
mod connection;
mod dispatch;
mod explanation;
mod held;
mod parked;
mod revision3;
pub(crate) mod span;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use roomcast_socketio::{
    DecodeError, Map, Namespaces, Packet, PacketKind, ParserDecoder, Step, Value,
};

use admission::Admitted;
pub(crate) use connection::{Command, Connection};
use held::Held;
use parked::{Finished, Parked};

use crate::engine::{
    self, Application, CloseReason, DisconnectCause, Farewell, Message, Readiness, Revision,
    SendOptions,
};
use crate::error::{Refusal, SocketError};
use crate::handler::{self, Call, Cause, Slot};
use crate::recovery::Reclaimed;
use crate::server::Server;
use crate::socket::{Answer, DisconnectReason, Phase, Socket};
use crate::wire;

/// What a client's session does with its messages. The session's task owns it.
pub(crate) struct Client {
    connection: Arc<Connection>,
    decoder: ParserDecoder,
    namespaces: Namespaces<Socket>,
    parked: Parked,
    /// Invariant: empty whenever another handler may be started.
    held: Held,
    /// When a client that has joined no namespace is sent away.
    connect_deadline: Option<Instant>,
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
            namespaces: Namespaces::new(config.max_namespaces),
            parked: Parked::new(config.max_waiting_handlers),
            held: Held::default(),
            connect_deadline: deadline,
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

    /// Takes a packet now, or keeps it until a handler has ended.
    fn receive(&mut self, packet: Packet<'_>, cx: &mut Context<'_>) {
        let must_wait = match packet.kind() {
            // A handler may wait for it.
            PacketKind::Ack => false,
            // It is the end of what a handler may wait for, but not ahead of what came before it.
            PacketKind::Disconnect => !self.held.is_empty(),
            _ => !self.held.is_empty() || self.parked.is_full(),
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
        while !self.parked.is_full()
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
        match self.namespaces.route(packet) {
            Ok(Step::Join) => self.join(packet, query, cx),
            Ok(Step::Leave(socket)) => {
                let reason = DisconnectReason::ClientNamespaceDisconnect;
                self.disconnect(&socket, reason, &DisconnectCause::Client, cx);
            }
            Ok(Step::Deliver(socket)) => {
                let socket = socket.clone();
                match packet.kind() {
                    PacketKind::Ack => self.acknowledge(&socket, packet),
                    _ => self.dispatch(&socket, packet, cx),
                }
            }
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

    /// Reads who wants to join a namespace.
    fn join(&mut self, packet: &Packet<'_>, query: &str, cx: &mut Context<'_>) {
        let auth = match self.revision {
            Revision::Three => Ok(revision3::auth(query)),
            _ => packet
                .data()
                .unwrap_or_else(|| Ok(Value::Object(Map::new()))),
        };
        match auth {
            Ok(auth) => self.begin_joining(packet.namespace(), auth, cx),
            Err(_) => self.on_decode_error(&DecodeError::InvalidPayload, cx),
        }
    }

    /// Starts a client's way into a namespace.
    fn begin_joining(&mut self, namespace: &str, auth: Value, cx: &mut Context<'_>) {
        self.namespaces.begin(namespace);
        let connection = Arc::clone(&self.connection);
        let admission = admission::admit(connection, namespace.to_owned(), auth);
        self.start(
            Box::pin(async move { Finished::Admission(admission.await) }),
            cx,
        );
    }

    /// The end of a client's way into a namespace.
    fn on_admitted(&mut self, admitted: Admitted, cx: &mut Context<'_>) {
        let Admitted { name, outcome } = admitted;
        if self.is_closed || self.connection.engine().is_closing() {
            if let Ok((socket, reclaimed)) = outcome {
                discard(&socket);
                // Invariant: not before the socket's id is free in the rooms.
                drop(reclaimed);
            }
            self.namespaces.remove(&name);
            return;
        }
        let outcome =
            outcome.and_then(|(socket, reclaimed)| match socket.namespace().has_ended() {
                true => {
                    socket.namespace().meter().refused();
                    discard(&socket);
                    Err(admission::unknown_namespace(self.revision))
                }
                false => Ok((socket, reclaimed)),
            });
        match outcome {
            Ok((socket, reclaimed)) => self.connect(&socket, reclaimed, cx),
            Err(refusal) => {
                self.is_refused = true;
                self.namespaces.remove(&name);
                self.refuse(&name, &refusal);
            }
        }
    }

    fn refuse(&self, namespace: &str, refusal: &Refusal) {
        let parser = &self.connection.server().config().parser;
        let packet = match self.revision {
            Revision::Three => wire::error4(parser, namespace, &revision3::reason(refusal)),
            _ => wire::connect_error(parser, namespace, refusal.message(), refusal.data()),
        };
        self.connection
            .engine()
            .send_frames(packet.frames(), SendOptions::essential());
    }

    fn connect(&mut self, socket: &Socket, reclaimed: Option<Reclaimed>, cx: &mut Context<'_>) {
        let namespace = socket.namespace().clone();
        if let (Some(keeper), Some(ticket)) = (namespace.keeper(), socket.ticket()) {
            if let Err(outdated) = keeper.enter(socket, ticket, reclaimed) {
                tracing::debug!(socket = %socket.own_id(), "a client was let in too late to recover");
                discard(socket);
                self.namespaces.remove(namespace.name());
                // The client connects again, and begins a new session.
                let cause = DisconnectCause::limit(&outdated);
                return self.close(DisconnectReason::ForcedServerClose, &cause, cx);
            }
        } else {
            Self::enter(socket);
        }
        self.namespaces.complete(namespace.name(), socket.clone());
        self.connect_deadline = None;
        self.call_slot(
            socket,
            Slot::Connect,
            || Call::bare(handler::Context::of(socket)),
            cx,
        );
        if namespace.has_ended() {
            // It was deleted meanwhile, by another thread that may have missed this socket.
            socket.disconnect();
        }
    }

    /// Lets a client in whose state is not kept.
    fn enter(socket: &Socket) {
        let namespace = socket.namespace();
        let (parser, name) = (namespace.parser(), namespace.name());
        // Invariant: the client is told before anything that others or the handlers send. A socket
        // may be in rooms already; whoever sends to it, or disconnects it, needs it connected.
        let packet = match socket.conn().revision() {
            Revision::Three => wire::connect4(parser, name),
            _ => wire::connect(parser, name, socket.own_id().as_str(), None),
        };
        socket.send_packet(&packet, SendOptions::essential());
        namespace.add_connected();
        namespace.meter().connected();
        socket.advance(Phase::Connecting, Phase::Connected);
        socket.join(socket.own_id());
    }

    /// Tells the handlers of a socket that it is gone, and forgets it.
    fn disconnect(
        &mut self,
        socket: &Socket,
        reason: DisconnectReason,
        why: &DisconnectCause,
        cx: &mut Context<'_>,
    ) {
        if socket.phase() == Phase::Disconnected {
            return;
        }
        // The server has disconnected it, and was to say so behind what was emitted before: a client
        // that breaks the connection first does not evade it.
        let (reason, why) = match self.is_leaving(socket) {
            true => (
                DisconnectReason::ServerNamespaceDisconnect,
                sentence_of(reason, why),
            ),
            false => (reason, why),
        };
        explanation::log(socket, reason, why);
        // The client knows, or will be told: a handler that disconnects the socket tells it nothing.
        socket.advance(Phase::Connected, Phase::Ending);
        let cause = Cause::Disconnect(&reason, why);
        self.call_slot(
            socket,
            Slot::Disconnecting,
            || Call::bare(handler::Context::because(socket, cause)),
            cx,
        );
        socket.finish();
        socket.namespace().retire(socket, reason);
        if self.namespaces.socket(socket.namespace().name()) == Some(socket) {
            self.namespaces.remove(socket.namespace().name());
        }
        socket.namespace().remove_connected();
        let meter = socket.namespace().meter();
        meter.disconnected(reason.as_str(), why.as_str());
        self.call_slot(
            socket,
            Slot::Disconnect,
            || Call::bare(handler::Context::because(socket, cause)),
            cx,
        );
        // Invariant: not before: a namespace that nobody is in may leave its cluster, and what the
        // handlers emit goes there.
        socket.namespace().remove_guest();
        socket.forget_handlers();
    }

    /// Whether the server has disconnected the socket, or all of the connection, already.
    fn is_leaving(&self, socket: &Socket) -> bool {
        socket.phase() == Phase::Leaving || self.connection.is_dismissed()
    }

    /// Closes the connection below; its sockets are gone at once.
    fn close(&mut self, reason: DisconnectReason, cause: &DisconnectCause, cx: &mut Context<'_>) {
        for (_, socket) in self.namespaces.joined() {
            explanation::send(socket, cause);
        }
        self.connection.engine().close_for(|| cause.clone());
        self.disconnect_all(reason, cause, cx);
    }

    fn disconnect_all(
        &mut self,
        reason: DisconnectReason,
        cause: &DisconnectCause,
        cx: &mut Context<'_>,
    ) {
        let sockets: Vec<_> = self.namespaces.drain().map(|(_, socket)| socket).collect();
        for socket in sockets {
            self.disconnect(&socket, reason, cause, cx);
        }
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
            Command::Drive(socket, work) => self.start(
                parked::contained(socket, Slot::AnyOutgoing.origin(), work, || {}),
                cx,
            ),
        }
    }

    fn check_deadline(&mut self, cx: &mut Context<'_>) {
        let is_due = |deadline| deadline <= tokio::time::Instant::now().into_std();
        if self.connect_deadline.is_some_and(is_due) {
            self.connect_deadline = None;
            tracing::debug!("a client has joined no namespace in time");
            let cause = match self.is_refused {
                true => DisconnectCause::Refused,
                false => DisconnectCause::ConnectTimeout,
            };
            self.close(DisconnectReason::ForcedServerClose, &cause, cx);
        }
    }

    /// Runs work that may have to wait: once here, and parked if it is not done then.
    fn start(&mut self, work: parked::Work, cx: &mut Context<'_>) {
        if let Some(finished) = self.parked.start(work, cx) {
            self.on_finished(finished, cx);
        }
    }

    fn on_finished(&mut self, finished: Finished, cx: &mut Context<'_>) {
        match finished {
            Finished::Handler => {}
            Finished::Admission(admitted) => self.on_admitted(admitted, cx),
            Finished::Passed(socket, packet, responder) => {
                self.call_event_handlers(&socket, &packet, responder.lend(), cx);
            }
            Finished::Refused(socket, refusal) => {
                self.report(&socket, &SocketError::Refused(refusal), cx);
            }
            Finished::Panicked(socket, origin, message) => {
                self.on_panic(&socket, origin, message, cx)
            }
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
        self.connect_deadline
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

/// Why a socket is gone that the server has disconnected: what the server says, if this is what says
/// it.
fn sentence_of(reason: DisconnectReason, why: &DisconnectCause) -> &DisconnectCause {
    match reason {
        DisconnectReason::ServerNamespaceDisconnect => why,
        _ => &DisconnectCause::Application,
    }
}

fn tell_disconnected(socket: &Socket) {
    let namespace = socket.namespace();
    let packet = wire::disconnect(namespace.parser(), namespace.name());
    socket.send_packet(&packet, SendOptions::essential());
}

/// A socket that was admitted too late: it was never connected.
fn discard(socket: &Socket) {
    socket.finish();
    socket.forget_handlers();
    socket.namespace().leave_all(socket.own_id());
    socket.namespace().remove_guest();
}
