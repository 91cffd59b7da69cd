//! Work that one task at a time takes care of, on a runtime that may end before the server does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::runtime::Handle;

/// Says whether a task takes care of something.
#[derive(Debug, Default)]
pub(crate) struct Duty(Arc<AtomicU8>);

/// What the task holds: it is free for another when this is dropped, by whomever.
pub(crate) struct OnDuty {
    duty: Option<Arc<AtomicU8>>,
    lost: Option<Lost>,
}

type Lost = Box<dyn FnOnce() + Send>;

/// Nobody does it.
const FREE: u8 = 0;
/// A task is being handed to a runtime, which drops it at once if it has ended.
const BEGUN: u8 = 1;
/// A task does it, or has done it for good.
const TAKEN: u8 = 2;

impl Duty {
    pub(crate) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Acquire) != FREE
    }

    /// Takes it for a task that runs, or that begins now and of whose loss nobody has to be told.
    pub(crate) fn take(&self) -> Option<OnDuty> {
        self.claim(TAKEN)
    }

    /// Begins a task on the first of these runtimes that has not ended, unless there is a task.
    pub(crate) fn begin(
        &self,
        runtimes: impl IntoIterator<Item = Handle>,
        spawn: impl Fn(&Handle, OnDuty),
    ) {
        for runtime in runtimes {
            let Some(on_duty) = self.claim(BEGUN) else {
                return;
            };
            spawn(&runtime, on_duty);
            let settled = self.change(BEGUN, TAKEN);
            if settled != Err(FREE) {
                return;
            }
        }
    }

    fn claim(&self, state: u8) -> Option<OnDuty> {
        let claimed = self.change(FREE, state).is_ok();
        claimed.then(|| OnDuty {
            duty: Some(Arc::clone(&self.0)),
            lost: None,
        })
    }

    fn change(&self, from: u8, to: u8) -> Result<u8, u8> {
        let order = (Ordering::AcqRel, Ordering::Acquire);
        self.0.compare_exchange(from, to, order.0, order.1)
    }
}

impl OnDuty {
    /// Says what is done when the task is dropped with its runtime.
    ///
    /// Invariant: called where nothing is locked, unlike what drops a task that never began.
    pub(crate) fn when_lost(mut self, lost: impl FnOnce() + Send + 'static) -> Self {
        self.lost = Some(Box::new(lost));
        self
    }

    /// Another task may do it from here on.
    pub(crate) fn end(mut self) {
        self.lost = None;
    }

    /// It is done, and not to be done again.
    pub(crate) fn end_for_good(mut self) {
        if let Some(duty) = self.duty.take() {
            // Who has begun the task may not have come to it.
            duty.store(TAKEN, Ordering::Release);
        }
    }
}

impl Drop for OnDuty {
    fn drop(&mut self) {
        let Some(duty) = self.duty.take() else {
            return;
        };
        let was_begun = duty.swap(FREE, Ordering::AcqRel) == TAKEN;
        // A task that has panicked might do so again at once: it is left to the next occasion.
        if let Some(lost) = self.lost.take()
            && was_begun
            && !std::thread::panicking()
        {
            lost();
        }
    }
}

impl fmt::Debug for OnDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDuty")
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::mpsc::channel;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread()
            .build()
            .expect("a runtime can be made")
    }

    #[test]
    fn a_task_begins_on_the_first_runtime_that_lives_and_once() {
        let (ended, living) = (runtime(), runtime());
        let handles = [ended.handle().clone(), living.handle().clone()];
        drop(ended);
        let (duty, (teller, told)) = (Duty::default(), channel());

        for _ in 0..2 {
            duty.begin(handles.clone(), |runtime, on_duty| {
                let teller = teller.clone();
                let on_duty = on_duty.when_lost(move || teller.send(()).unwrap());
                runtime.spawn(async move {
                    pending::<()>().await;
                    drop(on_duty);
                });
            });
        }

        assert_eq!(living.metrics().num_alive_tasks(), 1);
        assert!(duty.is_taken());
        assert!(told.try_recv().is_err());
        drop(living);
        assert_eq!(told.try_iter().count(), 1);
        assert!(!duty.is_taken());
    }

    #[test]
    fn what_is_done_for_good_is_not_begun_again() {
        let duty = Duty::default();
        let lost = || unreachable!("the task is not lost");

        duty.take().expect("it is free").when_lost(lost).end();
        let on_duty = duty.take().expect("it is free");
        assert!(duty.take().is_none());
        on_duty.when_lost(lost).end_for_good();

        assert!(duty.take().is_none());
    }
}
