//! Deflating what is sent.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use zlib_rs::{DeflateError, DeflateFlush};

use super::pool::{Compressor, Settings};
use super::{Agreement, Config, FLUSH_TAIL, Pool};
use crate::encode::put_masked;
use crate::{Header, OpCode, Role, encode, encode_masked};

/// The send side of compression for one connection.
///
/// With context takeover it owns its compressor from the first compressed message on. Without, it
/// borrows one from the pool for each message; a frame that it encodes then fits every connection
/// with the same agreement, and may be shared like an uncompressed one.
pub struct Deflater {
    /// Present once something was compressed, if the context is kept.
    own: Option<Compressor>,
    keeps_context: bool,
    settings: Settings,
    threshold_bytes: usize,
    pool: Pool,
}

impl Deflater {
    /// The compressor for messages that the given end sends.
    #[must_use]
    pub fn new(role: Role, agreement: &Agreement, config: &Config, pool: &Pool) -> Self {
        let direction = agreement.sender(role);
        Self {
            own: None,
            keeps_context: direction.keeps_context,
            settings: Settings::new(config, direction.window_bits),
            threshold_bytes: config.threshold_bytes,
            pool: pool.clone(),
        }
    }

    /// Encodes a whole frame of the server role; a message from the threshold on is compressed.
    ///
    /// Frames of a connection with context must reach the peer in the order of these calls.
    pub fn encode(&mut self, opcode: OpCode, payload: &[u8]) -> Bytes {
        let mut frame = BytesMut::zeroed(MAX_SERVER_HEADER_BYTES);
        if !self.compress_message(opcode, payload, &mut frame) {
            return encode(opcode, payload);
        }
        // The header's length is known only now: it goes right before the payload.
        let header = Header::new(opcode, frame.len() - MAX_SERVER_HEADER_BYTES).compressed();
        let start = MAX_SERVER_HEADER_BYTES - header.len();
        frame[start..MAX_SERVER_HEADER_BYTES].copy_from_slice(&header);
        frame.advance(start);
        frame.freeze()
    }

    /// Encodes a whole frame of the client role behind `out`; see [`Deflater::encode`].
    pub fn encode_masked(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        mask: [u8; 4],
        out: &mut BytesMut,
    ) {
        let mut compressed = BytesMut::new();
        if self.compress_message(opcode, payload, &mut compressed) {
            put_masked(
                Header::new(opcode, compressed.len()).compressed(),
                &compressed,
                mask,
                out,
            );
        } else {
            encode_masked(opcode, payload, mask, out);
        }
    }

    /// Compresses the payload of one message behind `out`, for a frame whose header has
    /// [`Header::compressed`]; the threshold is the caller's business.
    ///
    /// Returns whether it did; if not, `out` is as before and the message is sent as it is.
    pub fn compress(&mut self, payload: &[u8], out: &mut BytesMut) -> bool {
        let start = out.len();
        let mut compressor = match self.own.take() {
            Some(compressor) => compressor,
            None if self.keeps_context => Compressor::new(self.settings),
            None => self.pool.take_deflater(self.settings),
        };
        if run(&mut compressor, payload, out).is_err() {
            // The compressor is dropped. A fresh one refers to nothing the peer does not have.
            out.truncate(start);
            return false;
        }
        if self.keeps_context {
            self.own = Some(compressor);
        } else {
            self.pool.give_deflater(compressor);
        }
        trim(start, out);
        true
    }

    /// Whether messages may refer back to earlier ones, so that each connection has its own frames.
    #[must_use]
    pub const fn keeps_context(&self) -> bool {
        self.keeps_context
    }

    fn compress_message(&mut self, opcode: OpCode, payload: &[u8], out: &mut BytesMut) -> bool {
        let is_message = matches!(opcode, OpCode::Text | OpCode::Binary);
        is_message && payload.len() >= self.threshold_bytes && self.compress(payload, out)
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("keeps_context", &self.keeps_context)
            .field("settings", &self.settings)
            .field("holds_window", &self.own.is_some())
            .finish_non_exhaustive()
    }
}

const MAX_SERVER_HEADER_BYTES: usize = 10;

/// How much is deflated at a time.
const STEP_BYTES: usize = 8 * 1024;

fn run(
    compressor: &mut Compressor,
    mut payload: &[u8],
    out: &mut BytesMut,
) -> Result<(), DeflateError> {
    let stream = &mut compressor.stream;
    let mut step = [0; STEP_BYTES];
    loop {
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        stream.compress(payload, &mut step, DeflateFlush::SyncFlush)?;
        payload = &payload[(stream.total_in() - before_in) as usize..];
        let written = (stream.total_out() - before_out) as usize;
        out.put_slice(&step[..written]);
        if payload.is_empty() && written < STEP_BYTES {
            return Ok(());
        }
    }
}

/// Leaves the end of the flush out.
///
/// SPEC: RFC 7692, section 7.2.1; a message must not become empty (7.2.3.6), and a second flush
/// with nothing between writes nothing at all.
fn trim(start: usize, out: &mut BytesMut) {
    if out[start..].ends_with(&FLUSH_TAIL) {
        out.truncate(out.len() - FLUSH_TAIL.len());
    }
    if out.len() == start {
        out.put_u8(0x00);
    }
}
