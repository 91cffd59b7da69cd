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
    /// Frames that were taken from the mailbox and have not left, in order; mostly none, since they
    /// are written from the mailbox.
    unsent: Option<Box<Unsent>>,
    /// Frames of the transport itself (pong, close, the answer to a probe), sent before `unsent`.
    pub(super) control: Vec<u8>,
}

#[derive(Debug, Default)]
struct Unsent {
    batch: Batch,
    /// Bytes at its front that lie in a buffer of the connection.
    buffered: usize,
    /// Bytes of it that no mailbox has counted: the transport has spoken before it had one.
    uncounted: usize,
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

    /// Takes over what is left of a batch that was written elsewhere.
    pub(super) fn take_over(&mut self, batch: Batch) {
        self.unsent = (!batch.is_empty()).then(|| Box::new(Unsent::of(batch)));
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
            self.count(mailbox, 0);
            // Invariant: nothing is put into a batch as long as the connection buffers some of it.
            let Poll::Ready(left) = self.poll_flush(stream.as_mut(), cx)? else {
                mailbox.inspect(|mailbox| mailbox.set_busy());
                return Ok(Written::Blocked);
            };
            self.count(mailbox, left);
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
                self.take_over(batch);
            }
            if !self.control.is_empty() {
                let unsent = self.unsent.get_or_insert_default();
                let bytes = unsent.batch.put_ahead(&mut self.control);
                unsent.uncounted += bytes;
                self.count(mailbox, 0);
            }
            if self.unsent.is_none() {
                return Ok(Written::All);
            }
            if self.poll_write_some(stream.as_mut(), cx)?.is_pending() {
                mailbox.inspect(|mailbox| mailbox.set_busy());
                return Ok(Written::Blocked);
            }
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

    /// Counts what has left, and what no mailbox has counted yet.
    fn count(&mut self, mailbox: Option<&Mailbox>, left: usize) {
        let uncounted = self.unsent.as_mut().map(|unsent| &mut unsent.uncounted);
        match (mailbox, uncounted) {
            (Some(mailbox), uncounted) => {
                let more = uncounted.map_or(0, std::mem::take);
                if left > 0 || more > 0 {
                    mailbox.recount(left, more);
                }
            }
            (None, Some(uncounted)) => *uncounted = uncounted.saturating_sub(left),
            (None, None) => {}
        }
    }

    /// Sees to it that what the connection buffers leaves, and tells how many bytes have.
    ///
    /// A connection over TLS takes more than it can pass on, and goes on only if it is asked to.
    fn poll_flush(
        &mut self,
        stream: Pin<&mut (dyn AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<usize>> {
        let Some(unsent) = &mut self.unsent else {
            return Ok(Poll::Ready(0));
        };
        if unsent.buffered == 0 {
            return Ok(Poll::Ready(0));
        }
        if stream.poll_flush(cx)?.is_pending() {
            return Ok(Poll::Pending);
        }
        let left = std::mem::take(&mut unsent.buffered);
        unsent.batch.advance(left);
        if unsent.batch.is_empty() {
            self.unsent = None;
        }
        Ok(Poll::Ready(left))
    }

    /// One write of what fits.
    fn poll_write_some(
        &mut self,
        mut stream: Pin<&mut (dyn AsyncWrite + Unpin)>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<()>> {
        let Some(unsent) = &mut self.unsent else {
            return Ok(Poll::Ready(()));
        };
        let written = unsent.batch.write_with(|slices| match slices {
            [slice] => stream.as_mut().poll_write(cx, slice),
            slices => stream.as_mut().poll_write_vectored(cx, slices),
        });
        match written {
            Poll::Pending => Ok(Poll::Pending),
            // There was something to write: a connection that takes nothing will never take it.
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(written)) => {
                unsent.buffered = written;
                Ok(Poll::Ready(()))
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

impl Unsent {
    fn of(batch: Batch) -> Self {
        Self {
            batch,
            ..Self::default()
        }
    }
}

/// Control frames that may wait, in bytes; one read may add some more.
const MAX_CONTROL_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::frame::Frame;
    use crate::engine::mailbox::{OutboxLimits, SendOptions};

    /// A connection that takes so many bytes, and passes on so many of them.
    #[derive(Default)]
    struct Narrow {
        takes: usize,
        passes_on: bool,
        taken: Vec<u8>,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.takes);
            if taken == 0 {
                return Poll::Pending;
            }
            self.takes -= taken;
            self.taken.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            match self.passes_on {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            }
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(outgoing: &mut Outgoing, narrow: &mut Narrow, mailbox: Option<&Mailbox>) -> Written {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let written = outgoing.poll_write(Pin::new(narrow), mailbox, |_, _| {}, &mut cx);
        written.expect("the connection does not break")
    }

    fn mailbox() -> Mailbox {
        Mailbox::new(OutboxLimits::default(), Arc::default())
    }

    #[test]
    fn what_was_put_before_there_was_a_mailbox_is_counted_by_the_first() {
        let mut outgoing = Outgoing::new(b"\x81\x063probe".to_vec());
        let mut narrow = Narrow {
            takes: 3,
            passes_on: true,
            ..Narrow::default()
        };
        assert_eq!(write(&mut outgoing, &mut narrow, None), Written::Blocked);

        let mailbox = mailbox();
        mailbox.send(&[Frame::text(b"4a")], SendOptions::default());
        assert_eq!(
            write(&mut outgoing, &mut narrow, Some(&mailbox)),
            Written::Blocked
        );
        assert_eq!(mailbox.pending_bytes(), 5 + 4);
        narrow.takes = 5;
        write(&mut outgoing, &mut narrow, Some(&mailbox));
        assert_eq!(mailbox.pending_bytes(), 4);
        narrow.takes = 4;
        assert_eq!(
            write(&mut outgoing, &mut narrow, Some(&mailbox)),
            Written::All
        );
        assert_eq!(mailbox.pending_bytes(), 0);
        assert_eq!(narrow.taken, b"\x81\x063probe\x81\x024a");
    }

    #[test]
    fn control_frames_do_not_split_a_frame_that_the_connection_buffers() {
        let (mut outgoing, mailbox) = (Outgoing::default(), mailbox());
        let mut narrow = Narrow {
            takes: 5,
            ..Narrow::default()
        };
        mailbox.send(
            &[Frame::text(b"4a"), Frame::text(b"4b")],
            SendOptions::default(),
        );
        assert_eq!(
            write(&mut outgoing, &mut narrow, Some(&mailbox)),
            Written::Blocked
        );
        assert_eq!(mailbox.pending_bytes(), 4 + 4);
        outgoing.control.extend_from_slice(b"\x8a\x00");
        write(&mut outgoing, &mut narrow, Some(&mailbox));

        narrow.takes = usize::MAX;
        narrow.passes_on = true;
        assert_eq!(
            write(&mut outgoing, &mut narrow, Some(&mailbox)),
            Written::All
        );
        assert_eq!(narrow.taken, b"\x81\x024a\x81\x024b\x8a\x00");
        assert_eq!(mailbox.pending_bytes(), 0);
    }
}
