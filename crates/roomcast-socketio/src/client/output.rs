//! What a manager asks of its caller, and reports.

use std::sync::Arc;

use super::{
    AckError, CloseReason, ConnectError, Description, DisconnectReason, OpenError, OutgoingPacket,
};
use crate::{AckId, Packet};

/// One namespace of one manager. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey(pub(super) u64);

/// One Engine.IO session of one manager. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EngineKey(pub(super) u64);

/// An acknowledgement that is awaited. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AckToken {
    pub(super) socket: SocketKey,
    pub(super) place: AckPlace,
}

/// Where an awaited acknowledgement is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum AckPlace {
    /// Under the id with which the event is sent.
    Sent(u64),
    /// At this entry of the queue of retries, which is sent with several ids.
    Queued(u64),
}

/// A CONNECT that waits for its `auth`. It belongs to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AuthRequest {
    pub(super) socket: SocketKey,
    pub(super) serial: u64,
}

impl AuthRequest {
    /// The socket that wants to connect.
    #[must_use]
    pub fn socket(&self) -> SocketKey {
        self.socket
    }
}

/// The right to answer one event of the server. The caller sees to it that it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) socket: SocketKey,
    pub(super) session: u64,
    pub(super) id: AckId,
}

impl Answer {
    /// The socket that got the event.
    #[must_use]
    pub fn socket(&self) -> SocketKey {
        self.socket
    }
}

/// How an engine is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
pub enum Closing {
    /// Once all that was sent has left.
    AfterFlush,
    /// Without waiting for anything.
    AtOnce,
}

/// What a manager asks of its caller, and reports. `E` is the engine's error.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller that overlooked an output would leave a server or a user waiting"
)]
pub enum Output<'p, E> {
    /// Open an Engine.IO session, and report what happens to it under this key.
    OpenEngine(EngineKey),
    /// Take packets from [`poll_packet`](super::Manager::poll_packet), as fast as the session that was
    /// opened last can write them.
    Send,
    /// Close the session, after it has taken all of
    /// [`poll_packet`](super::Manager::poll_packet). What it reports from now on counts for nothing.
    CloseEngine {
        /// The session.
        engine: EngineKey,
        /// Whether what was sent leaves first.
        closing: Closing,
    },
    /// Call [`authorize`](super::Manager::authorize) with the `auth` of this socket, now or later.
    AskAuth(AuthRequest),
    /// The socket is connected.
    Connect {
        /// The socket.
        socket: SocketKey,
        /// Its id at the server.
        sid: Arc<str>,
        /// Whether the server has restored the session, rooms, missed events and all.
        recovered: bool,
    },
    /// The socket could not be connected.
    ConnectError {
        /// The socket.
        socket: SocketKey,
        /// Why.
        error: ConnectError<E>,
    },
    /// The socket is no longer connected.
    Disconnect {
        /// The socket.
        socket: SocketKey,
        /// Why.
        reason: DisconnectReason,
        /// What else is known.
        description: Option<Description<E>>,
    },
    /// The server has sent an event.
    Event {
        /// The socket.
        socket: SocketKey,
        /// The event.
        packet: Packet<'p>,
        /// There if the server wants an answer.
        answer: Option<Answer>,
    },
    /// The server has sent a packet, for whatever namespace, and someone looks at all of them
    /// ([`Manager::report_packets`](super::Manager::report_packets)). What it leads to comes next.
    Packet(Packet<'static>),
    /// An event is sent, and someone listens to that.
    AnyOutgoing {
        /// The socket.
        socket: SocketKey,
        /// The event; [`to_packet`](OutgoingPacket::to_packet) reads it.
        packet: OutgoingPacket,
    },
    /// The server has acknowledged an event, or will not.
    Ack {
        /// What [`emit`](super::Manager::emit) returned.
        token: AckToken,
        /// The acknowledgement.
        result: Result<Packet<'p>, AckError>,
    },
    /// Something has happened to the manager.
    Manager(ManagerEvent<E>),
}

impl<E> Output<'_, E> {
    /// The same with the borrowed text copied.
    pub(super) fn into_owned(self) -> Output<'static, E> {
        match self {
            Self::Event {
                socket,
                packet,
                answer,
            } => Output::Event {
                socket,
                packet: packet.into_owned(),
                answer,
            },
            Self::Ack { token, result } => Output::Ack {
                token,
                result: result.map(Packet::into_owned),
            },
            Self::Packet(packet) => Output::Packet(packet),
            Self::OpenEngine(engine) => Output::OpenEngine(engine),
            Self::CloseEngine { engine, closing } => Output::CloseEngine { engine, closing },
            Self::Send => Output::Send,
            Self::AskAuth(request) => Output::AskAuth(request),
            Self::Connect {
                socket,
                sid,
                recovered,
            } => Output::Connect {
                socket,
                sid,
                recovered,
            },
            Self::ConnectError { socket, error } => Output::ConnectError { socket, error },
            Self::Disconnect {
                socket,
                reason,
                description,
            } => Output::Disconnect {
                socket,
                reason,
                description,
            },
            Self::AnyOutgoing { socket, packet } => Output::AnyOutgoing { socket, packet },
            Self::Manager(event) => Output::Manager(event),
        }
    }
}

/// What happens to a manager. `E` is the engine's error.
///
/// Spec: features 6.14.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum ManagerEvent<E> {
    /// The connection is open.
    Open,
    /// The connection could not be opened, or broke.
    Error(OpenError<E>),
    /// The server has pinged.
    Ping,
    /// The connection has ended.
    Close {
        /// Why.
        reason: CloseReason,
        /// What else is known.
        description: Option<Description<E>>,
    },
    /// An attempt to connect again begins once this is handled; attempts count from 1.
    ReconnectAttempt(u32),
    /// That attempt was successful.
    Reconnect(u32),
    /// An attempt to connect again was not.
    ReconnectError(OpenError<E>),
    /// There will be no further attempt.
    ReconnectFailed,
}
