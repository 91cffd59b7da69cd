//! How a message is sent, what a full outbox does with it, and what became of it.

use std::sync::Arc;

use crate::engine::outbox::Role;

/// Says what to do with an event for a client whose outbox is full: over its bytes or its packets.
///
/// It is set for all clients by [`max_outbox`](super::super::Builder::max_outbox), for one by
/// [`Socket::set_max_outbox`](super::super::Socket::set_max_outbox) and for one event by
/// [`Emission::when_full`](crate::Emission::when_full) or
/// [`Broadcast::when_full`](crate::Broadcast::when_full).
///
/// Two ways are no policies, for they do not depend on the outbox being full: waiting until there is
/// room ([`Socket::emit_async`](crate::Socket::emit_async)), and replacing a waiting event
/// ([`Socket::coalesce`](crate::Socket::coalesce)).
///
/// The limit is checked before an event is queued, so one event larger than the limit still leaves
/// if the outbox was within it. Acknowledgements and the protocol's own packets (CONNECT,
/// DISCONNECT …) are never left out: under a policy that keeps the client they may take as many
/// bytes again as the limit, then the client is disconnected all the same.
///
/// # Example
///
/// ```
/// use roomcast::{OutboxPolicy, Server};
///
/// let io = Server::builder().max_outbox(1024 * 1024, OutboxPolicy::DropNewest).build();
/// io.when_full(OutboxPolicy::DropOldest).emit("price", 42); // this event makes room for itself
/// ```
///
/// Spec: features 1.53, N8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutboxPolicy {
    /// Closes the connection; its reason is [`CloseReason::OutboxFull`](super::super::CloseReason).
    #[default]
    Disconnect,
    /// Leaves the new event out and keeps the connection.
    DropNewest,
    /// Drops events that wait, the oldest first, until the new one is within the limit. An event
    /// goes with its attachments. What was handed to the connection is out of reach.
    DropOldest,
    /// Leaves the new event out and tells who sends it:
    /// [`EmitError::Full`](crate::EmitError::Full) of `try_emit`; `emit` logs it.
    Error,
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SendOptions {
    /// Dropped unless the transport can take it at once.
    pub(crate) is_volatile: bool,
    /// Whether a transport that compresses may compress this message.
    pub(crate) may_compress: bool,
    /// Nothing that was queued before may come behind it: it replaces none in its place.
    pub(crate) keeps_order: bool,
    /// What a full outbox does with it, whatever the session's policy says.
    pub(crate) when_full: Option<OutboxPolicy>,
    /// An event, or a packet that the client cannot do without: one that is never left out, nor
    /// dropped later.
    pub(crate) role: Role,
}

/// What an event has beside its options, if it has anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// The event takes the place of the one that waits under this key.
    pub(crate) key: Option<Arc<str>>,
    /// Its emitter waits where more than half of the outbox is taken.
    pub(crate) may_wait: bool,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            is_volatile: false,
            may_compress: true,
            keeps_order: false,
            when_full: None,
            role: Role::EVENT,
        }
    }
}

impl SendOptions {
    /// For packets that the client cannot do without.
    pub(crate) fn essential() -> Self {
        Self {
            role: Role::ESSENTIAL,
            ..Self::default()
        }
    }
}

/// What became of a message that was handed to [`Mailbox::send`](super::Mailbox::send).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Queued,
    /// Queued, and nobody is about to write it: the caller lists the session for a flush.
    MustFlush,
    /// Volatile, and the transport was busy; or left out by [`OutboxPolicy::DropNewest`].
    Dropped,
    /// Left out by [`OutboxPolicy::Error`], or to wait.
    Full,
    /// The session is closing or closed.
    Closed,
}

impl Sent {
    pub(crate) fn is_queued(self) -> bool {
        matches!(self, Self::Queued | Self::MustFlush)
    }
}

/// How much may wait for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutboxLimits {
    pub(crate) max_bytes: usize,
    /// Messages that were not yet handed to the connection.
    pub(crate) max_packets: u32,
    pub(crate) policy: OutboxPolicy,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self {
            max_bytes: 16 * 1024 * 1024,
            max_packets: u32::MAX,
            policy: OutboxPolicy::default(),
        }
    }
}

impl OutboxLimits {
    /// Whether what waits has to stay where it can be counted and dropped.
    pub(super) fn need_backlog(&self) -> bool {
        self.policy == OutboxPolicy::DropOldest || self.max_packets != u32::MAX
    }
}
