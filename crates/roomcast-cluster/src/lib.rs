//! Sans-IO cluster layer: what servers of one cluster tell each other, in the wire formats of the
//! official Socket.IO adapters, and who has still to answer.
//!
//! It opens no connection, reads no clock and spawns nothing. A [`Bus`] carries its messages: the
//! in-process [`LocalBus`] is here, those of brokers are crates of their own. The server crate
//! `roomcast` joins the two; whoever only builds a bus needs [`Bus`], [`Message`] and the formats.
//!
//! # Example
//!
//! Two adapters, and messages carried by hand:
//!
//! ```
//! use std::time::{Duration, Instant};
//! use roomcast_cluster::{Adapter, Body, Input, Options, Output, Profile, Question};
//!
//! let now = Instant::now();
//! let mut red = Adapter::new("red".into(), "/".into(), Profile::default());
//! let mut blue = Adapter::new("blue".into(), "/".into(), Profile::default());
//!
//! red.handle_input(now, Input::Opened);
//! let Output::Publish(_) = red.poll_output() else { panic!("nobody hears it") };
//! blue.handle_input(now, Input::Opened);
//! let Output::Publish(hello) = blue.poll_output() else { panic!("it announces itself") };
//! red.handle_input(now, Input::Received(hello));
//! assert_eq!(red.poll_output(), Output::Joined("blue".into()));
//! let Output::Publish(answer) = red.poll_output() else { panic!("it answers") };
//! assert_eq!(answer.body, Body::Heartbeat);
//! blue.handle_input(now, Input::Received(answer));
//! assert_eq!(blue.poll_output(), Output::Joined("red".into()));
//!
//! let question = Question::FetchSockets { options: Options::default() };
//! blue.handle_input(now, Input::Ask { id: "r1".into(), question, timeout: Duration::from_secs(5) });
//! let Output::Publish(fetch) = blue.poll_output() else { panic!("it asks") };
//! red.handle_input(now, Input::Received(fetch.clone()));
//! assert_eq!(red.poll_output(), Output::Apply(fetch)); // the server looks at its sockets
//! ```
//!
//! # Contract
//!
//! After each [`Adapter::handle_input`] the caller takes [`Adapter::poll_output`] until it is
//! [`Output::Wait`], and comes back at that time with [`Input::Tick`].
//!
//! # Formats
//!
//! [`Message::encode`] and [`Message::decode`] are the family of the sharded and streams adapters on
//! Redis, of Postgres and of the cloud brokers; [`classic`] is the classic adapter on Redis.
//! [`Encoding`] is JSON and MessagePack below them. All reproduce the official packages' bytes.
//!
//! [`engine`] is another thing on the same brokers: Engine.IO sessions that every node can serve.

mod adapter;
mod bus;
mod codec;
mod description;
pub mod engine;
mod error;
mod hub;
mod id;
mod message;
mod options;
mod wire;

pub use adapter::{
    Adapter, Answer, EXPIRY, HEARTBEAT_INTERVAL, Input, MAX_ACKS, MAX_NODES, Missing, Outcome,
    Output, Question,
};
pub use bus::{Bus, BusFuture, Counting, Inbox, Port, Profile, Response, RoomChange, RoomInterest};
pub use codec::Encoding;
pub use description::SocketDescription;
pub use error::{BusError, DecodeError, PublishError};
pub use hub::{Hub, LocalBus};
pub use id::{IdForm, NodeId, RequestId};
pub use message::{Body, Message};
pub use options::{Flags, Options};
pub use wire::{Extras, classic};
