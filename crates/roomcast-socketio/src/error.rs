//! What can go wrong when decoding, reading arguments, encoding, and between namespaces.

use crate::PacketKind;

/// Why a message of the peer is no Socket.IO packet.
///
/// Where the official parser has a text for the case, [`Display`](std::fmt::Display) gives that
/// text, because it reaches the users' `error` handlers.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{DecodeError, Decoder};
///
/// let error = Decoder::default().text("9").expect_err("no packet type");
/// assert_eq!(error, DecodeError::UnknownType { found: '9' });
/// assert_eq!(error.to_string(), "unknown packet type 9");
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A text message of 0 bytes.
    #[error("empty packet")]
    Empty,
    /// The first character is not `'0'..='6'`.
    #[error("unknown packet type {}", UnknownType(*.found))]
    UnknownType {
        /// The first character.
        found: char,
    },
    /// The number of attachments is missing, is not made of digits, or no `-` follows it.
    #[error("Illegal attachments")]
    IllegalAttachmentCount,
    /// More attachments are announced than the limit lets pass.
    #[error("too many attachments")]
    TooManyAttachments {
        /// The limit that applied.
        limit: usize,
    },
    /// The attachments of one packet are together larger than the limit.
    #[error("attachments larger than {limit} bytes together")]
    AttachmentsTooLarge {
        /// The limit that applied, in bytes.
        limit: usize,
    },
    /// The text is longer than 4 GiB.
    #[error("packet longer than 4 GiB")]
    TooLong,
    /// The data is not JSON, or not what this kind of packet carries.
    #[error("invalid payload")]
    InvalidPayload,
    /// Arrays and objects are nested deeper than the limit lets pass.
    #[error("payload nested deeper than {limit} levels")]
    TooDeep {
        /// The limit that applied.
        limit: usize,
    },
    /// A placeholder does not name one of the packet's attachments.
    #[error("illegal attachments")]
    IllegalPlaceholder,
    /// A text message came while attachments were missing.
    #[error("got plaintext data when reconstructing a packet")]
    TextWhileReconstructing,
    /// A binary message came although no attachment was missing.
    #[error("got binary data when not reconstructing a packet")]
    UnexpectedBinary,
    /// A text message came although the parser knows binary ones only.
    #[error("got plaintext data where packets are binary")]
    UnexpectedText,
    /// A MessagePack packet has no `type`, or one that is not 0 to 4.
    #[error("invalid packet type")]
    InvalidType,
    /// A MessagePack packet has no `nsp`, or one that is no text.
    #[error("invalid namespace")]
    InvalidNamespace,
    /// The `id` of a MessagePack packet is no integer of 0 or more.
    #[error("invalid packet id")]
    InvalidAckId,
    /// The message ends within a MessagePack value, or within an array or map that announces more.
    #[error("truncated packet")]
    Truncated,
    /// Something follows a MessagePack packet in its message.
    #[error("{count} trailing bytes")]
    TrailingBytes {
        /// How many bytes follow.
        count: usize,
    },
    /// The arrays and maps of a MessagePack packet have more parts than the limit lets pass.
    #[error("packet of more than {limit} elements")]
    TooManyElements {
        /// The limit that applied.
        limit: usize,
    },
    /// What a [`CustomParser`](crate::CustomParser) says.
    #[error("{message}")]
    Custom {
        /// Its words.
        message: String,
    },
}

/// Prints the packet type as JavaScript's `Number(character)` does.
struct UnknownType(char);

impl std::fmt::Display for UnknownType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.to_digit(10) {
            Some(digit) => write!(f, "{digit}"),
            None => f.write_str("NaN"),
        }
    }
}

/// Why an argument cannot be read into the wanted type.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgError {
    /// There are fewer arguments.
    #[error("argument {index} is missing")]
    Missing {
        /// Position among the arguments, counted from 0, the event name not counted.
        index: usize,
    },
    /// The argument is there and is something else.
    #[error("argument {index}: {message}")]
    Mismatch {
        /// Position among the arguments, counted from 0, the event name not counted.
        index: usize,
        /// What was expected and what was found.
        message: String,
    },
}

/// Why a text is no value, or a [`Value`](crate::Value) is not of the wanted type.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// What was expected and what was found.
    pub message: String,
}

impl ValueError {
    pub(crate) fn new(cause: impl std::fmt::Display) -> Self {
        Self {
            message: cause.to_string(),
        }
    }
}

impl From<serde_json::Error> for ValueError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

impl From<DecodeError> for ValueError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::InvalidPayload => Self::new("invalid JSON"),
            error => Self::new(error),
        }
    }
}

/// Why a value cannot be sent.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{EncodeError, Header, encode_event};
///
/// let main = Header { namespace: "/", ack: None };
/// let error = encode_event(&mut Vec::new(), main, "connect", &()).expect_err("a reserved name");
/// assert_eq!(error, EncodeError::ReservedEvent { name: "connect".to_owned() });
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The event name has a meaning of its own on one of the two sides.
    #[error("\"{name}\" is a reserved event name")]
    ReservedEvent {
        /// The name that was given.
        name: String,
    },
    /// The value has no form that the parser can send, or its `Serialize` implementation reported
    /// an error.
    #[error("{message}")]
    Value {
        /// What the serializer said.
        message: String,
    },
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Value {
            message: error.to_string(),
        }
    }
}

/// Why a well-formed packet does not fit the state of its connection.
///
/// The official server closes the connection in each case, with the reason `forced server close`.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A packet other than CONNECT for a namespace that is not joined.
    #[error("{kind} packet for namespace {namespace}, which is not joined")]
    NotJoined {
        /// The kind of the packet.
        kind: PacketKind,
        /// The namespace it names.
        namespace: String,
    },
    /// A second CONNECT for a namespace that is joined or about to be.
    #[error("namespace {namespace} is already joined")]
    AlreadyJoined {
        /// The namespace it names.
        namespace: String,
    },
    /// A CONNECT_ERROR, which only a server sends.
    #[error("connect error packet from a client")]
    ConnectError,
    /// One connection joins more namespaces than the limit lets pass.
    #[error("more than {limit} namespaces on one connection")]
    TooManyNamespaces {
        /// The limit that applied.
        limit: usize,
    },
}
