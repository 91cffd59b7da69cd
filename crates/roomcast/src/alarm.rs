//! Timers that ring whatever else their task has done.

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::task::coop;
use tokio::time::Sleep;

/// Polls a timer, which has the waker of the task from then on.
///
/// A task that has used up its budget is told by tokio that nothing is ready, and its waker is not
/// noted: who polls a timer only when it should have rung would wait for ever. So the budget is left
/// aside.
pub(crate) fn poll(sleep: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    pin!(coop::unconstrained(sleep)).poll(cx)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_without_budget_is_woken_all_the_same() {
        let start = Instant::now();
        let mut alarm = pin!(sleep(Duration::from_secs(30)));
        let mut is_polled = false;
        let rings = poll_fn(|cx| {
            if is_polled {
                return match alarm.is_elapsed() {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                };
            }
            is_polled = true;
            while coop::has_budget_remaining() {
                assert!(pin!(coop::consume_budget()).poll(cx).is_ready());
            }
            poll(alarm.as_mut(), cx)
        });

        timeout(Duration::from_secs(60), rings)
            .await
            .expect("the timer wakes the task");

        assert_eq!(start.elapsed(), Duration::from_secs(30));
    }
}
