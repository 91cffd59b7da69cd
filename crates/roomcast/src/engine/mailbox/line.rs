//! The write side of a connection, for whoever has frames.

use std::io;

use parking_lot::MutexGuard;

use super::{Mailbox, State, room};
use crate::engine::outbox::Batch;
use crate::engine::websocket::Writer;

/// The write side of the session's connection, where others than the task may use it.
#[derive(Debug, Default)]
pub(super) enum Line {
    /// The task alone writes: there is no WebSocket yet, it compresses, or it is not plain TCP.
    #[default]
    None,
    Idle(Writer),
    /// Somebody writes, and will look for more here before the line is idle again.
    Lent,
    Broken(io::ErrorKind),
}

/// The answer to one who wants to write.
pub(crate) enum Lending {
    /// Write this, then [`Mailbox::give_back`].
    Line(Writer, Batch),
    /// Nothing waits.
    Nothing,
    /// The line is not to be had now.
    Elsewhere,
    Broken(io::ErrorKind),
}

/// What became of a batch that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flushed {
    All,
    /// The connection takes no more; the task is to wait for it.
    Blocked,
    /// The connection takes no more, and will wake the task.
    Awaited,
    Broken(io::ErrorKind),
}

/// The line, for those who write what was listed.
impl Mailbox {
    /// Lends the line to one who does not wait for it, if there is something to write.
    pub(crate) fn lend(&self) -> Option<(Writer, Batch)> {
        let mut state = self.state.lock();
        state.is_listed = false;
        if !state.is_writable || state.queue.is_empty() {
            return None;
        }
        match std::mem::replace(&mut state.line, Line::Lent) {
            Line::Idle(writer) => Some((writer, Batch::new(state.take_queue()))),
            line => {
                state.line = line;
                None
            }
        }
    }

    /// Takes the line back, or lends it once more for what was queued meanwhile.
    pub(crate) fn give_back(
        &self,
        writer: Writer,
        batch: Batch,
        bytes: usize,
        flushed: Flushed,
    ) -> Option<(Writer, Batch)> {
        let mut state = self.state.lock();
        state.pending_bytes = state.pending_bytes.saturating_sub(bytes);
        let room = state.room_news();
        let more = self.returned(state, writer, batch, flushed);
        room::tell(room);
        more
    }

    fn returned(
        &self,
        mut state: MutexGuard<'_, State>,
        writer: Writer,
        batch: Batch,
        flushed: Flushed,
    ) -> Option<(Writer, Batch)> {
        if !matches!(state.line, Line::Lent) {
            // The WebSocket is gone. Invariant: its connection is closed, and who waits for marks is
            // woken, without the lock.
            drop(state);
            return None;
        }
        let mut is_news = std::mem::take(&mut state.is_line_wanted);
        match flushed {
            Flushed::All if state.is_writable && !state.queue.is_empty() && !is_news => {
                return Some((writer, Batch::new(state.take_queue())));
            }
            Flushed::All => state.line = Line::Idle(writer),
            Flushed::Blocked | Flushed::Awaited => {
                // Invariant: the task hears of it from one of the two; from both it would never sleep.
                is_news |= flushed == Flushed::Blocked;
                state.stalled = Some(Box::new(batch));
                state.is_writable = false;
                state.line = Line::Idle(writer);
            }
            Flushed::Broken(kind) => {
                is_news = true;
                state.is_writable = false;
                state.line = Line::Broken(kind);
            }
        }
        if is_news {
            state.is_notified = true;
            Self::wake(state);
        }
        None
    }

    /// Lets the task have the line next.
    pub(crate) fn want_line(&self) {
        self.state.lock().is_line_wanted = true;
    }

    /// Leaves to the task what was listed for others.
    pub(crate) fn flush_by_task(&self) {
        let mut state = self.state.lock();
        state.is_listed = false;
        state.is_notified = true;
        Self::wake(state);
    }

    /// Lets others write to the connection.
    pub(crate) fn attach(&self, writer: Writer) {
        self.state.lock().line = Line::Idle(writer);
    }

    /// Lends the line to the task, with what the connection did not take before. `control` goes
    /// ahead of all frames that were not begun.
    ///
    /// If the line is elsewhere, the task is woken when it is back.
    pub(crate) fn lend_to_task(&self, control: &mut Vec<u8>) -> Lending {
        let mut state = self.state.lock();
        match std::mem::replace(&mut state.line, Line::Lent) {
            Line::Idle(writer) => {
                if state.stalled.is_none() && state.queue.is_empty() && control.is_empty() {
                    state.is_writable = true;
                    state.line = Line::Idle(writer);
                    return Lending::Nothing;
                }
                let mut batch = match state.stalled.take() {
                    // Cost: as it is; appended, each frame is moved for itself.
                    None => Batch::new(state.take_queue()),
                    Some(mut stalled) => {
                        if stalled.is_empty() || state.backlog().is_none() {
                            stalled.append(&mut state.take_queue());
                        }
                        *stalled
                    }
                };
                state.pending_bytes += batch.put_ahead(control);
                state.is_writable = true;
                Lending::Line(writer, batch)
            }
            Line::Lent => {
                state.is_line_wanted = true;
                Lending::Elsewhere
            }
            Line::Broken(kind) => {
                state.line = Line::Broken(kind);
                Lending::Broken(kind)
            }
            Line::None => {
                state.line = Line::None;
                Lending::Nothing
            }
        }
    }

    /// Takes the line away from the others for good, with what is left of a frame; `None` as long
    /// as somebody writes.
    pub(crate) fn detach(&self) -> Option<(Option<Writer>, Batch)> {
        let mut state = self.state.lock();
        match std::mem::take(&mut state.line) {
            Line::Lent => {
                state.line = Line::Lent;
                None
            }
            line => {
                let stalled = state.stalled.take();
                let writer = match line {
                    Line::Idle(writer) => Some(writer),
                    _ => None,
                };
                Some((
                    writer,
                    stalled.map_or_else(Batch::default, |stalled| *stalled),
                ))
            }
        }
    }

    /// The WebSocket is gone: nobody writes any more.
    pub(crate) fn hang_up(&self) {
        let (line, stalled) = {
            let mut state = self.state.lock();
            (std::mem::take(&mut state.line), state.stalled.take())
        };
        drop((line, stalled));
    }
}
