//! The file: its tables, what is found in it, and how it is written.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::SystemTime;

use redb::{
    Database, DatabaseError, ReadTransaction, ReadableDatabase as _, ReadableTable, StorageError,
    TableDefinition, WriteTransaction,
};

use super::super::error::LogError;
use super::super::offset::{Epoch, Position};
use super::super::pid::Pid;
use super::codec::{self, PacketRecord, ReadSession};
use super::queue::Step;

/// The open file.
pub(super) struct File {
    database: Database,
    epoch: Epoch,
    /// Up to where packets of each namespace are deleted.
    deleted: HashMap<u32, Position>,
    /// Higher than every id in the file, now or ever.
    next_id: u32,
}

/// What a file holds when it is opened.
#[derive(Default)]
pub(super) struct Found {
    pub(super) namespaces: HashMap<String, Loaded>,
    pub(super) next_id: u32,
    /// Sessions of namespaces that are gone.
    orphans: Vec<Pid>,
}

/// What the file holds of one namespace.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) id: u32,
    pub(super) head: Position,
    pub(super) packets: BTreeMap<Position, PacketRecord>,
    pub(super) sessions: Vec<(Pid, ReadSession)>,
}

impl Loaded {
    pub(super) fn new(id: u32) -> Self {
        Self {
            id,
            head: Position::default(),
            packets: BTreeMap::new(),
            sessions: Vec::new(),
        }
    }

    /// Whether nothing in it is younger than this.
    pub(super) fn is_older_than(&self, moment: SystemTime) -> bool {
        let newest = self.packets.last_key_value();
        let is_old = |(_, session): &(Pid, ReadSession)| {
            session.end.is_some_and(|(ended_at, ..)| ended_at < moment)
        };
        newest.is_none_or(|(_, packet)| packet.emitted_at < moment)
            && self.sessions.iter().all(is_old)
    }
}

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// The id of each namespace, and the position of its newest packet.
const NAMESPACES: TableDefinition<'_, &str, (u32, u64)> = TableDefinition::new("namespaces");
const PACKETS: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("packets");
const SESSIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("sessions");

const FORMAT: u64 = 1;
const CACHE_BYTES: usize = 16 * 1024 * 1024;

impl File {
    /// Opens or makes the file, and reads all of it.
    pub(super) fn open(path: &Path) -> Result<(Self, Found), LogError> {
        // A damaged file may bring the library below to its knees, and must not bring the server.
        let open = AssertUnwindSafe(|| Self::open_and_read(path));
        std::panic::catch_unwind(open).unwrap_or_else(|_| Err(corrupt(path, "it cannot be read")))
    }

    fn open_and_read(path: &Path) -> Result<(Self, Found), LogError> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(|error| open_error(path, error))?;
        let damaged = |error: redb::Error| corrupt(path, &error.to_string());
        let epoch = prepare(&database, path)?;
        let transaction = database
            .begin_read()
            .map_err(|error| damaged(error.into()))?;
        let mut found = read(&transaction, path)?;
        drop(transaction);
        let now = SystemTime::now();
        mark_away(&database, &mut found, now).map_err(damaged)?;
        let file = Self {
            database,
            epoch,
            deleted: HashMap::new(),
            next_id: found.next_id,
        };
        Ok((file, found))
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Writes all steps in one transaction, which is on disk when it returns.
    pub(super) fn write(&mut self, steps: &[Step]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        self.write_steps(&transaction, steps)?;
        transaction.commit()?;
        Ok(())
    }

    fn write_steps(&mut self, to: &WriteTransaction, steps: &[Step]) -> Result<(), redb::Error> {
        let mut packets = to.open_table(PACKETS)?;
        let mut sessions = to.open_table(SESSIONS)?;
        let mut namespaces = to.open_table(NAMESPACES)?;
        let mut touched = HashMap::new();
        for step in steps {
            if matches!(step, Step::Packet { line, .. } | Step::Session { line, .. } if line.is_purged())
            {
                continue;
            }
            match step {
                Step::Packet {
                    line,
                    position,
                    emitted_at,
                    target,
                    packet,
                } => {
                    let record = codec::encode_packet(line.parser, *emitted_at, target, packet);
                    packets.insert((line.id, position.0), record.as_slice())?;
                    touched.insert(line.id, (line, *position));
                }
                Step::Session { line, pid, record } => {
                    sessions.insert(pid.as_str(), record.as_slice())?;
                    // The newest packet in memory may be on its way yet.
                    touched.entry(line.id).or_insert((line, Position(0)));
                }
                Step::Forget(pid) => drop(sessions.remove(pid.as_str())?),
                Step::Purge {
                    id,
                    name,
                    sessions: pids,
                } => {
                    packets.retain_in((*id, 0)..=(*id, u64::MAX), |_, _| false)?;
                    for pid in pids {
                        sessions.remove(pid.as_str())?;
                    }
                    if head_of(&namespaces, name, *id)?.is_some() {
                        namespaces.remove(name.as_str())?;
                    }
                    touched.remove(id);
                    self.deleted.remove(id);
                }
                Step::Release(..) => {}
            }
        }
        for (id, (line, position)) in touched {
            // The head never goes back: offsets are given once.
            let known = head_of(&namespaces, &line.name, id)?.unwrap_or(0);
            let head = position.0.max(known);
            namespaces.insert(line.name.as_str(), (id, head))?;
            // What is forgotten in memory before it was written is deleted once it is.
            let trimmed = line.trimmed().min(Position(head));
            let deleted = self.deleted.entry(id).or_default();
            if trimmed > *deleted {
                packets.retain_in((id, 0)..=(id, trimmed.0), |_, _| false)?;
                *deleted = trimmed;
            }
            if id >= self.next_id {
                self.next_id = id + 1;
                let mut meta = to.open_table(META)?;
                meta.insert("next id", u64::from(self.next_id).to_le_bytes().as_slice())?;
            }
        }
        Ok(())
    }
}

/// The head of a namespace, if the one of this name has this id.
fn head_of(
    namespaces: &impl ReadableTable<&'static str, (u32, u64)>,
    name: &str,
    id: u32,
) -> Result<Option<u64>, redb::Error> {
    let row = namespaces.get(name)?.map(|row| row.value());
    Ok(row.filter(|(of, _)| *of == id).map(|(_, head)| head))
}

/// Makes the tables of a new file; of one that exists, checks the format. Gives the epoch.
fn prepare(database: &Database, path: &Path) -> Result<Epoch, LogError> {
    let damaged = |error: redb::Error| corrupt(path, &error.to_string());
    let write = || -> Result<Result<Epoch, LogError>, redb::Error> {
        let transaction = database.begin_write()?;
        let is_new = transaction.list_tables()?.next().is_none();
        let epoch = {
            let mut meta = transaction.open_table(META)?;
            if is_new {
                meta.insert("format", FORMAT.to_le_bytes().as_slice())?;
                meta.insert("epoch", Epoch::random().as_bytes())?;
            }
            transaction.open_table(NAMESPACES)?;
            transaction.open_table(PACKETS)?;
            transaction.open_table(SESSIONS)?;
            let format = meta.get("format")?;
            let format = format.as_ref().map(|format| format.value().try_into());
            let epoch = meta.get("epoch")?;
            let epoch = epoch.and_then(|epoch| Epoch::from_bytes(epoch.value()));
            match (format, epoch) {
                (Some(Ok(format)), Some(epoch)) if u64::from_le_bytes(format) == FORMAT => {
                    Ok(epoch)
                }
                (Some(Ok(format)), _) => Err(LogError::Format {
                    path: path.to_owned(),
                    found: u64::from_le_bytes(format),
                    expected: FORMAT,
                }),
                _ => Err(corrupt(path, "it has no format")),
            }
        };
        if epoch.is_ok() {
            transaction.commit()?;
        }
        Ok(epoch)
    };
    write().map_err(damaged)?
}

fn read(from: &ReadTransaction, path: &Path) -> Result<Found, LogError> {
    let bad = |what: &str| corrupt(path, what);
    let walk = || -> Result<Result<Found, LogError>, redb::Error> {
        let mut found: HashMap<u32, (String, Loaded)> = HashMap::new();
        let mut orphans = Vec::new();
        for row in from.open_table(NAMESPACES)?.iter()? {
            let (name, value) = row?;
            let (id, head) = value.value();
            let loaded = Loaded {
                head: Position(head),
                ..Loaded::new(id)
            };
            found.insert(id, (name.value().to_owned(), loaded));
        }
        for row in from.open_table(PACKETS)?.iter()? {
            let (key, value) = row?;
            let (namespace, position) = key.value();
            let (Some((_, loaded)), Some(record)) = (
                found.get_mut(&namespace),
                codec::decode_packet(value.value()),
            ) else {
                return Ok(Err(bad("a packet is not as it was written")));
            };
            loaded.packets.insert(Position(position), record);
        }
        for row in from.open_table(SESSIONS)?.iter()? {
            let (pid, value) = row?;
            let session = codec::decode_session(value.value());
            let (Some(pid), Some(session)) = (Pid::parse(pid.value()), session) else {
                return Ok(Err(bad("a session is not as it was written")));
            };
            match found.get_mut(&session.namespace) {
                Some((_, loaded)) => loaded.sessions.push((pid, session)),
                None => orphans.push(pid),
            }
        }
        let next = from.open_table(META)?.get("next id")?;
        let next = next.and_then(|next| next.value().try_into().ok().map(u64::from_le_bytes));
        let next = next.and_then(|next| u32::try_from(next).ok()).unwrap_or(0);
        let unused = found.keys().max().map_or(0, |id| id + 1);
        Ok(Ok(Found {
            next_id: next.max(unused),
            namespaces: found.into_values().collect(),
            orphans,
        }))
    };
    let found = walk().map_err(|error| bad(&error.to_string()))??;
    match found.namespaces.values().all(is_consecutive) {
        true => Ok(found),
        false => Err(bad("packets are missing")),
    }
}

/// Notes that clients are away whose process has ended without saying so: their time begins. Who
/// was in a namespace that is gone is forgotten.
fn mark_away(database: &Database, found: &mut Found, now: SystemTime) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(SESSIONS)?;
        for orphan in found.orphans.drain(..) {
            table.remove(orphan.as_str())?;
        }
        for loaded in found.namespaces.values_mut() {
            for (pid, session) in &mut loaded.sessions {
                if session.end.is_some() {
                    continue;
                }
                // Nobody knows what has arrived of what was sent.
                session.end = Some((now, loaded.head, loaded.head));
                if let Some(record) = codec::encode_session(loaded.id, now, &session.record(*pid)) {
                    table.insert(pid.as_str(), record.as_slice())?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Whether the positions of the packets follow each other up to the head.
fn is_consecutive(loaded: &Loaded) -> bool {
    let Some((last, _)) = loaded.packets.last_key_value() else {
        return true;
    };
    let (first, _) = loaded
        .packets
        .first_key_value()
        .expect("there is a last one");
    let count = loaded.packets.len() as u64;
    first.0 > 0 && *last == loaded.head && last.0 - first.0 + 1 == count
}

fn corrupt(path: &Path, message: &str) -> LogError {
    LogError::Corrupt {
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

fn open_error(path: &Path, error: DatabaseError) -> LogError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => LogError::InUse { path },
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() != std::io::ErrorKind::InvalidData
                && error.kind() != std::io::ErrorKind::UnexpectedEof =>
        {
            LogError::Open {
                path,
                message: error.to_string(),
            }
        }
        error => LogError::Corrupt {
            path,
            message: error.to_string(),
        },
    }
}
