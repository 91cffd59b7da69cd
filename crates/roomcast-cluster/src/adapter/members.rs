//! Which other nodes live.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::NodeId;

/// How long a node may be silent. Spec: cluster, section 5.
pub const EXPIRY: Duration = Duration::from_secs(10);

/// How long an adapter says nothing that shows it is there. Spec: cluster, section 5.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// The most nodes that an adapter knows; it takes no notice of more.
pub const MAX_NODES: usize = 10_000;

/// The other nodes of a namespace, known by what they send.
#[derive(Debug, Default)]
pub(super) struct Members {
    last_seen: BTreeMap<NodeId, Instant>,
    /// Invariant: not later than the end of anybody's [`EXPIRY`].
    sweep_at: Option<Instant>,
}

impl Members {
    /// A node has sent something. Returns whether it is new.
    pub(super) fn see(&mut self, now: Instant, node: &NodeId) -> bool {
        if let Some(last_seen) = self.last_seen.get_mut(node) {
            *last_seen = now;
            return false;
        }
        if self.last_seen.len() >= MAX_NODES {
            return false;
        }
        self.last_seen.insert(node.clone(), now);
        self.sweep_at.get_or_insert(now + EXPIRY);
        true
    }

    /// A node has answered, which it may have done before it left: it is not taken for a new one.
    pub(super) fn refresh(&mut self, now: Instant, node: &NodeId) {
        if let Some(last_seen) = self.last_seen.get_mut(node) {
            *last_seen = now;
        }
    }

    /// A node has left. Returns whether it was known.
    pub(super) fn remove(&mut self, node: &NodeId) -> bool {
        self.last_seen.remove(node).is_some()
    }

    /// Removes those who were silent for too long.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<NodeId> {
        if self.sweep_at.is_none_or(|at| now < at) {
            return Vec::new();
        }
        let is_silent = |last_seen: Instant| now.saturating_duration_since(last_seen) >= EXPIRY;
        let silent = self.last_seen.iter().filter(|(_, seen)| is_silent(**seen));
        let silent: Vec<_> = silent.map(|(node, _)| node.clone()).collect();
        for node in &silent {
            self.last_seen.remove(node);
        }
        self.sweep_at = self.last_seen.values().min().map(|oldest| *oldest + EXPIRY);
        silent
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.sweep_at
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &NodeId> {
        self.last_seen.keys()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_silent_for_ten_seconds_expires_and_one_that_speaks_does_not() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut members = Members::default();
        assert!(members.see(at(0), &"a".into()));
        assert!(members.see(at(0), &"b".into()));
        assert!(!members.see(at(4_000), &"b".into()));

        assert_eq!(members.sweep(at(9_999)), []);
        assert_eq!(members.sweep(at(10_000)), ["a".into()]);
        assert_eq!(members.next_timeout(), Some(at(14_000)));
        assert_eq!(members.sweep(at(14_000)), ["b".into()]);
        assert_eq!(members.next_timeout(), None);
    }

    #[test]
    fn nodes_above_the_limit_are_not_taken_notice_of() {
        let now = Instant::now();
        let mut members = Members::default();
        for number in 0..MAX_NODES {
            assert!(members.see(now, &NodeId::from(&*number.to_string())));
        }

        assert!(!members.see(now, &"one-more".into()));
        assert_eq!(members.iter().len(), MAX_NODES);
    }
}
