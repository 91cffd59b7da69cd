//! A client's connection: one task that reads, writes and answers heartbeats.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use roomcast::Value;
use roomcast_engineio::{Packet as EnginePacket, revision4};
use roomcast_socketio::{AckId, Decoder, Limits as PacketLimits, Packet, PacketKind};
use roomcast_websocket::{Event as FrameEvent, Limits, OpCode, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::handshake::Opened;

/// A handle on a connection. With the last one the client hangs up.
#[derive(Clone)]
pub(crate) struct Commands(UnboundedSender<Command>);

/// What reaches a client in one namespace.
pub(crate) enum Arrival {
    /// The server's CONNECT, with its payload.
    Connected(Value),
    /// The server's CONNECT_ERROR, with its payload.
    Refused(Value),
    Event(Packet<'static>),
    /// The end, with the reason that the official client gives.
    Ended(&'static str),
}

enum Command {
    Join {
        namespace: String,
        inbox: UnboundedSender<Arrival>,
        connect: String,
    },
    Leave {
        namespace: String,
        disconnect: String,
    },
    Send(Message),
    Ask {
        namespace: String,
        id: AckId,
        answer: oneshot::Sender<Packet<'static>>,
        message: Message,
    },
    Reading(Reading),
    Cut,
}

/// A packet: its text and the attachments that follow.
struct Message {
    text: String,
    attachments: Vec<Bytes>,
}

/// Whether the client takes what the server writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Goes,
    Stopped,
}

impl Commands {
    /// Takes over a connection whose WebSocket is open.
    pub(crate) fn start(opened: Opened) -> Self {
        let (sender, receiver) = unbounded_channel();
        let limits = Limits::default()
            .with_max_message_bytes(usize::MAX >> 1)
            .with_max_frame_bytes(usize::MAX >> 1);
        let connection = Connection {
            websocket: roomcast_websocket::Connection::new(Role::Client, limits),
            decoder: Decoder::new(PacketLimits::default()),
            inboxes: HashMap::new(),
            asked: HashMap::new(),
            to_write: BytesMut::new(),
        };
        tokio::spawn(connection.run(opened, receiver));
        Self(sender)
    }

    pub(crate) fn join(&self, namespace: &str, connect: String) -> UnboundedReceiver<Arrival> {
        let (inbox, arrivals) = unbounded_channel();
        self.command(Command::Join {
            namespace: namespace.to_owned(),
            inbox,
            connect,
        });
        arrivals
    }

    pub(crate) fn leave(&self, namespace: &str, disconnect: String) {
        self.command(Command::Leave {
            namespace: namespace.to_owned(),
            disconnect,
        });
    }

    pub(crate) fn send(&self, text: String, attachments: Vec<Bytes>) {
        self.command(Command::Send(Message { text, attachments }));
    }

    pub(crate) fn ask(
        &self,
        namespace: &str,
        id: AckId,
        text: String,
        attachments: Vec<Bytes>,
    ) -> oneshot::Receiver<Packet<'static>> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Ask {
            namespace: namespace.to_owned(),
            id,
            answer,
            message: Message { text, attachments },
        });
        answered
    }

    pub(crate) fn set_reading(&self, reading: Reading) {
        self.command(Command::Reading(reading));
    }

    pub(crate) fn cut(&self) {
        self.command(Command::Cut);
    }

    fn command(&self, command: Command) {
        // Without its task the connection is over, which the inbox tells.
        let _ = self.0.send(command);
    }
}

/// What the task owns.
struct Connection {
    websocket: roomcast_websocket::Connection,
    decoder: Decoder,
    inboxes: HashMap<String, UnboundedSender<Arrival>>,
    asked: HashMap<(String, AckId), oneshot::Sender<Packet<'static>>>,
    to_write: BytesMut,
}

impl Connection {
    async fn run(mut self, opened: Opened, mut commands: UnboundedReceiver<Command>) {
        let (mut reader, mut writer) = tokio::io::split(opened.stream);
        let mut unread = opened.unread;
        let mut reading = Reading::Goes;
        let mut reason = self.receive(&mut unread).err();
        while reason.is_none() {
            tokio::select! {
                command = commands.recv() => match command {
                    None => reason = Some(CLOSED),
                    Some(Command::Cut) => {
                        self.to_write.clear();
                        reason = Some(CLOSED);
                    }
                    Some(Command::Reading(wanted)) => reading = wanted,
                    Some(command) => self.obey(command),
                },
                read = reader.read_buf(&mut unread), if reading == Reading::Goes => {
                    reason = match read {
                        Ok(0) | Err(_) => Some(CLOSED),
                        Ok(_) => self.receive(&mut unread).err(),
                    };
                }
                written = writer.write_buf(&mut self.to_write), if !self.to_write.is_empty() => {
                    // A server that closes may still have something to say.
                    if written.is_err() {
                        self.to_write.clear();
                    }
                }
            }
        }
        // Who hangs up has said its last word before, unless the server takes nothing any more.
        let last_word = writer.write_all_buf(&mut self.to_write);
        let _ = tokio::time::timeout(GOODBYE, last_word).await;
        for inbox in self.inboxes.values() {
            // A client that is gone needs no end.
            let _ = inbox.send(Arrival::Ended(reason.unwrap_or(CLOSED)));
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Join {
                namespace,
                inbox,
                connect,
            } => {
                self.inboxes.insert(namespace, inbox);
                self.send_text(&connect);
            }
            Command::Leave {
                namespace,
                disconnect,
            } => {
                self.send_text(&disconnect);
                if let Some(inbox) = self.inboxes.remove(&namespace) {
                    let _ = inbox.send(Arrival::Ended("io client disconnect"));
                }
            }
            Command::Send(message) => self.send(&message),
            Command::Ask {
                namespace,
                id,
                answer,
                message,
            } => {
                self.asked.insert((namespace, id), answer);
                self.send(&message);
            }
            Command::Reading(_) | Command::Cut => {}
        }
    }

    fn send(&mut self, message: &Message) {
        self.send_text(&message.text);
        for attachment in &message.attachments {
            self.frame(OpCode::Binary, attachment);
        }
    }

    fn send_text(&mut self, packet: &str) {
        self.frame(OpCode::Text, format!("4{packet}").as_bytes());
    }

    fn frame(&mut self, opcode: OpCode, payload: &[u8]) {
        self.websocket
            .send(opcode, payload, MASK, &mut self.to_write);
    }

    /// Takes what was read; the error is the reason for which the client closes.
    fn receive(&mut self, unread: &mut BytesMut) -> Result<(), &'static str> {
        let mut input = std::mem::take(unread);
        let mut rest = &mut input[..];
        while !rest.is_empty() {
            let received = self.websocket.receive(rest, MASK, &mut self.to_write);
            let Ok(decoded) = received else {
                return Err("transport error");
            };
            let consumed = decoded.consumed;
            match decoded.event {
                Some(FrameEvent::Text(text)) => self.on_text(&text)?,
                Some(FrameEvent::Binary(bytes)) => self.on_binary(bytes)?,
                Some(FrameEvent::Close(_)) => return Err(CLOSED),
                Some(FrameEvent::Ping(_) | FrameEvent::Pong(_)) | None => {}
            }
            rest = &mut rest[consumed..];
        }
        Ok(())
    }

    fn on_text(&mut self, text: &str) -> Result<(), &'static str> {
        match revision4::decode_text(text) {
            Ok(EnginePacket::Text(packet)) => match self.decoder.text(packet) {
                Ok(Some(packet)) => {
                    let packet = packet.into_owned();
                    self.on_packet(packet);
                }
                Ok(None) => {}
                Err(_) => return Err(PARSE_ERROR),
            },
            Ok(EnginePacket::Ping(_)) => self.frame(OpCode::Text, b"3"),
            Ok(EnginePacket::Close) => return Err(CLOSED),
            Ok(_) => {}
            Err(_) => return Err(PARSE_ERROR),
        }
        Ok(())
    }

    fn on_binary(&mut self, bytes: Cow<'_, [u8]>) -> Result<(), &'static str> {
        let bytes = Bytes::from(bytes.into_owned());
        match self.decoder.binary_owned(bytes) {
            Ok(Some(packet)) => self.on_packet(packet),
            Ok(None) => {}
            Err(_) => return Err(PARSE_ERROR),
        }
        Ok(())
    }

    fn on_packet(&mut self, packet: Packet<'static>) {
        let namespace = packet.namespace().to_owned();
        let payload = || packet.data().and_then(Result::ok).unwrap_or_default();
        let arrival = match packet.kind() {
            PacketKind::Connect => Arrival::Connected(payload()),
            PacketKind::ConnectError => Arrival::Refused(payload()),
            PacketKind::Disconnect => Arrival::Ended("io server disconnect"),
            PacketKind::Event => Arrival::Event(packet),
            PacketKind::Ack => {
                let asked = packet
                    .ack()
                    .and_then(|id| self.asked.remove(&(namespace, id)));
                if let Some(answer) = asked {
                    // Who asked may have given up.
                    let _ = answer.send(packet);
                }
                return;
            }
        };
        let is_last = matches!(arrival, Arrival::Refused(_) | Arrival::Ended(_));
        if let Some(inbox) = self.inboxes.get(&namespace) {
            let _ = inbox.send(arrival);
        }
        if is_last {
            self.inboxes.remove(&namespace);
            self.asked.retain(|(asked, _), _| *asked != namespace);
        }
    }
}

const CLOSED: &str = "transport close";

/// How long a client that hangs up waits for the server to take its last word.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(1);

const PARSE_ERROR: &str = "parse error";

/// Nobody stands between this client and its server.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
