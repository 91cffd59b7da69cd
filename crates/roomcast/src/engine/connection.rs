//! What an application without Socket.IO does with one session.

use std::panic::AssertUnwindSafe;

use roomcast_engineio::CloseReason;

use super::application::{Application, Message};
use super::cause::DisconnectCause;
use super::socket::Socket;

/// What an application does with one session; its fields are the session's data.
///
/// A closure that takes each message is a connection too. A panic closes its session and harms no
/// other.
///
/// # Example
///
/// ```
/// use roomcast::engine::{CloseReason, Connection, Engine, Message, Socket};
///
/// struct Counter(usize);
///
/// impl Connection for Counter {
///     fn message(&mut self, socket: &Socket, _: Message<'_>) {
///         self.0 += 1;
///         socket.send_text(&self.0.to_string());
///     }
///
///     fn closed(&mut self, _: &Socket, reason: CloseReason) {
///         println!("{} messages, then {reason}", self.0);
///     }
/// }
///
/// let engine = Engine::new(|_: &Socket| Counter(0));
/// ```
///
/// Spec: features 1.48.
pub trait Connection: Send + 'static {
    /// Takes one message. It runs in the session's own task: it must not block. Example:
    /// [`Connection`].
    fn message(&mut self, socket: &Socket, message: Message<'_>);

    /// Is told the end of the session; called once, and last. Does nothing by default. Example:
    /// [`Connection`].
    fn closed(&mut self, socket: &Socket, reason: CloseReason) {
        let _ = (socket, reason);
    }
}

impl<F: FnMut(&Socket, Message<'_>) + Send + 'static> Connection for F {
    fn message(&mut self, socket: &Socket, message: Message<'_>) {
        self(socket, message);
    }
}

/// A [`Connection`] as an application.
pub(super) struct Plain<C> {
    pub(super) socket: Socket,
    pub(super) connection: C,
}

impl<C: Connection> Application for Plain<C> {
    fn message(&mut self, message: Message<'_>, _cx: &mut std::task::Context<'_>) {
        let call = AssertUnwindSafe(|| self.connection.message(&self.socket, message));
        if std::panic::catch_unwind(call).is_err() {
            tracing::error!("a connection panicked, its session is closed");
            self.socket.close();
        }
    }

    fn poll(&mut self, _cx: &mut std::task::Context<'_>) {}

    fn closed(
        &mut self,
        reason: CloseReason,
        _cause: &DisconnectCause,
        _cx: &mut std::task::Context<'_>,
    ) {
        let call = AssertUnwindSafe(|| self.connection.closed(&self.socket, reason));
        if std::panic::catch_unwind(call).is_err() {
            tracing::error!("a connection panicked when its session was over");
        }
    }
}
