//! The open sessions of a server, found by their ids.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use parking_lot::Mutex;

use super::socket::Socket;

/// The open sessions by id.
pub(super) struct Sessions {
    // Lock order: a leaf, each shard alone.
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    count: AtomicUsize,
}

/// Sessions, each found by its own id.
///
/// Cost: a map would hold each id a second time, 16 bytes and a counter beside the socket's 8.
type Shard = HashTable<Socket>;

impl Default for Sessions {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::default(),
            count: AtomicUsize::new(0),
        }
    }
}

impl Sessions {
    /// The hash of an id, and the shard of it.
    ///
    /// Cost: one hash is enough. The table takes its lowest and highest bits, the shard has some between.
    fn place(&self, sid: &[u8]) -> (u64, &Mutex<Shard>) {
        let hash = self.hash(sid);
        let shard = (hash >> 40) % SHARDS as u64;
        let shard = usize::try_from(shard).expect("a shard's number is small");
        (hash, &self.shards[shard])
    }

    fn hash(&self, sid: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(sid);
        hasher.finish()
    }

    pub(super) fn find(&self, sid: &[u8]) -> Option<Socket> {
        let (hash, shard) = self.place(sid);
        let shard = shard.lock();
        shard.find(hash, has(sid)).cloned()
    }

    /// Whether the id was free.
    pub(super) fn insert(&self, socket: &Socket) -> bool {
        let (hash, shard) = self.place(socket.sid_bytes());
        let mut shard = shard.lock();
        let rehash = |known: &Socket| self.hash(known.sid_bytes());
        let Entry::Vacant(free) = shard.entry(hash, has(socket.sid_bytes()), rehash) else {
            return false;
        };
        free.insert(socket.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    pub(super) fn remove(&self, socket: &Socket) {
        let sid = socket.sid_bytes();
        let (hash, shard) = self.place(sid);
        // The set's own handle is dropped behind the lock.
        let removed = match shard.lock().find_entry(hash, has(sid)) {
            Ok(known) => known.remove().0,
            Err(_) => return,
        };
        self.count.fetch_sub(1, Ordering::Relaxed);
        drop(removed);
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> Vec<Socket> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.lock().iter().cloned());
        }
        all
    }
}

/// Whether a session has this id.
fn has(sid: &[u8]) -> impl Fn(&Socket) -> bool {
    move |socket| socket.sid_bytes() == sid
}

const SHARDS: usize = 16;
