//! Writing packets, in one pass, behind what the caller's buffer already holds.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Result;

use super::put;
use super::writer::{write_args, write_value};
use crate::{AckId, EncodeError, EventName, EventPacket, Header, PacketKind, Refusal};

/// Appends an event to `out`, as one binary message.
///
/// The arguments are as those of the text form's [`encode_event`](crate::encode_event); binary
/// values stay where they are.
///
/// # Errors
///
/// [`EncodeError::ReservedEvent`] for a reserved name, [`EncodeError::Value`] if the arguments
/// cannot be written. `out` is then as it was.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{AckId, Header, msgpack};
///
/// let mut out = Vec::new();
/// let header = Header { namespace: "/", ack: Some(AckId::from(0)) };
/// msgpack::encode_event(&mut out, header, "q", &())?;
/// assert_eq!(out, b"\x84\xa4type\x02\xa4data\x91\xa1q\xa2id\x00\xa3nsp\xa1/");
/// # Ok::<(), roomcast_socketio::EncodeError>(())
/// ```
///
/// Spec: features 5.5.
pub fn encode_event<'e, T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    header: Header<'_>,
    event: impl Into<EventName<'e>>,
    args: &T,
) -> std::result::Result<(), EncodeError> {
    let event: EventName<'e> = event.into();
    encode_event_packet(out, &EventPacket::new(header, event, args))
}

pub(crate) fn encode_event_packet<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    packet: &EventPacket<'_, T>,
) -> std::result::Result<(), EncodeError> {
    packet.check_name()?;
    let EventPacket { header, .. } = *packet;
    whole_or_nothing(out, |out| {
        // SPEC: the order of the keys is that of socket.io 4.8.
        put::map_len(out, 3 + u32::from(header.ack.is_some()));
        kind(out, PacketKind::Event)?;
        put::text(out, "data")?;
        array(out, Some(&packet.event), packet.args, packet.offset)?;
        id(out, header.ack)?;
        namespace(out, header.namespace)
    })
}

/// Appends an acknowledgement to `out`, as one binary message. The arguments are as those of
/// [`encode_event`].
///
/// # Errors
///
/// [`EncodeError::Value`] if the arguments cannot be written. `out` is then as it was.
///
/// Spec: features 5.5.
pub fn encode_ack<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    header: Header<'_>,
    args: &T,
) -> std::result::Result<(), EncodeError> {
    whole_or_nothing(out, |out| {
        put::map_len(out, 3 + u32::from(header.ack.is_some()));
        id(out, header.ack)?;
        kind(out, PacketKind::Ack)?;
        put::text(out, "data")?;
        array(out, None, args, None)?;
        namespace(out, header.namespace)
    })
}

/// Appends the array of an event, its name and then its arguments: data that is no packet yet, for
/// other servers and for storage. [`from_slice`](super::from_slice) reads it.
///
/// # Errors
///
/// As [`encode_event`].
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Raw, Spread, msgpack};
///
/// let mut out = Vec::new();
/// msgpack::encode_data(&mut out, "ev", &(1, "a"))?;
/// assert_eq!(out, b"\x93\xa2ev\x01\xa1a");
///
/// let (name, Spread(args)): (String, Spread<Raw>) = {
///     let mut all = msgpack::from_slice::<Vec<Raw>>(&out)?;
///     (all.remove(0).parse()?, Spread(all))
/// };
/// assert_eq!((name.as_str(), args[1].json()), ("ev", r#""a""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode_data<'e, T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    event: impl Into<EventName<'e>>,
    args: &T,
) -> std::result::Result<(), EncodeError> {
    let header = Header {
        namespace: "",
        ack: None,
    };
    let event: EventName<'e> = event.into();
    let packet = EventPacket::new(header, event, args);
    packet.check_name()?;
    whole_or_nothing(out, |out| array(out, Some(&packet.event), args, None))
}

/// Appends the array of an acknowledgement, as [`encode_data`] does that of an event.
pub(crate) fn encode_ack_data<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    args: &T,
) -> std::result::Result<(), EncodeError> {
    whole_or_nothing(out, |out| array(out, None, args, None))
}

/// Appends a packet whose array is written already.
pub(crate) fn encode_written(
    out: &mut Vec<u8>,
    packet: PacketKind,
    header: Header<'_>,
    array: &[u8],
) -> std::result::Result<(), EncodeError> {
    whole_or_nothing(out, |out| {
        put::map_len(out, 3 + u32::from(header.ack.is_some()));
        kind(out, packet)?;
        put::text(out, "data")?;
        out.extend_from_slice(array);
        id(out, header.ack)?;
        namespace(out, header.namespace)
    })
}

/// Appends the CONNECT of a client. `auth` is an object, or `None` if there is none.
///
/// # Errors
///
/// [`EncodeError::Value`] if `auth` cannot be written. `out` is then as it was.
///
/// Spec: features 5.5.
pub fn encode_connect<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    auth: Option<&T>,
) -> std::result::Result<(), EncodeError> {
    encode_whole(out, PacketKind::Connect, namespace, auth)
}

/// Appends the CONNECT with which a server confirms that a namespace is joined: the socket's id
/// and, if the connection can be recovered, the private id for that.
///
/// Spec: features 5.5.
pub fn encode_connected(out: &mut Vec<u8>, namespace: &str, sid: &str, pid: Option<&str>) {
    let written = encode_whole(
        out,
        PacketKind::Connect,
        namespace,
        Some(&Welcome { sid, pid }),
    );
    written.expect("texts can be written");
}

/// Appends the CONNECT_ERROR with which a server refuses a CONNECT.
///
/// # Errors
///
/// [`EncodeError::Value`] if `data` cannot be written. `out` is then as it was.
///
/// Spec: features 5.5.
pub fn encode_connect_error<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    message: &str,
    data: Option<&T>,
) -> std::result::Result<(), EncodeError> {
    let refusal = Refusal { message, data };
    encode_whole(out, PacketKind::ConnectError, namespace, Some(&refusal))
}

/// Appends the ERROR with which a server refuses a client of protocol 4; `reason` is any value.
///
/// # Errors
///
/// [`EncodeError::Value`] if `reason` cannot be written. `out` is then as it was.
///
/// Spec: features 5.5.
pub fn encode_error<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    namespace: &str,
    reason: &T,
) -> std::result::Result<(), EncodeError> {
    encode_whole(out, PacketKind::ConnectError, namespace, Some(reason))
}

/// Appends a DISCONNECT.
///
/// Spec: features 5.5.
pub fn encode_disconnect(out: &mut Vec<u8>, namespace: &str) {
    let written = encode_whole(out, PacketKind::Disconnect, namespace, None::<&()>);
    written.expect("texts can be written");
}

/// Appends a packet whose data is one value, if it has any.
fn encode_whole<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    packet: PacketKind,
    name: &str,
    data: Option<&T>,
) -> std::result::Result<(), EncodeError> {
    whole_or_nothing(out, |out| {
        put::map_len(out, 2 + u32::from(data.is_some()));
        kind(out, packet)?;
        if let Some(data) = data {
            put::text(out, "data")?;
            write_value(out, data)?;
        }
        namespace(out, name)
    })
}

fn whole_or_nothing(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> std::result::Result<(), EncodeError> {
    let start = out.len();
    write(out).map_err(|error| {
        out.truncate(start);
        error.into()
    })
}

fn kind(out: &mut Vec<u8>, kind: PacketKind) -> Result<()> {
    put::text(out, "type")?;
    put::unsigned(out, kind.number().into());
    Ok(())
}

fn id(out: &mut Vec<u8>, ack: Option<AckId>) -> Result<()> {
    let Some(ack) = ack else { return Ok(()) };
    put::text(out, "id")?;
    match ack.as_u64() {
        Some(id) => put::unsigned(out, id),
        None => put::float(out, ack.as_f64()),
    }
    Ok(())
}

fn namespace(out: &mut Vec<u8>, namespace: &str) -> Result<()> {
    put::text(out, "nsp")?;
    put::text(out, namespace)
}

/// Appends the array of an event or acknowledgement: a name, arguments and an offset.
fn array<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    event: Option<&EventName<'_>>,
    args: &T,
    offset: Option<&str>,
) -> Result<()> {
    let start = out.len();
    put::array_len(out, 0);
    match event {
        Some(EventName::Text(name)) => put::text(out, name)?,
        Some(EventName::Number(name)) => write_value(out, name)?,
        None => {}
    }
    let mut len = usize::from(event.is_some()) + write_args(out, args)?;
    if let Some(offset) = offset {
        put::text(out, offset)?;
        len += 1;
    }
    // Cost: an array of up to 15 elements, as nearly all are, is not moved: its head holds the length.
    if let Ok(len @ 0..16) = u8::try_from(len) {
        out[start] |= len;
    } else {
        let mut head = Vec::new();
        put::array_len(&mut head, put::length(len)?);
        out.splice(start..=start, head);
    }
    Ok(())
}

struct Welcome<'a> {
    sid: &'a str,
    pid: Option<&'a str>,
}

impl Serialize for Welcome<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + usize::from(self.pid.is_some())))?;
        map.serialize_entry("sid", self.sid)?;
        if let Some(pid) = self.pid {
            map.serialize_entry("pid", pid)?;
        }
        map.end()
    }
}
