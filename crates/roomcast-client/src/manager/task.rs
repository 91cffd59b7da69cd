//! The task of a manager: it owns the engine and does what the core says.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_socketio::Map;
use roomcast_socketio::client::{AuthRequest, CloseReason, EngineKey, Output};
use tokio::time::Sleep;

use super::dispatch::unwound;
use super::held::Held;
use super::outbox::Outbox;
use super::shared::{Expiry, Flush, Link, Shared, State};
use crate::builder::Attempting;
use crate::engine::{self, Engine, EngineEvent};
use crate::error::{NotFlushed, SocketError, TransportError};
use crate::socket::Socket;

/// Runs until there is nothing to do or to wait for.
pub(super) fn run(shared: Arc<Shared>) -> impl Future<Output = ()> + Send {
    let mut task = Task {
        shared,
        current: None,
        attempting: None,
        parked: FuturesUnordered::new(),
        held: Held::default(),
        closing: FuturesUnordered::new(),
        timer: None,
        has_ended: false,
        is_polled: false,
    };
    poll_fn(move |cx| {
        task.is_polled = true;
        let polled = task.poll(cx);
        task.is_polled = false;
        polled
    })
}

pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    pub(super) current: Option<Current>,
    /// An engine for which it is asked where and how it is opened.
    pub(super) attempting: Option<(EngineKey, Attempting)>,
    /// Handlers and auth functions that wait.
    pub(super) parked: FuturesUnordered<Parked>,
    /// Events for which too many handlers wait.
    pub(super) held: Held,
    /// Engines that send what is left before they close; whether they could.
    pub(super) closing: FuturesUnordered<Pin<Box<dyn Future<Output = bool> + Send>>>,
    timer: Option<Pin<Box<Sleep>>>,
    /// It has ended by itself. Another one may run already.
    has_ended: bool,
    /// It is being polled, so that whatever drops it is a panic.
    is_polled: bool,
}

/// The engine that the core knows.
pub(super) struct Current {
    pub(super) key: EngineKey,
    pub(super) engine: Box<Engine>,
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

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(current) = &mut self.current {
            current.engine.set_reading(!self.held.is_full());
        }
        if let Some(current) = &mut self.current
            && let Poll::Ready(event) = current.engine.poll_event(cx, &mut Outbox(&self.shared))
        {
            return Poll::Ready(Next::Engine(event));
        }
        if let Some((key, attempting)) = &mut self.attempting
            && let Poll::Ready(attempt) = attempting.as_mut().poll(cx)
        {
            let key = *key;
            self.attempting = None;
            self.on_attempt(key, attempt);
            return Poll::Ready(Next::Work);
        }
        if let Poll::Ready(Some(finished)) = self.parked.poll_next_unpin(cx) {
            return Poll::Ready(Next::Finished(finished));
        }
        let mut is_lost = false;
        while let Poll::Ready(Some(has_left)) = self.closing.poll_next_unpin(cx) {
            is_lost |= !has_left;
        }
        let mut state = self.shared.lock();
        if state.has_work() {
            return Poll::Ready(Next::Work);
        }
        state.link = self.link();
        state.link.is_writable &= !state.core.has_packets();
        let flushed = self.flushed(&mut state, is_lost);
        let settled = state.settled();
        let due = state.core.next_timeout();
        let rests = self.current.is_none()
            && self.parked.is_empty()
            && self.closing.is_empty()
            && self.attempting.is_none()
            && due.is_none()
            && !state.is_awaited();
        match rests {
            true => state.rest(),
            false => state.wait(cx.waker()),
        }
        let with_room = state.with_room();
        drop(state);
        for has_room in with_room {
            // Who does not wait any more is not told.
            let _ = has_room.send(());
        }
        for (awaited, result) in settled {
            // Who does not wait any more is not told.
            let _ = awaited.done.send(result);
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

    pub(super) fn link(&self) -> Link {
        let Some(Current { engine, .. }) = &self.current else {
            return Link::default();
        };
        Link {
            transport: Some(engine.transport()),
            handshake: engine.handshake().cloned(),
            is_writable: engine.is_writable(),
            expiry: engine.expiry().map(|(deadline, wall_deadline)| Expiry {
                deadline,
                wall_deadline,
            }),
            has_expired: false,
        }
    }

    /// Takes out who need not wait any more for everything to have left, or does not.
    fn flushed(&self, state: &mut State, is_lost: bool) -> Vec<(Flush, Result<(), NotFlushed>)> {
        if state.flushes.is_empty() {
            return Vec::new();
        }
        let current = self.current.as_ref();
        let is_drained = current.is_none_or(|current| current.engine.is_drained());
        let is_drained = is_drained && self.closing.is_empty() && !state.core.has_packets();
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        for flush in std::mem::take(&mut state.flushes) {
            let waits = state.core.waiting(flush.socket) > 0;
            let is_stuck = waits && !state.core.is_active(flush.socket);
            match is_stuck || is_lost {
                true => done.push((flush, Err(NotFlushed))),
                // Nobody is told.
                false if flush.done.is_closed() => done.push((flush, Err(NotFlushed))),
                false if waits || !is_drained => waiting.push(flush),
                false => done.push((flush, Ok(()))),
            }
        }
        state.flushes = waiting;
        done
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

    pub(super) fn perform(&mut self, cx: &mut Context<'_>, output: Output<'_, TransportError>) {
        match output {
            Output::OpenEngine(key) => self.open(key),
            Output::CloseEngine { engine, closing } => self.close(engine, closing),
            // The engine takes them when it can.
            Output::Send => {}
            Output::AskAuth(request) => self.ask_auth(cx, request),
            output => self.dispatch(cx, output),
        }
    }

    fn ask_auth(&mut self, cx: &mut Context<'_>, request: AuthRequest) {
        let Some(socket) = self.socket(request.socket()) else {
            return;
        };
        let mut asking: Parked = match socket.auth().ask() {
            Ok(auth) => return self.shared.lock().core.authorize(request, Ok(auth)),
            Err(asking) => {
                Box::pin(async move { Finished::Auth(request, unwound("auth", asking).await) })
            }
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
    /// A runtime that is shut down drops the task: what it had is lost, and a later call starts anew. After
    /// a panic another task starts at once, which tells of the end and connects again.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut state = self.shared.lock();
        state.link = Link::default();
        let current = self.current.as_ref().map(|current| current.key);
        let attempting = self.attempting.as_ref().map(|(key, _)| *key);
        if let Some(key) = current.or(attempting) {
            state
                .core
                .engine_closed(key, CloseReason::TransportClose, None);
        }
        state.rest();
        state.has_lost_runtime = true;
        let waiting = (
            std::mem::take(&mut state.flushes),
            std::mem::take(&mut state.waiting),
            std::mem::take(&mut state.awaited),
        );
        drop(state);
        // Who waits finds out that nobody works for him any more.
        drop(waiting);
        if self.is_polled {
            self.shared.update(|_, _| ());
        }
    }
}
