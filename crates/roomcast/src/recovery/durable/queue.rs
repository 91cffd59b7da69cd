//! What waits to be written, and what waits for that.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::super::error::LogError;
use super::super::log::{NotAppended, Release, Settled, Target};
use super::super::offset::Position;
use super::super::pid::Pid;
use super::super::stamped::Stamped;
use super::line::Line;

/// What the emitters leave for the writer, in order.
#[derive(Default)]
pub(super) struct Queue {
    // Lock order: a leaf, also taken with the rooms' lock.
    waiting: Mutex<Waiting>,
    has_work: Condvar,
}

#[derive(Default)]
struct Waiting {
    steps: Vec<Step>,
    bytes: usize,
    is_closed: bool,
    failure: Option<LogError>,
}

/// One thing to do.
pub(super) enum Step {
    Packet {
        line: Arc<Line>,
        position: Position,
        emitted_at: std::time::SystemTime,
        target: Target,
        packet: Stamped,
    },
    Session {
        line: Arc<Line>,
        pid: Pid,
        record: Vec<u8>,
    },
    Forget(Pid),
    /// Deletes a namespace, its packets and these sessions.
    Purge {
        id: u32,
        name: String,
        sessions: Vec<Pid>,
    },
    /// Done when everything before it is on disk.
    Release(Option<Arc<Line>>, Release),
}

impl Step {
    /// The namespace that waits for this step.
    pub(super) fn line(&self) -> Option<&Arc<Line>> {
        match self {
            Self::Packet { line, .. } | Self::Session { line, .. } => Some(line),
            Self::Release(line, _) => line.as_ref(),
            Self::Forget(_) | Self::Purge { .. } => None,
        }
    }

    fn weight(&self) -> usize {
        let content = match self {
            Self::Packet { packet, .. } => packet
                .packet()
                .frames()
                .iter()
                .map(|frame| frame.len())
                .sum(),
            Self::Session { record, .. } => record.len(),
            _ => 0,
        };
        size_of::<Self>() + content
    }
}

impl Queue {
    /// # Errors
    ///
    /// [`NotAppended::Full`] if too much waits already.
    pub(super) fn check_room(&self) -> Result<(), NotAppended> {
        match self.waiting.lock().bytes {
            bytes if bytes > MAX_WAITING_BYTES => Err(NotAppended::Full),
            _ => Ok(()),
        }
    }

    /// Whether so much waits that order is not worth more.
    pub(super) fn is_overfull(&self) -> bool {
        self.waiting.lock().bytes > 2 * MAX_WAITING_BYTES
    }

    pub(super) fn push(&self, step: Step) {
        let mut waiting = self.waiting.lock();
        if let Some(line) = step.line() {
            line.unreleased.fetch_add(1, Ordering::Relaxed);
        }
        waiting.bytes += step.weight();
        waiting.steps.push(step);
        if waiting.steps.len() == 1 {
            self.has_work.notify_one();
        }
    }

    /// Everything that waits, as soon as there is something; `None` at the end.
    pub(super) fn take(&self) -> Option<Vec<Step>> {
        let mut waiting = self.waiting.lock();
        while waiting.steps.is_empty() {
            if waiting.is_closed {
                return None;
            }
            self.has_work.wait(&mut waiting);
        }
        waiting.bytes = 0;
        Some(std::mem::take(&mut waiting.steps))
    }

    pub(super) fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.has_work.notify_one();
    }

    pub(super) fn fail(&self, error: LogError) {
        self.waiting.lock().failure = Some(error);
    }

    /// Waits until everything that was pushed is on disk.
    pub(super) fn settled(self: &Arc<Self>) -> Settled {
        let (done, is_done) = oneshot::channel();
        self.push(Step::Release(
            None,
            Box::new(move || {
                // Who asked may have stopped to wait.
                let _ = done.send(());
            }),
        ));
        let queue = Arc::clone(self);
        Box::pin(async move {
            let is_written = is_done.await.is_ok();
            let failure = queue.waiting.lock().failure.clone();
            match failure {
                Some(error) => Err(error),
                None if is_written => Ok(()),
                None => Err(LogError::Failed {
                    message: "the log is closed".to_owned(),
                }),
            }
        })
    }
}

const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
