//! The deadlines of all sessions of a server, and the pings that are sent when one comes.
//!
//! A session waits for the time of its next ping nearly always. A task wakes it then, or sends the
//! ping in its place: the ping leaves as a broadcast would, and the session learns of it when the
//! answer comes. `docs/decisions/0014-deadlines.md` has the figures.

mod clock;
mod driver;
mod schedule;

use std::sync::Arc;
use std::time::Instant;

use clock::Clock;
pub(super) use clock::now;
use driver::Driver;
use schedule::Key;
pub(crate) use schedule::Wait;
use tokio::runtime::Handle;

use super::runtimes::Runtimes;
use super::socket::Socket;
use roomcast_engineio::Config as Times;

/// The clocks of one server.
#[derive(Debug)]
pub(crate) struct Deadlines {
    times: Arc<Times>,
    clocks: Runtimes<Clock>,
}

/// The one deadline of a session, on the clock of the runtime that its task runs on.
#[derive(Debug)]
pub(crate) struct Deadline {
    clock: Arc<Clock>,
    key: Key,
}

impl Deadlines {
    pub(super) fn new(times: Arc<Times>) -> Self {
        Self {
            times,
            clocks: Runtimes::default(),
        }
    }

    /// A place for the deadline of a session; called by its task.
    pub(super) fn add(&self, socket: &Socket) -> Deadline {
        let clock = self.clock();
        let key = clock.insert(socket.clone());
        Deadline { clock, key }
    }

    /// The runtimes that sessions were on, as far as they have not ended.
    pub(super) fn runtimes(&self) -> Vec<Handle> {
        let clocks = self.clocks.all();
        clocks.iter().filter_map(|clock| clock.handle()).collect()
    }

    /// The clock of the current runtime.
    fn clock(&self) -> Arc<Clock> {
        self.clocks.current(
            |runtime| Clock::new(runtime, self.times.ping_timeout),
            |runtime, clock| drop(runtime.spawn(Driver::new(clock).run())),
        )
    }
}

impl Deadline {
    pub(super) fn set(&self, at: Instant, wait: Wait) {
        self.clock.set(self.key, at, wait);
    }

    /// Leaves a ping that is due to the session's task, and tells about when it has left if it has.
    pub(super) fn take_ping(&self) -> Option<Instant> {
        self.clock.take_ping(self.key)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.clock.remove(self.key);
    }
}
