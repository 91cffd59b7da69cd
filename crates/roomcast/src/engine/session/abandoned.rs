//! The end of a session whose task is dropped: by a runtime that ends, or after a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

use roomcast_engineio::{self as proto, CloseReason, Output};

use super::SessionTask;

impl Drop for SessionTask {
    /// The server may live on, and with it what it knows of the session, and the sockets of its client.
    fn drop(&mut self) {
        if self.session.is_closed() {
            return;
        }
        // Invariant: no panic leaves a drop; that of a handler is caught where it is called.
        let end = catch_unwind(AssertUnwindSafe(|| self.abandon()));
        if end.is_err() {
            tracing::error!(sid = self.socket.sid(), "a panic at the end of a session");
        }
    }
}

impl SessionTask {
    fn abandon(&mut self) {
        // Invariant: nobody else drops the task of a session before its end. After a panic it is this
        // session alone.
        if !std::thread::panicking() {
            self.engine.runtime_ended(self.socket.flusher());
        }
        let end = proto::Input::Discard(CloseReason::TransportClose);
        self.session.handle_input(self.now, end);
        // The connection ends with the task; nobody drives what a handler waits for.
        let cx = &mut Context::from_waker(Waker::noop());
        while let Some(output) = self.session.poll_output() {
            if let Output::Closed(reason) = output {
                self.on_closed(reason, cx);
            }
        }
        self.socket.mailbox().forget_task();
    }
}
