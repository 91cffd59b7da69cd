//! Both directions of a connection, with the answers that the protocol asks for.

use bytes::{BufMut, BytesMut};

use crate::close::close_payload;
use crate::deflate::{Agreement, Config, Deflater, Pool};
use crate::{
    CloseCode, DecodeError, Decoded, Decoder, Event, Limits, OpCode, Role, encode, encode_masked,
};

/// A [`Decoder`] and its send side: it answers pings and closes, and sends nothing after a close.
///
/// Everything to send is appended to a buffer of the caller. In the client role each call that may
/// send takes the masking key of that frame, new and unpredictable each time; in the server role
/// the key is not looked at.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use roomcast_websocket::{Connection, Event, Limits, OpCode, Role};
///
/// let mut client = Connection::new(Role::Client, Limits::default());
/// let mut server = Connection::new(Role::Server, Limits::default());
/// let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
///
/// client.send(OpCode::Ping, b"42", [1, 2, 3, 4], &mut up);
/// server.receive(&mut up, [0; 4], &mut down)?;
/// let received = client.receive(&mut down, [5, 6, 7, 8], &mut up)?;
/// assert_eq!(received.event, Some(Event::Pong(b"42"[..].into())));
/// # Ok::<(), roomcast_websocket::DecodeError>(())
/// ```
///
/// Spec: RFC 6455, sections 5.5 and 7.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    decoder: Decoder,
    deflater: Option<Deflater>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// A close frame was sent; the peer's is waited for.
    CloseSent,
    Closed,
}

impl Connection {
    /// A connection whose handshake is done.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            decoder: Decoder::new(role, limits),
            deflater: None,
            phase: Phase::Open,
        }
    }

    /// Compresses in both directions as agreed.
    #[must_use]
    pub fn with_deflate(mut self, agreement: &Agreement, config: &Config, pool: &Pool) -> Self {
        self.decoder = self.decoder.with_inflate(agreement, pool);
        self.deflater = Some(Deflater::new(self.role, agreement, config, pool));
        self
    }

    /// Decodes as [`Decoder::decode`] does, and appends to `out` the pong for a ping, the answer
    /// to a close, or the close frame for an error.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`]; when `out` is written the connection is to be dropped.
    pub fn receive<'a>(
        &mut self,
        input: &'a mut [u8],
        mask: [u8; 4],
        out: &mut BytesMut,
    ) -> Result<Decoded<'a>, DecodeError> {
        let decoded = self.decoder.decode(input);
        match &decoded {
            Ok(Decoded {
                event: Some(Event::Ping(payload)),
                ..
            }) => {
                self.send(OpCode::Pong, payload, mask, out);
            }
            Ok(Decoded {
                event: Some(Event::Close(frame)),
                ..
            }) => {
                let code = frame.as_ref().map(|frame| frame.code);
                self.send_close(code, "", mask, out);
                self.phase = Phase::Closed;
            }
            Ok(_) => {}
            Err(error) => {
                self.send_close(Some(error.close_code()), "", mask, out);
                self.phase = Phase::Closed;
            }
        }
        decoded
    }

    /// Appends a frame to `out`: a whole message, a ping or a pong. After a close frame it appends
    /// nothing.
    pub fn send(&mut self, opcode: OpCode, payload: &[u8], mask: [u8; 4], out: &mut BytesMut) {
        if self.phase != Phase::Open {
            return;
        }
        match (self.role, &mut self.deflater) {
            (Role::Server, Some(deflater)) => out.put(deflater.encode(opcode, payload)),
            (Role::Server, None) => out.put(encode(opcode, payload)),
            (Role::Client, Some(deflater)) => deflater.encode_masked(opcode, payload, mask, out),
            (Role::Client, None) => encode_masked(opcode, payload, mask, out),
        }
    }

    /// Appends a frame as [`send`](Self::send) does, and never compresses it.
    pub fn send_uncompressed(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        mask: [u8; 4],
        out: &mut BytesMut,
    ) {
        if self.phase != Phase::Open {
            return;
        }
        match self.role {
            Role::Server => out.put(encode(opcode, payload)),
            Role::Client => encode_masked(opcode, payload, mask, out),
        }
    }

    /// Starts the close handshake; the peer's answer comes as [`Event::Close`].
    pub fn close(&mut self, code: CloseCode, reason: &str, mask: [u8; 4], out: &mut BytesMut) {
        self.send_close(Some(code), reason, mask, out);
    }

    /// Whether both ends have sent a close frame, or the peer broke the protocol: a server now
    /// drops the connection, a client waits for that.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    fn send_close(
        &mut self,
        code: Option<CloseCode>,
        reason: &str,
        mask: [u8; 4],
        out: &mut BytesMut,
    ) {
        let (payload, len) = code.map_or(([0; 125], 0), |code| close_payload(code, reason));
        self.send(OpCode::Close, &payload[..len], mask, out);
        if self.phase == Phase::Open {
            self.phase = Phase::CloseSent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_may_move_between_threads() {
        const fn is_send<T: Send>() {}

        is_send::<Connection>();
        is_send::<Pool>();
    }

    #[test]
    fn a_message_goes_uncompressed_where_that_is_asked_for() {
        let config = Config::default().with_threshold_bytes(0);
        let agreement = crate::deflate::accept("permessage-deflate", &config);
        let agreement = agreement.expect("it was offered").expect("it is accepted");
        let mut connection = Connection::new(Role::Client, Limits::default()).with_deflate(
            &agreement,
            &config,
            &Pool::new(0),
        );

        let mut out = BytesMut::new();
        connection.send_uncompressed(OpCode::Text, b"aaa", [0; 4], &mut out);
        assert_eq!(out[..], *b"\x81\x83\0\0\0\0aaa");
        out.clear();
        connection.send(OpCode::Text, b"aaa", [0; 4], &mut out);
        assert_eq!(out[0], 0xc1);
    }
}
