//! The end of a socket, and of all sockets of a client.

use std::task::Context;

use super::{Client, explanation};
use crate::engine::{DisconnectCause, SendOptions};
use crate::handler::{self, Call, Cause, Slot};
use crate::socket::{DisconnectReason, Phase, Socket};
use crate::wire;

impl Client {
    /// Tells the handlers of a socket that it is gone, and forgets it.
    pub(super) fn disconnect(
        &mut self,
        socket: &Socket,
        reason: DisconnectReason,
        why: &DisconnectCause,
        cx: &mut Context<'_>,
    ) {
        if socket.phase() == Phase::Disconnected {
            return;
        }
        // The server has disconnected it, and was to say so behind what was emitted before: a client
        // that breaks the connection first does not evade it.
        let (reason, why) = match self.is_leaving(socket) {
            true => (
                DisconnectReason::ServerNamespaceDisconnect,
                sentence_of(reason, why),
            ),
            false => (reason, why),
        };
        explanation::log(socket, reason, why);
        // The client knows, or will be told: a handler that disconnects the socket tells it nothing.
        socket.advance(Phase::Connected, Phase::Ending);
        let cause = Cause::Disconnect(&reason, why);
        self.call_slot(
            socket,
            Slot::Disconnecting,
            || Call::bare(handler::Context::because(socket, cause)),
            cx,
        );
        socket.finish();
        socket.namespace().retire(socket, reason);
        if self.namespaces.socket(socket.namespace().name()) == Some(socket) {
            self.namespaces.remove(socket.namespace().name());
        }
        socket.namespace().remove_connected();
        let meter = socket.namespace().meter();
        meter.disconnected(reason.as_str(), why.as_str());
        self.call_slot(
            socket,
            Slot::Disconnect,
            || Call::bare(handler::Context::because(socket, cause)),
            cx,
        );
        // Invariant: not before: a namespace that nobody is in may leave its cluster, and what the
        // handlers emit goes there.
        socket.namespace().remove_guest();
        socket.forget_handlers();
    }

    /// Whether the server has disconnected the socket, or all of the connection, already.
    fn is_leaving(&self, socket: &Socket) -> bool {
        socket.phase() == Phase::Leaving || self.connection.is_dismissed()
    }

    /// Closes the connection below; its sockets are gone at once.
    pub(super) fn close(
        &mut self,
        reason: DisconnectReason,
        cause: &DisconnectCause,
        cx: &mut Context<'_>,
    ) {
        for (_, socket) in self.namespaces.joined() {
            explanation::send(socket, cause);
        }
        self.connection.engine().close_for(|| cause.clone());
        self.disconnect_all(reason, cause, cx);
    }

    pub(super) fn disconnect_all(
        &mut self,
        reason: DisconnectReason,
        cause: &DisconnectCause,
        cx: &mut Context<'_>,
    ) {
        let sockets: Vec<_> = self.namespaces.drain().map(|(_, socket)| socket).collect();
        for socket in sockets {
            self.disconnect(&socket, reason, cause, cx);
        }
    }
}

/// Why a socket is gone that the server has disconnected: what the server says, if this is what says
/// it.
fn sentence_of(reason: DisconnectReason, why: &DisconnectCause) -> &DisconnectCause {
    match reason {
        DisconnectReason::ServerNamespaceDisconnect => why,
        _ => &DisconnectCause::Application,
    }
}

pub(super) fn tell_disconnected(socket: &Socket) {
    let namespace = socket.namespace();
    let packet = wire::disconnect(namespace.parser(), namespace.name());
    socket.send_packet(&packet, SendOptions::essential());
}

/// A socket that was admitted too late: it was never connected.
pub(super) fn discard(socket: &Socket) {
    socket.finish();
    socket.forget_handlers();
    socket.namespace().leave_all(socket.own_id());
    socket.namespace().remove_guest();
}
