//! An event on its way to the sockets of this server that were selected.

use roomcast_socketio::{AckId, EncodeError, EventPacket, Header};
use serde::Serialize;
use tokio::sync::mpsc;

use super::Broadcast;
use super::paced::Tally;
use crate::engine::Round;
use crate::error::EmitError;
use crate::id::SocketId;
use crate::namespace::Namespace;
use crate::recovery::Emitted;
use crate::socket::{Socket, Waiting};
use crate::wire::{self, Outgoing};

/// Where the answers of those go who were asked for one.
type AnswerSender = mpsc::UnboundedSender<(SocketId, crate::socket::Answer)>;

impl Broadcast {
    /// Sends the event in one namespace; with `answers`, gives those who were asked for one.
    pub(crate) fn emit_in<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &T,
        answers: Option<&AnswerSender>,
    ) -> Result<Vec<(Socket, AckId)>, EmitError> {
        self.emit_counted(namespace, event, args, answers, &mut Tally::default())
    }

    /// Does the same, and counts what becomes of the event.
    pub(super) fn emit_counted<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &T,
        answers: Option<&AnswerSender>,
        tally: &mut Tally,
    ) -> Result<Vec<(Socket, AckId)>, EmitError> {
        let mut audience = Audience {
            asking: answers.map(|answers| (namespace.next_ack_id(), answers)),
            asked: Vec::new(),
            is_watched: namespace.listeners().has_outgoing(),
            watched: Vec::new(),
        };
        let ack = audience.asking.map(|(id, _)| id);
        let options = self.options;
        let pace = self.pace_in(namespace);
        let queued_before = tally.queued();
        let header = Header {
            namespace: namespace.name(),
            ack,
        };
        let content = EventPacket::new(header, event, args);
        if let Some(keeper) = namespace.keeper() {
            let emitted = Emitted {
                event,
                args,
                ack,
                pace: pace.as_ref(),
                options,
            };
            keeper.broadcast(
                namespace,
                &self.selection,
                &emitted,
                |socket| audience.takes(socket),
                |socket, packet, sent| tally.note(socket, packet, sent),
            )?;
            namespace
                .meter()
                .broadcast(event, tally.queued() - queued_before);
            return Ok(audience.told(|| wire::event(namespace.parser(), &content)));
        }
        let packet = wire::event(namespace.parser(), &content)?;
        let mut round = Round::default();
        // Cost: looked at once, not for each receiver.
        let frames = packet.frames();
        namespace.selection().for_each(&self.selection, |socket| {
            if audience.takes(socket) {
                let sent = socket.send_in(&mut round, frames, pace.as_ref(), options);
                tally.note(socket, &packet, sent);
            }
        });
        drop(round);
        // Who waits for late receivers counts them, too.
        if !pace.is_some_and(|pace| pace.may_wait) {
            namespace
                .meter()
                .broadcast(event, tally.queued() - queued_before);
        }
        Ok(audience.told(|| Ok(packet)))
    }
}

/// Who gets an event, as far as somebody asks about it later.
struct Audience<'a> {
    /// The id under which answers are wanted, and where they go.
    asking: Option<(AckId, &'a AnswerSender)>,
    asked: Vec<(Socket, AckId)>,
    is_watched: bool,
    /// Handlers may emit themselves: they are called when the lock of the rooms is released.
    watched: Vec<Socket>,
}

impl Audience<'_> {
    /// Whether the socket gets the event.
    ///
    /// Cost: as a call of its own it is 16 instructions more for each receiver.
    #[inline(always)]
    fn takes(&mut self, socket: &Socket) -> bool {
        if self.asking.is_some() {
            return self.asks(socket);
        }
        if !socket.is_connected() {
            return false;
        }
        if self.is_watched || socket.watches_outgoing() {
            self.watch(socket);
        }
        true
    }

    /// Whether the socket gets the event, and will be waited for.
    #[cold]
    fn asks(&mut self, socket: &Socket) -> bool {
        let Some((id, answers)) = self.asking else {
            return false;
        };
        // Invariant: noted before it is asked whether the socket lives: its end forgets it.
        let waiting = Waiting::Broadcast(answers.clone());
        socket.acks().insert(id, waiting);
        if !socket.is_connected() {
            socket.acks().remove(id);
            return false;
        }
        self.asked.push((socket.clone(), id));
        if self.is_watched || socket.watches_outgoing() {
            self.watch(socket);
        }
        true
    }

    #[cold]
    fn watch(&mut self, socket: &Socket) {
        self.watched.push(socket.clone());
    }

    /// Shows the packet to those who want to see what is sent, and gives those who were asked.
    fn told(self, packet: impl FnOnce() -> Result<Outgoing, EncodeError>) -> Vec<(Socket, AckId)> {
        if !self.watched.is_empty()
            && let Ok(packet) = packet()
        {
            self.watched
                .iter()
                .for_each(|socket| socket.notify_outgoing(&packet));
        }
        self.asked
    }
}

/// Whose answers are awaited; the end of the wait, whichever it is, forgets them.
pub(crate) struct Asked(pub(crate) Vec<(Socket, AckId)>);

impl Drop for Asked {
    fn drop(&mut self) {
        self.0
            .iter()
            .for_each(|(socket, id)| socket.acks().remove(*id));
    }
}
