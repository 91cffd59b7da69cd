//! Writing to one session's connection, which its mailbox lends.

use std::io::{self, ErrorKind};

use crate::engine::events::SessionEvent;
use crate::engine::mailbox::Flushed;
use crate::engine::outbox::Batch;
use crate::engine::socket::Socket;
use crate::engine::websocket::Writer;

/// A session whose connection is being written to.
pub(super) struct Lent {
    socket: Socket,
    pub(super) writer: Writer,
    batch: Batch,
}

impl Lent {
    pub(super) fn new(socket: Socket) -> Option<Self> {
        let (writer, batch) = socket.mailbox().lend()?;
        Some(Self {
            socket,
            writer,
            batch,
        })
    }

    /// Writes what waits for the session, as far as its connection takes it.
    pub(super) fn write(self) {
        let Self {
            socket,
            writer,
            batch,
        } = self;
        let mailbox = socket.mailbox();
        let mut lent = Some((writer, batch));
        let mut rounds = 0;
        while let Some((writer, mut batch)) = lent {
            socket.tell(SessionEvent::Flush);
            let (bytes, flushed) = write_all(&writer, &mut batch);
            rounds += 1;
            if rounds == MAX_ROUNDS {
                mailbox.want_line();
            }
            lent = mailbox.give_back(writer, batch, bytes, flushed);
            if flushed == Flushed::All {
                socket.tell(SessionEvent::Drain);
            }
        }
    }
}

/// Writes the batch as far as the connection takes it, and tells how many bytes that were.
fn write_all(writer: &Writer, batch: &mut Batch) -> (usize, Flushed) {
    let mut bytes = 0;
    batch.advance(0);
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
