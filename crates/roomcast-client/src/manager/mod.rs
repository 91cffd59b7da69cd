//! One connection to a server, with all its namespaces.

mod connection;
mod dispatch;
mod event;
mod held;
mod outbox;
mod shared;
mod task;

use std::fmt;
use std::sync::Arc;

use roomcast_engineio::{Handshake, Transport};
use roomcast_socketio::Packet;
use roomcast_socketio::client::Settings;

pub use event::ManagerEvent;
pub(crate) use shared::{AckWaiter, Awaited, Core, Flush, Home, Shared};

use crate::handler::HandlerId;
use crate::socket::{Socket, SocketConfig, SocketState};

/// One connection to a server, which the sockets of its namespaces share. Cheap to clone; usable from
/// any thread and task.
///
/// It connects when one of its sockets wants to, and closes when none does. It lives as long as it is
/// connected, or tries to be, even if all handles are dropped.
///
/// # Example
///
/// ```no_run
/// use roomcast_client::ManagerEvent;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let chat = roomcast_client::connect("http://localhost:3000/chat")?;
/// let manager = chat.manager();
/// manager.on_event(|event| {
///     if let ManagerEvent::ReconnectAttempt(attempt) = event {
///         println!("attempt {attempt}");
///     }
/// });
/// let admin = manager.socket("/admin");
/// admin.connect();
/// # Ok(())
/// # }
/// ```
///
/// Spec: features 6.11 to 6.14.
#[derive(Clone)]
pub struct Manager(pub(crate) Arc<Shared>);

impl Manager {
    /// Returns the socket of a namespace, which is made if there is none. It is not connected by that.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Socket {
        self.socket_with(namespace, SocketConfig::default())
    }

    /// Returns the socket of a namespace, which is made with `config` if there is none. It is not
    /// connected by that.
    #[must_use]
    pub fn socket_with(&self, namespace: &str, config: SocketConfig) -> Socket {
        let namespace = match namespace.starts_with('/') {
            true => namespace.to_owned(),
            false => format!("/{namespace}"),
        };
        let (options, auth) = config.into_parts();
        // Invariant: what is not taken is dropped without the lock, since a function is the user's.
        let mut auth = Some(auth);
        let mut state = self.0.lock();
        let key = state.core.add_socket(&namespace, options);
        let new = || {
            let auth = auth.take().unwrap_or_default();
            Arc::new(SocketState::new(key, namespace.into(), auth))
        };
        let socket = Arc::clone(state.sockets.entry(key).or_insert_with(new));
        drop(state);
        Socket::new(Arc::clone(&self.0), socket)
    }

    /// Opens the connection, even if no socket needs it. An attempt to connect again that waits begins
    /// at once.
    pub fn open(&self) {
        self.0.move_here();
        self.0.update(|state, now| state.core.open(now));
    }

    /// Disconnects all sockets and closes the connection. Nothing is connected again by itself.
    pub fn close(&self) {
        self.0.update(|state, _| {
            state.failures.clear();
            let sockets: Vec<_> = state.core.sockets().collect();
            for socket in sockets {
                state.core.disconnect(socket);
            }
            state.core.close();
        });
    }

    /// Closes the connection as if it had been lost: sockets are told so, and reconnection sets in.
    pub fn drop_connection(&self) {
        self.0
            .update(|state, _| state.wants_drop = state.core.is_open());
    }

    /// Returns how the manager connects again.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.lock().core.settings().clone()
    }

    /// Changes how the manager connects again. A delay that has begun stays as it is, unless
    /// reconnection is switched off.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(manager: roomcast_client::Manager) {
    /// manager.change_settings(|settings| settings.reconnection = false);
    /// # }
    /// ```
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings();
        change(&mut settings);
        self.0.update(|state, _| state.core.set_settings(settings));
    }

    /// Tells whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lock().core.is_open()
    }

    /// Returns the transport of the connection, if there is one.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.0.lock().link.transport
    }

    /// Returns what the server said when the connection was opened, while there is one: the session's id,
    /// the transports to which it may upgrade (those that are known here), the heartbeat, and the largest
    /// body that may be sent by polling.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(manager: roomcast_client::Manager) {
    /// if let Some(handshake) = manager.handshake() {
    ///     println!("{}: a ping every {:?}", handshake.sid, handshake.ping_interval);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn handshake(&self) -> Option<Handshake<'static>> {
        let handshake = self.0.lock().link.handshake.clone();
        handshake.map(Arc::unwrap_or_clone)
    }

    /// Calls `listener` whenever something happens to the manager.
    pub fn on_event(&self, listener: impl Fn(&ManagerEvent) + Send + Sync + 'static) -> HandlerId {
        self.0.listeners.lock().push(Arc::new(listener))
    }

    /// Calls `listener` with each packet of the server, whatever its kind and namespace, before what it
    /// leads to: the official event `packet`. While somebody listens, each packet is copied once.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(manager: roomcast_client::Manager) {
    /// manager.on_packet(|packet| println!("{} for {}", packet.kind(), packet.namespace()));
    /// # }
    /// ```
    pub fn on_packet(&self, listener: impl Fn(&Packet<'_>) + Send + Sync + 'static) -> HandlerId {
        let id = self.0.packet_listeners.lock().push(Arc::new(listener));
        self.watch_packets();
        id
    }

    /// Removes a listener that [`on_event`](Self::on_event) or [`on_packet`](Self::on_packet) has added.
    pub fn off(&self, listener: HandlerId) {
        let removed = self.0.listeners.lock().remove(listener);
        let of_packets = self.0.packet_listeners.lock().remove(listener);
        drop((removed, of_packets));
        self.watch_packets();
    }

    /// Removes all listeners.
    pub fn off_all(&self) {
        let removed = std::mem::take(&mut *self.0.listeners.lock());
        let of_packets = std::mem::take(&mut *self.0.packet_listeners.lock());
        drop((removed, of_packets));
        self.watch_packets();
    }

    /// Returns the listeners that [`on_event`](Self::on_event) has added, in the order in which they are
    /// called.
    #[must_use]
    pub fn listeners(&self) -> Vec<HandlerId> {
        self.0.listeners.lock().ids()
    }

    /// Returns the listeners that [`on_packet`](Self::on_packet) has added, in the order in which they
    /// are called.
    #[must_use]
    pub fn listeners_of_packets(&self) -> Vec<HandlerId> {
        self.0.packet_listeners.lock().ids()
    }

    /// Tells the core whether someone looks at packets.
    fn watch_packets(&self) {
        let mut state = self.0.lock();
        let is_watched = !self.0.packet_listeners.lock().is_empty();
        state.core.report_packets(is_watched);
    }
}

impl PartialEq for Manager {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Manager {}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
