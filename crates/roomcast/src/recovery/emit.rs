//! Emitting where what clients miss is kept.

use roomcast_socketio::{AckId, EventPacket, Header};
use serde::Serialize;

use super::keeper::Keeper;
use super::log::{NotAppended, Target};
use super::offset::Position;
use super::released::Released;
use super::stamped::{Stamped, Tail};
use crate::engine::{Pace, Round, SendOptions, Sent};
use crate::error::EmitError;
use crate::id::SocketId;
use crate::namespace::{Namespace, RoomsState, Selection};
use crate::socket::Socket;
use crate::wire::{self, Outgoing};

/// An event that is being emitted.
pub(crate) struct Emitted<'a, T: ?Sized> {
    pub(crate) event: &'a str,
    pub(crate) args: &'a T,
    pub(crate) ack: Option<AckId>,
    pub(crate) pace: Option<&'a Pace>,
    pub(crate) options: SendOptions,
}

impl<T: Serialize + ?Sized> Emitted<'_, T> {
    /// Whether the event is kept for those who miss it.
    fn is_kept(&self) -> bool {
        self.ack.is_none() && !self.options.is_volatile
    }

    /// COMPAT: the client takes a text at the end of an event for its offset, unless the event asks
    /// for an acknowledgement.
    fn tail(&self) -> Tail {
        match (self.ack, self.is_kept()) {
            (Some(_), _) => Tail::None,
            (None, true) => Tail::Offset,
            (None, false) => Tail::OffsetBehindText,
        }
    }

    fn header<'n>(&self, namespace: &'n Namespace) -> Header<'n> {
        Header {
            namespace: namespace.name(),
            ack: self.ack,
        }
    }
}

impl<T: ?Sized> Emitted<'_, T> {
    /// Invariant: a client has seen all kept events up to its offset. One that takes the place of
    /// another goes to the end: it has a higher offset than those between.
    fn ordered(&self) -> SendOptions {
        SendOptions {
            keeps_order: true,
            ..self.options
        }
    }
}

impl Keeper {
    /// Sends an event to all selected sockets that `takes` lets pass, and tells `note_sent` what became
    /// of it. What the log holds back counts as queued.
    ///
    /// Invariant: the position is taken under the lock under which the packet is queued, so each
    /// receiver gets the packets in the order of their positions, whoever emits.
    pub(crate) fn broadcast<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        selection: &Selection,
        emitted: &Emitted<'_, T>,
        mut takes: impl FnMut(&Socket) -> bool,
        mut note_sent: impl FnMut(&Socket, &Outgoing, Sent),
    ) -> Result<(), EmitError> {
        let to_all = (|| true, || Target::Selected(selection.clone()));
        self.in_its_place(namespace, emitted, to_all, |state, packet, position| {
            let mut round = Round::default();
            let is_immediate = self.log().is_immediate();
            let mut receivers = Vec::new();
            state.for_each(selection, |socket| {
                if !takes(socket) {
                    return;
                }
                // Invariant: noted when the packet gets its position: the socket may be gone before
                // the log lets the packet leave.
                note(socket, position);
                let frames = packet.packet().frames();
                let sent = match is_immediate {
                    true => socket.send_in(&mut round, frames, emitted.pace, emitted.ordered()),
                    false => {
                        receivers.push(socket.clone());
                        Sent::Queued
                    }
                };
                note_sent(socket, packet.packet(), sent);
            });
            // Invariant: it outlives the lock: its end may write to many sessions, and calls
            // listeners.
            match is_immediate {
                true => (round, None),
                false => self.send_later(receivers, packet, emitted),
            }
        })?;
        Ok(())
    }

    /// Shows an event to those who want to see what is sent, and sends it to one socket.
    pub(crate) fn emit_to<T: Serialize + ?Sized>(
        &self,
        socket: &Socket,
        emitted: &Emitted<'_, T>,
    ) -> Result<(), EmitError> {
        let can_be_sent = socket.is_connected() || self.can_arrive(socket, emitted);
        if can_be_sent && socket.has_outgoing_listeners() {
            let namespace = socket.namespace();
            let header = emitted.header(namespace);
            let content = EventPacket::new(header, emitted.event, emitted.args);
            socket.notify_outgoing(&wire::event(namespace.parser(), &content)?);
        }
        self.send_to(socket, emitted, || true)?;
        Ok(())
    }

    /// Sends an event to one socket if it may go now, and tells whether it may; if the client is away and
    /// may come back, it gets the event then.
    ///
    /// Invariant: the question is asked under the lock under which the event is queued, so of many
    /// who ask at once each sees the events of those before.
    pub(crate) fn send_to<T: Serialize + ?Sized>(
        &self,
        socket: &Socket,
        emitted: &Emitted<'_, T>,
        may_go: impl Fn() -> bool,
    ) -> Result<bool, EmitError> {
        let namespace = socket.namespace();
        let can_arrive = || self.can_arrive(socket, emitted);
        if !socket.is_connected() && !can_arrive() {
            return Err(EmitError::Disconnected);
        }
        let to_one = (may_go, || Target::Socket(socket.id()));
        let placed = self.in_its_place(namespace, emitted, to_one, |state, packet, position| {
            note(socket, position);
            let Some(receiver) = receiver_of(state, socket, emitted.is_kept()) else {
                // It is kept for the client's return.
                return (Sent::Queued, Released::default());
            };
            note(&receiver, position);
            if self.log().is_immediate() {
                let (mut round, frames) = (Round::default(), packet.packet().frames());
                let sent = receiver.send_in(&mut round, frames, emitted.pace, emitted.ordered());
                return (sent, (round, None));
            }
            let left = self.send_later(vec![receiver], packet, emitted);
            (Sent::Queued, left)
        })?;
        let Some((sent, left)) = placed else {
            return Ok(false);
        };
        drop(left);
        // A client that may come back gets it then.
        if sent != Sent::Closed || !can_arrive() {
            sent.into_result()?;
        }
        namespace.meter().emitted(emitted.event, 1);
        Ok(true)
    }

    /// Whether an event to a socket that has lost its connection reaches its client on the return.
    fn can_arrive<T: Serialize + ?Sized>(&self, socket: &Socket, emitted: &Emitted<'_, T>) -> bool {
        emitted.is_kept() && self.is_awaited(socket)
    }

    /// Encodes an event, keeps it if it is to be kept, and calls `send` in its place among all others;
    /// `None` if it may not go now.
    fn in_its_place<T: Serialize + ?Sized, R>(
        &self,
        namespace: &Namespace,
        emitted: &Emitted<'_, T>,
        (may_go, target): (impl Fn() -> bool, impl Fn() -> Target),
        mut send: impl FnMut(&RoomsState, &Stamped, Option<Position>) -> R,
    ) -> Result<Option<R>, EmitError> {
        let log = self.log();
        loop {
            let head = log.head();
            let expected = log
                .epoch()
                .offset(match emitted.is_kept() || self.is_marked(head) {
                    true => head.next(),
                    false => head,
                });
            let content = (emitted.header(namespace), emitted.event, emitted.args);
            let mut packet = Stamped::event(namespace.parser(), content, emitted.tail(), expected)?;
            let result = namespace.selection().locked(|state| {
                if !may_go() {
                    return Ok(None);
                }
                let position = match emitted.is_kept() {
                    true => Some(log.append(target(), &mut packet)?),
                    false => {
                        if packet.has_offset() && self.is_marked(log.head()) {
                            self.pass_mark()?;
                        }
                        packet.stamp(log.epoch().offset(log.head()))?;
                        None
                    }
                };
                Ok(Some(send(state, &packet, position)))
            });
            match result {
                Ok(result) => return Ok(result),
                Err(NotAppended::Full) => return Err(EmitError::LogFull),
                // Cost: with a parser of the user's, which cannot be called under the lock, it is
                // encoded again. Whoever was faster is done.
                Err(NotAppended::Overtaken) => {}
            }
        }
    }

    /// Takes a position that nobody's packet has.
    ///
    /// Invariant: who sees an offset behind a mark has seen the mark. A packet that is not kept has
    /// the offset of the newest one that is, which is in front of the marks behind that.
    fn pass_mark(&self) -> Result<(), NotAppended> {
        let nobody = Target::Socket(SocketId::random());
        self.log().append(nobody, &mut Stamped::placeholder())?;
        Ok(())
    }

    /// Sends the packet when the log allows it. Who waits for room counts it from now on.
    fn send_later<T: ?Sized>(
        &self,
        receivers: Vec<Socket>,
        packet: &Stamped,
        emitted: &Emitted<'_, T>,
    ) -> Released {
        let (packet, pace) = (packet.clone(), emitted.pace.cloned());
        let options = emitted.ordered();
        let frames = packet.packet().frames();
        receivers
            .iter()
            .for_each(|socket| socket.conn().hold_back(frames));
        self.release(move |round| {
            for socket in &receivers {
                // Nobody waits for the outcome any more: the policy of the outbox says what to do.
                let frames = packet.packet().frames();
                let conn = socket.conn();
                conn.send_held_back(round, frames, pace.as_ref(), options);
            }
        })
    }
}

fn note(socket: &Socket, position: Option<Position>) {
    if let Some(position) = position {
        socket.note_logged(position);
    }
}

/// The socket, or the one that has taken its place since.
fn receiver_of(state: &RoomsState, socket: &Socket, is_kept: bool) -> Option<Socket> {
    if socket.is_connected() {
        return Some(socket.clone());
    }
    let successor = state.socket(socket.own_id()).filter(|_| is_kept)?;
    successor.is_connected().then(|| successor.clone())
}
