//! The Socket.IO server: its namespaces over one engine.

mod builder;
mod deletion;
mod namespaces;
mod websockets;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use parking_lot::RwLock;
use roomcast_socketio::Value;
use tokio::net::ToSocketAddrs;

use crate::typed::TypedValues;
pub(crate) use builder::ServerConfig;
pub use builder::{ServerBuilder, SocketIo};
use namespaces::with_slash;

use crate::PatternError;
use crate::cluster::{BusError, Cluster, Link};
use crate::engine::Engine;
use crate::namespace::{Matcher, Namespace, Parents};
use crate::serve::{Layer, Listening};

/// A Socket.IO server; cheap to clone, usable from any thread and task.
///
/// It dereferences to its main [`Namespace`] `/`: `io.on`, `io.emit`, `io.to` … are that
/// namespace's methods, as in JavaScript.
///
/// # Example
///
/// ```no_run
/// use roomcast::{Server, Socket};
///
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     let io = Server::new();
///     io.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));
///     io.serve("127.0.0.1:3000").await
/// }
/// ```
///
/// Spec: features, section 2.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

pub(crate) struct Shared {
    config: ServerConfig,
    engine: Engine,
    main: Namespace,
    // Lock order: before the rooms of a namespace.
    namespaces: RwLock<HashMap<Arc<str>, Namespace>>,
    /// How many of them are children of parents. Invariant: changed under their lock.
    children: AtomicUsize,
    parents: Parents,
    new_namespace_hooks: RwLock<Vec<NamespaceHook>>,
    state: TypedValues,
    cluster: Option<Arc<Cluster>>,
}

type NamespaceHook = Arc<dyn Fn(&Namespace) + Send + Sync>;

impl Server {
    /// Makes a server with the default options. Nothing listens yet.
    ///
    /// # Example
    ///
    /// ```
    /// let io = roomcast::Server::new();
    /// io.on("ping", || "pong");
    /// ```
    ///
    /// Spec: features 2.1.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts with the options; [`ServerBuilder::build`] makes the server.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder().ping_interval(Duration::from_secs(10)).build();
    /// ```
    ///
    /// Spec: features 2.1.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Returns the namespace of this name, and makes it if it does not exist. A leading slash is
    /// added if it lacks.
    ///
    /// If a pattern of [`of_pattern`](Self::of_pattern) takes the name, it is made as a child of
    /// that parent.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.of("/chess").on_connect(|socket: Socket| socket.join("lobby"));
    /// assert_eq!(io.of("chess"), io.of("/chess"));
    /// ```
    ///
    /// Spec: features 2.14.
    pub fn of(&self, name: &str) -> Namespace {
        let name = with_slash(name);
        if let Some(found) = self.0.namespaces.read().get(&name) {
            return found.clone();
        }
        let parent = self.0.parents.find_pattern(&name);
        self.0.insert(Arc::clone(&name), || match parent {
            Some(parent) => {
                let keeper = self.0.config.keeper(&name);
                parent.child(name, keeper)
            }
            None => {
                let keeper = self.0.config.keeper(&name);
                Namespace::plain(name, self.0.home(keeper))
            }
        })
    }

    /// Makes a parent namespace: clients may join any namespace whose name matches the regular
    /// expression.
    ///
    /// The syntax is that of the crate `regex`; `\w` and `\d` mean all of Unicode there, where
    /// JavaScript means ASCII: write `[A-Za-z0-9_]`, or `(?-u:\w)`.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if the pattern is no regular expression.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// let workspaces = io.of_pattern("^/workspace-[0-9]+$")?;
    /// workspaces.on_connect(|socket: Socket| println!("{}", socket.namespace().name()));
    /// # Ok::<(), roomcast::PatternError>(())
    /// ```
    ///
    /// Spec: features 2.15.
    pub fn of_pattern(&self, pattern: &str) -> Result<Namespace, PatternError> {
        let pattern = regex::Regex::new(pattern).map_err(|error| PatternError {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(self.add_parent(Matcher::Pattern(pattern)))
    }

    /// Makes a parent namespace: the function decides, from the name and the client's `auth`
    /// object, which namespaces clients may join.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Value};
    ///
    /// let io = Server::new();
    /// let tenants = io.of_fn(async |name: String, auth: Value| {
    ///     name.starts_with("/tenant-") && auth["token"] == "secret"
    /// });
    /// tenants.on("ping", || "pong");
    /// ```
    ///
    /// Spec: features 2.16.
    pub fn of_fn<F, Fut>(&self, decide: F) -> Namespace
    where
        F: Fn(String, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.add_parent(Matcher::function(decide))
    }

    /// Calls `hook` for each namespace that is made from now on, by [`of`](Self::of) or for a
    /// client.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.on_new_namespace(|namespace| println!("{} is there", namespace.name()));
    /// ```
    ///
    /// Spec: features 2.19.
    pub fn on_new_namespace(&self, hook: impl Fn(&Namespace) + Send + Sync + 'static) {
        self.0.new_namespace_hooks.write().push(Arc::new(hook));
    }

    /// Returns the names of all namespaces, `/` included and parents not, in no particular order.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert_eq!(io.namespaces().len(), 1);
    /// let chess = io.of("/chess");
    /// assert!(io.namespaces().iter().any(|name| **name == *chess.name()));
    /// ```
    ///
    /// Spec: features 2.14.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Arc<str>> {
        self.0.namespaces.read().keys().cloned().collect()
    }

    /// Returns the Engine.IO server below.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// println!("{} connections", io.engine().clients_count());
    /// ```
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Returns the value of this type that [`ServerBuilder::state`](crate::ServerBuilder::state)
    /// was given.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// struct Motd(String);
    ///
    /// let io = Server::builder().state(Motd("be kind".to_owned())).build();
    /// assert_eq!(io.state::<Motd>().map(|motd| motd.0.clone()).as_deref(), Some("be kind"));
    /// ```
    ///
    /// Spec: features 2.42.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.state.get()
    }

    /// Makes a tower layer that adds this server to another HTTP service.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn run() -> std::io::Result<()> {
    /// let io = roomcast::Server::new();
    /// let app = axum::Router::new()
    ///     .route("/", axum::routing::get("Server is live"))
    ///     .layer(io.layer());
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// axum::serve(listener, app).await
    /// # }
    /// ```
    ///
    /// Spec: features 1.55.
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer::new(self.0.engine.shared(), Some(Arc::<Shared>::clone(&self.0)))
    }

    /// Listens on `address` and serves until [`close`](Self::close), over HTTP/1.1 and HTTP/2
    /// without TLS. Paths other than the server's are answered 404.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Example
    ///
    /// ```no_run
    /// #[tokio::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = roomcast::Server::new();
    ///     io.on("ping", || "pong");
    ///     io.serve("127.0.0.1:3000").await
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener. Connections that are open live on until
    /// [`close`](Self::close).
    ///
    /// Spec: features 2.1.
    pub async fn serve(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.listen(address).await?.run().await
    }

    /// Listens on `address`; clients are served by [`Listening::run`].
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let io = roomcast::Server::new();
    /// let listening = io.listen("127.0.0.1:0").await?; // any free port
    /// println!("http://{}", listening.local_addr()?);
    /// tokio::spawn(listening.run());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the listener.
    ///
    /// Spec: features 2.1.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Listening> {
        self.start_links();
        Listening::bind(self.layer(), address).await
    }

    /// Stops: refuses new clients, disconnects everyone with the reason
    /// [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown), closes all connections
    /// and waits until every handler has ended. Then the server leaves its cluster, which may take
    /// 5 s where the bus is away. Listeners of [`serve`](Self::serve) end too; their
    /// HTTP connections get up to 5 s to finish the answers that they have begun.
    ///
    /// What is queued for a client and has not left is discarded. A server that is closed stays so.
    ///
    /// # Example
    ///
    /// ```no_run
    /// #[tokio::main]
    /// async fn main() -> std::io::Result<()> {
    ///     let io = roomcast::Server::new();
    ///     tokio::select! {
    ///         result = io.serve("127.0.0.1:3000") => result?,
    ///         _ = tokio::signal::ctrl_c() => io.close().await,
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only ends the wait.
    ///
    /// Spec: features 2.1.
    pub async fn close(&self) {
        self.0.engine.close_sessions().await;
        // Both wait for a bus, and together no longer than one of them.
        tokio::join!(self.0.engine.leave(), self.close_links());
        if let Some(recovery) = &self.0.config.recovery {
            recovery.settled().await;
        }
    }

    /// Waits until the bus has confirmed the subscriptions of all namespaces that exist, and that of
    /// [shared sessions](crate::ServerBuilder::cluster_engine): from then on messages of other servers
    /// arrive. Without a bus it is so at once.
    ///
    /// Nothing has to wait for it: what is emitted before is published afterwards, and clients join
    /// a namespace when its bus is open, has failed to open, or has taken too long
    /// ([`Cluster::request_timeout`](crate::cluster::Cluster::request_timeout)).
    ///
    /// # Errors
    ///
    /// [`BusError`] if the bus could not be opened at the first attempt. Others follow.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), roomcast::cluster::BusError> {
    /// use roomcast::{Server, cluster::Hub};
    ///
    /// let io = Server::builder().bus(Hub::new().bus()).build();
    /// io.ready().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only ends the wait.
    pub async fn ready(&self) -> Result<(), BusError> {
        for namespace in self.all_namespaces() {
            if let Some(link) = namespace.link() {
                link.opened().await?;
            }
        }
        match self.0.engine.shared().exchange() {
            Some(exchange) => exchange.ready().await,
            None => Ok(()),
        }
    }

    /// Tells the cluster that this server leaves, and ends the subscriptions.
    async fn close_links(&self) {
        let Some(cluster) = &self.0.cluster else {
            return;
        };
        let namespaces = self.all_namespaces();
        let links = namespaces.iter().filter_map(Namespace::link);
        links.for_each(Link::begin_close);
        let closed = cluster.closed();
        if tokio::time::timeout(CLOSE_TIMEOUT, closed).await.is_err() {
            tracing::warn!("the bus did not take the last messages in time");
        }
    }

    /// Opens the bus where the server was made without a runtime.
    pub(crate) fn start_links(&self) {
        if self.0.cluster.is_some() {
            let namespaces = self.all_namespaces();
            namespaces
                .iter()
                .filter_map(Namespace::link)
                .for_each(Link::start);
        }
    }

    fn all_namespaces(&self) -> Vec<Namespace> {
        self.0.namespaces.read().values().cloned().collect()
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    pub(crate) fn ack_timeout(&self) -> Option<Duration> {
        self.0.config.ack_timeout
    }
}

/// How long a bus may take to send the last messages of a server that is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl Deref for Server {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        &self.0.main
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("engine", &self.0.engine)
            .field("namespaces", &self.0.namespaces.read().len())
            .finish()
    }
}
