//! The thread of the connections, and waiting for what happens there.

use std::cell::Cell;
use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::runtime::{Builder, Handle};
use tokio::task::unconstrained;

use super::WaitError;
use crate::error::ConfigError;
use crate::manager::Home;

/// The runtime of the thread, once that runs.
// Lock order: a leaf.
static RUNTIME: Mutex<Option<Handle>> = Mutex::new(None);

thread_local! {
    static IS_OF_CONNECTIONS: Cell<bool> = const { Cell::new(false) };
}

/// Where the managers of this module live. The thread is started if need be.
pub(super) fn home() -> Result<Home, ConfigError> {
    let runtime = runtime().map_err(|error| ConfigError::Thread(error.kind()))?;
    Ok(Home {
        runtime,
        is_blocking: true,
    })
}

/// Waits for a future, which is polled by this thread; at most until then.
///
/// No runtime is entered for that, and none complains.
pub(super) fn wait<F: Future>(until: Option<Instant>, future: F) -> Result<F::Output, WaitError> {
    may_wait()?;
    let runtime = RUNTIME.lock().clone();
    // For the timers of the future.
    let _context = runtime.as_ref().map(Handle::enter);
    // Invariant: a task of tokio that waits here never spends its budget, which it could not renew.
    let mut future = pin!(unconstrained(future));
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(output);
        }
        bell.wait(until)?;
    }
}

/// Refuses to wait on the thread of the connections: what is waited for happens there.
pub(super) fn may_wait() -> Result<(), WaitError> {
    match IS_OF_CONNECTIONS.get() {
        true => Err(WaitError::InHandler),
        false => Ok(()),
    }
}

/// The end of a wait; `None` if it is too far away to be reached.
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

fn runtime() -> io::Result<Handle> {
    let mut started = RUNTIME.lock();
    if let Some(runtime) = &*started {
        return Ok(runtime.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("roomcast-client".to_owned());
    thread.spawn(move || {
        IS_OF_CONNECTIONS.set(true);
        runtime.block_on(pending::<()>());
    })?;
    *started = Some(handle.clone());
    Ok(handle)
}

/// Wakes the thread that waits.
///
/// Not `thread::park`: whoever calls may have a use of his own for the thread's token.
#[derive(Default)]
struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    fn wait(&self, until: Option<Instant>) -> Result<(), WaitError> {
        let mut has_rung = self.has_rung.lock();
        while !*has_rung {
            let Some(until) = until else {
                self.rings.wait(&mut has_rung);
                continue;
            };
            if self.rings.wait_until(&mut has_rung, until).timed_out() && !*has_rung {
                return Err(WaitError::TimedOut);
            }
        }
        *has_rung = false;
        Ok(())
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.has_rung.lock() = true;
        self.rings.notify_one();
    }
}
