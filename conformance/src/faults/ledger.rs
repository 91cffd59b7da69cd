//! What a client and its server have found so far.

use std::sync::Arc;

use parking_lot::Mutex;

/// What a client and its server have found so far. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Mutex<Found>>);

/// Only counts and the next numbers are kept, so that memory shows what the client holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// Events of the queue that the server has handled, each counted once.
    pub(super) handled: u64,
    /// Those that it has handled a second time.
    pub(super) repeated: u64,
    /// How often the client has sent an event of the queue.
    pub(super) sent: u64,
    /// Answers in the queue.
    pub(super) answered: u64,
    /// What the server has told the client of the queue's events.
    pub(super) told: u64,
    pub(super) untold: u64,
    /// Sessions: the first, those that were recovered, and those that began anew.
    pub(super) connections: u64,
    pub(super) recovered: u64,
    /// Events of `/plain`: handled by the server, answered, failed.
    pub(super) plain_handled: u64,
    pub(super) plain_answered: u64,
    pub(super) plain_failed: u64,
    next_plain: u64,
    /// What must not be, the first few.
    pub(super) wrong: Vec<String>,
}

impl Found {
    /// How often a session began anew after the first time.
    pub(super) fn anew(&self) -> u64 {
        self.connections.saturating_sub(1 + self.recovered)
    }

    pub(super) fn blame(&mut self, what: String) {
        if self.wrong.len() < 20 {
            self.wrong.push(what);
        }
    }
}

impl Ledger {
    pub(super) fn found(&self) -> Found {
        self.0.lock().clone()
    }

    /// The server handles an event of the queue.
    pub(super) fn handle(&self, number: u64) {
        let mut found = self.0.lock();
        match found.handled {
            next if number == next => found.handled += 1,
            next if number + 1 == next => found.repeated += 1,
            next => found.blame(format!("handled {number} where {next} was next")),
        }
    }

    /// The client sends an event of the queue.
    pub(super) fn send(&self) {
        self.0.lock().sent += 1;
    }

    /// The client's callback of an event of the queue is called.
    pub(super) fn answer(&self, number: u64, answer: &Result<u64, String>) {
        let mut found = self.0.lock();
        let next = found.answered;
        if *answer != Ok(number) || number != next {
            found.blame(format!("{number} was answered {answer:?}, {next} was next"));
        }
        found.answered += 1;
    }

    /// The server tells the client of an event that it has handled.
    pub(super) fn tell(&self, number: u64) {
        let mut found = self.0.lock();
        let next = found.told;
        if number < next && found.repeated == 0 {
            found.blame(format!("told of {number} where {next} was next"));
        }
        found.untold += number.saturating_sub(next);
        found.told = next.max(number + 1);
    }

    pub(super) fn connect(&self, is_recovered: bool) {
        let mut found = self.0.lock();
        found.connections += 1;
        found.recovered += u64::from(is_recovered);
    }

    /// The server handles an event of `/plain`.
    pub(super) fn handle_plain(&self, number: u64) {
        let mut found = self.0.lock();
        let next = found.next_plain;
        if number < next {
            found.blame(format!("plain {number} was handled after {next}"));
        }
        found.next_plain = number + 1;
        found.plain_handled += 1;
    }

    /// The client's callback of an event of `/plain` is called.
    pub(super) fn answer_plain(&self, number: u64, answer: &Result<u64, String>) {
        let mut found = self.0.lock();
        match answer {
            Ok(answer) if *answer == number => found.plain_answered += 1,
            Ok(answer) => found.blame(format!("plain {number} was answered {answer}")),
            Err(_) => found.plain_failed += 1,
        }
    }

    pub(super) fn blame(&self, what: String) {
        self.0.lock().blame(what);
    }
}
