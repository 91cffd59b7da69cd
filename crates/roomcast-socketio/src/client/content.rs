//! The data of packets to be sent, encoded once.

use bytes::Bytes;
use serde::Serialize;

use crate::{EncodeError, EventName, Header, encode_ack, encode_event};

/// The data of an event or of an acknowledgement, ready but for namespace and id.
///
/// It is made outside of the manager, so that no lock is held while a user's type is serialized.
/// Cheap to clone.
///
/// # Example
///
/// ```
/// use roomcast_socketio::client::Content;
///
/// let event = Content::event("greet", &("Ada", 36))?;
/// assert_eq!(event.weight(), r#"["greet","Ada",36]"#.len());
/// assert!(Content::event("disconnect", &()).is_err());
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Content {
    /// The array, in which placeholders stand for the attachments.
    data: Bytes,
    attachments: Vec<Bytes>,
}

impl Content {
    /// Encodes an event. A tuple spreads into several arguments, as do the elements of a
    /// [`Spread`](crate::Spread); `()` is no argument; every other value is one.
    ///
    /// # Errors
    ///
    /// [`EncodeError::ReservedEvent`] for a reserved name, [`EncodeError::Value`] if the arguments
    /// have no JSON form.
    pub fn event<'e, T: Serialize + ?Sized>(
        event: impl Into<EventName<'e>>,
        args: &T,
    ) -> Result<Self, EncodeError> {
        let mut packet = Vec::new();
        let attachments = encode_event(&mut packet, NOWHERE, event, args)?;
        Ok(Self::of(packet, attachments))
    }

    /// Encodes an acknowledgement. The arguments are as those of [`event`](Self::event).
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the arguments have no JSON form.
    pub fn ack<T: Serialize + ?Sized>(args: &T) -> Result<Self, EncodeError> {
        let mut packet = Vec::new();
        let attachments = encode_ack(&mut packet, NOWHERE, args)?;
        Ok(Self::of(packet, attachments))
    }

    /// What it counts towards a buffer's limit, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let attachments = self.attachments.iter().map(Bytes::len);
        self.data.len() + attachments.sum::<usize>()
    }

    /// Appends the packet to `out` and returns its attachments. `kinds` are its types without and
    /// with attachments.
    pub(super) fn write(&self, out: &mut Vec<u8>, kinds: [u8; 2], header: Header<'_>) -> &[Bytes] {
        out.reserve(self.data.len() + header.namespace.len() + MAX_NUMBERS);
        match self.attachments.len() {
            0 => out.push(kinds[0]),
            count => {
                out.push(kinds[1]);
                out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
                out.push(b'-');
            }
        }
        if header.namespace != "/" {
            out.extend_from_slice(header.namespace.as_bytes());
            out.push(b',');
        }
        if let Some(ack) = header.ack {
            ack.write(out);
        }
        out.extend_from_slice(&self.data);
        &self.attachments
    }

    fn of(packet: Vec<u8>, attachments: Vec<Bytes>) -> Self {
        let packet = Bytes::from(packet);
        let array = packet.iter().position(|&byte| byte == b'[');
        // Invariant: the data of both kinds is an array, and no bracket stands before it.
        let array = array.expect("the data is an array");
        Self {
            data: packet.slice(array..),
            attachments,
        }
    }
}

/// The header of which nothing is kept.
const NOWHERE: Header<'_> = Header {
    namespace: "/",
    ack: None,
};

/// Type, count of attachments, id, and what separates them.
const MAX_NUMBERS: usize = 44;
