//! Events of a client on their way to the handlers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task;

use roomcast_socketio::Packet;

use super::Client;
use super::parked::{Ended, Work, contained, panic_message};
use super::span;
use crate::engine::DisconnectCause;
use crate::error::{Refusal, SocketError};
use crate::handler::{
    Answered, AnyHandler, Asker, Call, Cause, Context, Origin, Outcome, OwnedResponder, Responder,
    Slot, Table, Verdict,
};
use crate::metrics;
use crate::recovery::Ticket;
use crate::socket::Socket;

impl Client {
    /// Hands an event to the catch-all handlers, the middleware and the handlers, in this order.
    ///
    /// Events that come after a disconnection are ignored.
    pub(super) fn dispatch(
        &self,
        socket: &Socket,
        packet: &Packet<'_>,
        cx: &mut task::Context<'_>,
    ) {
        if !socket.is_connected() {
            return;
        }
        if let Some(ledger) = socket.ticket().and_then(Ticket::ledger) {
            match ledger.is_new(socket, packet) {
                Ok(true) => {}
                Ok(false) => return,
                Err(panic) => {
                    let event = packet.event().map(|event| event.to_text().as_ref().into());
                    let origin = Origin::Other(event.unwrap_or_default());
                    return self.on_panic(socket, origin, panic_message(&*panic), cx);
                }
            }
        }
        // Invariant: whoever handles the packet answers through this one, so one answer leaves.
        let answered = Answered::default();
        let asker = packet.ack().map(|id| Asker::client(socket, id));
        let responder = Responder::new(asker, &answered);
        let guards = Guards::of(socket);
        let tables = guards.tables();
        if metrics::IS_ON
            && let Some(event) = packet.event()
        {
            let name = event.to_text();
            let handled = tables.has(Slot::Event(&name)).then_some(&*name);
            socket.namespace().meter().received(handled);
        }
        if tables.has(Slot::Any) {
            let call = || Call::named_event(Context::of(socket), packet, responder);
            self.call_entries(socket, tables, Slot::Any, call, cx);
        }
        if tables.has_event_middleware() {
            let asking = ask(
                socket.clone(),
                packet.clone().into_owned(),
                responder.to_owned(),
                guards.to_owned(),
            );
            self.start_event(Box::pin(asking), cx);
        } else {
            self.call_handlers_in(socket, tables, packet, responder, cx);
        }
    }

    /// Runs work that may have to wait: once here, and parked if it is not done then.
    pub(super) fn start_event(&self, work: Work<Ended>, cx: &mut task::Context<'_>) {
        if let Some(ended) = self.parked.start_event(work, cx) {
            self.on_event_ended(ended, cx);
        }
    }

    pub(super) fn on_event_ended(&self, ended: Ended, cx: &mut task::Context<'_>) {
        match ended {
            Ended::Handler => {}
            Ended::Passed(socket, packet, responder) => {
                self.call_event_handlers(&socket, &packet, responder.lend(), cx);
            }
            Ended::Refused(socket, refusal) => {
                self.report(&socket, &SocketError::Refused(refusal), cx);
            }
            Ended::Panicked(socket, origin, message) => self.on_panic(&socket, origin, message, cx),
        }
    }

    /// Calls the handlers of an event that the middleware has let pass.
    fn call_event_handlers<'c>(
        &self,
        socket: &'c Socket,
        packet: &'c Packet<'_>,
        responder: Responder<'c>,
        cx: &mut task::Context<'_>,
    ) {
        let guards = Guards::of(socket);
        self.call_handlers_in(socket, guards.tables(), packet, responder, cx);
    }

    fn call_handlers_in<'c>(
        &self,
        socket: &'c Socket,
        tables: Tables<'_>,
        packet: &'c Packet<'_>,
        responder: Responder<'c>,
        cx: &mut task::Context<'_>,
    ) {
        // The catch-all handlers and the middleware may have disconnected the socket.
        let Some(event) = packet.event().filter(|_| socket.is_connected()) else {
            return;
        };
        let call = || Call::event(Context::of(socket), packet, responder);
        self.call_entries(socket, tables, Slot::Event(&event.to_text()), call, cx);
    }

    /// Calls the handlers of the namespace, then those of the socket.
    pub(super) fn call_slot<'c>(
        &self,
        socket: &Socket,
        slot: Slot<'_>,
        call: impl Fn() -> Call<'c>,
        cx: &mut task::Context<'_>,
    ) {
        let guards = Guards::of(socket);
        self.call_entries(socket, guards.tables(), slot, call, cx);
    }

    fn call_entries<'c>(
        &self,
        socket: &Socket,
        tables: Tables<'_>,
        slot: Slot<'_>,
        call: impl Fn() -> Call<'c>,
        cx: &mut task::Context<'_>,
    ) {
        for table in tables.all() {
            for entry in table.entries(slot) {
                let Some(handler) = entry.claim() else {
                    continue;
                };
                if entry.is_once() {
                    socket.off_handler(entry.id());
                }
                self.call_handler(socket, slot, handler, call(), cx);
            }
        }
    }

    fn call_handler(
        &self,
        socket: &Socket,
        slot: Slot<'_>,
        handler: &AnyHandler,
        mut call: Call<'_>,
        cx: &mut task::Context<'_>,
    ) {
        let watch = socket.namespace().meter().watch(slot.name());
        let span = span::of(socket, slot);
        let calling = || std::panic::catch_unwind(AssertUnwindSafe(|| handler.call(&mut call)));
        match span.in_scope(calling) {
            Ok(Ok(Outcome::Done)) => {}
            Ok(Ok(Outcome::Waiting(work))) => {
                let work = span::over(span, work);
                let stay = socket.namespace().stay();
                let end = move || {
                    watch.end();
                    drop(stay);
                };
                let work = contained(socket.clone(), slot.origin(), work, end);
                self.start_event(work, cx);
            }
            Ok(Err(error)) => {
                let error = SocketError::Argument {
                    event: slot.name().into(),
                    error,
                };
                self.report_unless_error(socket, slot, &error, cx);
            }
            Err(panic) => {
                let message = panic_message(&*panic);
                self.on_panic(socket, slot.origin(), message, cx);
            }
        }
    }

    /// Tells the error handlers of the socket; where there are none, the log.
    pub(super) fn report(&self, socket: &Socket, error: &SocketError, cx: &mut task::Context<'_>) {
        socket.namespace().meter().error(error);
        if Guards::of(socket).tables().has(Slot::Error) {
            self.call_slot(
                socket,
                Slot::Error,
                || Call::bare(Context::because(socket, Cause::Error(error))),
                cx,
            );
        } else {
            // The client's mistakes; a panic was logged where it was caught.
            tracing::debug!(socket = %socket.own_id(), %error, "nobody handles a socket's error");
        }
    }

    pub(super) fn on_panic(
        &self,
        socket: &Socket,
        origin: Origin,
        message: Arc<str>,
        cx: &mut task::Context<'_>,
    ) {
        tracing::error!(socket = %socket.own_id(), ?origin, %message, "a handler panicked");
        let event = match origin {
            Origin::Other(event) => {
                let event_of_cause = Arc::clone(&event);
                self.report(socket, &SocketError::Panic { event, message }, cx);
                event_of_cause
            }
            Origin::ErrorHandler => Slot::Error.name().into(),
        };
        socket.disconnect_for(DisconnectCause::Panic { event });
    }

    /// An error handler that cannot be called is not told of it.
    fn report_unless_error(
        &self,
        socket: &Socket,
        slot: Slot<'_>,
        error: &SocketError,
        cx: &mut task::Context<'_>,
    ) {
        if slot == Slot::Error {
            tracing::error!(%error, "an error handler was not called");
        } else {
            self.report(socket, error, cx);
        }
    }
}

/// The handlers of a namespace and of one socket, as they were when the event came.
struct Guards {
    shared: arc_swap::Guard<Arc<Table>>,
    own: Option<arc_swap::Guard<Arc<Table>>>,
}

impl Guards {
    fn of(socket: &Socket) -> Self {
        Self {
            shared: socket.namespace().table(),
            own: socket.own_table(),
        }
    }

    fn tables(&self) -> Tables<'_> {
        Tables {
            shared: &self.shared,
            own: self.own.as_deref().map(|table| &**table),
        }
    }

    fn to_owned(&self) -> Vec<Arc<Table>> {
        [Some(&self.shared), self.own.as_ref()]
            .into_iter()
            .flatten()
            .map(|table| Arc::clone(table))
            .collect()
    }
}

/// The tables of [`Guards`].
#[derive(Clone, Copy)]
struct Tables<'t> {
    shared: &'t Table,
    own: Option<&'t Table>,
}

impl<'t> Tables<'t> {
    fn all(self) -> impl Iterator<Item = &'t Table> {
        std::iter::once(self.shared).chain(self.own)
    }

    fn has(self, slot: Slot<'_>) -> bool {
        self.all().any(|table| !table.entries(slot).is_empty())
    }

    fn has_event_middleware(self) -> bool {
        self.all().any(|table| !table.event_middleware().is_empty())
    }
}

/// Asks the event middlewares one after the other.
async fn ask(
    socket: Socket,
    packet: Packet<'static>,
    responder: OwnedResponder,
    tables: Vec<Arc<Table>>,
) -> Ended {
    let origin = packet.event().map_or_else(
        || Origin::Other("".into()),
        |event| Slot::Event(&event.to_text()).origin(),
    );
    let asking = AssertUnwindSafe(pass(&socket, &packet, &responder, &tables));
    match futures_util::FutureExt::catch_unwind(asking).await {
        Ok(Ok(())) => Ended::Passed(socket, packet, responder),
        Ok(Err(refusal)) => Ended::Refused(socket, refusal),
        Err(panic) => Ended::Panicked(socket, origin, panic_message(&*panic)),
    }
}

async fn pass(
    socket: &Socket,
    packet: &Packet<'static>,
    responder: &OwnedResponder,
    tables: &[Arc<Table>],
) -> Result<(), Refusal> {
    for middleware in tables.iter().flat_map(|table| table.event_middleware()) {
        if !socket.is_connected() {
            break;
        }
        let verdict = middleware.call(&mut Call::named_event(
            Context::of(socket),
            packet,
            responder.lend(),
        ));
        match verdict {
            Verdict::Now(verdict) => verdict?,
            Verdict::Later(verdict) => verdict.await?,
        }
    }
    Ok(())
}
