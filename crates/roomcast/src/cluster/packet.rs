//! Values of other servers in the form in which handlers and answers are read.

use roomcast_socketio::{AckId, Decoder, Header, Limits, Packet, Spread, Value, encode_ack};

use crate::id::SocketId;
use crate::socket::Answer;

/// A packet with these arguments.
pub(super) fn packet_of(args: Vec<Value>) -> Option<Packet<'static>> {
    let header = Header {
        namespace: "/",
        ack: Some(AckId::from(0)),
    };
    let mut text = Vec::new();
    let attachments = encode_ack(&mut text, header, &Spread(args)).ok()?;
    let text = String::from_utf8(text).ok()?;
    let mut decoder = Decoder::new(Limits::NONE);
    let mut packet = decoder.text(&text).ok()?.map(Packet::into_owned);
    for attachment in attachments {
        packet = decoder.binary(&attachment).ok()?.map(Packet::into_owned);
    }
    packet
}

/// An acknowledgement that another server has passed on: its first value.
pub(crate) fn answer_of(client: SocketId, value: Value) -> Option<Answer> {
    packet_of(vec![value]).map(|packet| Answer::new(client, packet))
}

/// The name of an event and its arguments.
pub(super) fn event_of(packet: &[Value]) -> Option<(String, Vec<Value>)> {
    let (name, args) = packet.split_first()?;
    let name = match name {
        Value::String(name) => name.clone(),
        Value::Number(name) => name.to_string(),
        _ => return None,
    };
    Some((name, args.to_vec()))
}
