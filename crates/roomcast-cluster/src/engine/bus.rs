//! What carries the messages of nodes that share their sessions.

use std::fmt;
use std::sync::Arc;

use super::message::Message;
use crate::{BusError, BusFuture, DecodeError, NodeId};

/// Carries the messages of nodes that share their Engine.IO sessions.
///
/// It is publishing and subscribing and nothing else: on a broker, two channels
/// ([`Message::channel`]) for each node, that of everyone and its own.
///
/// What it must do:
///
/// - [`open`](Self::open) resolves when both subscriptions are confirmed.
/// - [`publish`](Self::publish) resolves when the broker has the messages. Those of one node reach
///   each other node in their order; what is published after that by a node that has seen it
///   resolve comes behind them.
/// - What arrives goes to the port's [`EngineInbox`], in the order of the broker; what cannot be
///   read to [`EngineInbox::reject`].
///
/// # Example
///
/// A bus that reaches nobody:
///
/// ```
/// use roomcast_cluster::engine::{EngineBus, EnginePort, Message, Unsent};
/// use roomcast_cluster::{BusError, BusFuture, NodeId};
///
/// struct Nowhere;
///
/// impl EngineBus for Nowhere {
///     fn open(&self, port: EnginePort) -> BusFuture<'_, Result<(), BusError>> {
///         println!("subscribed to engine.io# and engine.io#{}#", port.node);
///         Box::pin(async { Ok(()) })
///     }
///
///     fn publish<'a>(&'a self, messages: &'a [Message]) -> BusFuture<'a, Result<(), Unsent>> {
///         for message in messages {
///             println!("{}: {} bytes", message.channel(), message.encode().len());
///         }
///         Box::pin(async { Ok(()) })
///     }
///
///     fn close<'a>(&'a self, _node: &'a NodeId) -> BusFuture<'a, ()> {
///         Box::pin(async {})
///     }
/// }
/// ```
///
/// Spec: cluster, section 14.
pub trait EngineBus: Send + Sync + 'static {
    /// Subscribes for one node; resolves when the broker has confirmed it. Called once, and again
    /// if it failed, or after [`close`](Self::close) if the runtime has ended on which it was called.
    ///
    /// # Cancel safety
    ///
    /// When the server closes before the future has resolved, it is dropped and
    /// [`close`](Self::close) is not called: what it has begun by then must end with it.
    fn open(&self, port: EnginePort) -> BusFuture<'_, Result<(), BusError>>;

    /// Sends messages in this order; resolves when the broker has them.
    fn publish<'a>(&'a self, messages: &'a [Message]) -> BusFuture<'a, Result<(), Unsent>>;

    /// Resolves when it is worth while to publish: at once, where the broker is connected.
    fn ready(&self) -> BusFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Ends the subscriptions of a node whose [`open`](Self::open) has resolved without an error.
    fn close<'a>(&'a self, node: &'a NodeId) -> BusFuture<'a, ()>;
}

/// Says how far [`EngineBus::publish`] has come.
///
/// # Example
///
/// ```
/// use roomcast_cluster::BusError;
/// use roomcast_cluster::engine::Unsent;
///
/// let unsent = Unsent::new(BusError::Closed, 2);
/// assert_eq!(unsent.to_string(), "published 2 messages, then: the bus is closed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("published {sent} messages, then: {cause}")]
#[non_exhaustive]
pub struct Unsent {
    /// What happened.
    pub cause: BusError,
    /// How many messages the broker has all the same; those behind them may be tried again.
    pub sent: usize,
}

impl Unsent {
    /// Describes how far it came. Example: [`Unsent`].
    #[must_use]
    pub fn new(cause: BusError, sent: usize) -> Self {
        Self { cause, sent }
    }
}

/// One node, as a bus knows it: what [`EngineBus::open`] is given.
///
/// # Example
///
/// ```
/// use roomcast_cluster::engine::{EngineInbox, EnginePort};
///
/// let inbox = EngineInbox::new(|message| println!("{message:?}"));
/// let port = EnginePort::new("a68f7c".into(), inbox);
/// assert_eq!(port.node.as_str(), "a68f7c");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EnginePort {
    /// The node's id.
    pub node: NodeId,
    /// Where what the other nodes say goes.
    pub inbox: EngineInbox,
}

impl EnginePort {
    /// Describes a node. Example: [`EnginePort`].
    #[must_use]
    pub fn new(node: NodeId, inbox: EngineInbox) -> Self {
        Self { node, inbox }
    }
}

/// Takes what other nodes say. It is acted on where it is handed over. Example: [`EnginePort`].
#[derive(Clone)]
pub struct EngineInbox(Arc<dyn Fn(Result<Message, DecodeError>) + Send + Sync>);

impl EngineInbox {
    /// Hands every message, and every payload that is none, to a function. Example:
    /// [`EnginePort`].
    pub fn new(take: impl Fn(Result<Message, DecodeError>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Hands a message over. Those of the node itself may be among them, and those for others.
    pub fn deliver(&self, message: Message) {
        (self.0)(Ok(message));
    }

    /// Reports a payload that cannot be read: it is logged.
    pub fn reject(&self, error: DecodeError) {
        (self.0)(Err(error));
    }
}

impl fmt::Debug for EngineInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineInbox")
    }
}
