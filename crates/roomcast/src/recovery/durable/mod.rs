//! The log that outlives the process: a copy of the one in memory, in a file.

mod codec;
mod file;
mod line;
mod queue;
mod writer;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use roomcast_socketio::Parser;

use self::file::{File, Loaded};
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
    open: HashSet<String>,
    ids: HashMap<String, u32>,
    next_id: u32,
}

impl Namespaces {
    fn new(waiting: HashMap<String, Loaded>) -> Self {
        let ids = waiting.iter().map(|(name, found)| (name.clone(), found.id));
        let ids: HashMap<_, _> = ids.collect();
        Self {
            next_id: ids.values().max().map_or(0, |id| id + 1),
            ids,
            waiting,
            open: HashSet::new(),
        }
    }

    /// Deletes the namespaces of long ago, which nobody may ever ask for.
    fn drop_old(&mut self, max_age: Duration, queue: &Queue) {
        let Some(moment) = SystemTime::now().checked_sub(max_age) else {
            return;
        };
        self.waiting.retain(|name, found| {
            let is_old = found.is_older_than(moment);
            if is_old {
                for (pid, _) in &found.sessions {
                    queue.push(Step::Forget(*pid));
                }
                queue.push(Step::Purge {
                    id: found.id,
                    name: name.clone(),
                });
                self.ids.remove(name);
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
        let (file, waiting) = File::open(&path)?;
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
            namespaces: Mutex::new(Namespaces::new(waiting)),
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
        if !namespaces.open.insert(name.to_owned()) {
            tracing::error!(
                name,
                "two servers share a log: one of them keeps its messages in memory"
            );
            return Arc::new(MemoryLog::new(bounds));
        }
        let next = namespaces.next_id;
        let id = *namespaces.ids.entry(name.to_owned()).or_insert(next);
        namespaces.next_id = next.max(id + 1);
        let waiting = namespaces.waiting.remove(name);
        let loaded = waiting.unwrap_or_else(|| Loaded::new(id));
        drop(namespaces);
        let (line, sessions) = Line::new((name, parser), self.0.epoch, bounds, loaded);
        let queue = Arc::clone(&self.0.queue);
        Arc::new(LineLog::new(line, queue, self.clone(), sessions))
    }

    fn closed(&self, name: &str) {
        self.0.namespaces.lock().open.remove(name);
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
