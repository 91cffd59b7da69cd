//! Emitting where what clients miss is kept.

use roomcast_socketio::{AckId, Header};
use serde::Serialize;

use super::keeper::Keeper;
use super::log::Target;
use super::offset::Position;
use crate::engine::{Round, SendOptions, Sent};
use crate::error::EmitError;
use crate::namespace::{Namespace, RoomsState, Selection};
use crate::socket::Socket;
use crate::wire::{self, Stamped, Tail};

/// An event that is being emitted.
pub(crate) struct Emitted<'a, T: ?Sized> {
    pub(crate) event: &'a str,
    pub(crate) args: &'a T,
    pub(crate) ack: Option<AckId>,
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

    fn encode(&self, namespace: &Namespace) -> Result<Stamped, EmitError> {
        let header = Header {
            namespace: namespace.name(),
            ack: self.ack,
        };
        Ok(wire::stamped_event(
            header,
            self.event,
            self.args,
            self.tail(),
        )?)
    }
}

impl Keeper {
    /// Sends an event to all selected sockets that `takes` lets pass, and gives it as it was sent.
    ///
    /// Invariant: the position is taken under the lock under which the packet is queued, so each
    /// receiver gets the packets in the order of their positions, whoever emits.
    pub(crate) fn broadcast<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        selection: &Selection,
        emitted: &Emitted<'_, T>,
        mut takes: impl FnMut(&Socket) -> bool,
    ) -> Result<Stamped, EmitError> {
        let mut packet = emitted.encode(namespace)?;
        // Invariant: outlives the lock: its end may write to many sessions.
        let mut round = Round::default();
        namespace.selection().locked(|state| {
            let target = || Target::Selected(selection.clone());
            let position = self.stamp(emitted, target, &mut packet)?;
            if self.log().is_immediate() {
                state.for_each(selection, |socket| {
                    if takes(socket) {
                        socket.send_in(&mut round, packet.packet(), emitted.options);
                        note(socket, position);
                    }
                });
                return Ok(());
            }
            let mut receivers = Vec::new();
            state.for_each(selection, |socket| {
                if takes(socket) {
                    // Invariant: noted when the packet gets its position: the socket may be gone
                    // before the log lets the packet leave.
                    note(socket, position);
                    receivers.push(socket.clone());
                }
            });
            self.send_later(receivers, &packet, emitted.options);
            Ok::<_, EmitError>(())
        })?;
        Ok(packet)
    }

    /// Sends an event to one socket; if its client is away and may come back, then.
    pub(crate) fn emit_to<T: Serialize + ?Sized>(
        &self,
        socket: &Socket,
        emitted: &Emitted<'_, T>,
    ) -> Result<(), EmitError> {
        let mut packet = emitted.encode(socket.namespace())?;
        let can_arrive = || emitted.is_kept() && self.is_awaited(socket);
        if !socket.is_connected() && !can_arrive() {
            return Err(EmitError::Disconnected);
        }
        socket.notify_stamped(&packet);
        let rooms = socket.namespace().selection();
        let sent = rooms.locked(|state| {
            let target = || Target::Socket(socket.id());
            let position = self.stamp(emitted, target, &mut packet)?;
            note(socket, position);
            let receiver = receiver_of(state, socket, emitted.is_kept());
            let Some(receiver) = receiver else {
                // It is kept for the client's return.
                return Ok(Sent::Queued);
            };
            note(&receiver, position);
            if self.log().is_immediate() {
                return Ok(receiver.send_packet(packet.packet(), emitted.options));
            }
            self.send_later(vec![receiver], &packet, emitted.options);
            Ok::<_, EmitError>(Sent::Queued)
        })?;
        match sent {
            Sent::Queued | Sent::MustFlush => Ok(()),
            // A client that may come back gets it then.
            Sent::Closed if can_arrive() => Ok(()),
            Sent::Closed => Err(EmitError::Disconnected),
            Sent::Dropped => Err(EmitError::Dropped),
        }
    }

    /// Keeps the packet if it is to be kept, and writes into it where its receivers stand then.
    fn stamp<T: Serialize + ?Sized>(
        &self,
        emitted: &Emitted<'_, T>,
        target: impl FnOnce() -> Target,
        packet: &mut Stamped,
    ) -> Result<Option<Position>, EmitError> {
        if emitted.is_kept() {
            return self.log().append(target(), packet).map(Some);
        }
        packet.stamp(self.log().epoch().offset(self.log().head()));
        Ok(None)
    }

    /// Sends the packet when the log allows it.
    fn send_later(&self, receivers: Vec<Socket>, packet: &Stamped, options: SendOptions) {
        let packet = packet.clone();
        self.release(move || {
            let mut round = Round::default();
            for socket in &receivers {
                socket.send_in(&mut round, packet.packet(), options);
            }
        });
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
    let successor = state.socket(socket.id()).filter(|_| is_kept)?;
    successor.is_connected().then(|| successor.clone())
}
