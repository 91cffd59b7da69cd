//! What the managers of a program share.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use roomcast_engineio::Transport;

use crate::builder::Builder;
use crate::error::ConfigError;
use crate::manager::{Manager, Shared};
use crate::origin::Origin;
use crate::socket::Socket;

/// What the managers of a program share: one manager for each server, so that several namespaces use
/// one connection, and the memory of [`Builder::remember_upgrade`].
///
/// [`connect`](crate::connect) and [`builder`](crate::builder) use one for the whole process. A
/// client of one's own keeps its connections apart from those. Cheap to clone.
///
/// # Example
///
/// ```no_run
/// use roomcast_client::Client;
///
/// # async fn example() -> Result<(), roomcast_client::ConfigError> {
/// let client = Client::new();
/// let news = client.connect("http://localhost:3000/news")?;
/// let chat = client.connect("http://localhost:3000/chat")?;
/// assert_eq!(news.manager(), chat.manager());
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.4, 6.11.
#[derive(Clone, Default)]
pub struct Client(Arc<Inner>);

#[derive(Default)]
struct Inner {
    // Lock order: before those of the managers.
    managers: Mutex<HashMap<Key, Weak<Shared>>>,
    upgrade_memory: Arc<UpgradeMemory>,
}

/// By what managers are told apart: server and path, and whether their sockets are those of `blocking`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) origin: Origin,
    pub(crate) path: String,
    pub(crate) is_blocking: bool,
}

impl Client {
    /// A client without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The client of the process.
    #[must_use]
    pub fn of_process() -> Self {
        static CLIENT: OnceLock<Client> = OnceLock::new();
        CLIENT.get_or_init(Self::new).clone()
    }

    /// Connects to the namespace in the URL's path, as [`crate::connect`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the URL cannot be used, or outside of a tokio runtime.
    pub fn connect(&self, url: &str) -> Result<Socket, ConfigError> {
        self.builder(url).connect()
    }

    /// Options for a connection, as [`crate::builder`].
    pub fn builder(&self, url: &str) -> Builder {
        Builder::new(self.clone(), url)
    }

    pub(crate) fn upgrade_memory(&self) -> &Arc<UpgradeMemory> {
        &self.0.upgrade_memory
    }

    /// The manager for a server, unless the namespace is taken there: then another one, which is
    /// not shared.
    pub(crate) fn manager(
        &self,
        key: Key,
        namespace: &str,
        make: impl FnOnce() -> Manager,
    ) -> Manager {
        let mut managers = self.0.managers.lock();
        let known = managers.get(&key).and_then(Weak::upgrade).map(Manager);
        match known {
            Some(known) if known.0.lock().core.socket(namespace).is_none() => known,
            Some(_) => make(),
            None => {
                let made = make();
                managers.retain(|_, manager| manager.strong_count() > 0);
                managers.insert(key, Arc::downgrade(&made.0));
                made
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let managers = self.0.managers.lock();
        f.debug_struct("Client")
            .field("managers", &managers.keys())
            .finish_non_exhaustive()
    }
}

/// Whether the last session could use WebSocket.
#[derive(Debug, Default)]
pub(crate) struct UpgradeMemory(AtomicBool);

impl UpgradeMemory {
    /// A session is open on this transport, or has moved to it.
    pub(crate) fn opened(&self, transport: Transport) {
        let is_websocket = transport == Transport::WebSocket;
        self.0.store(is_websocket, Ordering::Relaxed);
    }

    /// A session could not be opened, or broke.
    pub(crate) fn failed(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_websocket(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
