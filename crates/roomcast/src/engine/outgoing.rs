//! What a connection has still to send that only its session's task writes to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::mailbox::Mailbox;
use super::outbox::{Batch, Queue};

/// Frames between the mailbox and the connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Frames that were taken from the mailbox and not yet written, in order; mostly none, since
    /// they are written from the mailbox.
    pub(super) unsent: Option<Box<Batch>>,
    /// Frames of the transport itself (pong, close, the answer to a probe), sent before `unsent`.
    pub(super) control: Vec<u8>,
}

/// What writing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Everything left.
    All,
    /// The connection takes no more now; the task is woken when it does.
    Blocked,
}

impl Outgoing {
    pub(super) fn new(control: Vec<u8>) -> Self {
        Self {
            unsent: None,
            control,
        }
    }

    /// Whether everything has left.
    pub(super) fn is_empty(&self) -> bool {
        self.unsent.is_none() && self.control.is_empty()
    }

    /// Whether so many frames of the transport itself wait that nothing more may be read: the peer
    /// does not read them.
    pub(super) fn owes_much(&self) -> bool {
        self.control.len() > MAX_CONTROL_BYTES
    }

    /// Writes what is left here and what `mailbox` holds, until it is empty or the connection is
    /// full. What is taken from the mailbox goes through `encode`.
    pub(super) fn poll_write(
        &mut self,
        mut stream: Pin<&mut (dyn AsyncWrite + Unpin)>,
        mailbox: Option<&Mailbox>,
        mut encode: impl FnMut(&mut Queue, &Mailbox),
        cx: &mut Context<'_>,
    ) -> io::Result<Written> {
        loop {
            if let (None, Some(mailbox)) = (&self.unsent, mailbox) {
                let mut queue = Queue::new();
                mailbox.take(&mut queue);
                let has_taken = !queue.is_empty();
                encode(&mut queue, mailbox);
                let mut batch = Batch::new(queue);
                batch.advance(0);
                if has_taken && batch.is_empty() {
                    // Invariant: only a mailbox that was found empty wakes the task for what comes.
                    continue;
                }
                self.unsent = (!batch.is_empty()).then(|| Box::new(batch));
            }
            if !self.control.is_empty() {
                let unsent = self.unsent.get_or_insert_default();
                let bytes = unsent.put_ahead(&mut self.control);
                mailbox.inspect(|mailbox| mailbox.recount(0, bytes));
            }
            if self.unsent.is_none() {
                return Ok(Written::All);
            }
            let Poll::Ready(written) = self.poll_write_some(stream.as_mut(), cx)? else {
                mailbox.inspect(|mailbox| mailbox.set_busy());
                return Ok(Written::Blocked);
            };
            mailbox.inspect(|mailbox| mailbox.written(written));
        }
    }

    /// Writes what is left here to its end.
    pub(super) async fn write_rest(
        &mut self,
        mut stream: Pin<&mut (impl AsyncWrite + Unpin)>,
    ) -> io::Result<()> {
        std::future::poll_fn(
            |cx| match self.poll_write(stream.as_mut(), None, |_, _| {}, cx) {
                Ok(Written::All) => Poll::Ready(Ok(())),
                Ok(Written::Blocked) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        )
        .await
    }

    /// One write of what fits.
    fn poll_write_some(
        &mut self,
        mut stream: Pin<&mut (dyn AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<usize>> {
        let Some(unsent) = &mut self.unsent else {
            return Ok(Poll::Ready(0));
        };
        let written = unsent.write_with(|slices| match slices {
            [slice] => stream.as_mut().poll_write(cx, slice),
            slices => stream.as_mut().poll_write_vectored(cx, slices),
        });
        match written {
            Poll::Pending => Ok(Poll::Pending),
            // There was something to write: a connection that takes nothing will never take it.
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(written)) => {
                unsent.advance(written);
                if unsent.is_empty() {
                    self.unsent = None;
                }
                Ok(Poll::Ready(written))
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

/// Control frames that may wait, in bytes; one read may add some more.
const MAX_CONTROL_BYTES: usize = 64 * 1024;
