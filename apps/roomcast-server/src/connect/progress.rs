//! How far the conversation is: what those who wait for something look at.

use std::collections::{BTreeMap, HashMap, HashSet};

use roomcast_client::{Ack, ConnectError, DisconnectReason};

/// How far the conversation is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    /// Acknowledgements that have not come yet.
    pub(crate) waiting: usize,
    /// Lines that could not be sent, and acknowledgements that did not come.
    pub(crate) failures: usize,
    /// The program ends: that the socket is disconnected is no news.
    pub(crate) is_leaving: bool,
    /// Nobody reads the output any more.
    pub(crate) is_unread: bool,
    /// Events that have come and that no `/wait` has used up.
    seen: HashMap<String, usize>,
    hidden: HashSet<String>,
    /// The last number that was given to an event of the server.
    numbered: u64,
    open: BTreeMap<u64, Ack>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Phase {
    /// There was no connection yet.
    #[default]
    Opening,
    Connected,
    /// The connection is lost, and will be opened again.
    Away,
    /// The user has left the namespace.
    Left,
    /// Nothing comes by itself any more.
    Over(End),
}

/// Why it is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// There never was a connection.
    Unreachable(ConnectError),
    Refused(ConnectError),
    /// The connection ended before the namespace was joined for the first time.
    TurnedAway(DisconnectReason),
    Lost(DisconnectReason),
    GaveUp,
}

impl Progress {
    /// Notes an event. One that asks for an answer gets a number by which it can be given.
    pub(crate) fn note(&mut self, event: &str, ack: Option<Ack>) -> Option<u64> {
        if let Some(count) = self.seen.get_mut(event) {
            *count += 1;
        } else if self.seen.len() < MAX_NAMES {
            self.seen.insert(event.to_owned(), 1);
        }
        let ack = ack?;
        self.numbered += 1;
        self.open.insert(self.numbered, ack);
        if self.open.len() > MAX_OPEN {
            // Who has not answered it by now will not.
            self.open.pop_first();
        }
        Some(self.numbered)
    }

    /// Takes an event of this name that has come, if one has.
    pub(crate) fn use_up(&mut self, event: &str) -> bool {
        match self.seen.get_mut(event) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn has_seen(&self, event: &str) -> bool {
        self.seen.get(event).is_some_and(|count| *count > 0)
    }

    /// Takes what answers the event with this number.
    pub(crate) fn take_ack(&mut self, number: u64) -> Option<Ack> {
        self.open.remove(&number)
    }

    pub(crate) fn hide(&mut self, event: String) {
        self.hidden.insert(event);
    }

    pub(crate) fn show(&mut self, event: &str) {
        self.hidden.remove(event);
    }

    pub(crate) fn is_hidden(&self, event: &str) -> bool {
        self.hidden.contains(event)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_unread || matches!(self.phase, Phase::Over(_))
    }
}

const MAX_NAMES: usize = 10_000;

const MAX_OPEN: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_for_one_wait() {
        let mut progress = Progress::default();
        progress.note("a", None);
        progress.note("a", None);

        let used = [(); 3].map(|()| progress.use_up("a"));

        assert_eq!(used, [true, true, false]);
        assert!(!progress.use_up("b"));
    }

    #[test]
    fn names_beyond_the_limit_are_not_kept() {
        let mut progress = Progress::default();
        for name in 0..=MAX_NAMES {
            progress.note(&name.to_string(), None);
        }

        assert!(progress.has_seen(&(MAX_NAMES - 1).to_string()));
        assert!(!progress.has_seen(&MAX_NAMES.to_string()));
    }

    #[test]
    fn a_hidden_event_is_shown_again() {
        let mut progress = Progress::default();

        progress.hide("a".to_owned());
        assert!(progress.is_hidden("a"));
        progress.show("a");
        assert!(!progress.is_hidden("a"));
    }
}
