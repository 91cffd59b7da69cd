//! Why a client is disconnected: what the log says, and what the client is told.

use roomcast_socketio::{DecodeError, StateError, value};

use crate::engine::{DisconnectCause, Farewell, SendOptions};
use crate::server::Server;
use crate::socket::{DisconnectReason, Socket};
use crate::wire::{self, Outgoing};

/// What a message that is no packet comes to.
pub(super) fn of_decode_error(error: &DecodeError) -> DisconnectCause {
    match error {
        DecodeError::TooManyAttachments { .. }
        | DecodeError::AttachmentsTooLarge { .. }
        | DecodeError::TooDeep { .. }
        | DecodeError::TooManyElements { .. } => DisconnectCause::limit(error),
        error => DisconnectCause::parse(error),
    }
}

/// What a packet comes to that has no place in its namespace.
pub(super) fn of_state_error(error: &StateError) -> DisconnectCause {
    match error {
        StateError::TooManyNamespaces { .. } => DisconnectCause::limit(error),
        error => DisconnectCause::protocol(error),
    }
}

pub(super) fn log(socket: &Socket, reason: DisconnectReason, cause: &DisconnectCause) {
    tracing::debug!(
        target: "roomcast::disconnect",
        socket = %socket.id(), namespace = socket.namespace().name(),
        %reason, cause = cause.as_str(), detail = %cause,
        "socket disconnected"
    );
}

/// Tells a socket's client what is about to end it, if clients are told.
pub(super) fn send(socket: &Socket, cause: &DisconnectCause) {
    if let Some(packet) = explain(socket.server(), socket, cause) {
        socket.send_packet(&packet, SendOptions::essential());
    }
}

/// What the client is told when its session ends at once, if clients are told.
pub(super) fn farewell<'s>(
    server: &Server,
    sockets: impl Iterator<Item = &'s Socket>,
    cause: &DisconnectCause,
) -> Option<Box<Farewell>> {
    server.config().explanation.as_ref()?;
    let packets = sockets.filter_map(|socket| explain(server, socket, cause));
    let packets = packets.flat_map(|packet| packet.frames().to_vec());
    Some(Box::new(Farewell {
        packets: packets.collect(),
        cause: cause.clone(),
    }))
}

fn explain(server: &Server, socket: &Socket, cause: &DisconnectCause) -> Option<Outgoing> {
    let event = server.config().explanation.as_ref()?;
    let explanation = value!({ "cause": cause.as_str(), "message": cause.to_string() });
    // The name was checked when the server was built; a parser of the user's may still refuse it.
    let namespace = socket.namespace();
    wire::plain_event(namespace.parser(), namespace.name(), event, &explanation).ok()
}
