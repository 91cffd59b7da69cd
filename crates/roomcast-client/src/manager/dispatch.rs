//! Calling handlers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use futures_util::future::FutureExt as _;
use roomcast_socketio::Packet;
use roomcast_socketio::client::{AckError, AckToken, Answer, OutgoingPacket, Output, SocketKey};

use super::ManagerEvent;
use super::held::HeldEvent;
use super::task::{Finished, Parked, Task};
use crate::error::{SocketError, TransportError};
use crate::handler::{
    Answered, Asker, BoxFuture, Call, Cause, Context as About, Outcome, Responder, Slot,
};
use crate::socket::Socket;

type CoreEvent = roomcast_socketio::client::ManagerEvent<TransportError>;

impl Task {
    /// Tells users what has happened.
    pub(super) fn dispatch(&mut self, cx: &mut Context<'_>, output: Output<'_, TransportError>) {
        match output {
            Output::Event {
                socket,
                packet,
                answer,
            } if self.may_start() && self.held.is_empty() => {
                self.on_event(cx, socket, &packet, answer);
            }
            Output::Event {
                socket,
                packet,
                answer,
            } => self.held.push(HeldEvent {
                socket,
                packet: packet.into_owned(),
                answer,
            }),
            Output::AnyOutgoing { socket, packet } => self.on_outgoing(cx, socket, &packet),
            Output::Ack { token, result } => self.on_ack(cx, token, result.as_ref()),
            Output::Connect { socket, .. } => {
                self.shared.lock().failures.remove(&socket);
                self.tell(cx, socket, Slot::Connect, Cause::Plain);
            }
            Output::ConnectError { socket, error } => {
                self.shared.lock().failures.insert(socket, error.clone());
                self.tell(cx, socket, Slot::ConnectError, Cause::ConnectError(&error));
            }
            Output::Disconnect {
                socket,
                reason,
                description,
            } => {
                // What came before comes before.
                while let Some(event) = self.held.pop() {
                    self.on_event(cx, event.socket, &event.packet, event.answer);
                }
                let cause = Cause::Disconnect(reason, description.as_ref());
                self.tell(cx, socket, Slot::Disconnect, cause);
            }
            Output::Packet(packet) => self.show(&packet),
            Output::Manager(event) => {
                if let Some(event) = self.manager_event(event) {
                    self.report(&event);
                }
            }
            // What the task does itself.
            Output::OpenEngine(_)
            | Output::CloseEngine { .. }
            | Output::Send
            | Output::AskAuth(_) => {}
        }
    }

    /// Starts what has waited for handlers to end.
    pub(super) fn release(&mut self, cx: &mut Context<'_>) {
        while self.may_start()
            && let Some(event) = self.held.pop()
        {
            self.on_event(cx, event.socket, &event.packet, event.answer);
        }
    }

    fn may_start(&self) -> bool {
        self.parked.len() < self.shared.max_waiting_handlers
    }

    fn on_event(
        &mut self,
        cx: &mut Context<'_>,
        key: SocketKey,
        packet: &Packet<'_>,
        answer: Option<Answer>,
    ) {
        let (Some(socket), Some(name)) = (self.socket(key), packet.event()) else {
            return;
        };
        // Invariant: whoever handles the event answers through this one, so one answer leaves.
        let answered = Answered::default();
        let asker = answer.map(|answer| Asker::new(&socket, answer));
        let responder = Responder::new(asker, &answered);
        let about = About {
            socket: &socket,
            cause: Cause::Event(packet),
        };
        let call = || Call::named_event(about, packet, responder);
        self.call(cx, &socket, Slot::Any, call);
        let call = || Call::event(about, packet, responder);
        self.call(cx, &socket, Slot::Event(&name.to_text()), call);
    }

    fn on_outgoing(&mut self, cx: &mut Context<'_>, key: SocketKey, packet: &OutgoingPacket) {
        let (Some(socket), Some(packet)) = (self.socket(key), packet.to_packet()) else {
            return;
        };
        let about = About {
            socket: &socket,
            cause: Cause::Plain,
        };
        let call = || Call::named_event(about, &packet, Responder::nobody());
        self.call(cx, &socket, Slot::AnyOutgoing, call);
    }

    fn tell(&mut self, cx: &mut Context<'_>, key: SocketKey, slot: Slot<'_>, cause: Cause<'_>) {
        let Some(socket) = self.socket(key) else {
            return;
        };
        let about = About {
            socket: &socket,
            cause,
        };
        self.call(cx, &socket, slot, || Call::bare(about));
    }

    /// Calls the handlers that were there when it began, one after the other.
    fn call<'c>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &Socket,
        slot: Slot<'_>,
        call: impl Fn() -> Call<'c>,
    ) {
        for entry in socket.handlers(slot).iter() {
            let Some(handler) = entry.claim() else {
                continue;
            };
            if let Some(id) = entry.once() {
                socket.off_handler(id);
            }
            let mut call = call();
            match catch_unwind(AssertUnwindSafe(|| handler.call(&mut call))) {
                Ok(Ok(Outcome::Done)) => {}
                Ok(Ok(Outcome::Waiting(work))) => self.park(cx, socket, slot, work),
                Ok(Err(error)) => {
                    let event = slot.name().into();
                    self.report_of(cx, socket, slot, &SocketError::Argument { event, error });
                }
                Err(panic) => self.report_of(cx, socket, slot, &panicked(slot.name(), &*panic)),
            }
        }
    }

    /// Polls work once in place, and keeps it if it waits.
    fn park(&mut self, cx: &mut Context<'_>, socket: &Socket, slot: Slot<'_>, work: BoxFuture) {
        let (socket, name) = (socket.clone(), slot.name().to_owned());
        let is_error_handler = slot == Slot::Error;
        let mut work: Parked = Box::pin(async move {
            let Err(panic) = AssertUnwindSafe(work).catch_unwind().await else {
                return Finished::Handler;
            };
            let error = panicked(&name, &*panic);
            if is_error_handler {
                tracing::error!(%error, "an error handler failed");
                return Finished::Handler;
            }
            Finished::Panicked(socket, error)
        });
        match work.as_mut().poll(cx) {
            Poll::Ready(Finished::Panicked(socket, error)) => {
                self.report_error(cx, &socket, &error);
            }
            Poll::Ready(_) => {}
            Poll::Pending => self.parked.push(work),
        }
    }

    fn on_ack(
        &mut self,
        cx: &mut Context<'_>,
        token: AckToken,
        result: Result<&Packet<'_>, &AckError>,
    ) {
        let waiter = self.shared.lock().acks.remove(&token);
        let Some((key, waiter)) = waiter else {
            return;
        };
        let result = result.map_err(|error| *error);
        let called = catch_unwind(AssertUnwindSafe(|| waiter(result)));
        if let (Err(panic), Some(socket)) = (called, self.socket(key)) {
            self.report_error(cx, &socket, &panicked("acknowledgement", &*panic));
        }
    }

    /// Tells the error handlers of a socket; where there are none, the log.
    pub(super) fn report_error(
        &mut self,
        cx: &mut Context<'_>,
        socket: &Socket,
        error: &SocketError,
    ) {
        if socket.handlers(Slot::Error).is_empty() {
            let namespace = socket.namespace();
            return tracing::error!(namespace, %error, "nobody handles a socket's error");
        }
        let about = About {
            socket,
            cause: Cause::Error(error),
        };
        self.call(cx, socket, Slot::Error, || Call::bare(about));
    }

    /// A handler of errors is not told of its own.
    fn report_of(
        &mut self,
        cx: &mut Context<'_>,
        socket: &Socket,
        slot: Slot<'_>,
        error: &SocketError,
    ) {
        match slot {
            Slot::Error => tracing::error!(%error, "an error handler failed"),
            _ => self.report_error(cx, socket, error),
        }
    }

    /// Tells those who listen to the manager.
    pub(super) fn report(&self, event: &ManagerEvent) {
        let list = self.shared.listeners.lock().clone();
        for listener in list.iter().filter_map(|entry| entry.claim()) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| listener(event))) {
                let message = message_of(&*panic);
                tracing::error!(message, "a listener of a manager panicked");
            }
        }
    }

    /// Shows a packet of the server to those who look at all of them.
    fn show(&self, packet: &Packet<'_>) {
        let list = self.shared.packet_listeners.lock().clone();
        for listener in list.iter().filter_map(|entry| entry.claim()) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| listener(packet))) {
                let message = message_of(&*panic);
                tracing::error!(message, "a listener of a manager panicked");
            }
        }
    }

    fn manager_event(&self, event: CoreEvent) -> Option<ManagerEvent> {
        Some(match event {
            CoreEvent::Open => {
                let state = self.shared.lock();
                ManagerEvent::Open {
                    transport: state.link.transport?,
                    sid: state.link.handshake.as_ref()?.sid.as_ref().into(),
                }
            }
            CoreEvent::Error(error) => ManagerEvent::Error(error),
            CoreEvent::Ping => ManagerEvent::Ping,
            CoreEvent::Close {
                reason,
                description,
            } => ManagerEvent::Close {
                reason,
                description,
            },
            CoreEvent::ReconnectAttempt(attempt) => ManagerEvent::ReconnectAttempt(attempt),
            CoreEvent::Reconnect(attempt) => ManagerEvent::Reconnect(attempt),
            CoreEvent::ReconnectError(error) => ManagerEvent::ReconnectError(error),
            CoreEvent::ReconnectFailed => ManagerEvent::ReconnectFailed,
            _ => return None,
        })
    }
}

/// What a function of the user comes to that is asked for something. If it panics, that is its error.
pub(super) async fn unwound<T>(
    what: &'static str,
    asking: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    let asked = AssertUnwindSafe(asking).catch_unwind().await;
    asked.unwrap_or_else(|panic| {
        let message = message_of(&*panic);
        Err(format!("the {what} function panicked: {message}"))
    })
}

fn panicked(event: &str, panic: &(dyn Any + Send)) -> SocketError {
    SocketError::Panic {
        event: event.into(),
        message: message_of(panic).into(),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message")
}
