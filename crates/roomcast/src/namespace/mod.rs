//! Namespaces: separate rooms, handlers and middleware over shared connections.

mod everyone;
mod life;
mod listeners;
mod membership;
mod nodes;
mod parent;
mod rooms;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use roomcast_socketio::{AckId, Parser};
use smallvec::SmallVec;

pub(crate) use life::Stay;
pub(crate) use parent::{Matcher, Parents};
pub use rooms::{IntoRooms, RoomEvent};
pub(crate) use rooms::{RoomName, RoomNames, Rooms, Selection, State as RoomsState};

use crate::cluster::{Cluster, Link};
use crate::duty::Duty;
use crate::handler::{Listeners, Table};
use crate::id::SocketId;
use crate::metrics::Meter;
use crate::recovery::Keeper;
use crate::server::{Server, Shared};
use crate::socket::{DisconnectReason, Socket};

/// A namespace: its own sockets, rooms, handlers and middleware over the clients' connections.
///
/// Cheap to clone. [`Server::of`](crate::Server::of) makes one; the server itself stands for `/`.
/// A namespace made by [`Server::of_pattern`](crate::Server::of_pattern) or
/// [`Server::of_fn`](crate::Server::of_fn) is a *parent*: it has no sockets of its own, what it
/// emits goes to all its children, and each child starts with its handlers and middleware.
///
/// # Example
///
/// ```
/// use roomcast::{Server, Socket};
///
/// let io = Server::new();
/// let admin = io.of("/admin");
/// admin.on("close-room", |socket: Socket, room: String| {
///     socket.namespace().to(room).disconnect_sockets();
/// });
/// admin.emit("notice", "the server restarts at noon");
/// ```
///
/// Spec: features, section 2.
#[derive(Clone)]
pub struct Namespace(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    server: Weak<Shared>,
    /// The server's. Cost: a broadcast needs no hold of the server.
    parser: Parser,
    rooms: Rooms,
    listeners: Listeners,
    next_ack: AtomicU64,
    /// Sockets that are connected; those that the middleware still asks about do not count.
    connected: AtomicUsize,
    /// Sockets that are connected or may become so, and those whose handlers still run.
    guests: AtomicUsize,
    /// Nobody is let in any more.
    has_ended: AtomicBool,
    room_hooks: RwLock<Vec<RoomHook>>,
    /// A task waits until nobody may come back.
    cleaning_up: Duty,
    /// Children count with their parent.
    meter: Arc<Meter>,
    kind: Kind,
    /// Where the server has a bus; a parent has none of its own.
    link: Option<Link>,
    cluster: Option<Arc<Cluster>>,
}

/// What a namespace has from its server.
pub(crate) struct Home {
    pub(crate) parser: Parser,
    pub(crate) server: Weak<Shared>,
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// What is kept for clients that come back, if the server is to.
    pub(crate) keeper: Option<Arc<Keeper>>,
}

/// A namespace that may be gone.
#[derive(Clone)]
pub(crate) struct WeakNamespace(Weak<Inner>);

impl WeakNamespace {
    pub(crate) fn upgrade(&self) -> Option<Namespace> {
        self.0.upgrade().map(Namespace)
    }
}

type RoomHook = Arc<dyn Fn(&RoomEvent) + Send + Sync>;

enum Kind {
    /// Made by name.
    Plain,
    /// Has children instead of sockets.
    // Lock order: before the rooms of the children.
    Parent(Mutex<Vec<Namespace>>),
    /// Made for a client by this parent.
    Child(Weak<Inner>),
}

impl Namespace {
    pub(crate) fn plain(name: Arc<str>, home: Home) -> Self {
        Self::with(name, home, Arc::default(), Kind::Plain)
    }

    pub(crate) fn parent(name: Arc<str>, home: Home) -> Self {
        let kind = Kind::Parent(Mutex::default());
        Self::with(name, home, Arc::default(), kind)
    }

    /// Makes a child that starts with this parent's handlers.
    pub(crate) fn child(&self, name: Arc<str>, keeper: Option<Arc<Keeper>>) -> Self {
        let kind = Kind::Child(Arc::downgrade(&self.0));
        let child = Self::with(
            name,
            Home {
                parser: self.0.parser.clone(),
                server: self.0.server.clone(),
                cluster: self.0.cluster.clone(),
                keeper,
            },
            self.0.listeners.snapshot(),
            kind,
        );
        child
            .0
            .room_hooks
            .write()
            .clone_from(&self.0.room_hooks.read());
        if let Kind::Parent(children) = &self.0.kind {
            children.lock().push(child.clone());
        }
        child
    }

    fn with(name: Arc<str>, home: Home, table: Arc<Table>, kind: Kind) -> Self {
        let meter = match &kind {
            Kind::Child(parent) => parent.upgrade().map(|parent| Arc::clone(&parent.meter)),
            Kind::Plain | Kind::Parent(_) => None,
        };
        let Home {
            parser,
            server,
            cluster,
            keeper,
        } = home;
        let rooms = Rooms::new(keeper);
        Self(Arc::new_cyclic(|namespace| Inner {
            link: cluster
                .as_ref()
                .filter(|_| !matches!(kind, Kind::Parent(_)))
                .map(|cluster| {
                    let namespace = WeakNamespace(Weak::clone(namespace));
                    let link = Link::new(cluster, Arc::clone(&name), namespace);
                    rooms
                        .keeper()
                        .into_iter()
                        .for_each(|keeper| link.watch(keeper));
                    link
                }),
            meter: meter.unwrap_or_else(|| Arc::new(Meter::new(&name))),
            cluster,
            name,
            server,
            parser,
            rooms,
            listeners: Listeners::inherit(table),
            next_ack: AtomicU64::new(0),
            connected: AtomicUsize::new(0),
            guests: AtomicUsize::new(0),
            has_ended: AtomicBool::new(false),
            room_hooks: RwLock::default(),
            cleaning_up: Duty::default(),
            kind,
        }))
    }

    /// Returns the name, with its leading slash.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// assert_eq!(io.name(), "/");
    /// assert_eq!(io.of("admin").name(), "/admin");
    /// ```
    ///
    /// Spec: features 2.14.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the connected sockets on this server, in no particular order; of a parent, those of
    /// its children.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// for socket in io.sockets() {
    ///     println!("{} from {:?}", socket.id(), socket.handshake().address());
    /// }
    /// ```
    ///
    /// Spec: features 2.1.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        let connected = |namespace: &Self| namespace.connected_of(&Selection::default());
        match &self.0.kind {
            Kind::Parent(_) => self.children().iter().flat_map(connected).collect(),
            _ => connected(self),
        }
    }

    /// Finds the connected socket of this id on this server; a text that is no id finds none.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// if let Some(socket) = io.socket("wNhZbJYd3vWdGhFZAAAB") {
    ///     socket.disconnect();
    /// }
    /// ```
    ///
    /// Spec: features 2.5.
    #[must_use]
    pub fn socket(&self, id: impl AsRef<str>) -> Option<Socket> {
        let id = &SocketId::of_text(id.as_ref());
        let found = match &self.0.kind {
            Kind::Parent(children) => children
                .lock()
                .iter()
                .find_map(|child| child.0.rooms.socket(id)),
            _ => self.0.rooms.socket(id),
        };
        found.filter(Socket::is_connected)
    }

    /// Counts the connected sockets on this server, without walking over them.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// io.emit("online", io.sockets_count());
    /// ```
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn sockets_count(&self) -> usize {
        match &self.0.kind {
            Kind::Parent(children) => children.lock().iter().map(Self::sockets_count).sum(),
            _ => self.0.connected.load(Ordering::Relaxed),
        }
    }

    /// Returns the names of all rooms on this server; each socket's id is the name of one. Of a
    /// parent, the names of its children's rooms, each once.
    ///
    /// # Example
    ///
    /// ```
    /// # let io = roomcast::Server::new();
    /// for room in io.rooms() {
    ///     println!("{room}: {} members", io.room_len(&room));
    /// }
    /// ```
    ///
    /// Spec: features 2.20.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let Kind::Parent(_) = &self.0.kind else {
            return self.0.rooms.names();
        };
        let children = self.children();
        let names = children.iter().flat_map(Self::rooms);
        names.collect::<HashSet<_>>().into_iter().collect()
    }

    /// Counts the members of a room on this server; 0 for a room that does not exist. Of a parent,
    /// the members of its children's rooms of this name.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on("join", |io: Server, socket: Socket, room: String| {
    ///     if io.room_len(&room) >= 4 {
    ///         return Err("the room is full");
    ///     }
    ///     socket.join(room);
    ///     Ok("joined")
    /// });
    /// ```
    ///
    /// Spec: features 2.20.
    #[must_use]
    pub fn room_len(&self, room: &str) -> usize {
        match &self.0.kind {
            Kind::Parent(_) => self
                .children()
                .iter()
                .map(|child| child.room_len(room))
                .sum(),
            _ => self.0.rooms.len(&room.into()),
        }
    }

    pub(crate) fn server(&self) -> Option<Server> {
        self.0.server.upgrade().map(Server::from_shared)
    }

    pub(crate) fn parser(&self) -> &Parser {
        &self.0.parser
    }

    pub(crate) fn is_parent(&self) -> bool {
        matches!(self.0.kind, Kind::Parent(_))
    }

    pub(crate) fn is_child(&self) -> bool {
        matches!(self.0.kind, Kind::Child(_))
    }

    pub(crate) fn children(&self) -> Vec<Self> {
        match &self.0.kind {
            Kind::Parent(children) => children.lock().clone(),
            _ => Vec::new(),
        }
    }

    /// The namespace itself, or a parent's children.
    pub(crate) fn with_children(&self) -> SmallVec<[Self; 1]> {
        match self.is_parent() {
            true => self.children().into(),
            false => SmallVec::from_buf([self.clone()]),
        }
    }

    /// The way to the other servers, if there is a cluster.
    pub(crate) fn link(&self) -> Option<&Link> {
        self.0.link.as_ref()
    }

    pub(crate) fn selection(&self) -> &Rooms {
        &self.0.rooms
    }

    pub(crate) fn table(&self) -> arc_swap::Guard<Arc<Table>> {
        self.0.listeners.table()
    }

    pub(crate) fn snapshot(&self) -> Arc<Table> {
        self.0.listeners.snapshot()
    }

    /// Whether a client joins without anything that it could wait for: no middleware, no other
    /// servers, no state of earlier connections.
    pub(crate) fn is_open(&self) -> bool {
        let is_alone = self.link().is_none() && self.keeper().is_none();
        is_alone && self.table().connection_middleware().is_empty()
    }

    pub(crate) fn next_ack_id(&self) -> AckId {
        AckId::from(self.0.next_ack.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn connected_of(&self, selection: &Selection) -> Vec<Socket> {
        let mut sockets = self.0.rooms.select(selection);
        sockets.retain(Socket::is_connected);
        sockets
    }

    /// What is kept for clients that come back, if the server is to.
    pub(crate) fn keeper(&self) -> Option<&Arc<Keeper>> {
        self.0.rooms.keeper()
    }

    /// Takes a socket that was connected out of every room.
    pub(crate) fn retire(&self, socket: &Socket, reason: DisconnectReason) {
        self.change_rooms(|rooms, events| rooms.retire(socket, reason, events));
    }

    pub(crate) fn on_room_event(&self, hook: RoomHook) {
        self.0.room_hooks.write().push(hook);
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.0.meter
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Namespace {}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.name())
            .field("sockets", &self.sockets_count())
            .finish()
    }
}
