//! The task of a manager: it owns the engine and does what the core says.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_engineio::Transport;
use roomcast_engineio::client::CloseReason as EngineReason;
use roomcast_socketio::Map;
use roomcast_socketio::client::{AuthRequest, CloseReason, Closing, EngineKey, Output};
use tokio::time::Sleep;

use super::ManagerEvent;
use super::held::Held;
use super::outbox::Outbox;
use super::shared::{Expiry, Flush, Link, Shared};
use crate::engine::{self, Closed, Engine, EngineEvent, Received};
use crate::error::{NotFlushed, SocketError, TransportError};
use crate::socket::Socket;

/// Runs until there is nothing to do or to wait for.
pub(super) fn run(shared: Arc<Shared>) -> impl Future<Output = ()> + Send {
    let mut task = Task {
        shared,
        current: None,
        parked: FuturesUnordered::new(),
        held: Held::default(),
        timer: None,
        has_ended: false,
    };
    poll_fn(move |cx| task.poll(cx))
}

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    current: Option<Current>,
    /// Handlers and auth functions that wait.
    pub(super) parked: FuturesUnordered<Parked>,
    /// Events for which too many handlers wait.
    pub(super) held: Held,
    timer: Option<Pin<Box<Sleep>>>,
    /// It has ended by itself. Another one may run already.
    has_ended: bool,
}

/// The engine that the core knows.
struct Current {
    key: EngineKey,
    engine: Box<Engine>,
}

/// Work that waits.
pub(super) type Parked = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// What a piece of work came to.
pub(super) enum Finished {
    Handler,
    /// A handler panicked.
    Panicked(Socket, SocketError),
    Auth(AuthRequest, Result<Option<Map>, String>),
}

/// What ends a wait.
enum Next {
    Engine(EngineEvent),
    Finished(Finished),
    Due,
    Work,
    Rest,
}

impl Task {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.drain(cx);
            match ready!(self.poll_next(cx)) {
                Next::Engine(event) => self.on_engine(cx, event),
                Next::Finished(finished) => {
                    self.on_finished(cx, finished);
                    self.release(cx);
                }
                Next::Due => self.shared.lock().core.handle_timeout(engine::now()),
                Next::Work => {}
                Next::Rest => return Poll::Ready(()),
            }
        }
    }

    /// Does all that is to be done now.
    fn drain(&mut self, cx: &mut Context<'_>) {
        self.drop_engine_if_asked();
        while let Some(output) = self.next_output() {
            self.perform(cx, output);
        }
    }

    fn next_output(&self) -> Option<Output<'static, TransportError>> {
        self.shared.lock().core.poll_output(engine::now())
    }

    fn drop_engine_if_asked(&mut self) {
        let mut state = self.shared.lock();
        let is_asked = std::mem::take(&mut state.wants_drop);
        let has_expired = std::mem::take(&mut state.link.has_expired);
        drop(state);
        match &mut self.current {
            Some(current) if has_expired => current.engine.discard(EngineReason::PingTimeout),
            Some(current) if is_asked => current.engine.close(&mut Outbox(&self.shared)),
            _ => {}
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(current) = &mut self.current {
            current.engine.set_reading(!self.held.is_full());
        }
        if let Some(current) = &mut self.current
            && let Poll::Ready(event) = current.engine.poll_event(cx, &mut Outbox(&self.shared))
        {
            return Poll::Ready(Next::Engine(event));
        }
        if let Poll::Ready(Some(finished)) = self.parked.poll_next_unpin(cx) {
            return Poll::Ready(Next::Finished(finished));
        }
        let mut state = self.shared.lock();
        if state.has_work() {
            return Poll::Ready(Next::Work);
        }
        state.link = self.link();
        state.link.is_writable &= !state.core.has_packets();
        let flushed = self.flushed(&mut state);
        let due = state.core.next_timeout();
        let rests = self.current.is_none() && self.parked.is_empty() && due.is_none();
        match rests && state.flushes.is_empty() {
            true => state.rest(),
            false => state.wait(cx.waker()),
        }
        let rests = rests && state.flushes.is_empty();
        let with_room = state.with_room();
        drop(state);
        for has_room in with_room {
            // Who does not wait any more is not told.
            let _ = has_room.send(());
        }
        for (flush, result) in flushed {
            // Who does not wait any more is not told.
            let _ = flush.done.send(result);
        }
        if rests {
            self.has_ended = true;
            return Poll::Ready(Next::Rest);
        }
        self.poll_timer(cx, due)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, due: Option<std::time::Instant>) -> Poll<Next> {
        let Some(due) = due else {
            self.timer = None;
            return Poll::Pending;
        };
        let due = tokio::time::Instant::from_std(due);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx).map(|()| Next::Due)
    }

    fn link(&self) -> Link {
        let Some(Current { engine, .. }) = &self.current else {
            return Link::default();
        };
        Link {
            transport: Some(engine.transport()),
            sid: engine.sid().map(Into::into),
            is_writable: engine.is_writable(),
            expiry: engine.expiry().map(|(deadline, wall_deadline)| Expiry {
                deadline,
                wall_deadline,
            }),
            has_expired: false,
        }
    }

    /// Takes out who need not wait any more for everything to have left.
    fn flushed(&self, state: &mut super::shared::State) -> Vec<(Flush, Result<(), NotFlushed>)> {
        if state.flushes.is_empty() {
            return Vec::new();
        }
        let is_drained = self
            .current
            .as_ref()
            .is_none_or(|current| current.engine.is_drained());
        let is_drained = is_drained && !state.core.has_packets();
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        for flush in std::mem::take(&mut state.flushes) {
            let has_none = state.core.waiting(flush.socket) == 0;
            match (has_none && is_drained, state.core.is_active(flush.socket)) {
                (true, _) => done.push((flush, Ok(()))),
                (false, false) => done.push((flush, Err(NotFlushed))),
                (false, true) => waiting.push(flush),
            }
        }
        state.flushes = waiting;
        done
    }

    fn on_engine(&mut self, cx: &mut Context<'_>, event: EngineEvent) {
        let Some(key) = self.current.as_ref().map(|current| current.key) else {
            return;
        };
        let now = engine::now();
        match event {
            EngineEvent::Opened(transport) => {
                self.shared.upgrade_memory.opened(transport);
                let mut state = self.shared.lock();
                state.link = self.link();
                state.core.engine_opened(key);
            }
            EngineEvent::Message(Received::Text(text)) => {
                let output = self.shared.lock().core.handle_text(now, key, &text);
                if let Some(output) = output {
                    self.perform(cx, output);
                }
            }
            EngineEvent::Message(Received::Binary(bytes)) => {
                let output = self.shared.lock().core.handle_binary(now, key, bytes);
                if let Some(output) = output {
                    self.perform(cx, output);
                }
            }
            EngineEvent::Ping => self.shared.lock().core.engine_pinged(key),
            EngineEvent::Upgraded(transport) => {
                self.shared.upgrade_memory.opened(transport);
                self.shared.lock().link = self.link();
                self.report(&ManagerEvent::Upgrade(transport));
            }
            EngineEvent::UpgradeFailed { transport, failure } => {
                self.report(&ManagerEvent::UpgradeError { transport, failure });
            }
            EngineEvent::Closed(closed) => self.on_closed(key, closed),
        }
    }

    fn on_closed(&mut self, key: EngineKey, closed: Closed) {
        self.current = None;
        let (reason, error) = reason(closed);
        if reason == CloseReason::TransportError {
            self.shared.upgrade_memory.failed();
        }
        let mut state = self.shared.lock();
        state.link = Link::default();
        state.core.engine_closed(key, reason, error);
    }

    fn on_finished(&mut self, cx: &mut Context<'_>, finished: Finished) {
        match finished {
            Finished::Handler => {}
            Finished::Panicked(socket, error) => self.report_error(cx, &socket, &error),
            Finished::Auth(request, auth) => {
                self.shared.lock().core.authorize(request, auth);
            }
        }
    }

    fn perform(&mut self, cx: &mut Context<'_>, output: Output<'_, TransportError>) {
        match output {
            Output::OpenEngine(key) => self.open(key),
            Output::CloseEngine { engine, closing } => self.close(engine, closing),
            // The engine takes them when it can.
            Output::Send => {}
            Output::AskAuth(request) => self.ask_auth(cx, request),
            output => self.dispatch(cx, output),
        }
    }

    fn open(&mut self, key: EngineKey) {
        let options = &self.shared.engine.options;
        if options.transports.is_empty() {
            let error = TransportError::NoTransports;
            let mut state = self.shared.lock();
            return state
                .core
                .engine_closed(key, CloseReason::TransportError, Some(error));
        }
        let remembered = options.remembers_upgrade && self.shared.upgrade_memory.is_websocket();
        let first = remembered.then_some(Transport::WebSocket);
        self.current = Some(Current {
            key,
            engine: Box::new(Engine::open(self.shared.engine.clone(), first)),
        });
    }

    fn close(&mut self, key: EngineKey, closing: Closing) {
        let mut outbox = Outbox(&self.shared);
        let Some(Current { mut engine, .. }) = self.current.take_if(|current| current.key == key)
        else {
            return outbox.clear();
        };
        self.shared.lock().link = Link::default();
        match closing {
            Closing::AtOnce => engine.discard(EngineReason::ForcedClose),
            Closing::AfterFlush => {
                engine.close(&mut outbox);
                tokio::spawn(poll_fn(move |cx| {
                    while !matches!(
                        ready!(engine.poll_event(cx, &mut ())),
                        EngineEvent::Closed(_)
                    ) {}
                    Poll::Ready(())
                }));
            }
        }
    }

    fn ask_auth(&mut self, cx: &mut Context<'_>, request: AuthRequest) {
        let Some(socket) = self.socket(request.socket()) else {
            return;
        };
        let mut asking: Parked = match socket.auth().ask() {
            Ok(auth) => return self.shared.lock().core.authorize(request, Ok(auth)),
            Err(asking) => Box::pin(async move { Finished::Auth(request, asking.await) }),
        };
        match asking.as_mut().poll(cx) {
            Poll::Ready(finished) => self.on_finished(cx, finished),
            Poll::Pending => self.parked.push(asking),
        }
    }

    pub(super) fn socket(&self, key: roomcast_socketio::client::SocketKey) -> Option<Socket> {
        let state = self.shared.lock().sockets.get(&key).cloned();
        state.map(|state| Socket::new(Arc::clone(&self.shared), state))
    }
}

impl Drop for Task {
    /// A runtime that is shut down drops the task: what it had is lost, and a later call starts anew.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut state = self.shared.lock();
        state.link = Link::default();
        if let Some(current) = &self.current {
            state
                .core
                .engine_closed(current.key, CloseReason::TransportClose, None);
        }
        state.rest();
        let waiting = (
            std::mem::take(&mut state.flushes),
            std::mem::take(&mut state.waiting),
        );
        drop(state);
        // Who waits finds out that nobody works for him any more.
        drop(waiting);
    }
}

/// What the core is told of the end of an engine.
fn reason(closed: Closed) -> (CloseReason, Option<TransportError>) {
    let reason = match closed.reason {
        EngineReason::PingTimeout => CloseReason::PingTimeout,
        EngineReason::ParseError => CloseReason::ParseError,
        EngineReason::TransportError | EngineReason::BadHandshake => CloseReason::TransportError,
        // Closed under the manager, at the user's wish.
        _ => CloseReason::TransportClose,
    };
    let error = match closed.failures.len() {
        0 | 1 => closed.fault,
        _ => Some(TransportError::All(closed.failures.into())),
    };
    (reason, error)
}
