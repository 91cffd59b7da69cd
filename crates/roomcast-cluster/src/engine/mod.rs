//! Engine.IO sessions that every node of a cluster can serve: the messages of the official
//! `@socket.io/cluster-engine`, the requests of one node, and what carries them.
//!
//! A node that gets a request of a session it does not have asks all others for a *lock*. The node
//! that has the session, its *owner*, grants it; then packets are forwarded. [`Relay`] is the state
//! of the node that forwards: whom it has asked, and whose packets it takes. What an owner does is
//! decided by the session itself.
//!
//! # Example
//!
//! A POST reaches a node that does not have its session:
//!
//! ```
//! use std::time::Instant;
//! use roomcast_cluster::engine::{
//!     Access, Body, Carrier, Input, Lock, Message, Output, Relay, RelayOptions,
//! };
//!
//! let now = Instant::now();
//! let mut relay: Relay<&str, ()> = Relay::new("bf1db0".into(), RelayOptions::default());
//! let lock = Lock {
//!     sid: "09pZYmR_bs9tdKzqAAAA".into(),
//!     carrier: Carrier::Polling,
//!     access: Access::Write,
//! };
//! let request = relay.next_request();
//! relay.handle_input(now, Input::AskLock { request, lock, asker: "a POST" });
//! let Output::Publish(question) = relay.poll_output() else { panic!("it asks everyone") };
//! assert_eq!(question.channel(), "engine.io#");
//!
//! let granted = Body::AcquireLockResponse { request, success: true };
//! let answer = Message { from: "a68f7c".into(), to: Some("bf1db0".into()), body: granted };
//! assert_eq!(answer.channel(), "engine.io#bf1db0#");
//! relay.handle_input(now, Input::Received(answer));
//! let Output::Granted { asker, owner } = relay.poll_output() else { panic!("it was granted") };
//! assert_eq!((asker, owner.as_str()), ("a POST", "a68f7c"));
//! ```
//!
//! Spec: cluster, section 14.

mod bus;
mod input;
mod late;
mod message;
mod packet;
mod relay;

pub use bus::{EngineBus, EngineInbox, EnginePort, Unsent};
pub use input::{Input, Output};
pub use message::{Access, Body, Carrier, Lock, MAX_PACKETS, Message};
pub use packet::{Data, Packet, PacketKind};
pub use relay::{Relay, RelayOptions};

use crate::NodeId;

impl NodeId {
    /// Writes the low 24 bits of a drawn number as the id of a node that shares its sessions: 6 hex
    /// digits.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::NodeId;
    ///
    /// assert_eq!(NodeId::of_engine(0xa6_8f7c).as_str(), "a68f7c");
    /// ```
    ///
    /// Spec: cluster, section 14.
    #[must_use]
    pub fn of_engine(random: u32) -> Self {
        format!("{:06x}", random & 0xff_ffff).as_str().into()
    }
}
