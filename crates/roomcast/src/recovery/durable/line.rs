//! The log of one namespace: in memory to be read, and on its way to the file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;
use roomcast_socketio::Parser;

use super::super::log::{Entry, Log, NotAppended, Release, SessionRecord, Settled, Target, Visit};
use super::super::memory::{MemoryLog, now};
use super::super::offset::{Epoch, Position};
use super::super::pid::Pid;
use super::super::ring::{Bounds, Ring};
use super::super::session::Stored;
use super::super::stamped::{Stamped, outgoing};
use super::file::Loaded;
use super::queue::{Queue, Step};
use super::{RedbLog, codec};
use crate::socket::SavedData;

/// What emitters and the writer share of one namespace.
pub(super) struct Line {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) parser: u8,
    memory: MemoryLog,
    /// Steps of this namespace that the writer has not finished.
    pub(super) unreleased: AtomicUsize,
    /// The namespace has ended: nothing of it is written any more.
    is_purged: AtomicBool,
}

impl Line {
    /// Up to where packets are not kept any more.
    pub(super) fn trimmed(&self) -> Position {
        self.memory.trimmed()
    }

    pub(super) fn is_purged(&self) -> bool {
        self.is_purged.load(Ordering::Acquire)
    }

    /// Goes on from what was found in the file.
    pub(super) fn new(
        (name, parser): (&str, &Parser),
        epoch: Epoch,
        bounds: Bounds,
        loaded: Loaded,
    ) -> (Arc<Self>, Vec<Stored>) {
        let clock = Clock::now();
        let code = codec::parser_code(parser);
        let packets = loaded.packets;
        let is_readable = packets.values().all(|record| record.parser == code);
        if !is_readable {
            tracing::warn!(
                name,
                "the log was written by another parser: its packets are dropped"
            );
        }
        let first = packets.first_key_value().filter(|_| is_readable);
        let before = first.map_or(loaded.head, |(position, _)| Position(position.0 - 1));
        let mut ring = Ring::new(bounds, before);
        for (position, record) in packets.into_iter().filter(|_| is_readable) {
            let (packet, offset) = (outgoing(record.frames), epoch.offset(position));
            ring.push(Entry {
                emitted_at: clock.instant(record.emitted_at),
                target: record.target,
                packet: Stamped::read(parser, name, packet, offset),
            });
        }
        ring.trim(clock.instant);
        let head = ring.head();
        let sessions = loaded.sessions.into_iter().map(|(pid, session)| {
            let (away_since, last_sent, ended_at_head) =
                session.end.unwrap_or((clock.system, head, head));
            Stored {
                pid,
                audience: session.audience,
                data: SavedData::named(&session.data),
                lacks_typed_data: session.has_typed_data,
                start: session.start,
                last_sent,
                ended_at_head,
                ended_at: clock.instant(away_since),
                ledger: None,
            }
        });
        let sessions = sessions.collect();
        let line = Self {
            id: loaded.id,
            name: name.to_owned(),
            parser: code,
            memory: MemoryLog::with(epoch, ring),
            unreleased: AtomicUsize::new(0),
            is_purged: AtomicBool::new(false),
        };
        (Arc::new(line), sessions)
    }
}

/// The log of one namespace, as its keeper has it.
pub(super) struct LineLog {
    line: Arc<Line>,
    queue: Arc<Queue>,
    /// The file stays open as long as somebody writes to it.
    log: RedbLog,
    sessions: Mutex<Vec<Stored>>,
}

impl LineLog {
    pub(super) fn new(
        line: Arc<Line>,
        queue: Arc<Queue>,
        log: RedbLog,
        sessions: Vec<Stored>,
    ) -> Self {
        Self {
            line,
            queue,
            log,
            sessions: Mutex::new(sessions),
        }
    }
}

impl Drop for LineLog {
    fn drop(&mut self) {
        self.log.closed(&self.line.name, self.line.id);
    }
}

impl Log for LineLog {
    fn epoch(&self) -> Epoch {
        self.line.memory.epoch()
    }

    fn head(&self) -> Position {
        self.line.memory.head()
    }

    fn trimmed(&self) -> Position {
        self.line.memory.trimmed()
    }

    fn append(&self, target: Target, packet: &mut Stamped) -> Result<Position, NotAppended> {
        self.queue.check_room()?;
        let position = self.line.memory.append(target.clone(), packet)?;
        self.queue.push(Step::Packet {
            line: Arc::clone(&self.line),
            position,
            emitted_at: SystemTime::now(),
            target,
            packet: packet.clone(),
        });
        Ok(position)
    }

    fn read(&self, after: Position, until: Position, visit: &mut dyn FnMut(Position, &Entry)) {
        self.line.memory.read(after, until, visit);
    }

    fn read_back(&self, until: Position, visit: &mut Visit<'_>) {
        self.line.memory.read_back(until, visit);
    }

    fn is_immediate(&self) -> bool {
        false
    }

    fn is_overfull(&self) -> bool {
        self.queue.is_overfull()
    }

    fn release(&self, release: Release) {
        // Invariant: whoever must come behind a packet has pushed it before, or holds the lock under
        // which others push.
        if self.line.unreleased.load(Ordering::Acquire) == 0 {
            return release();
        }
        self.queue
            .push(Step::Release(Some(Arc::clone(&self.line)), release));
    }

    fn save(&self, session: &SessionRecord<'_>) {
        let Some(record) = codec::encode_session(self.line.id, SystemTime::now(), session) else {
            return tracing::error!("a socket's named values cannot be written to the log");
        };
        self.queue.push(Step::Session {
            line: Arc::clone(&self.line),
            pid: session.pid,
            record,
        });
    }

    fn forget(&self, pid: Pid) {
        self.queue.push(Step::Forget(pid));
    }

    fn purge(&self, sessions: Vec<Pid>) {
        // Invariant: set before the step is queued, so that nothing behind it is written.
        self.line.is_purged.store(true, Ordering::Release);
        self.queue.push(Step::Purge {
            id: self.line.id,
            name: self.line.name.clone(),
            sessions,
        });
        self.log.purged(&self.line.name, self.line.id);
    }

    fn left_sessions(&self) -> Vec<Stored> {
        std::mem::take(&mut *self.sessions.lock())
    }

    fn settled(&self) -> Settled {
        self.queue.settled()
    }
}

/// The two clocks at one moment: files know the one, this process the other.
struct Clock {
    instant: Instant,
    system: SystemTime,
}

impl Clock {
    fn now() -> Self {
        Self {
            instant: now(),
            system: SystemTime::now(),
        }
    }

    fn instant(&self, time: SystemTime) -> Instant {
        let age = self.system.duration_since(time).unwrap_or_default();
        self.instant.checked_sub(age).unwrap_or(self.instant)
    }
}
