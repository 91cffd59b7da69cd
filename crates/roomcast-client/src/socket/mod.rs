//! One namespace of a manager.

mod acknowledgement;
mod config;
mod emission;
mod emitting;
mod events;
mod listening;
mod typed;

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_engineio::Transport;
use roomcast_socketio::client::SocketKey;
use tokio::sync::oneshot;

pub use acknowledgement::Acknowledgement;
pub(crate) use config::Auth;
pub use config::SocketConfig;
pub use emission::Emission;
pub use events::{Events, SocketEvent};
pub use typed::{EventHandler, IntoReplyTo};

use crate::error::NotConnected;
use crate::handler::{AnyHandler, List, Slot, Table};
use crate::manager::{Awaited, Manager, Shared};

/// One namespace of a [`Manager`]. Cheap to clone; usable from any thread and task.
///
/// The manager owns its sockets' handlers, and a `Socket` keeps the manager. A handler, listener or `auth`
/// function that captures a `Socket` of its own manager keeps all of it for ever, until the handler is
/// removed ([`off_all`](Self::off_all)): it takes `socket: Socket` as a parameter instead, or what it
/// captures is not a `Socket`.
///
/// # Example
///
/// ```no_run
/// use roomcast_client::Socket;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = roomcast_client::builder("http://localhost:3000").build()?;
/// socket.on_connect(|socket: Socket| socket.emit("hello", "world"));
/// socket.on("news", |text: String| println!("{text}"));
/// socket.connect();
/// let name: String = socket.emit_with_ack("name?", ()).await?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.12, 6.17 to 6.24.
#[derive(Clone)]
pub struct Socket {
    manager: Arc<Shared>,
    state: Arc<SocketState>,
}

/// What the handles of a socket share, the manager's lock aside.
pub(crate) struct SocketState {
    key: SocketKey,
    namespace: Arc<str>,
    auth: Auth,
    // Lock order: a leaf.
    table: Mutex<Table>,
}

impl SocketState {
    pub(crate) fn new(key: SocketKey, namespace: Arc<str>, auth: Auth) -> Self {
        Self {
            key,
            namespace,
            auth,
            table: Mutex::default(),
        }
    }
}

/// Connecting.
impl Socket {
    /// Connects the socket, and the manager if need be. It is tried again until it is connected, the
    /// server refuses it, or someone disconnects it.
    ///
    /// The connection lives on the tokio runtime of the caller. Outside of one it lives on that on
    /// which the manager was made.
    pub fn connect(&self) {
        self.manager.move_here();
        let key = self.state.key;
        self.manager.update(|state, now| {
            if !state.core.is_active(key) {
                // Why it failed before does not count any more.
                state.failures.remove(&key);
            }
            state.core.connect(now, key);
        });
    }

    /// Waits until the socket is connected, or will not be by itself. It does not connect it.
    ///
    /// # Errors
    ///
    /// [`NotConnected::Failed`] with the error of the last attempt, if the server or the `auth` function
    /// has refused the socket or if there is no further attempt to open the connection;
    /// [`NotConnected::Disconnected`] if nobody has connected the socket, or someone has disconnected it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = roomcast_client::builder("http://localhost:3000")
    ///     .reconnection_attempts(3)
    ///     .connect()?;
    /// socket.connected().await?;
    /// println!("{:?}", socket.id());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connected(&self) -> Result<(), NotConnected> {
        let (done, outcome) = oneshot::channel();
        let awaited = Awaited {
            socket: self.state.key,
            done,
        };
        let gone = self
            .manager
            .update(|state, _| state.await_connection(awaited));
        drop(gone);
        // The task was dropped with its runtime.
        outcome.await.unwrap_or(Err(NotConnected::Disconnected))
    }

    /// Disconnects the socket: it is not connected again by itself. The connection is closed if no
    /// other socket needs it. What was emitted before leaves first.
    pub fn disconnect(&self) {
        let key = self.state.key;
        self.manager.update(|state, _| {
            state.failures.remove(&key);
            state.core.disconnect(key);
        });
    }

    /// Returns the manager of the socket.
    #[must_use]
    pub fn manager(&self) -> Manager {
        Manager(Arc::clone(&self.manager))
    }

    /// Returns the name of the namespace, with its leading slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.state.namespace
    }

    /// Returns the socket's id at the server, while it is connected.
    #[must_use]
    pub fn id(&self) -> Option<Arc<str>> {
        self.manager.lock().core.sid(self.state.key).cloned()
    }

    /// Tells whether the socket is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.manager.lock().core.is_connected(self.state.key)
    }

    /// Tells whether the socket is connected or will be, by itself.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.manager.lock().core.is_active(self.state.key)
    }

    /// Tells whether the last time that the socket was connected the server has restored its session,
    /// with its rooms and the events that it had missed.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.manager.lock().core.recovered(self.state.key)
    }

    /// Returns the transport of the connection, if there is one.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.manager.lock().link.transport
    }
}

impl Socket {
    pub(crate) fn new(manager: Arc<Shared>, state: Arc<SocketState>) -> Self {
        Self { manager, state }
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.state.auth
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.manager
    }

    pub(crate) fn key(&self) -> SocketKey {
        self.state.key
    }

    /// The handlers as they are now.
    pub(crate) fn handlers(&self, slot: Slot<'_>) -> List<AnyHandler> {
        self.state.table.lock().list(slot)
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("manager", &self.manager)
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}
