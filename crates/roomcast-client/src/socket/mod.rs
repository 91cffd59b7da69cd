//! One namespace of a manager.

mod acknowledgement;
mod config;
mod emission;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use roomcast_engineio::Transport;
use roomcast_socketio::client::{Overflow, SocketKey};
use roomcast_socketio::{Args, EventName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

pub use acknowledgement::Acknowledgement;
pub(crate) use config::Auth;
pub use config::SocketConfig;
pub use emission::Emission;

use crate::error::{AckError, EmitError, NotFlushed};
use crate::listener::{Call, List, Listener, ListenerId, Outcome, Slot, Table, erase};
use crate::manager::{Flush, Manager, Shared};

/// One namespace of a [`Manager`]. Cheap to clone; usable from any thread and task.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = roomcast_client::builder("http://localhost:3000").build()?;
/// socket.on_connect(|call| call.socket().emit("hello", "world"));
/// socket.on("news", |call| {
///     if let Some(Ok(text)) = call.args().and_then(|mut args| args.next::<&str>()) {
///         println!("{text}");
///     }
/// });
/// socket.connect();
/// let name: String = socket.emit_with_ack("name?", ()).await?;
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.15 to 6.19.
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
        self.manager
            .update(|state, now| state.core.connect(now, key));
    }

    /// Disconnects the socket: it is not connected again by itself. The connection is closed if no
    /// other socket needs it. What was emitted before leaves first.
    pub fn disconnect(&self) {
        let key = self.state.key;
        self.manager.update(|state, _| state.core.disconnect(key));
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

/// Emitting.
impl Socket {
    /// Sends an event, or keeps it until the socket is connected. A tuple is spread into several
    /// arguments, `()` is none, everything else is one; bytes ([`bytes::Bytes`] and what else serde
    /// knows as bytes) leave as attachments, wherever they sit.
    ///
    /// A mistake, such as a reserved name, is logged; [`try_emit`](Self::try_emit) reports it.
    pub fn emit<'e>(&self, event: impl Into<EventName<'e>>, args: impl Serialize) {
        self.emission().emit(event, args);
    }

    /// Sends an event as [`emit`](Self::emit), and reports whether that worked.
    ///
    /// # Errors
    ///
    /// [`EmitError::Encode`] for a reserved name or arguments that cannot be written,
    /// [`EmitError::Refused`] if too much waits, or if the event was dropped because it is
    /// [volatile](Self::volatile) and cannot leave at once.
    pub fn try_emit<'e>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Result<(), EmitError> {
        self.emission().try_emit(event, args)
    }

    /// Sends an event as soon as there is room for it: a producer that awaits each event is not faster
    /// than the connection.
    ///
    /// It waits while more than half of the [outbox](crate::Builder::max_outbox) is taken, and then
    /// until a quarter is; while the socket is not connected, the same holds for its
    /// [send buffer](SocketConfig::send_buffer). The other half is left to events that cannot wait.
    /// Other events may overtake one that waits.
    ///
    /// # Errors
    ///
    /// As those of [`try_emit`](Self::try_emit).
    ///
    /// # Cancel safety
    ///
    /// An event whose future is dropped while it waits for room is not sent.
    ///
    /// # Example
    ///
    /// ```
    /// use bytes::Bytes;
    /// use roomcast_client::{EmitError, Socket};
    ///
    /// async fn upload(socket: &Socket, chunks: Vec<Bytes>) -> Result<(), EmitError> {
    ///     for chunk in chunks {
    ///         socket.emit_async("chunk", chunk).await?; // not faster than the server reads
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn emit_async<'e, A: Serialize, N: Into<EventName<'e>>>(
        &self,
        event: N,
        args: A,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + 'static + use<'e, A, N> {
        self.emission().emit_async(event, args)
    }

    /// Sends the event `message`.
    pub fn send(&self, args: impl Serialize) {
        self.emit("message", args);
    }

    /// Sends an event and waits for the server's acknowledgement. The event is on its way when this
    /// returns; the future is for the answer. A tuple takes several values, any other type the first.
    ///
    /// # Errors
    ///
    /// [`AckError`] if no answer comes, or one of another type.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped forgets the answer; the event is sent all the same.
    pub fn emit_with_ack<'e, T: DeserializeOwned + Send + 'static>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
    ) -> Acknowledgement<T> {
        self.emission().emit_with_ack(event, args)
    }

    /// Sends an event and calls `callback`, once, with the server's acknowledgement, in order with the
    /// listeners.
    ///
    /// # Errors
    ///
    /// As those of [`try_emit`](Self::try_emit); the callback is not called then.
    pub fn emit_with_callback<'e>(
        &self,
        event: impl Into<EventName<'e>>,
        args: impl Serialize,
        callback: impl FnOnce(Result<Args<'_>, AckError>) + Send + 'static,
    ) -> Result<(), EmitError> {
        self.emission().emit_with_callback(event, args, callback)
    }

    /// The next event is dropped if it cannot leave at once.
    pub fn volatile(&self) -> Emission {
        self.emission().volatile()
    }

    /// What happens to the next event if there is no room for it.
    pub fn when_full(&self, overflow: Overflow) -> Emission {
        self.emission().when_full(overflow)
    }

    /// How long the next event waits for its acknowledgement.
    pub fn timeout(&self, timeout: Duration) -> Emission {
        self.emission().timeout(timeout)
    }

    /// The next event is not compressed by the transport.
    pub fn without_compression(&self) -> Emission {
        self.emission().without_compression()
    }

    /// Waits until all that was emitted has left this program: until it is given to the operating
    /// system, or taken by the server if it goes by polling.
    ///
    /// # Errors
    ///
    /// [`NotFlushed`] if the socket is not active and something waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    pub async fn flushed(&self) -> Result<(), NotFlushed> {
        let (done, is_done) = oneshot::channel();
        let flush = Flush {
            socket: self.state.key,
            done,
        };
        self.manager.update(|state, _| state.flushes.push(flush));
        // The task was dropped with its runtime.
        is_done.await.unwrap_or(Err(NotFlushed))
    }

    /// The next event, without options yet.
    pub fn emission(&self) -> Emission {
        Emission::new(self.clone())
    }
}

/// Listening. Listeners run in the manager's task, in the order in which things happen and in which
/// they were added. One that panics is reported as
/// [`ManagerEvent::ListenerPanicked`](crate::ManagerEvent::ListenerPanicked), and the connection lives.
impl Socket {
    /// Calls `listener` for each event of this name.
    pub fn on<R: Into<Outcome>>(
        &self,
        event: &str,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Event(event), erase(listener))
    }

    /// Calls `listener` for the next event of this name only.
    pub fn once<R: Into<Outcome>>(
        &self,
        event: &str,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let mut table = self.state.table.lock();
        table
            .list_mut(Slot::Event(event))
            .push_once(erase(listener))
    }

    /// Calls `listener` for each event, before the listeners of its name.
    pub fn on_any<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Any, erase(listener))
    }

    /// Calls `listener` for each event, before all other listeners.
    pub fn prepend_any<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.state
            .table
            .lock()
            .list_mut(Slot::Any)
            .prepend(erase(listener))
    }

    /// Calls `listener` for each event that is sent, when it is.
    pub fn on_any_outgoing<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let id = self.add(Slot::AnyOutgoing, erase(listener));
        self.watch_outgoing();
        id
    }

    /// Calls `listener` for each event that is sent, before the other listeners for that.
    pub fn prepend_any_outgoing<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        let listener = erase(listener);
        let id = self
            .state
            .table
            .lock()
            .list_mut(Slot::AnyOutgoing)
            .prepend(listener);
        self.watch_outgoing();
        id
    }

    /// Calls `listener` whenever the socket is connected, for the first time or again.
    pub fn on_connect<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Connect, erase(listener))
    }

    /// Calls `listener` whenever the socket could not be connected: because the server refuses it, or
    /// because there is no connection. The [cause](Call::cause) holds the error.
    pub fn on_connect_error<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::ConnectError, erase(listener))
    }

    /// Calls `listener` whenever the socket is no longer connected. The [cause](Call::cause) holds the
    /// reason.
    pub fn on_disconnect<R: Into<Outcome>>(
        &self,
        listener: impl Fn(&Call<'_>) -> R + Send + Sync + 'static,
    ) -> ListenerId {
        self.add(Slot::Disconnect, erase(listener))
    }

    /// Removes all listeners of an event.
    pub fn off(&self, event: &str) {
        self.clear(Slot::Event(event));
    }

    /// Removes one listener, whatever it listens to.
    pub fn off_listener(&self, listener: ListenerId) {
        let removed = self.state.table.lock().remove(listener);
        drop(removed);
        self.watch_outgoing();
    }

    /// Removes all listeners of all events. Those of [`on_connect`](Self::on_connect) and the like
    /// stay.
    pub fn off_all(&self) {
        let removed = self.state.table.lock().take_events();
        drop(removed);
    }

    /// Removes all listeners that [`on_any`](Self::on_any) and [`prepend_any`](Self::prepend_any) have
    /// added.
    pub fn off_any(&self) {
        self.clear(Slot::Any);
    }

    /// Removes all listeners for events that are sent.
    pub fn off_any_outgoing(&self) {
        self.clear(Slot::AnyOutgoing);
        self.watch_outgoing();
    }

    fn add(&self, slot: Slot<'_>, listener: Listener) -> ListenerId {
        self.state.table.lock().list_mut(slot).push(listener)
    }

    /// Invariant: what a user's closure holds is dropped without the lock.
    fn clear(&self, slot: Slot<'_>) {
        let removed = self.state.table.lock().take(slot);
        drop(removed);
    }

    /// Tells the core whether someone listens to what is sent.
    fn watch_outgoing(&self) {
        let mut state = self.manager.lock();
        let is_watched = !self.state.table.lock().list(Slot::AnyOutgoing).is_empty();
        state.core.report_outgoing(self.state.key, is_watched);
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

    /// The listeners as they are now.
    pub(crate) fn listeners(&self, slot: Slot<'_>) -> List<Listener> {
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
