//! The log that outlives the process: a copy of the one in memory, in a file.

mod codec;
mod file;
mod line;
mod queue;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use roomcast_socketio::Parser;

use self::file::{File, Found, Loaded};
use self::line::{Line, LineLog};
use self::queue::{Queue, Step};
use super::error::LogError;
use super::log::Log;
use super::memory::MemoryLog;
use super::offset::Epoch;
use super::ring::Bounds;

/// Keeps what clients may have missed in a file, so that they come back to a server that was
/// restarted, or killed.
///
/// An event leaves when it, and all that was emitted before it, is on disk: what a client has
/// received is there after any restart. One thread writes, and takes together what has gathered; an
/// event waits for one or two writes, a few milliseconds on a disk that takes one for `fsync`. All
/// that is in the file is also in memory, within the bounds of [`Recovery`](super::Recovery).
/// Events, acknowledgements and disconnections of a socket keep their order.
///
/// At most 64 MiB of events wait to be written; then emitting fails with
/// [`EmitError::LogFull`](crate::EmitError::LogFull). If writing fails, the file is renamed to
/// `….failed`, so that no client comes back to a log with a gap, and the server goes on in memory.
///
/// Cheap to clone. One server at a time uses it.
///
/// # Example
///
/// ```no_run
/// use roomcast::Server;
/// use roomcast::recovery::{LogError, Recovery, RedbLog};
///
/// # async fn example() -> Result<(), LogError> {
/// let recovery = Recovery::new().log(RedbLog::open("messages.redb")?);
/// let io = Server::builder().connection_state_recovery(recovery).build();
///
/// io.emit("price", 101.25);
/// io.logged().await?; // safe on disk
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedbLog(Arc<Inner>);

struct Inner {
    path: PathBuf,
    epoch: Epoch,
    queue: Arc<Queue>,
    // Lock order: a leaf.
    namespaces: Mutex<Namespaces>,
    writer: Option<JoinHandle<()>>,
}

/// The namespaces of the file.
struct Namespaces {
    /// What was found of those that nobody has asked for yet.
    waiting: HashMap<String, Loaded>,
    /// Those that were asked for, until they end.
    used: HashMap<String, Used>,
    /// Invariant: no id is given twice, whatever became of the namespace that had it.
    next_id: u32,
}

struct Used {
    id: u32,
    is_open: bool,
}

impl Namespaces {
    fn new(found: Found) -> Self {
        Self {
            waiting: found.namespaces,
            used: HashMap::new(),
            next_id: found.next_id,
        }
    }

    /// What the file holds of a namespace, or nothing under a new id; `None` if somebody uses it.
    fn take(&mut self, name: &str, queue: &Queue) -> Option<Loaded> {
        match self.used.get(name) {
            Some(used) if used.is_open => return None,
            // Its messages were of a server that is gone; the sessions are found when the file is
            // opened.
            Some(used) => queue.push(Step::Purge {
                id: used.id,
                name: name.to_owned(),
                sessions: Vec::new(),
            }),
            None => {}
        }
        let loaded = self.waiting.remove(name).unwrap_or_else(|| {
            let id = self.next_id;
            self.next_id += 1;
            Loaded::new(id)
        });
        let used = Used {
            id: loaded.id,
            is_open: true,
        };
        self.used.insert(name.to_owned(), used);
        Some(loaded)
    }

    /// Deletes the namespaces of long ago, which nobody may ever ask for.
    fn drop_old(&mut self, max_age: Duration, queue: &Queue) {
        let Some(moment) = SystemTime::now().checked_sub(max_age) else {
            return;
        };
        self.waiting.retain(|name, found| {
            let is_old = found.is_older_than(moment);
            if is_old {
                queue.push(Step::Purge {
                    id: found.id,
                    name: name.clone(),
                    sessions: found.sessions.iter().map(|(pid, _)| *pid).collect(),
                });
            }
            !is_old
        });
    }
}

impl RedbLog {
    /// Opens the file, or makes it, and reads what it holds. It blocks: call it before the server
    /// serves.
    ///
    /// # Errors
    ///
    /// [`LogError`] if the file is in use, damaged or none of ours, or cannot be opened.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn main() -> Result<(), roomcast::recovery::LogError> {
    /// let log = roomcast::recovery::RedbLog::open("messages.redb")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LogError> {
        let path = path.as_ref().to_owned();
        let (file, found) = File::open(&path)?;
        let epoch = file.epoch();
        let queue = Arc::new(Queue::default());
        let writer = writer::start(file, Arc::clone(&queue), path.clone()).map_err(|error| {
            LogError::Open {
                path: path.clone(),
                message: error.to_string(),
            }
        })?;
        Ok(Self(Arc::new(Inner {
            path,
            epoch,
            queue,
            namespaces: Mutex::new(Namespaces::new(found)),
            writer: Some(writer),
        })))
    }

    /// The log of one namespace; what is older than `max_age` is needed no more.
    pub(crate) fn of_namespace(
        &self,
        (name, parser): (&str, &Parser),
        bounds: Bounds,
        max_age: Duration,
    ) -> Arc<dyn Log> {
        let mut namespaces = self.0.namespaces.lock();
        namespaces.drop_old(max_age, &self.0.queue);
        let Some(loaded) = namespaces.take(name, &self.0.queue) else {
            tracing::error!(
                name,
                "two servers share a log: one of them keeps its messages in memory"
            );
            return Arc::new(MemoryLog::new(bounds));
        };
        drop(namespaces);
        let (line, sessions) = Line::new((name, parser), self.0.epoch, bounds, loaded);
        let queue = Arc::clone(&self.0.queue);
        Arc::new(LineLog::new(line, queue, self.clone(), sessions))
    }

    /// Nobody holds the namespace of this id any more.
    fn closed(&self, name: &str, id: u32) {
        let mut namespaces = self.0.namespaces.lock();
        if let Some(used) = namespaces.used.get_mut(name).filter(|used| used.id == id) {
            used.is_open = false;
        }
    }

    /// The namespace of this id has ended, whoever holds it: its name is free.
    fn purged(&self, name: &str, id: u32) {
        let mut namespaces = self.0.namespaces.lock();
        if namespaces.used.get(name).is_some_and(|used| used.id == id) {
            namespaces.used.remove(name);
        }
    }

    /// Waits until everything that was emitted is on disk.
    pub(crate) async fn settled(&self) -> Result<(), LogError> {
        self.0.queue.settled().await
    }
}

impl fmt::Debug for RedbLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbLog")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// Writes what waits, and closes the file.
    fn drop(&mut self) {
        self.queue.close();
        let Some(writer) = self.writer.take() else {
            return;
        };
        // What the writer releases may be the last that holds the log.
        if writer.thread().id() != std::thread::current().id() && writer.join().is_err() {
            tracing::error!(path = %self.path.display(), "the thread that writes the log panicked");
        }
    }
}
