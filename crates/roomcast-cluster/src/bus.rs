//! What carries messages between nodes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::{BusError, DecodeError, IdForm, Message, NodeId, PublishError};

/// What the methods of a [`Bus`] return.
pub type BusFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Carries the messages of one server to the other nodes, and theirs to it.
///
/// A bus knows a broker and a wire format, and nothing else: which messages are sent, who answers
/// and who is missing is decided by the [`Adapter`](crate::Adapter). It serves all namespaces of one
/// server object. It keeps no queue: what it cannot send it gives back ([`PublishError`]), and the
/// server sends it again when [`ready`](Self::ready) resolves.
///
/// What it must do:
///
/// - [`open`](Self::open) resolves when the subscriptions of that namespace are confirmed; nothing
///   is published for it before.
/// - The messages of one call of [`publish`](Self::publish), and of calls one after the other, reach
///   each other node in that order.
/// - Messages of others go to the namespace's [`Inbox`], in the order in which each node sent them.
///   Those of the node itself may, too: the adapter drops them.
/// - A payload that cannot be read goes to [`Inbox::reject`]; it ends nothing.
/// - A lost connection is the bus's own business: it connects again, subscribes again, and resolves
///   `ready`.
///
/// # Example
///
/// A bus that reaches nobody:
///
/// ```
/// use roomcast_cluster::{
///     Bus, BusError, BusFuture, Message, NodeId, Port, PublishError, Response,
/// };
///
/// struct Nowhere;
///
/// impl Bus for Nowhere {
///     fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
///         println!("{} is {}", port.namespace, port.node);
///         Box::pin(async { Ok(()) })
///     }
///
///     fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
///         println!("{} messages for everyone", messages.len());
///         Box::pin(async { Ok(()) })
///     }
///
///     fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
///         Box::pin(async { Ok(()) })
///     }
///
///     fn close<'a>(&'a self, _node: &'a NodeId, _namespace: &'a str) -> BusFuture<'a, ()> {
///         Box::pin(async {})
///     }
/// }
/// ```
///
/// Spec: cluster, section 15.
pub trait Bus: Send + Sync + 'static {
    /// What the server has to know of this bus. It does not change.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// Subscribes for one namespace; resolves when the broker has confirmed it. Called once for each
    /// namespace, and again if it failed, or after [`close`](Self::close) if the runtime has ended on
    /// which it was called.
    ///
    /// # Cancel safety
    ///
    /// When the server closes, or the namespace is deleted, before the future has resolved, it is
    /// dropped and [`close`](Self::close) is not called: what it has begun by then must end with it.
    /// The same holds for an attempt that failed.
    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>>;

    /// Sends messages to all other nodes, in this order; resolves when the broker has them.
    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>>;

    /// Sends answers to the nodes that asked. An answer that cannot be sent is lost: who asked
    /// learns it by its timeout.
    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>>;

    /// Resolves when it is worth while to publish: at once, where the broker is connected.
    fn ready(&self) -> BusFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Subscribes to rooms that have members now, and leaves those that have none; resolves when the
    /// broker has confirmed it. Called for buses whose [`Profile::rooms`] wants it, one call at a
    /// time for each namespace.
    fn change_rooms(&self, change: RoomChange) -> BusFuture<'_, Result<(), BusError>> {
        drop(change);
        Box::pin(async { Ok(()) })
    }

    /// Counts the nodes of a namespace, this one included. Called for buses whose
    /// [`Profile::counting`] is [`Counting::Subscribers`], while [`open`](Self::open) has not resolved
    /// yet, too.
    fn count_nodes<'a>(&'a self, namespace: &'a str) -> BusFuture<'a, Result<usize, BusError>> {
        let _ = namespace;
        Box::pin(async { Ok(1) })
    }

    /// Ends the subscriptions of one adapter, whose [`open`](Self::open) has resolved without an
    /// error. What it published has left before.
    fn close<'a>(&'a self, node: &'a NodeId, namespace: &'a str) -> BusFuture<'a, ()>;
}

/// What a server has to know of a bus.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Counting, IdForm, Profile};
///
/// let classic = Profile::default().counting(Counting::Subscribers).ids(IdForm::Short);
/// assert_eq!(classic.counting, Counting::Subscribers);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// How the other nodes are known. Default: by their heartbeats.
    pub counting: Counting,
    /// How ids are written. Default: 16 hex digits.
    pub ids: IdForm,
    /// Which rooms the bus subscribes to. Default: none.
    pub rooms: RoomInterest,
}

impl Profile {
    /// Says how the other nodes are known. Example: [`Profile`].
    #[must_use]
    pub fn counting(mut self, counting: Counting) -> Self {
        self.counting = counting;
        self
    }

    /// Says how ids are written. Example: [`Profile`].
    #[must_use]
    pub fn ids(mut self, ids: IdForm) -> Self {
        self.ids = ids;
        self
    }

    /// Says which rooms the bus subscribes to.
    #[must_use]
    pub fn rooms(mut self, rooms: RoomInterest) -> Self {
        self.rooms = rooms;
        self
    }
}

/// How the nodes that have to answer are known.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Counting, Profile};
///
/// assert_eq!(Profile::default().counting, Counting::Heartbeats);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counting {
    /// By name, from their heartbeats: who is missing can be named, and who is lost is not awaited.
    #[default]
    Heartbeats,
    /// By number, from the broker's count of subscribers.
    Subscribers,
}

/// Which rooms a bus subscribes to, each of them.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Profile, RoomInterest};
///
/// let dynamic = Profile::default().rooms(RoomInterest::Shared);
/// assert_ne!(dynamic.rooms, RoomInterest::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomInterest {
    /// None: it gets what is for any room.
    #[default]
    None,
    /// Rooms that sockets join; not those of their own ids.
    Shared,
    /// All rooms, those of sockets' own ids included.
    All,
}

/// One adapter, as a bus knows it: what [`Bus::open`] is given.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Body, Inbox, Message, Port};
///
/// let inbox = Inbox::new(|received| assert!(received.is_ok()));
/// let port = Port::new("7091f9242a3d22fa".into(), "/chat".into(), inbox);
/// port.inbox.deliver(Message {
///     from: Some("1ee44d320bd3d444".into()),
///     namespace: port.namespace.clone(),
///     body: Body::Heartbeat,
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Port {
    /// The adapter's id.
    pub node: NodeId,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Where the messages of the other nodes go.
    pub inbox: Inbox,
}

impl Port {
    /// Describes an adapter. Example: [`Port`].
    #[must_use]
    pub fn new(node: NodeId, namespace: Arc<str>, inbox: Inbox) -> Self {
        Self {
            node,
            namespace,
            inbox,
        }
    }
}

/// Takes the messages of other nodes. They are acted on where they are handed over: the caller's
/// task pays, and a slow one is slowed down instead of a queue growing.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Body, Inbox, Message};
///
/// let inbox = Inbox::new(|message| println!("{message:?}"));
/// inbox.deliver(Message { from: None, namespace: "/".into(), body: Body::Heartbeat });
/// ```
#[derive(Clone)]
pub struct Inbox(Arc<dyn Fn(Result<Message, DecodeError>) + Send + Sync>);

impl Inbox {
    /// Hands every message, and every payload that is none, to a function. Example: [`Inbox`].
    pub fn new(take: impl Fn(Result<Message, DecodeError>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Hands a message over. Example: [`Inbox`].
    pub fn deliver(&self, message: Message) {
        (self.0)(Ok(message));
    }

    /// Reports a payload that cannot be read: it is counted and logged.
    pub fn reject(&self, error: DecodeError) {
        (self.0)(Err(error));
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

/// An answer on its way to the node that asked: what [`Bus::respond`] is given.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Body, Message, Response};
///
/// let response = Response {
///     to: Some("7091f9242a3d22fa".into()),
///     message: Message {
///         from: Some("1ee44d320bd3d444".into()),
///         namespace: "/".into(),
///         body: Body::AllRoomsResponse { request: "AAAAAA".into(), rooms: vec!["news".into()] },
///     },
/// };
/// assert!(response.message.body.is_response());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an address and a message, nothing else"
)]
pub struct Response {
    /// Who asked. Without a name everyone gets the answer.
    pub to: Option<NodeId>,
    /// The answer.
    pub message: Message,
}

/// Rooms of one adapter that came or went: what [`Bus::change_rooms`] is given.
///
/// # Example
///
/// ```
/// use roomcast_cluster::RoomChange;
///
/// /// The channels of a broker that stand for the rooms.
/// fn channels(change: &RoomChange) -> impl Iterator<Item = String> {
///     change.subscribe.iter().map(|room| format!("{}#{room}", change.namespace))
/// }
///
/// let change = RoomChange {
///     node: "7091f9242a3d22fa".into(),
///     namespace: "/chat".into(),
///     subscribe: vec!["news".into()],
///     unsubscribe: vec![],
/// };
/// assert_eq!(channels(&change).collect::<Vec<_>>(), ["/chat#news"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "what there is to know of a change"
)]
pub struct RoomChange {
    /// The adapter's id.
    pub node: NodeId,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Rooms that have members now, or had some who may come back.
    pub subscribe: Vec<Arc<str>>,
    /// Rooms that have none any more.
    pub unsubscribe: Vec<Arc<str>>,
}
