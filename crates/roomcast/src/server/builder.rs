//! Options of a Socket.IO server beyond those of its engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::Limits;

use super::{Server, Shared};
use crate::ClientBundle;
use crate::client::Client;
use crate::engine::{Builder, Closing, Config, Engine};
use crate::namespace::{Namespace, Parents};
use crate::typed::TypedValues;

/// Options of a [`Server`]: those of [`Builder`], which every engine has, and those of Socket.IO.
pub type ServerBuilder = Builder<SocketIo>;

/// The options of Socket.IO.
#[derive(Default)]
pub struct SocketIo {
    config: ServerConfig,
    state: TypedValues,
}

#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) max_namespaces: usize,
    pub(crate) max_waiting_handlers: usize,
    pub(crate) ack_timeout: Option<Duration>,
    pub(crate) cleans_up_children: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            limits: Limits::default(),
            max_namespaces: 100,
            max_waiting_handlers: 1000,
            ack_timeout: None,
            cleans_up_children: false,
        }
    }
}

impl Default for Builder<SocketIo> {
    fn default() -> Self {
        Self {
            config: Config::default(),
            kind: SocketIo::default(),
        }
        .path("/socket.io")
    }
}

impl ServerBuilder {
    /// How long a client may take to join a namespace. Default: 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.kind.config.connect_timeout = timeout;
        self
    }

    /// How long acknowledgements are awaited where the emit does not say. Default: for ever.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.kind.config.ack_timeout = Some(timeout);
        self
    }

    /// The most binary attachments of one packet from a client. Default: 10.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.kind.config.limits.max_attachments = count;
        self
    }

    /// The most bytes of all attachments of one packet from a client. Default: 10,000,000.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.kind.config.limits.max_attachment_bytes = bytes;
        self
    }

    /// How deep arrays and objects from a client may be nested. Default: 512.
    pub fn max_json_depth(mut self, levels: usize) -> Self {
        self.kind.config.limits.max_depth = levels;
        self
    }

    /// The most namespaces that one connection may be in. Default: 100.
    pub fn max_namespaces(mut self, count: usize) -> Self {
        self.kind.config.max_namespaces = count;
        self
    }

    /// The most handlers of one connection that may wait at a time. At the limit nothing more is
    /// read from that client until one has ended. Default: 1000.
    pub fn max_waiting_handlers(mut self, count: usize) -> Self {
        self.kind.config.max_waiting_handlers = count.max(1);
        self
    }

    /// Removes namespaces that were made for clients when the last socket has left them.
    pub fn cleanup_empty_child_namespaces(mut self) -> Self {
        self.kind.config.cleans_up_children = true;
        self
    }

    /// Serves the official client's files below the server's path, such as
    /// `/socket.io/socket.io.js`. Default: none.
    pub fn client_bundle(mut self, bundle: ClientBundle) -> Self {
        self.config.client_bundle = Some(bundle);
        self
    }

    /// Keeps a value for the handlers, which take it as [`State<T>`](crate::State). One for each type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.kind.state.insert(value);
        self
    }

    /// Makes the server.
    #[must_use]
    pub fn build(self) -> Server {
        let SocketIo { config, state } = self.kind;
        let shared = Arc::new_cyclic(|weak| {
            let server = std::sync::Weak::<Shared>::clone(weak);
            let engine = Engine::with_application(self.config, move |socket| {
                match server.upgrade() {
                    Some(server) => Box::new(Client::new(Server::from_shared(server), socket)),
                    // The engine is served on its own, and its Socket.IO server is gone.
                    None => Box::new(Closing::of(&socket)),
                }
            });
            let main = Namespace::plain("/".into(), std::sync::Weak::clone(weak));
            Shared {
                config,
                engine,
                namespaces: parking_lot::RwLock::new(HashMap::from([("/".into(), main.clone())])),
                main,
                parents: Parents::default(),
                new_namespace_hooks: parking_lot::RwLock::default(),
                state,
            }
        });
        Server::from_shared(shared)
    }
}

impl std::fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketIo")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
