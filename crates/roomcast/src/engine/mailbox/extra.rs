//! What few sessions have.

use std::sync::Arc;

use tokio::sync::Notify;

use super::backlog::Backlog;
use crate::engine::cause::DisconnectCause;
use crate::engine::events::Listener;

/// State of a session that is not an ordinary one.
///
/// Cost: a pointer where there is none.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// Where waiting packets may be dropped or replaced.
    pub(super) backlog: Option<Backlog>,
    /// Bytes of packets that were let in over the limit since the outbox was last within it.
    pub(super) overdraft: usize,
    /// What has ended the session, or will.
    pub(super) cause: Option<DisconnectCause>,
    /// Who is told of the session's events; replaced as a whole.
    pub(super) listeners: Arc<Vec<Listener>>,
    /// Bytes of what other servers said and the session has not looked at.
    pub(super) relayed_bytes: usize,
    /// Somebody has waited for room.
    pub(super) room: Option<Arc<Notify>>,
}
