//! Messages under way, and the tag by which each is known again.
use crate::clock::now;
use crate::histogram::Histogram;
use crate::wire::number;

/// Length of a tag in bytes.
pub const TAG: usize = 8;

/// A fixed number of messages under way.
pub struct Outstanding {
    slots: Vec<Slot>,
    pub latency: Histogram,
    pub deliveries: u64,
    pub wrong: u64,
}

#[derive(Clone, Default)]
struct Slot {
    sent: u64,
    missing: usize,
    turn: usize,
}

impl Outstanding {
    pub fn new(window: usize) -> Self {
        assert!(window <= 10_000, "a tag has four digits for the window");
        Outstanding {
            slots: vec![Slot::default(); window],
            latency: Histogram::new(),
            deliveries: 0,
            wrong: 0,
        }
    }

    /// Starts a message in `slot` that `receivers` must get; returns its tag.
    pub fn start(&mut self, slot: usize, receivers: usize) -> [u8; TAG] {
        let turn = (self.slots[slot].turn + 1) % 10_000;
        self.slots[slot] = Slot {
            sent: now(),
            missing: receivers,
            turn,
        };
        let mut tag = [b'0'; TAG];
        let mut rest = slot * 10_000 + turn;
        for digit in tag.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        tag
    }

    /// Counts the delivery of the message whose tag stands at the start of `text`; the slot that it leaves free.
    #[inline]
    pub fn delivered(&mut self, text: &[u8], at: u64) -> Option<usize> {
        let (tag, digits) = number(text.get(..TAG).unwrap_or_default());
        let (slot, turn) = (tag / 10_000, tag % 10_000);
        match self.slots.get_mut(slot) {
            Some(found) if digits == TAG && found.turn == turn && found.missing > 0 => {
                self.latency.record(at - found.sent);
                self.deliveries += 1;
                found.missing -= 1;
                (found.missing == 0).then_some(slot)
            }
            _ => {
                self.wrong += 1;
                None
            }
        }
    }

    /// Forgets what was counted so far.
    pub fn begin(&mut self) {
        self.deliveries = 0;
        self.latency.clear();
    }
}
