//! Inflating what the peer sent, piece by piece.

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::pool::new_inflater;
use super::{Agreement, FLUSH_TAIL, Pool};
use crate::{DecodeError, Role};

/// The receive side of compression for one connection.
pub(crate) struct Inflater {
    /// Present while a message is in work, or for good if the peer keeps its context.
    stream: Option<Inflate>,
    keeps_context: bool,
    /// Whether the sender has ended its stream and not begun another.
    is_ended: bool,
    pool: Pool,
}

impl Inflater {
    pub(crate) fn new(role: Role, agreement: &Agreement, pool: &Pool) -> Self {
        let peer = match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        };
        let keeps_context = agreement.sender(peer).keeps_context;
        Self {
            stream: None,
            keeps_context,
            is_ended: false,
            pool: pool.clone(),
        }
    }

    /// Inflates the next piece of a message and hands what comes out to `sink`, in pieces.
    pub(crate) fn inflate(
        &mut self,
        piece: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let (keeps_context, pool) = (self.keeps_context, &self.pool);
        let stream = self.stream.get_or_insert_with(|| match keeps_context {
            true => new_inflater(),
            false => pool.take_inflater(),
        });
        if !piece.is_empty() {
            self.is_ended = run(stream, piece, &mut sink)?;
        }
        Ok(())
    }

    /// Ends a message: what the sender left out is put back, and a borrowed window given back.
    pub(crate) fn finish_message(
        &mut self,
        sink: impl FnMut(&[u8]) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        if !self.is_ended {
            self.inflate(&FLUSH_TAIL, sink)?;
        }
        self.is_ended = false;
        self.give_back();
        Ok(())
    }

    fn give_back(&mut self) {
        if !self.keeps_context
            && let Some(stream) = self.stream.take()
        {
            self.pool.give_inflater(stream);
        }
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("keeps_context", &self.keeps_context)
            .field("holds_window", &self.stream.is_some())
            .finish_non_exhaustive()
    }
}

/// How much is inflated before the message's limit is looked at again.
const STEP_BYTES: usize = 8 * 1024;

/// Inflates all of `piece`; says whether the stream ends with its last byte.
fn run(
    stream: &mut Inflate,
    mut piece: &[u8],
    sink: &mut impl FnMut(&[u8]) -> Result<(), DecodeError>,
) -> Result<bool, DecodeError> {
    let mut step = [0; STEP_BYTES];
    loop {
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(piece, &mut step, InflateFlush::SyncFlush);
        let status = status.map_err(|_| DecodeError::InvalidDeflate)?;
        piece = &piece[(stream.total_in() - before_in) as usize..];
        let written = (stream.total_out() - before_out) as usize;
        sink(&step[..written])?;
        let is_ended = status == Status::StreamEnd;
        if is_ended {
            // SPEC: RFC 7692, section 7.2.3.4: a sender may end its stream; a new one follows.
            stream.reset(false);
        }
        if piece.is_empty() && (is_ended || written < STEP_BYTES) {
            return Ok(is_ended);
        }
        if status == Status::BufError && written == 0 {
            // There is room and input, and yet no progress.
            return Err(DecodeError::InvalidDeflate);
        }
    }
}
