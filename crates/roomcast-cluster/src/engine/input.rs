//! What a relay is told, and what it asks for.

use std::sync::Arc;
use std::time::Instant;

use super::message::{Body, Lock, Message};
use super::packet::Packet;
use crate::NodeId;

/// What happened.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the caller builds it")]
pub enum Input<A, L> {
    /// A message arrived.
    Received(Message),
    /// A request wants a session that is not here. `request` comes from
    /// [`Relay::next_request`](super::Relay::next_request).
    #[expect(missing_docs, reason = "described above")]
    AskLock { request: u64, lock: Lock, asker: A },
    /// Nobody waits for this request of the session any more: its client has hung up.
    #[expect(missing_docs, reason = "described above")]
    Abandon { request: u64, sid: Arc<str> },
    /// The client has moved to `line`, a connection of this node that `owner` has granted. From
    /// here on packets of the session go to it.
    #[expect(missing_docs, reason = "described above")]
    AskUpgrade {
        sid: Arc<str>,
        owner: NodeId,
        line: L,
        asker: A,
    },
    /// The client has not moved to the connection that `owner` has granted.
    #[expect(missing_docs, reason = "described above")]
    GiveUpUpgrade { sid: Arc<str>, owner: NodeId },
    /// A packet of the client.
    #[expect(missing_docs, reason = "described above")]
    Forward {
        sid: Arc<str>,
        owner: NodeId,
        packet: Packet,
    },
    /// A request of the client ends the session, which the owner is to know.
    #[expect(missing_docs, reason = "described above")]
    End {
        sid: Arc<str>,
        owner: NodeId,
        reason: &'static str,
    },
    /// This connection of the client has ended: its line takes nothing more. That the session ends
    /// with it is said by [`End`](Self::End).
    #[expect(missing_docs, reason = "described above")]
    Forget { sid: Arc<str>, line: L },
    /// The node leaves: whoever waits is refused, as is every later question, and all lines are closed.
    Stop,
    /// The time of [`Output::Wait`] has come. Harmless if it has not.
    Tick,
}

/// What the caller has to do.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller that overlooked an output would leave a client waiting"
)]
pub enum Output<A, L> {
    /// Publish this.
    Publish(Message),
    /// The owner has granted what was asked; a poll waits on, for its packets.
    #[expect(missing_docs, reason = "described above")]
    Granted { asker: A, owner: NodeId },
    /// Nobody has the session, or its owner does not want it, or it does not answer.
    #[expect(missing_docs, reason = "described above")]
    Refused { asker: A },
    /// These packets of the owner are the answer to a poll.
    #[expect(missing_docs, reason = "described above")]
    Answer {
        asker: A,
        owner: NodeId,
        packets: Vec<Packet>,
    },
    /// These packets are for a connection.
    #[expect(missing_docs, reason = "described above")]
    Write { line: L, packets: Vec<Packet> },
    /// The owner knows that the client has moved. If the session is taken over it belongs to this
    /// node, and begins with these packets of the client.
    #[expect(missing_docs, reason = "described above")]
    Upgraded {
        asker: A,
        take_over: bool,
        packets: Vec<Packet>,
    },
    /// Another node says something of a session that may be here.
    #[expect(missing_docs, reason = "described above")]
    Apply { from: NodeId, body: Body },
    /// Nothing more, until this time or the next input.
    Wait(Option<Instant>),
}
