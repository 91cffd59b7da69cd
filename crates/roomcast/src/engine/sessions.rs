//! The open sessions of a server, found by their ids.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use parking_lot::Mutex;

use super::socket::Socket;

/// The open sessions by id.
pub(super) struct Sessions {
    // Lock order: a leaf, each shard alone.
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    count: AtomicUsize,
}

type Shard = HashSet<Known, RandomState>;

/// A session in the set, found by its id.
///
/// Cost: a map would hold each id a second time, 16 bytes and a counter beside the socket's 8.
struct Known(Socket);

impl Borrow<[u8]> for Known {
    fn borrow(&self) -> &[u8] {
        self.0.sid_bytes()
    }
}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.sid_bytes().hash(state);
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0.sid_bytes() == other.0.sid_bytes()
    }
}

impl Eq for Known {}

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
    fn shard(&self, sid: &[u8]) -> &Mutex<Shard> {
        let hash = self.hasher.hash_one(sid);
        &self.shards[usize::try_from(hash % SHARDS as u64).expect("a shard's number is small")]
    }

    pub(super) fn find(&self, sid: &str) -> Option<Socket> {
        let shard = self.shard(sid.as_bytes()).lock();
        shard.get(sid.as_bytes()).map(|known| known.0.clone())
    }

    /// Whether the id was free.
    pub(super) fn insert(&self, socket: &Socket) -> bool {
        let is_new = self
            .shard(socket.sid_bytes())
            .lock()
            .insert(Known(socket.clone()));
        if is_new {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        is_new
    }

    pub(super) fn remove(&self, socket: &Socket) {
        let sid = socket.sid_bytes();
        // The set's own handle is dropped behind the lock.
        let removed = self.shard(sid).lock().take(sid);
        if removed.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> Vec<Socket> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(shard.lock().iter().map(|known| known.0.clone()));
        }
        all
    }
}

const SHARDS: usize = 16;
