//! What the server sends.

use std::borrow::Cow;
use std::time::Instant;

use bytes::Bytes;
use serde::Deserialize;

use super::socket::Phase;
use super::work::Step;
use super::{
    ConnectError, Description, DisconnectReason, EngineKey, Manager, OutgoingPacket, Output,
    SocketKey,
};
use crate::{DecodeError, Packet, PacketKind, Value};

impl<E: Clone> Manager<E> {
    /// Takes a text message of the server.
    ///
    /// What is returned comes before all that [`poll_output`](Self::poll_output) gives. Most events
    /// take this way, on which nothing is copied.
    pub fn handle_text<'m>(
        &mut self,
        now: Instant,
        engine: EngineKey,
        text: &'m str,
    ) -> Option<Output<'m, E>> {
        if !self.is_current(engine) {
            return None;
        }
        let decoded = self.decoder.text(text);
        self.on_decoded(now, engine, decoded)
    }

    /// Takes a binary message of the server, as [`handle_text`](Self::handle_text) takes a text.
    pub fn handle_binary(
        &mut self,
        now: Instant,
        engine: EngineKey,
        bytes: Bytes,
    ) -> Option<Output<'static, E>> {
        if !self.is_current(engine) {
            return None;
        }
        let decoded = self.decoder.binary_owned(bytes);
        self.on_decoded(now, engine, decoded)
    }

    fn on_decoded<'m>(
        &mut self,
        now: Instant,
        engine: EngineKey,
        decoded: Result<Option<Packet<'m>>, DecodeError>,
    ) -> Option<Output<'m, E>> {
        match decoded {
            Ok(packet) => self.on_packet(now, engine, packet?),
            Err(error) => {
                self.reject(engine, &Description::Decode(error));
                None
            }
        }
    }

    fn on_packet<'m>(
        &mut self,
        now: Instant,
        engine: EngineKey,
        packet: Packet<'m>,
    ) -> Option<Output<'m, E>> {
        if self.reports_packets {
            self.work.give(Output::Packet(packet.clone().into_owned()));
        }
        // SPEC: what comes for a namespace that was not joined is ignored.
        let &socket = self.namespaces.get(packet.namespace())?;
        match packet.kind() {
            PacketKind::Event => return self.on_event(engine, socket, packet),
            PacketKind::Ack => return self.on_ack(now, socket, packet),
            PacketKind::Connect => self.on_connect(socket, &packet),
            PacketKind::Disconnect => self.on_disconnect(socket),
            PacketKind::ConnectError => self.on_connect_error(socket, &packet),
        }
        None
    }

    fn on_event<'m>(
        &mut self,
        engine: EngineKey,
        socket: SocketKey,
        packet: Packet<'m>,
    ) -> Option<Output<'m, E>> {
        let socket = self.sockets.get_mut(&socket)?;
        let is_full = match socket.phase {
            Phase::Settling(_) | Phase::Connected(_) => {
                let output = socket.received(packet);
                return self.work.give_or_return(output);
            }
            Phase::Asking(_) | Phase::Joining => !socket.received.push(packet),
            Phase::Idle | Phase::Abandoned | Phase::Waiting => false,
        };
        if is_full {
            self.reject(engine, &Description::ReceiveBufferFull);
        }
        None
    }

    fn on_ack<'m>(
        &mut self,
        now: Instant,
        socket: SocketKey,
        packet: Packet<'m>,
    ) -> Option<Output<'m, E>> {
        let socket = self.sockets.get_mut(&socket)?;
        if !socket.is_connected() {
            return None;
        }
        let output = socket.acknowledged(&mut self.work, packet);
        let output = output.and_then(|output| self.work.give_or_return(output));
        socket.drain_queue(now, &mut self.work);
        output
    }

    fn on_connect(&mut self, key: SocketKey, packet: &Packet<'_>) {
        let Some(socket) = self.sockets.get_mut(&key) else {
            return;
        };
        let welcome = packet.data::<Welcome<'_>>().and_then(Result::ok);
        let sid = welcome.as_ref().and_then(Welcome::sid);
        match (&socket.phase, sid) {
            (Phase::Joining, Some(sid)) => {
                let pid = welcome.as_ref().and_then(|welcome| welcome.pid.as_deref());
                socket.connected(sid, pid);
                self.work.push(Step::Settle(key, socket.session));
            }
            (Phase::Abandoned, _) => {
                socket.phase = Phase::Idle;
                let goodbye = OutgoingPacket::disconnect(&self.parser, socket.namespace.clone());
                self.work.send_essential(goodbye);
            }
            (Phase::Asking(_) | Phase::Joining, None) => {
                socket.refused(&mut self.work, ConnectError::OldServer);
            }
            // A second confirmation changes nothing.
            _ => {}
        }
    }

    fn on_disconnect(&mut self, key: SocketKey) {
        let Some(socket) = self.sockets.get_mut(&key) else {
            return;
        };
        match socket.phase {
            Phase::Abandoned => socket.phase = Phase::Idle,
            Phase::Asking(_) | Phase::Joining | Phase::Settling(_) | Phase::Connected(_) => {
                self.leave(key, DisconnectReason::IoServerDisconnect);
            }
            Phase::Idle | Phase::Waiting => {}
        }
    }

    fn on_connect_error(&mut self, key: SocketKey, packet: &Packet<'_>) {
        let Some(socket) = self.sockets.get_mut(&key) else {
            return;
        };
        match socket.phase {
            Phase::Abandoned => socket.phase = Phase::Idle,
            Phase::Asking(_) | Phase::Joining => self.refuse(key, refusal(packet)),
            _ => {}
        }
    }

    /// Hands over what has waited until the socket was connected, piece by piece: a handler of one
    /// may end it all.
    pub(super) fn settle(&mut self, now: Instant, key: SocketKey, session: u64) {
        let Some(socket) = self.sockets.get_mut(&key) else {
            return;
        };
        let Phase::Settling(sid) = &socket.phase else {
            return;
        };
        if socket.session != session {
            return;
        }
        let sid = sid.clone();
        if socket.hand_over(&mut self.work) {
            return self.work.push(Step::Settle(key, session));
        }
        socket.phase = Phase::Connected(sid.clone());
        socket.drain_queue(now, &mut self.work);
        self.work.give(Output::Connect {
            socket: key,
            sid,
            recovered: socket.recovered,
        });
    }
}

/// The data with which a server confirms a CONNECT.
#[derive(Deserialize)]
struct Welcome<'p> {
    #[serde(borrow, default)]
    sid: Option<Cow<'p, str>>,
    #[serde(borrow, default)]
    pid: Option<Cow<'p, str>>,
}

impl Welcome<'_> {
    /// The id. An empty one is none.
    fn sid(&self) -> Option<&str> {
        self.sid.as_deref().filter(|sid| !sid.is_empty())
    }
}

/// What the server says in a CONNECT_ERROR. That of the official server is an object with a
/// `message`; others send a text or nothing.
fn refusal<E>(packet: &Packet<'_>) -> ConnectError<E> {
    let data = packet.data::<Value>().and_then(Result::ok);
    let (message, data) = match data.unwrap_or_default() {
        Value::Object(mut object) => (object.remove("message"), object.remove("data")),
        other => (Some(other), None),
    };
    let message = match message.unwrap_or_default() {
        Value::String(message) => message,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let data = data.filter(|data| !data.is_null());
    ConnectError::Refused { message, data }
}
