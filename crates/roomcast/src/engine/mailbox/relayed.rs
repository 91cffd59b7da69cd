//! What other servers say of a session, on its way to the session's task.

use roomcast_engineio::{CloseReason, TransportError};

use super::{Input, Mailbox, Relayed};
use crate::engine::cause::DisconnectCause;

impl Mailbox {
    /// Hands over what another server says. If more than `max_bytes` wait the session ends: the other
    /// server cannot be slowed down.
    pub(crate) fn tell_relayed(&self, relayed: Relayed, max_bytes: usize) {
        let mut state = self.state.lock();
        if state.is_closed {
            return;
        }
        let extra = state.extra.get_or_insert_default();
        let input = if extra.relayed_bytes > max_bytes {
            state.blame(|| DisconnectCause::limit(&"more came from other servers than is kept"));
            Input::Discard(CloseReason::TransportError(TransportError::Connection))
        } else {
            extra.relayed_bytes += relayed.bytes();
            Input::Relayed(Box::new(relayed))
        };
        state.inbox.push(input);
        Self::wake(state);
    }

    /// The session has looked at so many bytes of what other servers said.
    pub(crate) fn take_relayed(&self, bytes: usize) {
        let mut state = self.state.lock();
        if let Some(extra) = &mut state.extra {
            extra.relayed_bytes = extra.relayed_bytes.saturating_sub(bytes);
        }
    }
}
