//! The sessions of one namespace: who may have one back, and what is sent on the return.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use parking_lot::Mutex;
use roomcast_socketio::Value;
use tokio::sync::oneshot;

use super::awaited::{Tell, Watch};
use super::ledger::Ledger;
use super::log::{Audience, Log, SessionRecord};
use super::memory::now;
use super::offset::Position;
use super::options::Options;
use super::released::Released;
use super::session::{Claim, Reclaimed, Stored, Ticket, replay_from};
use super::sessions::{Found, Sessions};
use super::stamped::Stamped;
use crate::client::Command;
use crate::cluster::RoomInterest;
use crate::engine::SendOptions;
use crate::namespace::{Namespace, RoomName, RoomsState};
use crate::socket::{DisconnectReason, Phase, Socket};
use crate::wire;

/// What a namespace keeps so that its clients can come back.
pub(crate) struct Keeper {
    options: Arc<Options>,
    log: Arc<dyn Log>,
    // Lock order: a leaf, also taken with the rooms' lock.
    sessions: Mutex<Sessions>,
    /// The position behind which the last mark was sent, and 1; 0 if there was none.
    marked: AtomicU64,
    /// Where a bus subscribes to rooms.
    watch: OnceLock<Box<Watch>>,
}

/// Says that a session was let in too late: packets for it are kept no longer.
#[derive(Debug)]
pub(crate) struct Outdated;

impl fmt::Display for Outdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the client has missed is kept no longer")
    }
}

impl Keeper {
    pub(crate) fn new(options: Arc<Options>, log: Arc<dyn Log>) -> Self {
        let mut sessions = Sessions::new(options.max_sessions, options.max_disconnection_duration);
        let mut gone = Vec::new();
        for mut left in log.left_sessions() {
            left.ledger = new_ledger(&options);
            gone.extend(sessions.store(left, now()));
        }
        gone.iter().for_each(|gone| log.forget(gone.pid));
        Self {
            options,
            log,
            sessions: Mutex::new(sessions),
            marked: AtomicU64::new(0),
            watch: OnceLock::new(),
        }
    }

    /// Counts the rooms of clients that are away, for a bus with this interest; gives those that are
    /// awaited now. `tell` is told which are not any more, under locks: it may only note them.
    pub(crate) fn watch_rooms(
        self: &Arc<Self>,
        interest: RoomInterest,
        tell: Tell,
    ) -> Vec<RoomName> {
        let sessions = self.sessions.lock();
        let watch = Box::new(Watch::new(interest, tell, sessions.stored()));
        drop(sessions);
        let watch = self.watch.get_or_init(|| watch);
        watch.sweep_later(self);
        watch.rooms()
    }

    pub(super) fn watch(&self) -> Option<&Watch> {
        self.watch.get().map(|watch| &**watch)
    }

    /// Whether a client that is away, or on its way back, awaits what is sent to this room.
    pub(crate) fn awaits_room(&self, room: &RoomName) -> bool {
        self.watch().is_some_and(|watch| watch.contains(room))
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// The session of a client that has none.
    pub(crate) fn new_ticket(&self) -> Ticket {
        Ticket::new(new_ledger(&self.options))
    }

    /// Gives the session that a client asks for in its CONNECT, if it may have it.
    ///
    /// A socket that still holds the session is disconnected first: the client would not ask if its
    /// connection lived.
    pub(crate) async fn reclaim(self: &Arc<Self>, auth: &Value) -> Option<Reclaimed> {
        let claim = Claim::read(self.log.epoch(), auth)?;
        self.expire();
        for _ in 0..MAX_TAKEOVERS {
            let found = self.find(&claim);
            match found {
                Found::Stored(stored, seen) => {
                    return Some(Reclaimed::new(Arc::clone(self), *stored, seen));
                }
                Found::Live(socket) => {
                    if !self.may_take_over(&socket, &claim) {
                        return None;
                    }
                    take_over(socket).await;
                }
                Found::Nothing => return None,
            }
        }
        None
    }

    /// The session that a claim names.
    ///
    /// Invariant: a claim that cannot succeed changes nothing, be its offset none of the session's or
    /// too old. It may have been late or garbled on its way, and the next one may be right; the
    /// official server keeps the session, too.
    ///
    /// COMPAT: a client that has received nothing names no place in the session, so the private id is
    /// all that a claim needs.
    fn find(&self, claim: &Claim) -> Found {
        let (head, trimmed) = (self.log.head(), self.log.trimmed());
        self.sessions.lock().take(claim.pid, now(), |stored| {
            let seen = claim.seen(stored.start, head)?;
            stored.replay_from(seen.position, trimmed)?;
            Some(seen)
        })
    }

    /// Whether the claim would give the session of a connected socket to its client.
    fn may_take_over(&self, socket: &Socket, claim: &Claim) -> bool {
        let head = self.log.head();
        socket.ticket().is_some_and(|ticket| {
            let seen = claim.seen(ticket.start(), head);
            let sent = (ticket.last_sent(), head);
            seen.is_some_and(|seen| replay_from(seen.position, sent, self.log.trimmed()).is_some())
        })
    }

    /// Lets a client in: it is told its ids, gets what it has missed, and is in its rooms.
    ///
    /// # Errors
    ///
    /// [`Outdated`] if the middleware took so long that packets are lost; nothing was sent.
    pub(crate) fn enter(
        self: &Arc<Self>,
        socket: &Socket,
        ticket: &Ticket,
        reclaimed: Option<Reclaimed>,
    ) -> Result<(), Outdated> {
        let namespace = socket.namespace().clone();
        let connect = connect_packet(&namespace, socket, ticket);
        // Cost: most of what was missed is looked up before everybody else has to wait.
        let mut missed = Missed::default();
        if let Some(reclaimed) = &reclaimed {
            missed.look_up(&*self.log, reclaimed)?;
        }
        let left = namespace.in_order(|state, events| {
            match &reclaimed {
                Some(reclaimed) => {
                    missed.look_up(&*self.log, reclaimed)?;
                    let stored = reclaimed.stored();
                    socket.note_logged(stored.last_sent.max(missed.until));
                    for room in &stored.audience.rooms {
                        state.join(socket, room, events);
                    }
                }
                None => {
                    ticket.begin(self.log.head());
                    state.join(socket, &socket.id().into(), events);
                }
            }
            namespace.add_connected();
            socket.advance(Phase::Connecting, Phase::Connected);
            self.sessions.lock().connected(ticket.pid(), socket.clone());
            self.save_live(state, socket);
            self.watch_data(socket);
            Ok(self.welcome(socket, connect, missed.take()))
        })?;
        drop(left);
        namespace.meter().connected();
        let stored = reclaimed.and_then(Reclaimed::consume);
        if let (Some(watch), Some(stored)) = (self.watch(), &stored) {
            watch.remove(stored);
        }
        if let Some(ledger) = stored.and_then(|stored| stored.ledger) {
            ledger.resume(missed.seen);
        }
        Ok(())
    }

    /// Tells a client that it is connected, and what it has missed.
    ///
    /// COMPAT: the official server sends what was missed first. The client keeps it until CONNECT
    /// comes, even if the connection is lost before that, and would then see it twice.
    fn welcome(&self, socket: &Socket, connect: wire::Outgoing, missed: Vec<Stamped>) -> Released {
        let socket = socket.clone();
        self.release(move |round| {
            socket.send_in(round, connect.frames(), None, SendOptions::essential());
            for packet in &missed {
                let frames = packet.packet().frames();
                socket.send_in(round, frames, None, SendOptions::default());
            }
        })
    }

    /// Notes that a socket leaves its rooms, and gives what is to be kept of its session if its
    /// client may come back.
    pub(crate) fn end(
        &self,
        state: &RoomsState,
        socket: &Socket,
        reason: DisconnectReason,
    ) -> Option<Stored> {
        let ticket = socket.ticket()?;
        if is_recoverable(reason) {
            return Some(self.stored(state, socket, ticket));
        }
        self.log.forget(ticket.pid());
        None
    }

    /// Keeps the session of a socket that has left its rooms, if there is one to keep, and gives
    /// those that are kept no longer.
    pub(crate) fn keep(self: &Arc<Self>, socket: &Socket, session: Option<Stored>) -> Vec<Stored> {
        let Some(ticket) = socket.ticket() else {
            return Vec::new();
        };
        if let Some(stored) = &session {
            save(&*self.log, stored);
            if let Some(watch) = self.watch() {
                watch.add(stored);
            }
        }
        let is_kept = session.is_some();
        let mut sessions = self.sessions.lock();
        sessions.disconnected(ticket.pid(), socket);
        let gone = session.map_or_else(Vec::new, |stored| sessions.store(stored, now()));
        drop(sessions);
        // Invariant: behind the store, or a sweep that ends now does not see the session.
        if let (true, Some(watch)) = (is_kept, self.watch()) {
            watch.sweep_later(self);
        }
        self.forget(&gone);
        gone
    }

    /// Sessions are kept no longer.
    fn forget(&self, gone: &[Stored]) {
        for gone in gone {
            self.log.forget(gone.pid);
            if let Some(watch) = self.watch() {
                watch.remove(gone);
            }
        }
    }

    /// Forgets the sessions whose time is over, and tells when that of the next one is.
    pub(super) fn expire(&self) -> Option<Instant> {
        let mut sessions = self.sessions.lock();
        let over = sessions.expire(now());
        let next = sessions.next_end();
        drop(sessions);
        self.forget(&over);
        next
    }

    fn stored(&self, state: &RoomsState, socket: &Socket, ticket: &Ticket) -> Stored {
        Stored {
            pid: ticket.pid(),
            audience: Audience::of(state, socket),
            data: socket.data().save(),
            lacks_typed_data: false,
            start: ticket.start(),
            last_sent: ticket.last_sent(),
            ended_at_head: self.log.head(),
            ended_at: now(),
            ledger: ticket.ledger().cloned(),
        }
    }

    /// A client was not let in with its session: it may try again.
    pub(super) fn put_back(self: &Arc<Self>, stored: Stored) {
        let gone = self.sessions.lock().store(stored, now());
        self.forget(&gone);
        if let Some(watch) = self.watch() {
            watch.sweep_later(self);
        }
    }

    /// Forgets all that is kept: the namespace has ended.
    pub(crate) fn purge(&self) {
        let (pids, stored) = self.sessions.lock().end();
        self.log.purge(pids);
        // Invariant: dropped without the lock; they may be the last handles of much.
        drop(stored);
    }

    /// Whether a client is away and may come back.
    pub(crate) fn awaits_anybody(&self) -> bool {
        self.expire();
        self.sessions.lock().has_stored()
    }

    pub(crate) fn max_disconnection_duration(&self) -> Duration {
        self.options.max_disconnection_duration
    }

    /// Whether events to a socket that has lost its connection reach its client on the return.
    pub(super) fn is_awaited(&self, socket: &Socket) -> bool {
        let ticket = socket.ticket();
        ticket.is_some_and(|ticket| self.sessions.lock().knows(ticket.pid(), now()))
    }

    /// Writes a connected socket's session down, where the log outlives the process: a process that
    /// is killed has no time for it.
    pub(crate) fn save_live(&self, state: &RoomsState, socket: &Socket) {
        if self.log.is_immediate() || !socket.is_connected() {
            return;
        }
        if let Some(ticket) = socket.ticket() {
            self.log.save(&SessionRecord {
                pid: ticket.pid(),
                audience: &Audience::of(state, socket),
                data: &socket.data().to_value(),
                has_typed_data: socket.data().has_typed(),
                start: ticket.start(),
                end: None,
            });
        }
    }

    /// Sees to it that changes of a connected socket's values are written down.
    fn watch_data(&self, socket: &Socket) {
        if self.log.is_immediate() {
            return;
        }
        let weak = socket.downgrade();
        socket.data().watch(move || {
            if let Some(socket) = weak.upgrade()
                && let Some(keeper) = socket.namespace().keeper()
            {
                let rooms = socket.namespace().selection();
                rooms.locked(|state| keeper.save_live(state, &socket));
            }
        });
    }

    /// Notes that a mark was sent that stands behind the packet at this position. The caller holds
    /// the rooms' lock.
    pub(super) fn note_mark(&self, position: Position) {
        self.marked.store(position.0 + 1, Ordering::Relaxed);
    }

    /// Whether a mark was sent since the packet at this position, the newest, was.
    pub(super) fn is_marked(&self, position: Position) -> bool {
        self.marked.load(Ordering::Relaxed) == position.0 + 1
    }
}

/// What a client has missed, as far as it was looked up.
#[derive(Default)]
struct Missed {
    packets: Vec<(Position, Stamped)>,
    /// Where the packets are of which the client gets copies.
    originals: HashSet<Position, RandomState>,
    until: Position,
    seen: super::offset::Seen,
}

impl Missed {
    /// Looks up what has come since the last look.
    fn look_up(&mut self, log: &dyn Log, reclaimed: &Reclaimed) -> Result<(), Outdated> {
        let stored = reclaimed.stored();
        self.seen = reclaimed.seen();
        let first = stored.replay_from(self.seen.position, log.trimmed());
        let from = match self.until.0 {
            0 => first.ok_or(Outdated)?,
            _ => self.until,
        };
        let head = log.head();
        let mut count = 0;
        log.read(from, head, &mut |position, entry| {
            count += 1;
            if stored.audience.is_meant_by(&entry.target) {
                self.originals.extend(entry.target.original());
                self.packets.push((position, entry.packet.clone()));
            }
        });
        self.until = head;
        // What was dropped meanwhile was not shown.
        let is_whole = count == head.0.saturating_sub(from.0);
        is_whole.then_some(()).ok_or(Outdated)
    }

    /// What is to be sent.
    ///
    /// Invariant: a client that joined a room after a packet was emitted to it, and got it as history,
    /// gets it once: where it would have come if the connection had lived.
    fn take(&mut self) -> Vec<Stamped> {
        let packets = std::mem::take(&mut self.packets).into_iter();
        packets
            .filter(|(position, _)| !self.originals.contains(position))
            .map(|(_, packet)| packet)
            .collect()
    }
}

fn save(log: &dyn Log, stored: &Stored) {
    if !log.is_immediate() {
        log.save(&SessionRecord {
            pid: stored.pid,
            audience: &stored.audience,
            data: &stored.data.to_value(),
            has_typed_data: stored.data.has_typed() || stored.lacks_typed_data,
            start: stored.start,
            end: Some((stored.last_sent, stored.ended_at_head)),
        });
    }
}

fn new_ledger(options: &Options) -> Option<Arc<Ledger>> {
    let retries = options.retries.clone()?;
    Some(Arc::new(Ledger::new(retries)))
}

fn connect_packet(namespace: &Namespace, socket: &Socket, ticket: &Ticket) -> wire::Outgoing {
    let pid = ticket.pid();
    let id = socket.id();
    wire::connect(
        namespace.parser(),
        namespace.name(),
        id.as_str(),
        Some(pid.as_str()),
    )
}

/// Disconnects a socket whose client has come back over another connection, with all others of the
/// old connection; done when its handlers were told.
async fn take_over(socket: Socket) {
    let (done, is_done) = oneshot::channel();
    let connection = Arc::clone(socket.connection());
    connection.command(Command::TakeOver(socket, done));
    // An error says that the session's task has dropped the other end: it has done so.
    let _ = is_done.await;
}

/// Spec: features 2.39.
fn is_recoverable(reason: DisconnectReason) -> bool {
    use DisconnectReason as Reason;
    matches!(
        reason,
        Reason::TransportError
            | Reason::TransportClose
            | Reason::ForcedClose
            | Reason::PingTimeout
            | Reason::ServerShuttingDown
            | Reason::ForcedServerClose
            | Reason::TakenOver
    )
}

/// Two clients that present one private id do not disconnect each other for ever.
const MAX_TAKEOVERS: usize = 3;
