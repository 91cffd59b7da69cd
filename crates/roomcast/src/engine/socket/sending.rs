//! What the server queues for a session.

use bytes::Bytes;
use roomcast_websocket::OpCode;

use super::Socket;
use crate::engine::draft::Draft;
use crate::engine::events::Kinds;
use crate::engine::flusher::{self, Round};
use crate::engine::frame::Frame;
use crate::engine::mailbox::{Pace, SendOptions, Sent};

impl Socket {
    pub(crate) fn send_frames(&self, frames: &[Frame], options: SendOptions) -> Sent {
        let sent = self.0.mailbox.send(frames, options);
        self.created(frames, sent);
        self.flushed_as(sent)
    }

    /// Reads a byte of each part that [`send_in`](Self::send_in) will use.
    #[inline]
    pub(crate) fn look_at(&self) {
        std::hint::black_box(self.watches(Kinds::PACKET_CREATE));
        self.0.mailbox.look_at();
    }

    /// Sends the frames together with those of the other receivers of `round`.
    #[inline]
    pub(crate) fn send_in(
        &self,
        round: &mut Round,
        frames: &[Frame],
        pace: Option<&Pace>,
        options: SendOptions,
    ) -> Sent {
        let sent = match pace {
            None => self.0.mailbox.send(frames, options),
            Some(pace) => self.0.mailbox.send_paced(pace, frames, options),
        };
        if self.watches(Kinds::PACKET_CREATE) && sent.is_queued() {
            round.note_created(self, frames);
        }
        if sent == Sent::MustFlush {
            round.add(self);
            return Sent::Queued;
        }
        sent
    }

    /// Sends the frames at a pace.
    pub(crate) fn send_paced(&self, pace: &Pace, frames: &[Frame], options: SendOptions) -> Sent {
        let sent = self.0.mailbox.send_paced(pace, frames, options);
        self.created(frames, sent);
        self.flushed_as(sent)
    }

    /// Sends a message that no other session gets: a packet and its attachments.
    pub(crate) fn send_own(
        &self,
        packet: Draft,
        opcode: OpCode,
        attachments: &[Bytes],
        options: SendOptions,
    ) -> Sent {
        if self.watches(Kinds::PACKET_CREATE) {
            // Who looks at each packet gets it in a form that can be looked at.
            return self.send_frames(&own_frames(packet, opcode, attachments), options);
        }
        let sent = self
            .0
            .mailbox
            .send_own(packet, opcode, attachments, options);
        self.flushed_as(sent)
    }

    /// Sends a message that no other session gets together with what else is in `round`.
    pub(crate) fn send_own_in(
        &self,
        round: &mut Round,
        (packet, opcode, attachments): (Draft, OpCode, &[Bytes]),
        options: SendOptions,
    ) -> Sent {
        if self.watches(Kinds::PACKET_CREATE) {
            let frames = own_frames(packet, opcode, attachments);
            return self.send_in(round, &frames, None, options);
        }
        let mailbox = &self.0.mailbox;
        let sent = mailbox.send_own(packet, opcode, attachments, options);
        if sent == Sent::MustFlush {
            round.add(self);
            return Sent::Queued;
        }
        sent
    }

    /// Queues a ping in the place of the session's task, which sleeps; `None` if it has to do it.
    pub(crate) fn ping_beside_task(&self) -> Option<Sent> {
        if self.is_closing() || self.watches(Kinds::PACKET_CREATE) {
            return None;
        }
        self.0.mailbox.send_beside_task(Frame::ping())
    }

    /// Queues a packet of the session itself.
    pub(crate) fn send_control(&self, frame: Frame) {
        let frames = [frame.clone()];
        self.0.mailbox.send_control(frame);
        self.created(&frames, Sent::Queued);
    }

    pub(super) fn created(&self, frames: &[Frame], sent: Sent) {
        if self.watches(Kinds::PACKET_CREATE) && sent.is_queued() {
            self.tell_created(frames);
        }
    }

    /// Notes that a message is held back, and will be sent by
    /// [`send_held_back`](Self::send_held_back): who waits for room counts it.
    pub(crate) fn hold_back(&self, frames: &[Frame]) {
        self.0.held_back.add(frames);
    }

    /// Sends a message that was held back.
    pub(crate) fn send_held_back(
        &self,
        round: &mut Round,
        frames: &[Frame],
        pace: Option<&Pace>,
        options: SendOptions,
    ) -> Sent {
        // Invariant: from here on the outbox alone counts it, so whoever has to wait for it is told
        // when it has left; or at once, if it does not get there.
        self.0.held_back.remove(frames);
        let sent = self.send_in(round, frames, pace, options);
        if !sent.is_queued() {
            self.recall();
        }
        sent
    }

    /// Sees to it that somebody writes what was queued.
    pub(super) fn flushed_as(&self, sent: Sent) -> Sent {
        if sent != Sent::MustFlush {
            return sent;
        }
        flusher::list(self.clone());
        Sent::Queued
    }
}

/// A message in a form that can be looked at.
fn own_frames(packet: Draft, opcode: OpCode, attachments: &[Bytes]) -> Vec<Frame> {
    let binary = attachments.iter().map(|bytes| Frame::binary(bytes));
    std::iter::once(Frame::of(packet, opcode))
        .chain(binary)
        .collect()
}
