//! Which parser a server and its clients use.

mod custom;
mod decoder;
mod encode;

use std::fmt;
use std::sync::Arc;

pub use custom::{CustomDecoder, CustomParser, Message};
pub use decoder::ParserDecoder;
pub use encode::{CustomEncoded, Encoded};

use crate::Limits;

/// How packets become messages and messages packets. Both sides must use the same.
///
/// Cheap to clone.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{EventPacket, Header, Limits, Parser};
///
/// let header = Header { namespace: "/", ack: None };
/// let mut out = Vec::new();
/// Parser::MessagePack.encode_event(&mut out, &EventPacket::new(header, "ev", &1))?;
///
/// let mut decoder = Parser::MessagePack.decoder(Limits::default());
/// let packet = decoder.binary(&out)?.expect("a whole packet");
/// assert_eq!(packet.args().read(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Spec: features 2.4.
#[derive(Clone, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the last one stands for all others"
)]
pub enum Parser {
    /// JSON text with attachments, as `socket.io-parser`: every client's default.
    #[default]
    Text,
    /// One binary message for each packet, as `socket.io-msgpack-parser`.
    MessagePack,
    /// A parser of one's own.
    Custom(Arc<dyn CustomParser>),
}

impl Parser {
    /// A decoder for one connection.
    #[must_use]
    pub fn decoder(&self, limits: Limits) -> ParserDecoder {
        ParserDecoder::new(self, limits)
    }
}

impl<P: CustomParser + 'static> From<P> for Parser {
    fn from(parser: P) -> Self {
        Self::Custom(Arc::new(parser))
    }
}

impl fmt::Debug for Parser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "Text",
            Self::MessagePack => "MessagePack",
            Self::Custom(_) => "Custom(..)",
        })
    }
}
