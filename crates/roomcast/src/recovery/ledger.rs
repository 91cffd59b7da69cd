//! Events that a client sends again: recognised, and answered as the first time.
//!
//! The client's `retries` queue sends one event at a time and sends it again, with a new
//! acknowledgement id, after a reconnection or when its `ackTimeout` is over. Nothing on the wire
//! says so. Two equal events of a user look the same, so an event counts as sent again only where it
//! can be nothing else:
//!
//! - the one before it is the same to the byte, and the client cannot have its answer: none was
//!   sent, or the client has come back with an offset from before the *mark* that went out ahead of
//!   the answer. A mark is an event that is named like its offset and has no arguments.
//! - the client has not given the one before up: counted by its ids, it has not used up its tries.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::Mutex;
use roomcast_socketio::{AckId, EncodeError, EventPacket, Header, Packet, Parser, Spread, Value};
use serde::Serialize;

use super::digest::{Digest, Keys};
use super::keeper::Keeper;
use super::known::{Again, Known};
use super::offset::Seen;
use super::packed::Packed;
use super::released::Released;
use super::retries::{FindId, Retries, Rule};
use super::stamped::Overtaken;
use crate::engine::SendOptions;
use crate::namespace::Namespace;
use crate::socket::Socket;
use crate::wire::{self, Ack, Outgoing};

/// The events of one session that may come again.
#[derive(Debug)]
pub(crate) struct Ledger {
    rule: Rule,
    max_bytes: usize,
    keys: Keys,
    // Lock order: a leaf, also taken with the rooms' lock.
    known: Mutex<Known>,
}

impl Ledger {
    pub(super) fn new(retries: Retries) -> Self {
        Self {
            rule: retries.rule,
            max_bytes: retries.max_answer_bytes,
            keys: Keys::default(),
            known: Mutex::default(),
        }
    }

    /// Whether the handlers are to be called for this event; else it is answered here.
    ///
    /// # Errors
    ///
    /// What the user's function panicked with, that finds ids.
    pub(crate) fn is_new(
        &self,
        socket: &Socket,
        packet: &Packet<'_>,
    ) -> Result<bool, Box<dyn Any + Send>> {
        let Some(id) = packet.ack() else {
            return Ok(true);
        };
        let Some(key) = self.key_of(packet)? else {
            return Ok(true);
        };
        let again = {
            let mut known = self.known.lock();
            let again = match &self.rule {
                Rule::Queue { retries } => known.find_in_order((key, id), socket, *retries),
                Rule::Id { .. } => known.find_by_key((key, id), socket),
            };
            if again.is_none() {
                known.note((key, id), socket, self.rule.remembered());
            }
            again
        };
        let Some(Again { first, answer }) = again else {
            return Ok(true);
        };
        if let Some(values) = answer.and_then(|answer| answer.values()) {
            self.send(socket, id, first, &Spread(values));
        }
        Ok(false)
    }

    /// What the event is recognised by, if it is to be.
    fn key_of(&self, packet: &Packet<'_>) -> Result<Option<Digest>, Box<dyn Any + Send>> {
        Ok(match &self.rule {
            Rule::Queue { .. } => content_of(packet).map(|content| self.keys.digest_of(&content)),
            Rule::Id { find, .. } => {
                // Invariant: nothing is locked where the user's function is called.
                let id = catch_unwind(AssertUnwindSafe(|| id_of(packet, &**find)))?;
                id.map(|id| self.keys.digest_of_text(&id))
            }
        })
    }

    /// Answers an event, and keeps the answer for the case that it does not arrive.
    pub(crate) fn answer<T: Serialize + ?Sized>(&self, socket: &Socket, id: AckId, args: &T) {
        let Some(packed) = Packed::of(args) else {
            return socket.send_ack_now(id, args);
        };
        let waiting = self.known.lock().keep_answer(id, packed, self.max_bytes);
        match waiting {
            None => socket.send_ack_now(id, args),
            Some((latest, waiting)) => {
                if let Some(waiting) = waiting.upgrade().filter(Socket::is_connected) {
                    self.send(&waiting, latest, id, args);
                }
            }
        }
    }

    /// The client has come back, having seen so much.
    pub(super) fn resume(&self, seen: Seen) {
        if self.rule.is_in_order() {
            self.known.lock().resume(seen);
        }
    }

    /// Sends a mark, where one is needed, and the answer right behind it.
    fn send<T: Serialize + ?Sized>(&self, socket: &Socket, id: AckId, first: AckId, args: &T) {
        let namespace = socket.namespace();
        let Some(keeper) = namespace.keeper().filter(|_| self.rule.is_in_order()) else {
            return socket.send_ack_now(id, args);
        };
        if keeper.log().is_overfull() {
            // A mark ahead of what waits would say that the client has seen it.
            self.known.lock().confirm(first);
            return socket.send_ack_now(id, args);
        }
        // Cost: encoded before everybody else has to wait; and a parser of the user's cannot be
        // called under the lock.
        let mut ack = match wire::ack(namespace.parser(), namespace.name(), id, args) {
            Ok(ack) => Some(ack),
            Err(error) => return tracing::warn!(%error, "an acknowledgement cannot be encoded"),
        };
        loop {
            let mark = match Mark::prepare(namespace, self.next_mark(keeper)) {
                Ok(mark) => mark,
                Err(error) => {
                    tracing::error!(%error, "a mark cannot be encoded");
                    self.known.lock().confirm(first);
                    return socket.send_ack_now(id, args);
                }
            };
            let sent = namespace
                .selection()
                .locked(|_| self.send_marked(socket, first, mark, &mut ack));
            if let Ok(left) = sent {
                return drop(left);
            }
        }
    }

    /// Sends the answer behind the mark, if it is still the next one.
    ///
    /// Invariant: nothing else reaches the client between the mark and the answer, and packets
    /// behind the mark have higher positions.
    fn send_marked(
        &self,
        socket: &Socket,
        first: AckId,
        mark: Mark,
        ack: &mut Option<Ack>,
    ) -> Result<Released, Overtaken> {
        let namespace = socket.namespace();
        let Some(keeper) = namespace.keeper().filter(|_| socket.is_connected()) else {
            // Without a mark it is certain that the client has no answer.
            return Ok(Released::default());
        };
        let seen = self.next_mark(keeper);
        let mark = mark.finish(namespace, seen)?;
        let Some(ack) = ack.take() else {
            return Ok(Released::default());
        };
        self.known.lock().mark(first, seen);
        keeper.note_mark(seen.position);
        let receiver = socket.clone();
        Ok(keeper.release(move |round| {
            // Invariant: an answer whose mark was left out would count as missed.
            let options = SendOptions::essential();
            receiver.send_in(round, mark.frames(), None, options);
            ack.send_in(round, receiver.conn(), options);
        }))
    }

    fn next_mark(&self, keeper: &Keeper) -> Seen {
        Seen {
            position: keeper.log().head(),
            marks: self.known.lock().marks + 1,
        }
    }
}

/// A mark on its way to be sent.
enum Mark {
    /// By our own parsers it is encoded when its place is known.
    Open,
    Encoded(Seen, Outgoing),
}

impl Mark {
    fn prepare(namespace: &Namespace, expected: Seen) -> Result<Self, EncodeError> {
        Ok(match namespace.parser() {
            Parser::Custom(_) => Self::Encoded(expected, encode_mark(namespace, expected)?),
            Parser::Text | Parser::MessagePack => Self::Open,
        })
    }

    fn finish(self, namespace: &Namespace, seen: Seen) -> Result<Outgoing, Overtaken> {
        match self {
            Self::Open => {
                Ok(encode_mark(namespace, seen).expect("our parsers encode a name of any length"))
            }
            Self::Encoded(expected, mark) if expected == seen => Ok(mark),
            Self::Encoded(..) => Err(Overtaken),
        }
    }
}

fn encode_mark(namespace: &Namespace, seen: Seen) -> Result<Outgoing, EncodeError> {
    let header = Header {
        namespace: namespace.name(),
        ack: None,
    };
    let epoch = namespace.keeper().map(|keeper| keeper.log().epoch());
    let name = epoch.map(|epoch| epoch.marked(seen)).unwrap_or_default();
    wire::event(
        namespace.parser(),
        &EventPacket::new(header, name.as_str(), &()),
    )
}

/// The name of an event and its arguments, bytes included.
fn content_of(packet: &Packet<'_>) -> Option<Value> {
    packet.data()?.ok()
}

fn id_of(packet: &Packet<'_>, find: &FindId) -> Option<String> {
    let values = packet.args().rest::<Value>().ok()?;
    find(&packet.event()?.to_text(), &values)
}
