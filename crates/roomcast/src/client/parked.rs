//! Work that waits: handlers, middleware and clients on their way into a namespace.

use std::cell::Cell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_socketio::Packet;

use super::admission::Admitted;
use crate::error::Refusal;
use crate::handler::{BoxFuture, Origin, OwnedResponder};
use crate::socket::Socket;

/// Work in the session's task.
pub(super) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the work of an event came to.
pub(super) enum Ended {
    Handler,
    /// All event middlewares let the packet pass.
    Passed(Socket, Packet<'static>, OwnedResponder),
    /// An event middleware refused.
    Refused(Socket, Refusal),
    /// A handler or an event middleware panicked, with this message.
    Panicked(Socket, Origin, Arc<str>),
}

/// What a piece of work came to that had to wait.
pub(super) enum Finished {
    Event(Ended),
    Admission(Admitted),
}

/// Work that waits.
enum Waiting {
    Event(Work<Ended>),
    Admission(Work<Admitted>),
}

impl Future for Waiting {
    type Output = Finished;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished> {
        match self.get_mut() {
            Self::Event(work) => work.as_mut().poll(cx).map(Finished::Event),
            Self::Admission(work) => work.as_mut().poll(cx).map(Finished::Admission),
        }
    }
}

/// Work that has been started and waits.
#[derive(Default)]
pub(super) struct Parked {
    /// Most sessions never have a handler that waits.
    // Cost: a cell, so that an event is handled while its socket is borrowed from the client.
    waiting: Cell<Option<Box<FuturesUnordered<Waiting>>>>,
}

impl Parked {
    /// Starts the work of an event.
    pub(super) fn start_event(&self, work: Work<Ended>, cx: &mut Context<'_>) -> Option<Ended> {
        self.start(work, Waiting::Event, cx)
    }

    /// Starts a client's way into a namespace.
    pub(super) fn start_admission(
        &self,
        work: Work<Admitted>,
        cx: &mut Context<'_>,
    ) -> Option<Admitted> {
        self.start(work, Waiting::Admission, cx)
    }

    /// Polls `work` once in place, so that work starts in the order in which it came; parks it if
    /// it is not done then.
    fn start<T>(
        &self,
        mut work: Work<T>,
        park: fn(Work<T>) -> Waiting,
        cx: &mut Context<'_>,
    ) -> Option<T> {
        match work.as_mut().poll(cx) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => {
                let waiting = self.waiting.take().unwrap_or_default();
                waiting.push(park(work));
                self.waiting.set(Some(waiting));
                // The work is polled again from the set, which gives it a waker of its own.
                cx.waker().wake_by_ref();
                None
            }
        }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Finished>> {
        let waiting = self.waiting.get_mut();
        let Some(set) = waiting else {
            return Poll::Ready(None);
        };
        let next = set.poll_next_unpin(cx);
        if set.is_empty() {
            *waiting = None;
        }
        next
    }

    /// Whether so much waits, at least one piece of work, that no other should be started.
    pub(super) fn is_full(&mut self, limit: impl FnOnce() -> usize) -> bool {
        let waiting = self.waiting.get_mut();
        waiting
            .as_ref()
            .is_some_and(|waiting| waiting.len() >= limit())
    }

    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.waiting.take();
        let is_empty = waiting.is_none();
        self.waiting.set(waiting);
        is_empty
    }
}

/// The work of one handler, whose panic harms nobody else, and what is done when it has ended.
pub(super) fn contained(
    socket: Socket,
    origin: Origin,
    work: BoxFuture,
    end: impl FnOnce() + Send + 'static,
) -> Work<Ended> {
    let ended = AssertUnwindSafe(work).catch_unwind();
    Box::pin(ended.map(move |result| {
        end();
        match result {
            Ok(()) => Ended::Handler,
            Err(panic) => Ended::Panicked(socket, origin, panic_message(&*panic)),
        }
    }))
}

/// The text of a panic, where it has one.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text").into()
}
