//! Calling listeners.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::FutureExt as _;
use roomcast_socketio::Packet;
use roomcast_socketio::client::{AckError, AckToken, Answer, Output, SocketKey};

use super::ManagerEvent;
use super::task::{Finished, Parked, Task};
use crate::error::TransportError;
use crate::listener::{BoxFuture, Call, Cause, Outcome, Responder, Slot};
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
            } => self.on_event(cx, socket, &packet, answer),
            Output::AnyOutgoing { socket, packet } => {
                if let Some(packet) = packet.to_packet() {
                    let cause = Cause::Event {
                        packet: &packet,
                        responder: None,
                    };
                    self.tell(cx, socket, Slot::AnyOutgoing, cause);
                }
            }
            Output::Ack { token, result } => self.on_ack(token, result.as_ref()),
            Output::Connect {
                socket, recovered, ..
            } => self.tell(cx, socket, Slot::Connect, Cause::Connect { recovered }),
            Output::ConnectError { socket, error } => {
                self.tell(cx, socket, Slot::ConnectError, Cause::ConnectError(&error));
            }
            Output::Disconnect {
                socket,
                reason,
                description,
            } => {
                let description = description.as_ref();
                let cause = Cause::Disconnect {
                    reason,
                    description,
                };
                self.tell(cx, socket, Slot::Disconnect, cause);
            }
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
        let responder = answer.map(|answer| Responder::new(Arc::clone(&self.shared), answer));
        for slot in [Slot::Any, Slot::Event(&name.to_text())] {
            let cause = Cause::Event {
                packet,
                responder: responder.as_ref(),
            };
            self.call(cx, &socket, slot, cause);
        }
    }

    fn tell(&mut self, cx: &mut Context<'_>, socket: SocketKey, slot: Slot<'_>, cause: Cause<'_>) {
        if let Some(socket) = self.socket(socket) {
            self.call(cx, &socket, slot, cause);
        }
    }

    /// Calls the listeners that were there when it began, one after the other.
    fn call(&mut self, cx: &mut Context<'_>, socket: &Socket, slot: Slot<'_>, cause: Cause<'_>) {
        let list = socket.listeners(slot);
        let call = Call { socket, cause };
        for entry in list.iter() {
            let Some(listener) = entry.claim() else {
                continue;
            };
            if let Some(id) = entry.once() {
                socket.off_listener(id);
            }
            match catch_unwind(AssertUnwindSafe(|| listener(&call))) {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Waiting(future)) => self.park(cx, socket, slot, future),
                Err(panic) => self.report(&panicked(socket.namespace(), slot.name(), &*panic)),
            }
        }
    }

    /// Polls work once in place, and keeps it if it waits.
    fn park(&mut self, cx: &mut Context<'_>, socket: &Socket, slot: Slot<'_>, work: BoxFuture) {
        let namespace = socket.namespace().to_owned();
        let name = slot.name().to_owned();
        let mut work: Parked = Box::pin(async move {
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(()) => Finished::Listener,
                Err(panic) => Finished::Panicked(panicked(&namespace, &name, &*panic)),
            }
        });
        match work.as_mut().poll(cx) {
            Poll::Ready(Finished::Panicked(report)) => self.report(&report),
            Poll::Ready(_) => {}
            Poll::Pending => self.parked.push(work),
        }
    }

    fn on_ack(&mut self, token: AckToken, result: Result<&Packet<'_>, &AckError>) {
        let waiter = self.shared.lock().acks.remove(&token);
        let Some(waiter) = waiter else {
            return;
        };
        let result = result.map_err(|error| *error);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waiter(result))) {
            self.report(&panicked("", "acknowledgement", &*panic));
        }
    }

    /// Tells those who listen to the manager.
    pub(super) fn report(&self, event: &ManagerEvent) {
        if let ManagerEvent::ListenerPanicked {
            listener, message, ..
        } = event
        {
            tracing::error!(%listener, %message, "a listener panicked");
        }
        let list = self.shared.listeners.lock().clone();
        for listener in list.iter().filter_map(|entry| entry.claim()) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| listener(event))) {
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
                    sid: state.link.sid.clone()?,
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

fn panicked(namespace: &str, listener: &str, panic: &(dyn Any + Send)) -> ManagerEvent {
    ManagerEvent::ListenerPanicked {
        namespace: namespace.into(),
        listener: listener.into(),
        message: message_of(panic).into(),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message")
}
