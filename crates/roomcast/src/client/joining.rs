//! A client that asks to join a namespace.

use std::sync::Arc;
use std::task::Context;

use roomcast_socketio::{DecodeError, Map, Packet, Value};

use super::admission::{Admitted, Outcome};
use super::leaving::discard;
use super::{Client, admission, revision3};
use crate::engine::{DisconnectCause, Revision, SendOptions};
use crate::error::Refusal;
use crate::handler::{self, Call, Slot};
use crate::recovery::Reclaimed;
use crate::socket::{DisconnectReason, Phase, Socket};
use crate::wire;

impl Client {
    /// Reads who wants to join a namespace.
    pub(super) fn join(&mut self, packet: &Packet<'_>, query: &str, cx: &mut Context<'_>) {
        let auth = match self.revision {
            Revision::Three => Ok(revision3::auth(query)),
            _ => packet
                .data()
                .unwrap_or_else(|| Ok(Value::Object(Map::new()))),
        };
        match auth {
            Ok(auth) => self.begin_joining(packet.namespace(), auth, cx),
            Err(_) => self.on_decode_error(&DecodeError::InvalidPayload, cx),
        }
    }

    /// Starts a client's way into a namespace.
    pub(super) fn begin_joining(&mut self, namespace: &str, auth: Value, cx: &mut Context<'_>) {
        self.namespaces.begin(namespace);
        let auth = match admission::admit_at_once(&self.connection, namespace, auth) {
            Ok(socket) => return self.on_outcome(namespace, Ok((socket, None)), cx),
            Err(auth) => auth,
        };
        let connection = Arc::clone(&self.connection);
        let admission = admission::admit(connection, namespace.to_owned(), auth);
        if let Some(admitted) = self.parked.start_admission(Box::pin(admission), cx) {
            self.on_admitted(admitted, cx);
        }
    }

    pub(super) fn on_admitted(&mut self, admitted: Admitted, cx: &mut Context<'_>) {
        self.on_outcome(&admitted.name, admitted.outcome, cx);
    }

    /// The end of a client's way into a namespace.
    fn on_outcome(&mut self, name: &str, outcome: Outcome, cx: &mut Context<'_>) {
        if self.is_closed || self.connection.engine().is_closing() {
            if let Ok((socket, reclaimed)) = outcome {
                discard(&socket);
                // Invariant: not before the socket's id is free in the rooms.
                drop(reclaimed);
            }
            self.namespaces.remove(name);
            return;
        }
        let outcome =
            outcome.and_then(|(socket, reclaimed)| match socket.namespace().has_ended() {
                true => {
                    socket.namespace().meter().refused();
                    discard(&socket);
                    Err(admission::unknown_namespace(self.revision))
                }
                false => Ok((socket, reclaimed)),
            });
        match outcome {
            Ok((socket, reclaimed)) => self.connect(&socket, reclaimed, cx),
            Err(refusal) => {
                self.is_refused = true;
                self.namespaces.remove(name);
                self.refuse(name, &refusal);
            }
        }
    }

    fn refuse(&self, namespace: &str, refusal: &Refusal) {
        let parser = &self.connection.server().config().parser;
        let packet = match self.revision {
            Revision::Three => wire::error4(parser, namespace, &revision3::reason(refusal)),
            _ => wire::connect_error(parser, namespace, refusal.message(), refusal.data()),
        };
        self.connection
            .engine()
            .send_frames(packet.frames(), SendOptions::essential());
    }

    fn connect(&mut self, socket: &Socket, reclaimed: Option<Reclaimed>, cx: &mut Context<'_>) {
        let namespace = socket.namespace().clone();
        if let (Some(keeper), Some(ticket)) = (namespace.keeper(), socket.ticket()) {
            if let Err(outdated) = keeper.enter(socket, ticket, reclaimed) {
                tracing::debug!(socket = %socket.own_id(), "a client was let in too late to recover");
                discard(socket);
                self.namespaces.remove(namespace.name());
                // The client connects again, and begins a new session.
                let cause = DisconnectCause::limit(&outdated);
                return self.close(DisconnectReason::ForcedServerClose, &cause, cx);
            }
        } else {
            Self::enter(socket);
        }
        self.namespaces.complete(namespace.name(), socket.clone());
        self.connect_deadline = None;
        self.call_slot(
            socket,
            Slot::Connect,
            || Call::bare(handler::Context::of(socket)),
            cx,
        );
        if namespace.has_ended() {
            // It was deleted meanwhile, by another thread that may have missed this socket.
            socket.disconnect();
        }
    }

    /// Lets a client in whose state is not kept.
    fn enter(socket: &Socket) {
        let namespace = socket.namespace();
        let (parser, name) = (namespace.parser(), namespace.name());
        // Invariant: the client is told before anything that others or the handlers send. A socket
        // may be in rooms already; whoever sends to it, or disconnects it, needs it connected.
        let packet = match socket.conn().revision() {
            Revision::Three => wire::connect4(parser, name),
            _ => wire::connect(parser, name, socket.own_id().as_str(), None),
        };
        socket.send_packet(&packet, SendOptions::essential());
        namespace.add_connected();
        namespace.meter().connected();
        socket.advance(Phase::Connecting, Phase::Connected);
        socket.join(socket.own_id());
    }
}
