//! The form in which a WebSocket's client takes binary messages.

use roomcast_engineio::{Packet, Query, Revision, revision3, revision4};
use roomcast_websocket::OpCode;

use super::draft::Draft;
use super::frame::Frame;
use super::outbox::Entry;

/// The form in which a WebSocket's client takes binary messages, if it is not the usual one: a
/// binary frame of the message.
///
/// Cost: a packet is encoded once, in the usual form; who takes another has it changed on its own
/// way out, and who does not pays nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryForm {
    /// A binary frame of the packet's type and the message: revision 3.
    Typed,
    /// A text frame of `b`, in revision 3 also of the packet's type, and base64.
    Base64(Revision),
}

impl BinaryForm {
    /// The form for a client of this revision that opens its WebSocket with `query`; `None` is the
    /// usual one.
    pub(super) fn of(revision: Revision, query: &Query<'_>) -> Option<Self> {
        match revision {
            _ if query.wants_base64() => Some(Self::Base64(revision)),
            Revision::Three => Some(Self::Typed),
            _ => None,
        }
    }

    /// Gives a queued binary message this form; text stays as it is.
    pub(super) fn give_to_entry(self, entry: &mut Entry) {
        // Invariant: frames of one session stand side by side only where the flusher may write
        // them, and a WebSocket with a form of its own is not lent to it.
        if let Entry::Shared { frame, .. } = entry {
            self.give_to(frame);
        }
    }

    /// Gives a binary message this form; text stays as it is.
    pub(super) fn give_to(self, frame: &mut Frame) {
        if frame.is_binary() {
            *frame = self.frame(frame.payload());
        }
    }

    fn frame(self, message: &[u8]) -> Frame {
        let mut draft = Draft::new();
        let out = draft.buffer_mut();
        let packet = Packet::Binary(message.into());
        let opcode = match self {
            Self::Typed => {
                revision3::encode_binary_message(message, out);
                OpCode::Binary
            }
            Self::Base64(Revision::Three) => {
                revision3::encode_text(&packet, out);
                OpCode::Text
            }
            Self::Base64(_) => {
                revision4::encode_text(&packet, out);
                OpCode::Text
            }
        };
        Frame::of(draft, opcode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(form: BinaryForm, mut frame: Frame) -> Vec<u8> {
        form.give_to(&mut frame);
        frame.websocket().to_vec()
    }

    #[test]
    fn binary_messages_take_the_form_and_text_does_not() {
        let message = || Frame::binary(&[1, 2, 3]);
        assert_eq!(
            given(BinaryForm::Typed, message()),
            b"\x82\x04\x04\x01\x02\x03"
        );
        let base64 = BinaryForm::Base64(Revision::Three);
        assert_eq!(given(base64, message()), b"\x81\x06b4AQID");
        let base64 = BinaryForm::Base64(Revision::Four);
        assert_eq!(given(base64, message()), b"\x81\x05bAQID");
        assert_eq!(given(base64, Frame::text(b"4hi")), b"\x81\x034hi");
    }
}
