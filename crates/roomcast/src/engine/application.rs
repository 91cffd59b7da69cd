//! What runs on top of an Engine.IO session.

use std::borrow::Cow;
use std::task::Context;
use std::time::Instant;

use roomcast_cluster::engine::Packet;

use super::CloseReason;
use super::cause::{DisconnectCause, Farewell};
use super::frame::Frame;
use super::socket::Socket;

/// One message of a session: what the peer sent, or what is sent to it.
///
/// # Example
///
/// ```
/// use roomcast::engine::{Engine, Message, Socket};
///
/// let engine = Engine::new(|_: &Socket| {
///     |socket: &Socket, message: Message<'_>| match message {
///         Message::Text(text) => socket.send_text(&text.to_uppercase()),
///         Message::Binary(bytes) => socket.send_binary(&bytes),
///         _ => {}
///     }
/// });
/// ```
///
/// Spec: Engine.IO protocol 4, packet type `message`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// UTF-8 text.
    Text(Cow<'a, str>),
    /// Bytes.
    Binary(Cow<'a, [u8]>),
}

impl Message<'_> {
    pub(super) fn into_owned(self) -> Message<'static> {
        match self {
            Self::Text(text) => Message::Text(text.into_owned().into()),
            Self::Binary(bytes) => Message::Binary(bytes.into_owned().into()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    pub(super) fn into_frame(self) -> Frame {
        match self {
            Self::Text(text) => Frame::message(&text),
            Self::Binary(bytes) => Frame::binary(&bytes),
        }
    }
}

/// Whether the application takes more messages now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    /// Too much work waits: the session stops reading from its peer until this changes.
    Saturated,
}

/// The application's half of one session. The session's task owns it and calls it, one call at a
/// time.
pub(crate) trait Application: Send + 'static {
    /// Takes a message. Work that cannot finish here is kept and driven by [`Self::poll`].
    fn message(&mut self, message: Message<'_>, cx: &mut Context<'_>);

    /// Drives what is kept; called whenever the task runs.
    fn poll(&mut self, cx: &mut Context<'_>);

    /// Whether a message may be handed in now.
    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    /// When [`Self::poll`] wants to be called at the latest.
    fn next_timeout(&self) -> Option<Instant> {
        None
    }

    /// The session stays at this server, whatever it was kept back for.
    fn settle(&mut self, cx: &mut Context<'_>) {
        let _ = cx;
    }

    /// Whether [`surrender`](Self::surrender) may give the session up.
    fn is_movable(&self) -> bool {
        false
    }

    /// Gives the session up, if nobody was told of it: what its client has sent, for the server that
    /// has it from now on.
    fn surrender(&mut self) -> Option<Vec<Packet>> {
        None
    }

    /// What the client is told of the end that comes now; called before [`Self::closed`], where
    /// there is still a transport that takes it.
    fn farewell(&self, cause: &DisconnectCause) -> Option<Box<Farewell>> {
        let _ = cause;
        None
    }

    /// The session is over; called once.
    fn closed(&mut self, reason: CloseReason, cause: &DisconnectCause, cx: &mut Context<'_>);

    /// Whether nothing is kept any more: after the close the task ends when this becomes true.
    fn is_finished(&self) -> bool {
        true
    }
}

/// An application that has nothing to say: it closes its session.
pub(crate) struct Closing(());

impl Closing {
    pub(crate) fn of(socket: &Socket) -> Self {
        socket.close();
        Self(())
    }
}

impl Application for Closing {
    fn message(&mut self, _message: Message<'_>, _cx: &mut Context<'_>) {}

    fn poll(&mut self, _cx: &mut Context<'_>) {}

    fn closed(&mut self, _reason: CloseReason, _cause: &DisconnectCause, _cx: &mut Context<'_>) {}
}
