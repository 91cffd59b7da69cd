//! Options of a Socket.IO server beyond those of its engine.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Weak};
use std::time::Duration;

use roomcast_socketio::{Limits, Parser};

use super::{Server, Shared};
use crate::ClientBundle;
use crate::client::Client;
use crate::cluster::{Bus, Cluster};
#[cfg(doc)]
use crate::engine::DisconnectCause;
use crate::engine::{Builder, Closing, Config, Engine};
use crate::namespace::{Home, Namespace, Parents};
use crate::recovery::{Keeper, Recovery};
use crate::typed::TypedValues;

/// Options of a [`Server`]: those of [`Builder`], which every engine has, and those of Socket.IO.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Cors, Server};
///
/// let io = Server::builder()
///     .cors(Cors::origin("https://app.example"))
///     .max_http_buffer_size(100_000)
///     .connect_timeout(Duration::from_secs(10))
///     .build();
/// ```
///
/// Spec: features, sections 1 and 2.
pub type ServerBuilder = Builder<SocketIo>;

/// The options of Socket.IO, behind the type of a [`ServerBuilder`].
///
/// # Example
///
/// ```
/// use roomcast::{Server, SocketIo, engine};
///
/// let builder: engine::Builder<SocketIo> = Server::builder();
/// ```
#[derive(Default)]
pub struct SocketIo {
    config: ServerConfig,
    state: TypedValues,
    cluster: Option<Cluster>,
}

#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) max_namespaces: usize,
    pub(crate) max_child_namespaces: usize,
    pub(crate) max_waiting_handlers: usize,
    pub(crate) ack_timeout: Option<Duration>,
    pub(crate) cleans_up_children: bool,
    /// The event that tells clients why they are disconnected.
    pub(crate) explanation: Option<Arc<str>>,
    pub(crate) parser: Parser,
    pub(crate) recovery: Option<Recovery>,
}

impl ServerConfig {
    /// What keeps the state of a namespace's clients, if the server is to.
    pub(crate) fn keeper(&self, namespace: &str) -> Option<Arc<Keeper>> {
        let recovery = self.recovery.as_ref()?;
        Some(Arc::new(recovery.keeper(namespace, &self.parser)))
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            limits: Limits::default(),
            max_namespaces: 100,
            max_child_namespaces: 10_000,
            max_waiting_handlers: 1000,
            ack_timeout: None,
            cleans_up_children: false,
            explanation: None,
            parser: Parser::default(),
            recovery: None,
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
    /// Sets how long a client may take to join a namespace. Default: 45 s.
    ///
    /// A client that has joined none by then is closed with the reason `forced server close`. An
    /// attempt that a middleware refuses is no joining.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().connect_timeout(Duration::from_secs(10)).build();
    /// ```
    ///
    /// Spec: features 2.3.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.kind.config.connect_timeout = timeout;
        self
    }

    /// Sets how long acknowledgements are awaited where the emit does not say. Default: for ever.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().ack_timeout(Duration::from_secs(10)).build();
    /// ```
    ///
    /// Spec: features 2.32.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.kind.config.ack_timeout = Some(timeout);
        self
    }

    /// Sets the most binary attachments of one packet from a client. Default: 10.
    ///
    /// A packet that announces more closes its connection with the reason `forced close`, before
    /// any attachment is kept.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_attachments(2).max_attachment_bytes(5_000_000).build();
    /// ```
    ///
    /// Spec: features 5.3.
    pub fn max_attachments(mut self, count: usize) -> Self {
        self.kind.config.limits.max_attachments = count;
        self
    }

    /// Sets the most bytes of all attachments of one packet from a client. Default: 10,000,000.
    ///
    /// A packet with more closes its connection with the reason `forced close`. Example:
    /// [`max_attachments`](Self::max_attachments).
    ///
    /// Spec: features, section 10.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.kind.config.limits.max_attachment_bytes = bytes;
        self
    }

    /// Sets how deep arrays and objects from a client may be nested, the array of arguments
    /// included. Default: 512.
    ///
    /// A packet that is nested deeper closes its connection with the reason `forced close`. Reading
    /// an argument uses the stack in proportion to this limit.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_json_depth(32).build();
    /// ```
    ///
    /// Spec: features, section 11, 38.
    pub fn max_json_depth(mut self, levels: usize) -> Self {
        self.kind.config.limits.max_depth = levels;
        self
    }

    /// Sets the most elements, keys and values of all arrays and maps of one MessagePack packet from
    /// a client. Default: 1,000,000, which a packet within the default
    /// [`max_http_buffer_size`](Self::max_http_buffer_size) cannot exceed.
    ///
    /// A packet with more closes its connection with the reason `forced close`. Packets in text form
    /// have no such limit: each element takes two bytes at least.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Parser, Server};
    ///
    /// let io = Server::builder().parser(Parser::MessagePack).max_elements(10_000).build();
    /// ```
    pub fn max_elements(mut self, count: usize) -> Self {
        self.kind.config.limits.max_elements = count;
        self
    }

    /// Sets how packets become messages. Default: [`Parser::Text`]. Clients must use the same.
    ///
    /// [`Parser::MessagePack`] speaks with clients that use `socket.io-msgpack-parser`; a
    /// [`CustomParser`](crate::CustomParser) with those that use its counterpart.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Parser, Server};
    ///
    /// let io = Server::builder().parser(Parser::MessagePack).build();
    /// ```
    ///
    /// Spec: features 2.4.
    pub fn parser(mut self, parser: impl Into<Parser>) -> Self {
        self.kind.config.parser = parser.into();
        self
    }

    /// Sets the most namespaces that one connection may be in. Default: 100.
    ///
    /// A client that asks for one more is closed with the reason `forced server close`.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_namespaces(4).build();
    /// ```
    pub fn max_namespaces(mut self, count: usize) -> Self {
        self.kind.config.max_namespaces = count;
        self
    }

    /// Sets how many children of [`of_pattern`](Server::of_pattern) and [`of_fn`](Server::of_fn)
    /// clients may bring the server to. Default: 10,000, of all parents together.
    ///
    /// A client that asks for one more is refused with `Invalid namespace`, and it is logged.
    /// [`Server::of`] makes more all the same. Children stay when they are empty, unless
    /// [`cleanup_empty_child_namespaces`](Self::cleanup_empty_child_namespaces) is on.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_child_namespaces(500).build();
    /// let documents = io.of_pattern("^/document-[0-9]+$")?;
    /// # Ok::<(), roomcast::PatternError>(())
    /// ```
    pub fn max_child_namespaces(mut self, count: usize) -> Self {
        self.kind.config.max_child_namespaces = count;
        self
    }

    /// Sets the most handlers of one connection that may wait at a time. Default: 1000; at least 1.
    ///
    /// At the limit further events of that client are kept, in order, until one has ended.
    /// Acknowledgements and the heartbeat go on, so a handler may await an answer from its own
    /// socket. When the events take more than 1 MiB of memory, nothing more is read from the
    /// client: neither its acknowledgements nor its answers to the heartbeat, so handlers that
    /// never end let it time out. What is kept when the client's connection ends is handed to the
    /// handlers at once. Middleware that waits counts too.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().max_waiting_handlers(50).build();
    /// ```
    pub fn max_waiting_handlers(mut self, count: usize) -> Self {
        self.kind.config.max_waiting_handlers = count.max(1);
        self
    }

    /// Removes namespaces that were made for clients when the last socket has left them. Default:
    /// they stay.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().cleanup_empty_child_namespaces().build();
    /// let documents = io.of_pattern("^/document-[0-9]+$")?;
    /// # Ok::<(), roomcast::PatternError>(())
    /// ```
    ///
    /// Spec: features 2.18.
    pub fn cleanup_empty_child_namespaces(mut self) -> Self {
        self.kind.config.cleans_up_children = true;
        self
    }

    /// Lets clients that lose their connection come back to the state they had: the same id, the
    /// same rooms and named values, and what they have missed. Default: off.
    ///
    /// [`Recovery`] says for how long and how much is kept, and where. The [guide to recovery] tells
    /// what clients can rely on.
    ///
    /// [guide to recovery]: https://github.com/roomcast/roomcast/blob/main/docs/guide/recovery.md
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().max_disconnection_duration(Duration::from_secs(300));
    /// let io = Server::builder().connection_state_recovery(recovery).build();
    /// ```
    ///
    /// Spec: features 2.38.
    pub fn connection_state_recovery(mut self, recovery: Recovery) -> Self {
        self.kind.config.recovery = Some(recovery);
        self
    }

    /// Tells clients why the server disconnects them, by this event, ahead of the end: its argument
    /// is an object with `cause` (a name, see [`DisconnectCause::as_str`]) and `message` (a text).
    /// Default: they are not told.
    ///
    /// Each of the client's sockets gets it, as long as the connection still takes it: a client that
    /// reads nothing learns nothing. The close frame of a WebSocket then has a code and the cause's
    /// name as its reason too, which the official client gives to its `disconnect` handlers as
    /// `details.context`; without this option it has neither, as the official server's.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().explain_disconnects("disconnect-cause").build();
    /// // In the client: socket.on("disconnect-cause", ({ cause, message }) => …)
    /// ```
    ///
    /// # Panics
    ///
    /// If the event's name is one that Socket.IO reserves.
    ///
    /// Spec: features N9.
    pub fn explain_disconnects(mut self, event: &str) -> Self {
        let is_free = crate::wire::plain_event(&Parser::Text, "/", event, &()).is_ok();
        assert!(is_free, "{event:?} is a reserved event name");
        self.kind.config.explanation = Some(event.into());
        self
    }

    /// Serves the official client's files below the server's path, such as
    /// `/socket.io/socket.io.js`. Default: none.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{ClientBundle, ClientBundleError, Server};
    ///
    /// fn server() -> Result<Server, ClientBundleError> {
    ///     let bundle = ClientBundle::from_dir("node_modules/socket.io-client/dist")?;
    ///     Ok(Server::builder().client_bundle(bundle).build())
    /// }
    /// ```
    ///
    /// Spec: features 2.2.
    pub fn client_bundle(mut self, bundle: ClientBundle) -> Self {
        self.config.client_bundle = Some(bundle);
        self
    }

    /// Keeps a value for the handlers, which take it as [`State<T>`](crate::State). One for each
    /// type.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, State};
    ///
    /// struct Motd(String);
    ///
    /// let io = Server::builder().state(Motd("be kind".to_owned())).build();
    /// io.on("motd", |motd: State<Motd>| motd.0.0.clone());
    /// ```
    ///
    /// Spec: features 2.42.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.kind.state.insert(value);
        self
    }

    /// Joins the server to a cluster, with the default limits: [`cluster`](Self::cluster) sets them.
    /// Default: no cluster.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use roomcast::{Server, cluster::Hub};
    ///
    /// let hub = Hub::new();
    /// let red = Server::builder().bus(hub.bus()).build();
    /// let blue = Server::builder().bus(hub.bus()).build();
    /// red.emit("news", "for the clients of both");
    /// # }
    /// ```
    ///
    /// Spec: features 4.13.
    pub fn bus(self, bus: impl Bus) -> Self {
        self.cluster(Cluster::new(bus))
    }

    /// Joins the server to a cluster.
    ///
    /// The messages of a namespace wait until its bus is open. That needs a tokio runtime: where
    /// there is none when the server is made, it begins with [`Server::listen`], the first client or
    /// the first message. Example: [`Cluster`].
    ///
    /// Spec: features 4.13.
    pub fn cluster(mut self, cluster: Cluster) -> Self {
        self.kind.cluster = Some(cluster);
        self
    }

    /// Makes the server. Nothing listens yet: [`Server::serve`] and [`Server::layer`] do.
    ///
    /// # Example
    ///
    /// ```
    /// let io = roomcast::Server::builder().path("/live").build();
    /// ```
    #[must_use]
    pub fn build(self) -> Server {
        let SocketIo {
            mut config,
            state,
            cluster,
        } = self.kind;
        if let Some(recovery) = &mut config.recovery {
            // Longer, and a connection is found to be dead.
            let times = &self.config.times;
            recovery.wait_for(times.ping_interval + 2 * times.ping_timeout);
        }
        let cluster = cluster.map(Cluster::of_one_server);
        let shared = Arc::new_cyclic(|weak| {
            let server = Weak::<Shared>::clone(weak);
            let engine = Engine::with_application(self.config, move |socket| {
                match server.upgrade() {
                    Some(server) => Box::new(Client::new(Server::from_shared(server), socket)),
                    // The engine is served on its own, and its Socket.IO server is gone.
                    None => Box::new(Closing::of(&socket)),
                }
            });
            let home = Home {
                parser: config.parser.clone(),
                server: Weak::clone(weak),
                cluster: cluster.clone(),
                keeper: config.keeper("/"),
            };
            let main = Namespace::plain("/".into(), home);
            Shared {
                config,
                engine,
                namespaces: parking_lot::RwLock::new(HashMap::from([("/".into(), main.clone())])),
                main,
                children: AtomicUsize::new(0),
                parents: Parents::default(),
                new_namespace_hooks: parking_lot::RwLock::default(),
                state,
                cluster,
            }
        });
        let server = Server::from_shared(shared);
        server.start_links();
        server
    }
}

impl std::fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketIo")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
