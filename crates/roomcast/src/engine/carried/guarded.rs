//! A user's WebSocket, whose panics end its own session only.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};

use super::{MessageSocket, ReceiveError, SocketMessage};

/// Gone once it has panicked.
pub(super) struct Guarded(Option<Box<dyn MessageSocket>>);

impl Guarded {
    pub(super) fn new(socket: impl MessageSocket) -> Self {
        Self(Some(Box::new(socket)))
    }

    fn call<R>(&mut self, call: impl FnOnce(&mut dyn MessageSocket) -> R) -> io::Result<R> {
        let socket = self.0.as_deref_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        catch_unwind(AssertUnwindSafe(|| call(socket))).map_err(|_| {
            tracing::error!("a WebSocket of another library panicked, its session is closed");
            self.drop_socket();
            io::ErrorKind::BrokenPipe.into()
        })
    }

    fn drop_socket(&mut self) {
        let socket = self.0.take();
        if catch_unwind(AssertUnwindSafe(|| drop(socket))).is_err() {
            tracing::error!("a WebSocket of another library panicked where it was dropped");
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.drop_socket();
    }
}

impl MessageSocket for Guarded {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
        let received = self.call(|socket| socket.poll_receive(cx));
        received.unwrap_or_else(|error| Poll::Ready(Some(Err(error.into()))))
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ready = self.call(|socket| socket.poll_ready(cx));
        ready.unwrap_or_else(|error| Poll::Ready(Err(error)))
    }

    fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
        self.call(|socket| socket.start_send(message))?
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.call(|socket| socket.poll_flush(cx));
        flushed.unwrap_or_else(|error| Poll::Ready(Err(error)))
    }
}
