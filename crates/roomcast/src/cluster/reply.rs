//! The answer of a handler to an event that another server has sent.

use std::sync::Weak;

use roomcast_cluster::{Body, NodeId, RequestId};
use roomcast_socketio::Spread;
use serde::Serialize;

use super::link::Shared;

/// Where the answer goes, if one is wanted.
#[derive(Clone, Debug)]
pub(crate) struct ServerReply {
    pub(super) link: Weak<Shared>,
    pub(super) to: Option<NodeId>,
    pub(super) request: Option<RequestId>,
}

impl ServerReply {
    pub(crate) fn is_wanted(&self) -> bool {
        self.request.is_some()
    }

    /// Sends the first value: the others have no place on the wire.
    pub(crate) fn send<T: Serialize + ?Sized>(&self, args: &T) {
        let (Some(request), Some(link)) = (&self.request, self.link.upgrade()) else {
            return;
        };
        match Spread::of(args) {
            Ok(Spread(values)) => link.respond(
                self.to.clone(),
                Body::ServerSideEmitResponse {
                    request: request.clone(),
                    packet: values.into_iter().next().unwrap_or_default(),
                },
            ),
            Err(error) => tracing::warn!(%error, "an answer to a server cannot be encoded"),
        }
    }
}
