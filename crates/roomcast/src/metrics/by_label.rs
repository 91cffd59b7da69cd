//! Series that differ in one label, which has a handful of values.

use std::sync::OnceLock;

use metrics::Counter;

/// One counter for each value of a label, looked up when it first counts something.
#[derive(Debug)]
pub(super) struct ByLabel<const VALUES: usize> {
    values: [&'static str; VALUES],
    counters: [OnceLock<Counter>; VALUES],
}

impl<const VALUES: usize> ByLabel<VALUES> {
    pub(super) const fn new(values: [&'static str; VALUES]) -> Self {
        Self {
            values,
            counters: [const { OnceLock::new() }; VALUES],
        }
    }

    /// The counter of the value with this index; `make` looks it up.
    pub(super) fn get(&self, index: usize, make: impl FnOnce(&'static str) -> Counter) -> &Counter {
        let counter = &self.counters[index];
        counter.get().unwrap_or_else(|| {
            // Invariant: the recorder is called outside of the initialisation: it may count here, too.
            let made = make(self.values[index]);
            counter.get_or_init(|| made)
        })
    }
}
