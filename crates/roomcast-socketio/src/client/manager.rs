//! One connection with all its namespaces: what a user asks of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::backoff::{Backoff, Spreading};
use super::connection::Connection;
use super::outgoing::Credentials;
use super::output::AckPlace;
use super::socket::{Phase, Socket};
use super::work::{Step, Work};
use super::{
    AckError, AckToken, Answer, AuthRequest, BufferLimits, ConnectError, Content, DisconnectReason,
    Emission, EmitError, LinkState, Options, OutgoingPacket, Output, Settings, SocketKey,
    SocketOptions,
};
use crate::{Limits, Map, Parser, ParserDecoder};

/// One connection to a server, with all its namespaces, as far as it can be decided without I/O.
///
/// `E` is the error type of the engine, which is handed through.
///
/// Users and the owner of the engine call it, under one lock; whoever owns the engine takes what
/// comes out of it, in order, without that lock. See the [module](super) for the contract.
#[derive(Debug)]
pub struct Manager<E> {
    pub(super) parser: Parser,
    pub(super) settings: Settings,
    pub(super) limits: Limits,
    receive_limits: BufferLimits,
    pub(super) backoff: Backoff,
    pub(super) spreading: Spreading,
    pub(super) connection: Connection,
    /// How many engines were opened.
    pub(super) engines: u64,
    pub(super) decoder: ParserDecoder,
    pub(super) sockets: BTreeMap<SocketKey, Socket>,
    pub(super) namespaces: BTreeMap<Arc<str>, SocketKey>,
    next_socket: u64,
    next_request: u64,
    /// Whether someone looks at the packets of the server.
    pub(super) reports_packets: bool,
    pub(super) work: Work<E>,
}

impl<E: Clone> Manager<E> {
    /// A manager without a connection. `seed` spreads the delays of reconnections: it should be
    /// another one for each manager.
    #[must_use]
    pub fn new(options: Options, seed: u64) -> Self {
        Self {
            settings: options.settings,
            limits: options.limits,
            receive_limits: options.receive_buffer,
            backoff: Backoff::default(),
            spreading: Spreading::new(seed),
            connection: Connection::Closed,
            engines: 0,
            decoder: options.parser.decoder(options.limits),
            parser: options.parser,
            sockets: BTreeMap::new(),
            namespaces: BTreeMap::new(),
            next_socket: 0,
            next_request: 0,
            reports_packets: false,
            work: Work::new(options.max_outbox),
        }
    }

    /// The socket of a namespace, which is made with these options if there is none.
    ///
    /// It is not connected by that.
    pub fn add_socket(&mut self, namespace: &str, options: SocketOptions) -> SocketKey {
        if let Some(&key) = self.namespaces.get(namespace) {
            return key;
        }
        let key = SocketKey(self.next_socket);
        self.next_socket += 1;
        let namespace: Arc<str> = namespace.into();
        let socket = Socket::new(key, namespace.clone(), options, self.receive_limits);
        self.sockets.insert(key, socket);
        self.namespaces.insert(namespace, key);
        key
    }

    /// Disconnects a socket and forgets it, with all that waits in it.
    pub fn remove_socket(&mut self, socket: SocketKey) {
        self.disconnect(socket);
        if let Some(mut removed) = self.sockets.remove(&socket) {
            removed.abandon(&mut self.work);
            self.namespaces.remove(&removed.namespace);
        }
    }

    /// Connects a socket, and the manager if need be. It is tried again until it is connected, the
    /// server refuses it, or someone disconnects it.
    pub fn connect(&mut self, now: Instant, socket: SocketKey) {
        let Some(wanted) = self.sockets.get_mut(&socket) else {
            return;
        };
        match wanted.phase {
            Phase::Idle => wanted.phase = Phase::Waiting,
            // The CONNECT that is on its way counts again: a second one before its answer would make
            // the official server close the connection.
            Phase::Abandoned => wanted.phase = Phase::Joining,
            _ => {}
        }
        if self.is_open() {
            self.join(socket);
        } else {
            self.open_for_socket(now);
        }
    }

    /// Disconnects a socket: it is not connected again by itself. The manager is closed if no other
    /// socket is active.
    pub fn disconnect(&mut self, socket: SocketKey) {
        let Some(leaving) = self.sockets.get_mut(&socket) else {
            return;
        };
        if leaving.is_connected() {
            let goodbye = OutgoingPacket::disconnect(&self.parser, leaving.namespace.clone());
            self.work.send_essential(goodbye);
            self.leave(socket, DisconnectReason::IoClientDisconnect);
        } else if leaving.phase.is_active() {
            let next = match leaving.phase {
                Phase::Joining => Phase::Abandoned,
                _ => Phase::Idle,
            };
            leaving.reset(next);
            self.close_if_unused();
        }
    }

    /// Answers [`Output::AskAuth`]: sends CONNECT with the `auth`, or takes the socket for refused,
    /// with this message. Does nothing if the attempt that asked is over.
    pub fn authorize(&mut self, request: AuthRequest, auth: Result<Option<Map>, String>) {
        let Some(socket) = self.sockets.get_mut(&request.socket) else {
            return;
        };
        if socket.phase != Phase::Asking(request.serial) {
            return;
        }
        match auth {
            Ok(auth) => {
                let credentials = Credentials {
                    auth,
                    pid: socket.recovery.pid(),
                    offset: socket.recovery.offset(),
                };
                socket.phase = Phase::Joining;
                let packet =
                    OutgoingPacket::connect(&self.parser, socket.namespace.clone(), credentials);
                self.work.send_essential(packet);
            }
            Err(message) => self.refuse(request.socket, ConnectError::Auth { message }),
        }
    }

    /// Sends an event, or keeps it until the socket is connected.
    ///
    /// Returns the token under which the acknowledgement is reported, if one is wanted.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if the event goes nowhere because of a limit.
    pub fn emit(
        &mut self,
        now: Instant,
        socket: SocketKey,
        emission: Emission,
        link: LinkState,
    ) -> Result<Option<AckToken>, EmitError> {
        let socket = self.sockets.get_mut(&socket).ok_or(EmitError::Removed)?;
        let emitted = socket.emit(now, &mut self.work, emission, link);
        while let Some((socket, id)) = self.work.dropped.pop_front() {
            if let Some(socket) = self.sockets.get_mut(&socket) {
                socket.fail_ack(&mut self.work, id, AckError::Dropped);
            }
        }
        emitted
    }

    /// Answers an event of the server. Whether the answer is sent: not if the connection on which the
    /// event came is gone, or has to be closed because more answers wait than
    /// [`Options::max_outbox`].
    pub fn answer(&mut self, answer: Answer, content: Content) -> bool {
        let socket = self.sockets.get(&answer.socket);
        let socket = socket.filter(|socket| socket.session == answer.session);
        let Some(socket) = socket else {
            return false;
        };
        if !self.work.outbox.takes_essential() {
            self.give_up();
            return false;
        }
        let packet = OutgoingPacket::ack(socket.namespace.clone(), content, answer.id);
        self.work.send_essential(packet);
        true
    }

    /// Forgets an acknowledgement that nobody waits for any more. Its event is sent all the same. An
    /// outcome that is decided already is still reported.
    pub fn forget_ack(&mut self, token: AckToken) {
        let Some(socket) = self.sockets.get_mut(&token.socket) else {
            return;
        };
        match token.place {
            AckPlace::Sent(id) => {
                socket.acks.take(&mut self.work.deadlines, id);
            }
            AckPlace::Queued(serial) => socket.queue.forget(serial),
        }
    }

    /// Says whether someone listens to the events that a socket sends.
    pub fn report_outgoing(&mut self, socket: SocketKey, reports: bool) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.reports_outgoing = reports;
        }
    }

    /// Says whether someone looks at each packet of the server: [`Output::Packet`].
    pub fn report_packets(&mut self, reports: bool) {
        self.reports_packets = reports;
    }

    /// The next packet to send over the open session, or none until there is another.
    ///
    /// The caller takes as much as its session can write. What it leaves is counted against
    /// [`Options::max_outbox`].
    pub fn poll_packet(&mut self) -> Option<OutgoingPacket> {
        self.work.outbox.pop()
    }

    /// The next thing to do, or none until something happens again.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output<'static, E>> {
        loop {
            let step = match self.work.pop()? {
                Step::Give(output) => return Some(output),
                step => step,
            };
            let later = self.work.set_aside();
            self.run(now, step);
            self.work.put_back(later);
        }
    }

    /// Whether [`poll_output`](Self::poll_output) is to be called.
    #[must_use]
    pub fn has_outputs(&self) -> bool {
        !self.work.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let deadlines = [self.connection.deadline(), self.work.next_deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Asks for the `auth` of a socket that is to join over the open connection.
    pub(super) fn join(&mut self, socket: SocketKey) {
        let Some(joining) = self.sockets.get_mut(&socket) else {
            return;
        };
        if joining.phase == Phase::Waiting {
            let serial = self.next_request;
            self.next_request += 1;
            joining.phase = Phase::Asking(serial);
            self.work
                .give(Output::AskAuth(AuthRequest { socket, serial }));
        }
    }

    /// Takes a socket out of its connection; it is not connected again by itself.
    pub(super) fn leave(&mut self, socket: SocketKey, reason: DisconnectReason) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.reset(Phase::Idle);
        }
        // Invariant: the manager's close, if it comes to that, is reported before the disconnect.
        self.close_if_unused();
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.report_disconnect(&mut self.work, reason, None);
        }
    }

    /// Takes a socket for refused; it is not connected again by itself.
    pub(super) fn refuse(&mut self, socket: SocketKey, error: ConnectError<E>) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.reset(Phase::Idle);
        }
        self.close_if_unused();
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.refused(&mut self.work, error);
        }
    }
}
