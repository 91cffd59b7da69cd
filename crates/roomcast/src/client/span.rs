//! The tracing span of a handler: who logs inside is seen with the socket and the event.

use tracing::{Instrument as _, Span};

use crate::handler::{BoxFuture, Slot};
use crate::socket::Socket;

/// The span of one call, at the level `DEBUG`; where nobody listens, none.
///
/// Spec: features N16.
pub(crate) fn of(socket: &Socket, slot: Slot<'_>) -> Span {
    tracing::debug_span!(
        target: "roomcast::event",
        "event",
        event = slot.name(),
        namespace = socket.namespace().name(),
        socket = %socket.own_id(),
        transport = socket.conn().transport().as_str(),
    )
}

/// Goes on with `work` inside of the span.
pub(crate) fn over(span: Span, work: BoxFuture) -> BoxFuture {
    if span.is_disabled() {
        return work;
    }
    Box::pin(work.instrument(span))
}
