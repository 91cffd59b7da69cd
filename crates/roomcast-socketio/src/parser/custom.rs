//! Parsers of one's own.

use bytes::Bytes;

use crate::{DecodeError, EncodeError, Limits, Packet};

/// A message as a parser gives it to the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "transports know no other kind")]
pub enum Message {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// A parser of one's own: both halves, for a server or a client.
///
/// It turns packets into messages and messages into packets; the counterpart in JavaScript is an
/// object with an `Encoder` and a `Decoder` that is given to both sides as the option `parser`. What
/// is only about types needs no parser: where JavaScript takes a `replacer` and a `reviver`, a Rust
/// type's own `Serialize` and `Deserialize` say how it looks.
///
/// A packet reads its data into any type: [`Packet::data`] gives the array of an event or
/// acknowledgement, or a [`Value`](crate::Value) of whatever there is, and [`Packet::new`] makes
/// packets.
///
/// # Example
///
/// A parser that writes each packet as one JSON array:
///
/// ```
/// use roomcast_socketio::{
///     AckId, CustomDecoder, CustomParser, DecodeError, EncodeError, Header, Limits, Message,
///     Packet, PacketKind, Value, value,
/// };
///
/// struct Lines;
///
/// impl CustomParser for Lines {
///     fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError> {
///         let data: Value = packet.data().and_then(Result::ok).unwrap_or_default();
///         let ack = packet.ack().and_then(AckId::as_u64);
///         let line = value!([packet.kind().as_str(), packet.namespace(), ack, data]);
///         Ok(vec![Message::Text(line.to_string())])
///     }
///
///     fn decoder(&self, _limits: Limits) -> Box<dyn CustomDecoder> {
///         Box::new(Lines)
///     }
/// }
///
/// impl CustomDecoder for Lines {
///     fn text(&mut self, text: &str) -> Result<Option<Packet<'static>>, DecodeError> {
///         let line: Value = text.parse().map_err(|_| DecodeError::InvalidPayload)?;
///         let kind = match line[0].as_str() {
///             Some("connect") => PacketKind::Connect,
///             Some("disconnect") => PacketKind::Disconnect,
///             Some("event") => PacketKind::Event,
///             Some("ack") => PacketKind::Ack,
///             _ => return Err(DecodeError::InvalidType),
///         };
///         let header = Header {
///             namespace: line[1].as_str().ok_or(DecodeError::InvalidNamespace)?,
///             ack: line[2].as_u64().map(AckId::from),
///         };
///         Packet::new(kind, header, &line[3]).map(Some)
///     }
/// }
///
/// let main = Header { namespace: "/", ack: None };
/// let packet = Packet::new(PacketKind::Event, main, &value!(["greet", "Ada"]))?;
/// let messages = Lines.encode(&packet).expect("any value has a JSON form");
/// assert_eq!(messages, [Message::Text(r#"["event","/",null,["greet","Ada"]]"#.to_owned())]);
///
/// let mut decoder = Lines.decoder(Limits::default());
/// let packet = decoder.text(r#"["event","/",7,["greet","Ada"]]"#)?.expect("a whole packet");
/// assert_eq!(packet.ack(), Some(AckId::from(7)));
/// # Ok::<(), DecodeError>(())
/// ```
///
/// Spec: features 5.7.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no parser",
    note = "`Parser::Text` and `Parser::MessagePack` are built in; implement `CustomParser` for one of your own"
)]
pub trait CustomParser: Send + Sync {
    /// Turns a packet into the messages that carry it, of which there is at least one; they are sent
    /// side by side.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Value`] if the packet cannot be sent.
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError>;

    /// Makes a decoder for one connection. What its peer sends is to be held to `limits`.
    fn decoder(&self, limits: Limits) -> Box<dyn CustomDecoder>;
}

/// The incoming half of one connection that uses a [`CustomParser`].
///
/// A method that a peer must not be able to call keeps its default, which is an error. After an error
/// the connection is closed. A panic counts as an error.
pub trait CustomDecoder: Send {
    /// Takes a text message. `None` if the packet goes on in the next message.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if it is none: [`DecodeError::Custom`] where no other fits.
    fn text(&mut self, text: &str) -> Result<Option<Packet<'static>>, DecodeError> {
        let _ = text;
        Err(DecodeError::UnexpectedText)
    }

    /// Takes a binary message. `None` if the packet goes on in the next message.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if it is none: [`DecodeError::Custom`] where no other fits.
    fn binary(&mut self, bytes: &[u8]) -> Result<Option<Packet<'static>>, DecodeError> {
        let _ = bytes;
        Err(DecodeError::UnexpectedBinary)
    }
}
