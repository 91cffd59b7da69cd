//! What waits to be written: frames in order, and how far the first one is written.

use std::io::IoSlice;

use smallvec::SmallVec;

pub(crate) use super::departure::Mark;
use super::draft;
use super::frame::Frame;

/// Queued frames.
#[derive(Debug)]
pub(crate) enum Entry {
    /// One frame, which the outboxes of other sessions may hold, too.
    Shared {
        frame: Frame,
        may_compress: bool,
        role: Role,
    },
    /// Finished frames of this session alone, side by side, from the offset `start` on.
    Own { bytes: Vec<u8>, start: usize },
    /// A frame that was dropped before it left.
    Gap,
    /// Knows when all that is before it has left.
    Mark(Mark),
    /// A shared frame from the offset `start` on.
    #[cfg(feature = "webtransport")]
    Part { frame: Frame, start: usize },
}

/// What a shared frame is, for those who drop packets that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Role(u8);

impl Role {
    /// The begin of an event.
    pub(crate) const EVENT: Self = Self(0);
    /// A frame that goes with the one before it.
    pub(crate) const ATTACHMENT: Self = Self(1);
    /// A frame that the client cannot do without.
    pub(crate) const ESSENTIAL: Self = Self(3);

    /// What the next frame of the same packet is.
    ///
    /// Cost: each receiver of a broadcast asks; it is one instruction.
    pub(crate) fn next(self) -> Self {
        Self(self.0 | 1)
    }
}

impl Entry {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared { frame, .. } => frame.websocket(),
            Self::Own { bytes, start } => &bytes[*start..],
            Self::Gap | Self::Mark(_) => &[],
            #[cfg(feature = "webtransport")]
            Self::Part { frame, start } => &frame.websocket()[*start..],
        }
    }

    /// It was handed to the connection.
    pub(crate) fn pass(&mut self) {
        if let Self::Mark(mark) = self {
            mark.pass();
        }
    }

    fn recycle(self) {
        if let Self::Own { bytes, .. } = self {
            draft::give_back(bytes);
        }
    }
}

/// Frames in the order in which they were sent. Few wait at a time: two need no allocation.
pub(crate) type Queue = SmallVec<[Entry; 2]>;

/// Frames on their way to a connection.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Queue,
    /// The first entry that is not wholly written.
    next: usize,
    /// Bytes of it that are.
    written: usize,
    /// Control frames were put ahead and may not have left.
    has_control: bool,
}

impl Batch {
    pub(crate) fn new(entries: Queue) -> Self {
        Self {
            entries,
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.entries.len()
    }

    /// Puts control frames ahead of the frames that were not begun, and empties `control`.
    ///
    /// Where the last ones have not left they stay where they are, so that their size is seen.
    /// Returns how many bytes were put.
    pub(crate) fn put_ahead(&mut self, control: &mut Vec<u8>) -> usize {
        if control.is_empty() || self.has_control {
            return 0;
        }
        self.has_control = true;
        let at = self.next + usize::from(self.written > 0);
        let mut bytes = draft::take_buffer();
        bytes.append(control);
        let len = bytes.len();
        self.entries.insert(at, Entry::Own { bytes, start: 0 });
        len
    }

    /// Puts frames behind the others.
    pub(crate) fn append(&mut self, entries: &mut Queue) {
        self.entries.append(entries);
    }

    /// Calls `write` with what one system call should take; it says how many bytes it took.
    ///
    /// Cost: small frames are copied side by side, which is cheaper than a vectored write of them.
    pub(crate) fn write_with<R>(&self, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
        let rest = &self.entries[self.next..];
        let first = rest.first().map_or(&[][..], Entry::bytes);
        let first = &first[self.written..];
        if rest.len() <= 1 {
            return write(&[IoSlice::new(first)]);
        }
        let others = &rest[1..rest.len().min(MAX_SLICES)];
        let bytes: usize = others.iter().map(|entry| entry.bytes().len()).sum();
        if first.len() + bytes > MAX_COPIED_BYTES {
            let others = others.iter().map(Entry::bytes);
            let slices = std::iter::once(first).chain(others).map(IoSlice::new);
            return write(&slices.collect::<SmallVec<[_; MAX_SLICES]>>());
        }
        let mut copy = draft::take_buffer();
        copy.extend_from_slice(first);
        others
            .iter()
            .for_each(|entry| copy.extend_from_slice(entry.bytes()));
        let result = write(&[IoSlice::new(&copy)]);
        draft::give_back(copy);
        result
    }

    /// Takes the entries without bytes off the front.
    ///
    /// Cost: mostly there is none, and nothing else to look at.
    pub(crate) fn pass_empty(&mut self) {
        let first = self.entries.get(self.next);
        if first.is_none_or(|entry| entry.bytes().len() == self.written) {
            self.advance(0);
        }
    }

    /// Takes `written` bytes off the front, and with them the entries without bytes that stand there
    /// then.
    ///
    /// Invariant: nothing is locked; whoever waits for a mark may be woken.
    pub(crate) fn advance(&mut self, mut written: usize) {
        while let Some(entry) = self.entries.get_mut(self.next) {
            let rest = entry.bytes().len() - self.written;
            if written < rest {
                self.written += written;
                break;
            }
            entry.pass();
            written -= rest;
            self.written = 0;
            self.next += 1;
        }
        if self.is_empty() {
            self.next = 0;
            self.has_control = false;
            // Cost: popped they are dropped in half the instructions of a drain.
            while let Some(entry) = self.entries.pop() {
                entry.recycle();
            }
        } else if self.next >= MAX_KEPT_ENTRIES {
            self.entries.drain(..self.next).for_each(Entry::recycle);
            self.next = 0;
        }
    }
}

/// Entries in one vectored write.
const MAX_SLICES: usize = 64;
/// Frames up to this many bytes together are copied into one buffer for one write.
const MAX_COPIED_BYTES: usize = 16 * 1024;
/// Written entries that are kept before those behind them are moved to the front.
const MAX_KEPT_ENTRIES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(packet: &str) -> Entry {
        Entry::Shared {
            frame: Frame::text(packet.as_bytes()),
            may_compress: true,
            role: Role::EVENT,
        }
    }

    fn bytes(batch: &Batch) -> Vec<u8> {
        batch.write_with(|slices| slices.iter().flat_map(|slice| slice.to_vec()).collect())
    }

    #[test]
    fn frames_leave_side_by_side_from_where_the_last_write_ended() {
        let mut batch = Batch::new(Queue::from_iter([
            shared("4a"),
            shared("4bc"),
            shared("4d"),
        ]));
        assert_eq!(bytes(&batch), b"\x81\x024a\x81\x034bc\x81\x024d");

        batch.advance(6);
        assert_eq!(bytes(&batch), b"4bc\x81\x024d");
        assert!(!batch.is_empty());

        batch.advance(7);
        assert!(batch.is_empty());
    }

    #[test]
    fn control_frames_wait_for_the_end_of_a_frame_that_was_begun() {
        let mut batch = Batch::new(Queue::from_iter([shared("4a"), shared("4b")]));
        assert_eq!(batch.put_ahead(&mut b"\x8a\x00".to_vec()), 2);
        assert_eq!(bytes(&batch), b"\x8a\x00\x81\x024a\x81\x024b");

        batch.advance(3);
        let mut second = b"\x8a\x01x".to_vec();
        assert_eq!(
            batch.put_ahead(&mut second),
            0,
            "the first may not have left"
        );
        assert_eq!(second, b"\x8a\x01x");

        let mut batch = Batch::new(Queue::from_iter([shared("4a"), shared("4b")]));
        batch.advance(1);
        batch.put_ahead(&mut second);
        assert_eq!(bytes(&batch), b"\x024a\x8a\x01x\x81\x024b");
    }

    /// Two of them lie in each session's mailbox.
    #[test]
    fn an_entry_is_no_larger_than_the_buffer_that_it_may_own() {
        assert_eq!(size_of::<Entry>(), size_of::<(Vec<u8>, usize)>());
    }

    #[test]
    fn large_frames_are_not_copied() {
        let large = "4".repeat(MAX_COPIED_BYTES);
        let batch = Batch::new(Queue::from_iter([shared(&large), shared("4b")]));

        batch.write_with(|slices| assert_eq!(slices.len(), 2));
    }

    #[test]
    fn a_long_queue_gives_its_room_back_while_it_is_written() {
        let count = 3 * MAX_KEPT_ENTRIES;
        let mut batch = Batch::new((0..count).map(|_| shared("4a")).collect());
        let mut writes = 0;
        while !batch.is_empty() {
            let len = bytes(&batch).len();
            batch.advance(len);
            writes += 1;
        }

        assert_eq!(writes, count / MAX_SLICES);
    }
}
