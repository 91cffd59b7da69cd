//! Writing to one session's connection, which its mailbox lends.

use std::io::{self, ErrorKind};

use crate::engine::events::SessionEvent;
use crate::engine::mailbox::Flushed;
use crate::engine::outbox::Batch;
use crate::engine::socket::Socket;
use crate::engine::websocket::Writer;

/// A session whose connection is written to here, by nobody else meanwhile.
pub(super) struct Lent {
    socket: Socket,
    line: Option<(Writer, Batch)>,
}

impl Lent {
    pub(super) fn new(socket: Socket) -> Option<Self> {
        let line = Some(socket.mailbox().lend()?);
        Some(Self { socket, line })
    }

    /// Reads what [`write`](Self::write) reads first.
    pub(super) fn look_at(&self) {
        if let Some((writer, _)) = &self.line {
            writer.look_at();
        }
    }

    /// Writes what waits for the session, as far as its connection takes it.
    pub(super) fn write(&mut self) {
        let mut rounds = 0;
        while let Some((writer, mut batch)) = self.line.take() {
            self.socket.tell(SessionEvent::Flush);
            let (bytes, flushed) = write_all(&writer, &mut batch);
            let mailbox = self.socket.mailbox();
            rounds += 1;
            if rounds == MAX_ROUNDS {
                mailbox.want_line();
            }
            self.line = mailbox.give_back(writer, batch, bytes, flushed);
            if flushed == Flushed::All {
                self.socket.tell(SessionEvent::Drain);
            }
        }
    }
}

impl Drop for Lent {
    /// Where one of several could not be written to for a panic, the others go on in their own tasks.
    fn drop(&mut self) {
        if let Some((writer, batch)) = self.line.take() {
            let mailbox = self.socket.mailbox();
            mailbox.give_back(writer, batch, 0, Flushed::Blocked);
        }
    }
}

/// Writes the batch as far as the connection takes it, and tells how many bytes that were.
fn write_all(writer: &Writer, batch: &mut Batch) -> (usize, Flushed) {
    let mut bytes = 0;
    batch.pass_empty();
    while !batch.is_empty() {
        match batch.write_with(|slices| writer.try_write(slices)) {
            Ok(written) if written > 0 => {
                bytes += written;
                batch.advance(written);
            }
            end => return (bytes, ended(&end)),
        }
    }
    (bytes, Flushed::All)
}

fn ended(end: &io::Result<usize>) -> Flushed {
    match end {
        Ok(_) => Flushed::Broken(ErrorKind::WriteZero),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Flushed::Blocked,
        Err(error) => Flushed::Broken(error.kind()),
    }
}

/// Writes to one session, whose emitters are as fast as this, before its own task goes on.
const MAX_ROUNDS: usize = 8;
