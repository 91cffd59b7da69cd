//! Values as text and attachments, whatever their types were.

use bytes::Bytes;
use roomcast_socketio::{AckId, Decoder, Header, Limits, Value};
use serde::Serialize;

/// Values in the form in which an acknowledgement carries them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packed {
    pub(super) text: String,
    pub(super) attachments: Vec<Bytes>,
}

impl Packed {
    /// Packs what an acknowledgement would carry; `None` if it has no such form.
    pub(super) fn of<T: Serialize + ?Sized>(args: &T) -> Option<Self> {
        let header = Header {
            namespace: "/",
            ack: Some(AckId::from(0)),
        };
        let mut out = Vec::new();
        let attachments = roomcast_socketio::encode_ack(&mut out, header, args).ok()?;
        let text = String::from_utf8(out).ok()?;
        Some(Self { text, attachments })
    }

    /// Bytes that it takes up.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    pub(super) fn values(&self) -> Option<Vec<Value>> {
        let mut decoder = Decoder::new(Limits::NONE);
        let mut decoded = decoder.text(&self.text);
        for attachment in &self.attachments {
            decoded = decoder.binary(attachment);
        }
        decoded.ok()??.args().rest().ok()
    }
}

#[cfg(test)]
mod tests {
    use roomcast_socketio::value;

    use super::*;

    #[test]
    fn values_come_back_with_their_bytes() {
        let bytes = Value::Binary(Bytes::from_static(b"\x00\xff"));
        let packed = Packed::of(&("a", 1.5, bytes.clone())).unwrap();

        assert_eq!(
            packed.text,
            r#"61-0["a",1.5,{"_placeholder":true,"num":0}]"#
        );
        assert_eq!(packed.values(), Some(vec![value!("a"), value!(1.5), bytes]));
    }
}
