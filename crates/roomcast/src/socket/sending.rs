//! Packets on their way from a socket to its client.

use roomcast_socketio::AckId;
use serde::Serialize;

use super::Socket;
use crate::engine::{Frame, Pace, Round, SendOptions, Sent};
use crate::recovery::Ticket;
use crate::wire::{self, Outgoing};

impl Socket {
    pub(crate) fn send_packet(&self, packet: &Outgoing, options: SendOptions) -> Sent {
        self.conn().send_frames(packet.frames(), options)
    }

    /// Reads a byte of each part that [`send_in`](Self::send_in) will use, so that it is at hand then.
    #[inline]
    pub(crate) fn look_at(&self) {
        std::hint::black_box(self.phase());
        self.conn().look_at();
    }

    /// Sends the packet together with the other receivers' of `round`.
    #[inline]
    pub(crate) fn send_in(
        &self,
        round: &mut Round,
        frames: &[Frame],
        pace: Option<&Pace>,
        options: SendOptions,
    ) -> Sent {
        self.conn().send_in(round, frames, pace, options)
    }

    /// Sends the packet at a pace, if it has one.
    pub(crate) fn send_paced(
        &self,
        packet: &Outgoing,
        pace: Option<&Pace>,
        options: SendOptions,
    ) -> Sent {
        match pace {
            None => self.send_packet(packet, options),
            Some(pace) => self.conn().send_paced(pace, packet.frames(), options),
        }
    }

    pub(crate) fn send_ack<T: Serialize + ?Sized>(&self, id: AckId, args: &T) {
        match self.ticket().and_then(Ticket::ledger) {
            None => self.send_ack_now(id, args),
            Some(ledger) => ledger.answer(self, id, args),
        }
    }

    /// Sends an acknowledgement that nobody keeps.
    pub(crate) fn send_ack_now<T: Serialize + ?Sized>(&self, id: AckId, args: &T) {
        if !self.is_connected() {
            return;
        }
        let options = SendOptions::essential();
        let namespace = self.namespace();
        let ack = match wire::ack(namespace.parser(), namespace.name(), id, args) {
            Ok(ack) => ack,
            Err(error) => {
                return tracing::warn!(%error, "an acknowledgement cannot be encoded");
            }
        };
        match namespace.keeper() {
            None => ack.send(self.conn(), options),
            Some(keeper) => {
                let engine = self.0.engine.clone();
                drop(keeper.release_answer(move |round| ack.send_in(round, &engine, options)));
            }
        }
    }
}
