//! How long a round of the scheduler takes.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// The most processor time, in microseconds, that a round of the scheduler took between two turns of one task.
static LONGEST: AtomicU64 = AtomicU64::new(0);

/// Starts a task that is always ready, so each round of the scheduler polls it once.
///
/// It is exact on a runtime with one worker thread, which never rests from now on.
pub(crate) fn watch() {
    tokio::spawn(async {
        loop {
            let began = processor_time();
            tokio::task::yield_now().await;
            let taken = processor_time().saturating_sub(began);
            LONGEST.fetch_max(taken, Ordering::Relaxed);
        }
    });
}

/// The longest since this was last asked.
pub(crate) fn longest() -> u64 {
    LONGEST.swap(0, Ordering::Relaxed)
}

/// Of this thread, in microseconds: interrupts are in it, and pauses of a virtual machine that its host does not report;
/// other threads are not.
fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or_default()
}
