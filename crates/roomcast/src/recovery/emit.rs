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
        let target = || Target::Selected(selection.clone());
        self.in_its_place(namespace, emitted, target, |state, packet, position| {
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

    /// Sends an event to one socket; if its client is away and may come back, then.
    pub(crate) fn emit_to<T: Serialize + ?Sized>(
        &self,
        socket: &Socket,
        emitted: &Emitted<'_, T>,
    ) -> Result<(), EmitError> {
        let namespace = socket.namespace();
        let can_arrive = || emitted.is_kept() && self.is_awaited(socket);
        if !socket.is_connected() && !can_arrive() {
            return Err(EmitError::Disconnected);
        }
        if socket.has_outgoing_listeners() {
            let header = emitted.header(namespace);
            let content = EventPacket::new(header, emitted.event, emitted.args);
            socket.notify_outgoing(&wire::event(namespace.parser(), &content)?);
        }
        let target = || Target::Socket(socket.id());
        let (sent, left) =
            self.in_its_place(namespace, emitted, target, |state, packet, position| {
                note(socket, position);
                let Some(receiver) = receiver_of(state, socket, emitted.is_kept()) else {
                    // It is kept for the client's return.
                    return (Sent::Queued, Released::default());
                };
                note(&receiver, position);
                if self.log().is_immediate() {
                    let (mut round, frames) = (Round::default(), packet.packet().frames());
                    let sent =
                        receiver.send_in(&mut round, frames, emitted.pace, emitted.ordered());
                    return (sent, (round, None));
                }
                let left = self.send_later(vec![receiver], packet, emitted);
                (Sent::Queued, left)
            })?;
        drop(left);
        // A client that may come back gets it then.
        if sent != Sent::Closed || !can_arrive() {
            sent.into_result()?;
        }
        namespace.meter().emitted(emitted.event, 1);
        Ok(())
    }

    /// Encodes an event, keeps it if it is to be kept, and calls `send` in its place among all others.
    fn in_its_place<T: Serialize + ?Sized, R>(
        &self,
        namespace: &Namespace,
        emitted: &Emitted<'_, T>,
        target: impl Fn() -> Target,
        mut send: impl FnMut(&RoomsState, &Stamped, Option<Position>) -> R,
    ) -> Result<R, EmitError> {
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
                Ok(send(state, &packet, position))
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

    /// Sends the packet when the log allows it.
    fn send_later<T: ?Sized>(
        &self,
        receivers: Vec<Socket>,
        packet: &Stamped,
        emitted: &Emitted<'_, T>,
    ) -> Released {
        let (packet, pace) = (packet.clone(), emitted.pace.cloned());
        let options = emitted.ordered();
        self.release(move |round| {
            for socket in &receivers {
                // Nobody waits for the outcome any more: the policy of the outbox says what to do.
                socket.send_in(round, packet.packet().frames(), pace.as_ref(), options);
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
