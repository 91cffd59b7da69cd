//! A network in virtual time: what is sent arrives after a random delay, in order per connection.

use std::collections::BTreeMap;

/// A small generator of numbers that are the same in each run (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A connection in one direction. Different ones overtake each other, one never itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    PollRequest,
    PollAnswer,
    PostRequest,
    PostAnswer,
    FrameToServer,
    FrameToClient,
}

/// What is on its way, by the millisecond in which it arrives.
pub(crate) struct Network {
    pub(crate) random: Random,
    underway: BTreeMap<(u64, u64), (Lane, String)>,
    sent: u64,
    last_arrival: BTreeMap<Lane, u64>,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            underway: BTreeMap::new(),
            sent: 0,
            last_arrival: BTreeMap::new(),
        }
    }

    pub(crate) fn send(&mut self, now: u64, lane: Lane, body: impl Into<String>) {
        let earliest = self.last_arrival.get(&lane).copied().unwrap_or(0);
        let arrival = earliest.max(now + 1 + self.random.below(60));
        self.last_arrival.insert(lane, arrival);
        self.sent += 1;
        self.underway
            .insert((arrival, self.sent), (lane, body.into()));
    }

    /// The next thing that arrives, if it does until `end`.
    pub(crate) fn receive(&mut self, end: u64) -> Option<(u64, Lane, String)> {
        let entry = self.underway.first_entry()?;
        let (arrival, _) = *entry.key();
        if arrival > end {
            return None;
        }
        let (lane, body) = entry.remove();
        Some((arrival, lane, body))
    }
}
