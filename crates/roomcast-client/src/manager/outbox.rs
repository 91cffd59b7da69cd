//! What the engine is to send, as it takes it.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use roomcast_socketio::client::OutgoingPacket;
use roomcast_socketio::{EncodeError, Encoded, Message, Parser};

use super::shared::Shared;
use crate::engine::{Compression, Outgoing, Queued, Source};

/// The packets that wait in the core of a manager. They are encoded without its lock.
pub(super) struct Outbox<'m>(pub(super) &'m Arc<Shared>);

impl Outbox<'_> {
    /// Drops what an engine that is gone has left.
    pub(super) fn clear(&self) {
        let mut state = self.0.lock();
        while state.core.poll_packet().is_some() {}
    }
}

impl Source for Outbox<'_> {
    fn take_next(&mut self, queue: &mut VecDeque<Queued>) -> bool {
        let packet = self.0.lock().core.poll_packet();
        let Some(packet) = packet else {
            return false;
        };
        match encode(self.0.parser(), &packet) {
            Ok(messages) => {
                let compression = match packet.is_compressed() {
                    true => Compression::Allowed,
                    false => Compression::Never,
                };
                queue.extend(messages.into_iter().map(|packet| Queued {
                    packet,
                    compression,
                }));
            }
            Err(error) => {
                let namespace = packet.namespace();
                tracing::error!(%error, namespace, "a packet cannot be encoded, and is not sent");
            }
        }
        true
    }
}

fn encode(parser: &Parser, packet: &OutgoingPacket) -> Result<Vec<Outgoing>, EncodeError> {
    // Engine.IO puts a digit in front of text, and none in front of bytes.
    let mut out = match parser {
        Parser::Text => vec![b'4'],
        Parser::MessagePack | Parser::Custom(_) => Vec::new(),
    };
    Ok(match packet.encode(&mut out)? {
        Encoded::Text(attachments) => {
            let text = std::iter::once(Outgoing::Text(out.into()));
            text.chain(attachments.into_iter().map(Outgoing::Binary))
                .collect()
        }
        Encoded::Binary => vec![Outgoing::Binary(out.into())],
        Encoded::Custom(custom) => custom.messages.into_iter().map(outgoing).collect(),
    })
}

fn outgoing(message: Message) -> Outgoing {
    match message {
        Message::Text(text) => Outgoing::Text(Bytes::from(format!("4{text}"))),
        Message::Binary(bytes) => Outgoing::Binary(bytes),
    }
}
