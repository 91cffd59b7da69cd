//! What happens to a manager.

use std::sync::Arc;

use roomcast_engineio::Transport;
use roomcast_engineio::client::ProbeFailure;
use roomcast_socketio::client::CloseReason;

use crate::error::{Description, OpenError};

/// What happens to a manager.
///
/// Spec: features 6.14.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum ManagerEvent {
    /// The connection is open.
    #[non_exhaustive]
    Open {
        /// The transport on which it was opened.
        transport: Transport,
        /// The id of the Engine.IO session.
        sid: Arc<str>,
    },
    /// The connection could not be opened, or broke.
    Error(OpenError),
    /// The server has pinged.
    Ping,
    /// The session has moved to this transport.
    Upgrade(Transport),
    /// The session could not be moved to this transport, and goes on without.
    #[non_exhaustive]
    UpgradeError {
        /// The transport that was tried.
        transport: Transport,
        /// Why it is given up.
        failure: ProbeFailure,
    },
    /// The connection has ended.
    #[non_exhaustive]
    Close {
        /// Why.
        reason: CloseReason,
        /// What else is known.
        description: Option<Description>,
    },
    /// An attempt to connect again begins once this is handled; attempts count from 1.
    ReconnectAttempt(u32),
    /// That attempt was successful.
    Reconnect(u32),
    /// An attempt to connect again was not.
    ReconnectError(OpenError),
    /// There will be no further attempt.
    ReconnectFailed,
}
