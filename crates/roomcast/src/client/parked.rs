//! Work that waits: handlers, middleware and clients on their way into a namespace.

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
pub(super) type Work = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// What a piece of work came to.
pub(super) enum Finished {
    Handler,
    Admission(Admitted),
    /// All event middlewares let the packet pass.
    Passed(Socket, Packet<'static>, OwnedResponder),
    /// An event middleware refused.
    Refused(Socket, Refusal),
    /// A handler or an event middleware panicked, with this message.
    Panicked(Socket, Origin, Arc<str>),
}

/// Work that has been started and waits.
#[derive(Default)]
pub(super) struct Parked {
    /// Most sessions never have a handler that waits.
    waiting: Option<Box<FuturesUnordered<Work>>>,
}

impl Parked {
    /// Polls `work` once in place, so that work starts in the order in which it came; parks it if
    /// it is not done then.
    pub(super) fn start(&mut self, mut work: Work, cx: &mut Context<'_>) -> Option<Finished> {
        match work.as_mut().poll(cx) {
            Poll::Ready(finished) => Some(finished),
            Poll::Pending => {
                self.waiting.get_or_insert_default().push(work);
                // The work is polled again from the set, which gives it a waker of its own.
                cx.waker().wake_by_ref();
                None
            }
        }
    }

    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Finished>> {
        let Some(waiting) = &mut self.waiting else {
            return Poll::Ready(None);
        };
        let next = waiting.poll_next_unpin(cx);
        if waiting.is_empty() {
            self.waiting = None;
        }
        next
    }

    /// Whether so much waits, at least one piece of work, that no other should be started.
    pub(super) fn is_full(&self, limit: impl FnOnce() -> usize) -> bool {
        let waiting = self.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.len() >= limit())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_none()
    }
}

/// The work of one handler, whose panic harms nobody else, and what is done when it has ended.
pub(super) fn contained(
    socket: Socket,
    origin: Origin,
    work: BoxFuture,
    end: impl FnOnce() + Send + 'static,
) -> Work {
    let ended = AssertUnwindSafe(work).catch_unwind();
    Box::pin(ended.map(move |result| {
        end();
        match result {
            Ok(()) => Finished::Handler,
            Err(panic) => Finished::Panicked(socket, origin, panic_message(&*panic)),
        }
    }))
}

/// The text of a panic, where it has one.
pub(super) fn panic_message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a value that is no text").into()
}
