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

use std::collections::VecDeque;

use parking_lot::Mutex;
use roomcast_socketio::{AckId, EventPacket, Header, Packet, Spread, Value};
use serde::Serialize;

use super::offset::Seen;
use super::packed::Packed;
use super::retries::{FindId, Retries, Rule};
use crate::engine::SendOptions;
use crate::socket::{Socket, WeakSocket};
use crate::wire;

/// The events of one session that may come again.
#[derive(Debug)]
pub(crate) struct Ledger {
    rule: Rule,
    // Lock order: a leaf, also taken with the rooms' lock.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    events: VecDeque<Received>,
    /// The id of the event before the last: what has a higher one was sent after it.
    before: Option<u64>,
    marks: u64,
}

#[derive(Debug)]
struct Received {
    key: Key,
    /// The id under which the handlers answer.
    first: AckId,
    /// The id under which the client waits now, and where.
    latest: (AckId, WeakSocket),
    answer: Answer,
}

#[derive(Debug)]
enum Key {
    /// Name and arguments.
    Content(Value),
    Id(String),
}

#[derive(Debug)]
enum Answer {
    /// The handlers have not answered.
    Awaited,
    /// Sent behind this mark, if it was sent.
    Given {
        values: Vec<Value>,
        mark: Option<Seen>,
    },
    /// The client has it, or may have it.
    Confirmed,
}

impl Ledger {
    pub(super) fn new(Retries(rule): Retries) -> Self {
        Self {
            rule,
            known: Mutex::default(),
        }
    }

    /// Whether the handlers are to be called for this event; else it is answered here.
    pub(crate) fn is_new(&self, socket: &Socket, packet: &Packet<'_>) -> bool {
        let Some(id) = packet.ack() else {
            return true;
        };
        let values = {
            let mut known = self.known.lock();
            let again = match &self.rule {
                Rule::Queue { retries } => {
                    let Some(content) = content_of(packet) else {
                        return true;
                    };
                    known.find_in_order(id, content, *retries)
                }
                Rule::Id { find, .. } => {
                    let Some(key) = id_of(packet, &**find) else {
                        return true;
                    };
                    known.find_by_id(key)
                }
            };
            let again = match again {
                Ok(again) => again,
                Err(key) => {
                    known.note(key, id, socket, self.rule.remembered());
                    return true;
                }
            };
            again.latest = (id, socket.downgrade());
            match &again.answer {
                Answer::Given { values, .. } => values.clone(),
                // It is answered when the handlers answer.
                Answer::Awaited | Answer::Confirmed => return false,
            }
        };
        let first = self.first_of(id);
        self.send(socket, id, first, values);
        false
    }

    /// Answers an event, and keeps the answer for the case that it does not arrive.
    pub(crate) fn answer<T: Serialize + ?Sized>(&self, socket: &Socket, id: AckId, args: &T) {
        let Some(values) = Packed::of(args).and_then(|packed| packed.values()) else {
            return socket.send_ack_now(id, args);
        };
        let waiting = {
            let mut known = self.known.lock();
            let received = known
                .events
                .iter_mut()
                .rev()
                .find(|event| event.first == id);
            received.map(|event| {
                event.answer = Answer::Given {
                    values: values.clone(),
                    mark: None,
                };
                event.latest.clone()
            })
        };
        match waiting {
            None => socket.send_ack_now(id, &Spread(values)),
            Some((latest, waiting)) => {
                if let Some(waiting) = waiting.upgrade().filter(Socket::is_connected) {
                    self.send(&waiting, latest, Some(id), values);
                }
            }
        }
    }

    /// The client has come back, having seen so much.
    pub(super) fn resume(&self, seen: Seen) {
        for event in &mut self.known.lock().events {
            if let Answer::Given {
                mark: Some(mark), ..
            } = event.answer
                && self.rule.is_in_order()
                && seen >= mark
            {
                event.answer = Answer::Confirmed;
            }
        }
    }

    fn first_of(&self, latest: AckId) -> Option<AckId> {
        let known = self.known.lock();
        let event = known.events.iter().find(|event| event.latest.0 == latest);
        event.map(|event| event.first)
    }

    /// Sends a mark, where one is needed, and the answer right behind it.
    fn send(&self, socket: &Socket, id: AckId, first: Option<AckId>, values: Vec<Value>) {
        if !self.rule.is_in_order() {
            return socket.send_ack_now(id, &Spread(values));
        }
        let namespace = socket.namespace();
        let Some(keeper) = namespace.keeper() else {
            return;
        };
        let header = Header {
            namespace: namespace.name(),
            ack: None,
        };
        // Invariant: nothing else reaches the client between the mark and the answer, and packets
        // behind the mark have higher positions.
        namespace.selection().locked(|_| {
            let mark = {
                let mut known = self.known.lock();
                known.marks += 1;
                let seen = Seen {
                    position: keeper.log().head(),
                    marks: known.marks,
                };
                let event = known
                    .events
                    .iter_mut()
                    .find(|event| Some(event.first) == first);
                if let Some(Answer::Given { mark, .. }) = event.map(|event| &mut event.answer) {
                    *mark = Some(seen);
                }
                keeper.log().epoch().marked(seen)
            };
            match wire::event(
                namespace.parser(),
                &EventPacket::new(header, mark.as_str(), &()),
            ) {
                Ok(mark) => {
                    let receiver = socket.clone();
                    keeper.release(move || {
                        receiver.send_packet(&mark, SendOptions::default());
                    });
                }
                Err(error) => tracing::error!(%error, "a mark cannot be encoded"),
            }
            socket.send_ack_now(id, &Spread(values));
        });
    }
}

impl Known {
    /// The last event, if this one can be nothing but the same.
    fn find_in_order(
        &mut self,
        id: AckId,
        content: Value,
        retries: u64,
    ) -> Result<&mut Received, Key> {
        let before = self.before;
        match self.events.back_mut() {
            Some(last)
                if last.may_be_missed()
                    && matches!(&last.key, Key::Content(known) if *known == content)
                    && is_next_try(before, last.latest.0, id, retries) =>
            {
                Ok(last)
            }
            _ => Err(Key::Content(content)),
        }
    }

    fn find_by_id(&mut self, id: String) -> Result<&mut Received, Key> {
        let is_known = |event: &&mut Received| matches!(&event.key, Key::Id(known) if *known == id);
        let found = self.events.iter_mut().find(is_known);
        found.ok_or(Key::Id(id))
    }

    fn note(&mut self, key: Key, id: AckId, socket: &Socket, remembered: usize) {
        self.before = self.events.back().and_then(|last| last.latest.0.as_u64());
        if self.events.len() >= remembered {
            self.events.pop_front();
        }
        self.events.push_back(Received {
            key,
            first: id,
            latest: (id, socket.downgrade()),
            answer: Answer::Awaited,
        });
    }
}

impl Received {
    /// Whether it is certain that the client has no answer. An answer that was sent over the
    /// connection that still stands may be there.
    fn may_be_missed(&self) -> bool {
        match &self.answer {
            Answer::Awaited | Answer::Given { mark: None, .. } => true,
            Answer::Given { .. } => self
                .latest
                .1
                .upgrade()
                .is_none_or(|socket| !socket.is_connected()),
            Answer::Confirmed => false,
        }
    }
}

/// Whether the client may still be trying: each attempt has taken one id.
///
/// `before` is the id of the event before the one that is tried, `latest` the one of its last
/// attempt that has arrived. Attempts that were lost count, too.
fn is_next_try(before: Option<u64>, latest: AckId, id: AckId, retries: u64) -> bool {
    let (Some(latest), Some(id)) = (latest.as_u64(), id.as_u64()) else {
        return false;
    };
    // The ids of a client begin at 0.
    let tries = match before {
        Some(before) => id.saturating_sub(before),
        None => id.saturating_add(1),
    };
    id > latest && tries <= retries.saturating_add(1)
}

/// The name of an event and its arguments, bytes included.
fn content_of(packet: &Packet<'_>) -> Option<Value> {
    packet.data()?.ok()
}

fn id_of(packet: &Packet<'_>, find: &FindId) -> Option<String> {
    let values = packet.args().rest::<Value>().ok()?;
    find(&packet.event()?.to_text(), &values)
}
