//! Writing packets, in one pass, behind what the caller's buffer already holds.

use bytes::Bytes;
use serde::Serialize;

use super::writer::{write_json, write_string};
use crate::spread::Shape;
use crate::{AckId, EncodeError, EventName, EventPacket, Header, Refusal};

/// Appends an event to `out` and returns its attachments, which must follow as binary messages
/// with nothing in between.
///
/// A tuple spreads into several arguments, as do the elements of a [`Spread`](crate::Spread);
/// `()` is no argument; every other value, an array too, is one. Binary values
/// (`serialize_bytes`) may sit anywhere in the arguments and are replaced by placeholders.
/// Numbers are written as JavaScript writes them.
///
/// # Errors
///
/// [`EncodeError::ReservedEvent`] for a reserved name, [`EncodeError::Value`] if the arguments
/// have no JSON form. `out` is then as it was.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Header, Value, encode_event};
///
/// let main = Header { namespace: "/", ack: None };
/// let mut out = b"4".to_vec();
/// assert!(encode_event(&mut out, main, "move", &("e4", 1.5))?.is_empty());
/// assert_eq!(out, br#"42["move","e4",1.5]"#);
///
/// out.truncate(1);
/// let picture = Value::from(bytes::Bytes::from_static(b"\x89PNG"));
/// let attachments = encode_event(&mut out, main, "picture", &picture)?;
/// assert_eq!(out, br#"451-["picture",{"_placeholder":true,"num":0}]"#);
/// assert_eq!(attachments, [&b"\x89PNG"[..]]);
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
///
/// Spec: Socket.IO protocol 5, "Packet encoding".
pub fn encode_event<'e, T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    header: Header<'_>,
    event: impl Into<EventName<'e>>,
    args: &T,
) -> Result<Vec<Bytes>, EncodeError> {
    let event: EventName<'e> = event.into();
    encode_event_packet(out, &EventPacket::new(header, event, args))
}

#[inline]
pub(crate) fn encode_event_packet<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    packet: &EventPacket<'_, T>,
) -> Result<Vec<Bytes>, EncodeError> {
    packet.check_name()?;
    let kind = Kind {
        plain: b'2',
        binary: b'5',
    };
    let attachments = encode_array(out, kind, packet.header, Some(&packet.event), packet.args)?;
    if let Some(offset) = packet.offset {
        // Invariant: the array holds the name at least, and its end is the last byte.
        out.pop();
        out.push(b',');
        write_string(out, offset);
        out.push(b']');
    }
    Ok(attachments)
}

/// Appends an acknowledgement to `out` and returns its attachments. The arguments are as those of
/// [`encode_event`].
///
/// # Errors
///
/// [`EncodeError::Value`] if the arguments have no JSON form. `out` is then as it was.
///
/// Spec: Socket.IO protocol 5, "Acknowledgement".
pub fn encode_ack<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    header: Header<'_>,
    args: &T,
) -> Result<Vec<Bytes>, EncodeError> {
    encode_array(
        out,
        Kind {
            plain: b'3',
            binary: b'6',
        },
        header,
        None,
        args,
    )
}

/// Appends the CONNECT of a client. `auth` is an object, or `None` if there is none.
///
/// # Errors
///
/// [`EncodeError::Value`] if `auth` has no JSON form. `out` is then as it was.
///
/// Spec: Socket.IO protocol 5, "Connection to a namespace".
pub fn encode_connect<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    auth: Option<&T>,
) -> Result<(), EncodeError> {
    let start = out.len();
    write_front(out, b'0', namespace, None);
    let Some(auth) = auth else { return Ok(()) };
    write_json(out, auth, None).map_err(|error| undo(out, start, &error))
}

/// Appends the CONNECT with which a server confirms that a namespace is joined: the socket's id
/// and, if the connection can be recovered, the private id for that.
///
/// Spec: Socket.IO protocol 5, "Connection to a namespace".
pub fn encode_connected(out: &mut Vec<u8>, namespace: &str, sid: &str, pid: Option<&str>) {
    write_front(out, b'0', namespace, None);
    out.extend_from_slice(b"{\"sid\":");
    write_string(out, sid);
    if let Some(pid) = pid {
        out.extend_from_slice(b",\"pid\":");
        write_string(out, pid);
    }
    out.push(b'}');
}

/// Appends the CONNECT_ERROR with which a server refuses a CONNECT.
///
/// # Errors
///
/// [`EncodeError::Value`] if `data` has no JSON form. `out` is then as it was.
///
/// Spec: Socket.IO protocol 5, "Connection to a namespace".
pub fn encode_connect_error<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    message: &str,
    data: Option<&T>,
) -> Result<(), EncodeError> {
    let start = out.len();
    write_front(out, b'4', namespace, None);
    write_json(out, &Refusal { message, data }, None).map_err(|error| undo(out, start, &error))
}

/// Appends the ERROR with which a server refuses a client of protocol 4 that wants to join: `reason`
/// may be any value.
///
/// The other packets of protocol 4 are those of protocol 5, and its CONNECT is that of
/// [`encode_connect`] without `auth`, in both directions.
///
/// # Errors
///
/// [`EncodeError::Value`] if `reason` has no JSON form. `out` is then as it was.
///
/// # Example
///
/// ```
/// let mut out = Vec::new();
/// roomcast_socketio::encode_error(&mut out, "/admin", "missing token")?;
/// assert_eq!(out, br#"4/admin,"missing token""#);
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
///
/// Spec: Socket.IO protocol 4, "Packet types".
pub fn encode_error<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    reason: &T,
) -> Result<(), EncodeError> {
    let start = out.len();
    write_front(out, b'4', namespace, None);
    write_json(out, reason, None).map_err(|error| undo(out, start, &error))
}

/// Appends a DISCONNECT.
///
/// Spec: Socket.IO protocol 5, "Disconnection from a namespace".
pub fn encode_disconnect(out: &mut Vec<u8>, namespace: &str) {
    write_front(out, b'1', namespace, None);
}

/// The types of one kind of packet: without and with attachments.
#[derive(Clone, Copy)]
struct Kind {
    plain: u8,
    binary: u8,
}

fn encode_array<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    kind: Kind,
    header: Header<'_>,
    event: Option<&EventName<'_>>,
    args: &T,
) -> Result<Vec<Bytes>, EncodeError> {
    let start = out.len();
    let mut attachments = Vec::new();
    write_front(out, kind.plain, header.namespace, header.ack);
    if let Some(event) = event {
        out.push(b'[');
        match event {
            EventName::Text(text) => write_string(out, text),
            EventName::Number(number) => number.write(out),
        }
    }
    write_args(out, event.is_some(), args, &mut attachments)
        .map_err(|error| undo(out, start, &error))?;
    if !attachments.is_empty() {
        out[start] = kind.binary;
        insert_count(out, start + 1, attachments.len());
    }
    Ok(attachments)
}

/// Cost: the text of a binary packet is moved once more; a text packet pays nothing.
#[inline(never)]
fn insert_count(out: &mut Vec<u8>, at: usize, count: usize) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(count).as_bytes();
    let (end, behind) = (out.len(), at + digits.len() + 1);
    out.resize(end + digits.len() + 1, b'-');
    out.copy_within(at..end, behind);
    out[at..behind - 1].copy_from_slice(digits);
    out[behind - 1] = b'-';
}

/// Writes the arguments and the end of the array; its start is written if there is an event name.
fn write_args<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    has_name: bool,
    args: &T,
    attachments: &mut Vec<Bytes>,
) -> serde_json::Result<()> {
    match Shape::of::<T>() {
        Shape::Nothing if has_name => out.push(b']'),
        Shape::Nothing => out.extend_from_slice(b"[]"),
        Shape::One => {
            out.push(if has_name { b',' } else { b'[' });
            write_json(out, args, Some(attachments))?;
            out.push(b']');
        }
        Shape::Several => {
            let start = out.len();
            write_json(out, args, Some(attachments))?;
            // The arguments are an array of their own, which continues the one with the name.
            if has_name && out.len() > start + 2 {
                out[start] = b',';
            } else if has_name {
                out.remove(start);
            }
        }
    }
    Ok(())
}

#[inline]
fn write_front(out: &mut Vec<u8>, kind: u8, namespace: &str, ack: Option<AckId>) {
    out.push(kind);
    if namespace != "/" {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
    if let Some(ack) = ack {
        ack.write(out);
    }
}

#[cold]
fn undo(out: &mut Vec<u8>, start: usize, error: &serde_json::Error) -> EncodeError {
    out.truncate(start);
    EncodeError::Value {
        message: error.to_string(),
    }
}
