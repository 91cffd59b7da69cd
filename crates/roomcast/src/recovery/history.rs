//! What was emitted to a room before a socket joined it.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use roomcast_socketio::{Parser, Value};

use super::keeper::Keeper;
use super::log::{Audience, Entry, Target};
use super::memory::now;
use super::offset::Position;
use super::released::Released;
use super::stamped::{Overtaken, Stamped};
use crate::engine::SendOptions;
use crate::namespace::{Namespace, RoomName, RoomsState};
use crate::socket::Socket;

/// Says how much of a room's past is meant: the last so many events, those of the last so many
/// seconds, or what is in both.
///
/// There is no more than the server keeps for [`Recovery`](super::Recovery); its
/// [`max_age`](super::Recovery::max_age) makes it keep more.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Server, Socket};
/// use roomcast::recovery::{History, Recovery};
///
/// let recovery = Recovery::new().max_age(Duration::from_secs(3600));
/// let io = Server::builder().connection_state_recovery(recovery).build();
/// io.on("join", |socket: Socket, room: String| {
///     socket.join_with_history(&room, History::last(50));
/// });
/// io.on("today", |socket: Socket, room: String| {
///     socket.send_history(&room, History::within(Duration::from_secs(3600)).at_most(500))
/// });
/// ```
///
/// Spec: features N6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    max_events: usize,
    max_age: Option<Duration>,
}

impl History {
    /// The last `events` events. Example: [`History`].
    #[must_use]
    pub fn last(events: usize) -> Self {
        Self {
            max_events: events,
            max_age: None,
        }
    }

    /// The events of the time before now. Example: [`History`].
    #[must_use]
    pub fn within(age: Duration) -> Self {
        Self {
            max_events: usize::MAX,
            max_age: Some(age),
        }
    }

    /// Limits the number of events. Example: [`History`].
    #[must_use]
    pub fn at_most(mut self, events: usize) -> Self {
        self.max_events = self.max_events.min(events);
        self
    }
}

/// One event of a room's past.
///
/// # Example
///
/// ```
/// # use roomcast::Server;
/// # use roomcast::recovery::{History, Recovery};
/// # let io = Server::builder().connection_state_recovery(Recovery::new()).build();
/// io.to("news").emit("headline", ("it rains", 4));
///
/// let past = io.history("news", History::last(10));
/// assert_eq!(past[0].event(), "headline");
/// assert_eq!(past[0].args(), [roomcast::value!("it rains"), roomcast::value!(4)]);
/// println!("{} s ago", past[0].age().as_secs());
/// ```
///
/// Spec: features N6.
#[derive(Clone, Debug)]
pub struct PastEvent {
    event: String,
    args: Vec<Value>,
    emitted_at: Instant,
}

impl PastEvent {
    /// Returns the event's name. Example: [`PastEvent`].
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Returns the arguments. Example: [`PastEvent`].
    #[must_use]
    pub fn args(&self) -> &[Value] {
        &self.args
    }

    /// Returns how long ago the event was emitted. Example: [`PastEvent`].
    #[must_use]
    pub fn age(&self) -> Duration {
        now().saturating_duration_since(self.emitted_at)
    }

    fn read(parser: &Parser, emitted_at: Instant, packet: &Stamped) -> Option<Self> {
        let (event, args) = packet.content(parser)?;
        Some(Self {
            event,
            args,
            emitted_at,
        })
    }
}

impl Socket {
    /// Makes the socket a member of a room and sends it what was emitted to the room before, in
    /// order, each event once: what is emitted from now on follows. Returns how many events were
    /// sent.
    ///
    /// A socket that is in the room already, such as one that was
    /// [recovered](Self::is_recovered), gets none. Events that left out a room the socket is in are
    /// not sent. They are sent as events to this socket, so they are kept for it like any other: a
    /// client that loses its connection before they arrive gets each of them once when it comes back,
    /// in the place that it had. As after [`join`](Self::join), it may then also get older events of the
    /// room, if they were emitted after the last event that it has received.
    /// Without [`connection_state_recovery`](crate::ServerBuilder::connection_state_recovery)
    /// there is no history.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    /// use roomcast::recovery::{History, Recovery};
    ///
    /// let io = Server::builder().connection_state_recovery(Recovery::new()).build();
    /// io.on("join", |socket: Socket, room: String| {
    ///     socket.join_with_history(&room, History::last(50))
    /// });
    /// ```
    ///
    /// Spec: features N6.
    pub fn join_with_history(&self, room: &str, history: History) -> usize {
        let Some(keeper) = self.namespace().keeper() else {
            self.join(room);
            return 0;
        };
        let room = RoomName::from(room);
        replay_until_done(|| {
            let past = Past::for_socket(keeper, self, &room, history);
            self.namespace().in_order(|state, events| {
                if !self.is_connected() || state.is_member(self.own_id(), &room) {
                    return Ok(Replayed::default());
                }
                let replayed = keeper.replay(state, self, past)?;
                // What is emitted to the room from now on has its place behind that.
                state.join(self, &room, events);
                keeper.save_live(state, self);
                Ok(replayed)
            })
        })
    }

    /// Sends the socket what was emitted to a room, whether or not it is in it. Returns how many
    /// events were sent. See [`join_with_history`](Self::join_with_history).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    /// use roomcast::recovery::{History, Recovery};
    ///
    /// let io = Server::builder().connection_state_recovery(Recovery::new()).build();
    /// io.on("more", |socket: Socket, room: String, count: usize| {
    ///     socket.send_history(&room, History::last(count.min(500)))
    /// });
    /// ```
    ///
    /// Spec: features N6.
    pub fn send_history(&self, room: &str, history: History) -> usize {
        let Some(keeper) = self.namespace().keeper() else {
            return 0;
        };
        let room = RoomName::from(room);
        replay_until_done(|| {
            let past = Past::for_socket(keeper, self, &room, history);
            self.namespace()
                .in_order(|state, _| match self.is_connected() {
                    true => keeper.replay(state, self, past),
                    false => Ok(Replayed::default()),
                })
        })
    }
}

impl Namespace {
    /// Returns what was emitted to a room, the oldest first.
    ///
    /// Without [`connection_state_recovery`](crate::ServerBuilder::connection_state_recovery)
    /// there is nothing. Example: [`PastEvent`].
    ///
    /// Spec: features N6.
    #[must_use]
    pub fn history(&self, room: &str, history: History) -> Vec<PastEvent> {
        let Some(keeper) = self.keeper() else {
            return Vec::new();
        };
        let parser = self.parser();
        let past = Past::of(keeper, &room.into(), history);
        let past = past.events.into_iter().rev();
        past.filter_map(|past| PastEvent::read(parser, past.emitted_at, &past.packet))
            .collect()
    }
}

/// The events of a room up to a position.
struct Past {
    room: RoomName,
    history: History,
    until: Position,
    /// The newest first.
    events: Vec<Kept>,
    /// Encoded for these positions and this audience, where that must be done beforehand.
    fixed: Option<(Audience, Vec<Kept>)>,
}

/// An event of the room.
struct Kept {
    position: Position,
    emitted_at: Instant,
    target: Target,
    packet: Stamped,
}

/// How many events were sent, and what has left: to be dropped when nothing is locked.
type Replayed = (usize, Released);

fn replay_until_done(mut replay: impl FnMut() -> Result<Replayed, Overtaken>) -> usize {
    loop {
        if let Ok((count, left)) = replay() {
            drop(left);
            return count;
        }
    }
}

impl Past {
    /// Cost: the log may be long, and is searched before everybody else has to wait.
    fn of(keeper: &Keeper, room: &RoomName, history: History) -> Self {
        let mut past = Self {
            room: room.clone(),
            history,
            until: keeper.log().head(),
            events: Vec::new(),
            fixed: None,
        };
        let now = now();
        keeper.log().read_back(past.until, &mut |position, entry| {
            let age = now.saturating_duration_since(entry.emitted_at);
            let is_full = past.events.len() >= history.max_events;
            if is_full || history.max_age.is_some_and(|max| age > max) {
                return ControlFlow::Break(());
            }
            past.events.extend(Kept::of(room, position, entry));
            ControlFlow::Continue(())
        });
        past
    }

    /// What is to be sent to a socket.
    ///
    /// Cost: a parser of the user's cannot be called under the lock of the rooms. So its packets are
    /// encoded for the next positions, and again if others have them then.
    fn for_socket(keeper: &Keeper, socket: &Socket, room: &RoomName, history: History) -> Self {
        let mut past = Self::of(keeper, room, history);
        if past.events.iter().all(|kept| kept.packet.is_open()) {
            return past;
        }
        let namespace = socket.namespace();
        let audience = namespace
            .selection()
            .locked(|state| Audience::of(state, socket));
        let mut position = past.until;
        let events = std::mem::take(&mut past.events).into_iter().rev();
        let packets = events
            .filter(|kept| !audience.is_left_out(&kept.target))
            .filter_map(|kept| {
                let offset = keeper.log().epoch().offset(position.next());
                let (parser, name) = (namespace.parser(), namespace.name());
                let packet = kept.packet.encoded_anew(parser, name, offset)?;
                position = position.next();
                Some(Kept { packet, ..kept })
            });
        let packets = packets.collect();
        past.fixed = Some((audience, packets));
        past
    }

    /// Everything up to now that is for this audience, the oldest first.
    fn complete(mut self, keeper: &Keeper, audience: &Audience) -> Result<Vec<Kept>, Overtaken> {
        let head = keeper.log().head();
        if let Some((expected, packets)) = self.fixed {
            let is_as_expected = expected == *audience && head == self.until;
            return is_as_expected.then_some(packets).ok_or(Overtaken);
        }
        let mut newer = Vec::new();
        keeper.log().read(self.until, head, &mut |position, entry| {
            newer.extend(Kept::of(&self.room, position, entry));
        });
        newer.reverse();
        newer.append(&mut self.events);
        newer.truncate(self.history.max_events);
        let packets = newer
            .into_iter()
            .rev()
            .filter(|kept| !audience.is_left_out(&kept.target));
        let packets: Vec<_> = packets.collect();
        // The first of a parser's own may have come meanwhile.
        let is_open = packets.iter().all(|kept| kept.packet.is_open());
        is_open.then_some(packets).ok_or(Overtaken)
    }
}

impl Kept {
    /// The entry as an event of the room, if it was emitted to it.
    fn of(room: &RoomName, position: Position, entry: &Entry) -> Option<Self> {
        let Target::Selected(selection) = &entry.target else {
            return None;
        };
        selection.rooms.contains(room).then(|| Self {
            position,
            emitted_at: entry.emitted_at,
            target: entry.target.clone(),
            packet: entry.packet.clone(),
        })
    }
}

impl Keeper {
    /// Sends the past as events of now, which are kept for the socket alone.
    ///
    /// Invariant: each says of which packet it is a copy. A client that lacks both when it comes back
    /// gets the copy: it may be in the room now.
    fn replay(
        &self,
        state: &RoomsState,
        socket: &Socket,
        past: Past,
    ) -> Result<Replayed, Overtaken> {
        let packets = past.complete(self, &Audience::of(state, socket))?;
        let mut sent = Vec::with_capacity(packets.len());
        for Kept {
            position: original,
            mut packet,
            ..
        } in packets
        {
            let target = Target::Copy(socket.id(), original);
            match self.log().append(target, &mut packet) {
                Ok(position) => {
                    socket.note_logged(position);
                    socket.conn().hold_back(packet.packet().frames());
                    sent.push(packet);
                }
                Err(error) => {
                    tracing::error!(socket = %socket.id(), ?error, "history not sent");
                    break;
                }
            }
        }
        let count = sent.len();
        let socket = socket.clone();
        let left = self.release(move |round| {
            for packet in &sent {
                let frames = packet.packet().frames();
                let (conn, options) = (socket.conn(), SendOptions::default());
                conn.send_held_back(round, frames, None, options);
            }
        });
        Ok((count, left))
    }
}
