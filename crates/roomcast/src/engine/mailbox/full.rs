//! What happens to a message when the outbox is full.

use parking_lot::MutexGuard;

use super::backlog::Backlog;
use super::room::Coming;
use super::{Mailbox, OutboxLimits, OutboxPolicy, SendOptions, Sent, State};
use crate::engine::cause::DisconnectCause;
use crate::engine::outbox::Role;
use crate::engine::totals::Totals;

impl State {
    pub(super) fn set_limits(&mut self, limits: OutboxLimits) {
        self.max_bytes = limits.max_bytes;
        self.max_packets = limits.max_packets;
        self.policy = limits.policy;
        if limits.need_backlog() {
            self.keep_backlog();
        }
    }

    /// Whether a message needs a closer look. A closed outbox is full, too.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.pending_bytes > self.max_bytes || self.waiting >= self.max_packets
    }

    /// Whether the transport would take a message at once.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.is_writable && self.queue.is_empty()
    }

    /// Whether who may wait for room has to: half of it is left to those who cannot.
    pub(super) fn is_half_full(&self) -> bool {
        self.will_be_half_full(Coming::default())
    }

    /// Whether it is half full with what is coming.
    pub(super) fn will_be_half_full(&self, coming: Coming) -> bool {
        self.pending_bytes.saturating_add(coming.bytes as usize) > self.max_bytes / 2
            || self.waiting.saturating_add(coming.packets) >= (self.max_packets / 2).max(1)
    }

    /// Whether who waits for room may go on: so much is free that several do at once.
    pub(super) fn has_room(&self) -> bool {
        self.pending_bytes <= self.max_bytes / 4 && self.waiting <= self.max_packets / 4
    }

    /// Where waiting packets are kept in reach, what is known of them.
    pub(super) fn backlog(&mut self) -> Option<&mut Backlog> {
        self.extra.as_mut()?.backlog.as_mut()
    }

    /// From now on waiting packets are kept in reach.
    pub(super) fn keep_backlog(&mut self) -> &mut Backlog {
        let extra = self.extra.get_or_insert_default();
        extra.backlog.get_or_insert_default()
    }
}

impl Mailbox {
    /// Sets how much may wait, and what happens beyond, from now on.
    pub(crate) fn set_limits(&self, change: impl FnOnce(&mut OutboxLimits)) {
        let mut state = self.state.lock();
        if state.is_ending {
            return;
        }
        let mut limits = OutboxLimits {
            max_bytes: state.max_bytes,
            max_packets: state.max_packets,
            policy: state.policy,
        };
        change(&mut limits);
        state.set_limits(limits);
    }

    /// Does with a message of `bytes` what the policy says for a full outbox, and what is right for a
    /// closed one: gives the state back if it may be queued all the same.
    #[cold]
    pub(super) fn make_room<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        options: SendOptions,
        bytes: usize,
    ) -> Result<MutexGuard<'s, State>, Sent> {
        if state.is_closed {
            return Err(Sent::Closed);
        }
        if state.is_ending {
            return Err(Sent::Queued);
        }
        if options.is_volatile && !state.is_idle() {
            return Err(Sent::Dropped);
        }
        if options.role == Role::ESSENTIAL {
            return match state.policy {
                OutboxPolicy::Disconnect => Err(self.overflow(state)),
                _ => self.overdraw(state, bytes),
            };
        }
        let policy = options.when_full.unwrap_or(state.policy);
        match policy {
            OutboxPolicy::Disconnect => Err(self.overflow(state)),
            OutboxPolicy::DropNewest => {
                self.flusher.count(|totals| totals.dropped(1));
                Err(Sent::Dropped)
            }
            OutboxPolicy::Error => {
                self.flusher.count(Totals::refused);
                Err(Sent::Full)
            }
            OutboxPolicy::DropOldest => {
                let dropped = state.drop_oldest();
                self.flusher.count(|totals| totals.dropped(dropped));
                Ok(state)
            }
        }
    }

    /// Lets a packet in that the client cannot do without, as long as they are not too many.
    fn overdraw<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        bytes: usize,
    ) -> Result<MutexGuard<'s, State>, Sent> {
        let extra = state.extra.get_or_insert_default();
        extra.overdraft += bytes;
        if extra.overdraft > state.max_bytes {
            return Err(self.overflow(state));
        }
        Ok(state)
    }

    fn overflow(&self, mut state: MutexGuard<'_, State>) -> Sent {
        if !std::mem::replace(&mut state.has_overflowed, true) {
            self.flusher.count(Totals::overflowed);
            let pending_bytes = state.pending_bytes;
            state.blame(|| DisconnectCause::SlowReader { pending_bytes });
        }
        state.is_notified = true;
        Self::wake(state);
        Sent::Closed
    }
}
