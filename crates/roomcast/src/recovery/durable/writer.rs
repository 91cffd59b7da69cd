//! The thread that writes: everything that has gathered at once, and then lets it go.

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use super::super::error::LogError;
use super::file::File;
use super::queue::{Queue, Step};

pub(super) fn start(file: File, queue: Arc<Queue>, path: PathBuf) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("roomcast-log".to_owned())
        .spawn(move || run(file, &queue, &path))
}

fn run(file: File, queue: &Queue, path: &Path) {
    let mut file = Some(file);
    while let Some(steps) = queue.take() {
        if let Some(open) = &mut file
            && let Err(error) = write(open, &steps)
        {
            file = None;
            give_up(queue, path, error);
        }
        for step in steps {
            finish(step);
        }
    }
}

fn write(file: &mut File, steps: &[Step]) -> Result<(), String> {
    let has_work = steps.iter().any(|step| !matches!(step, Step::Release(..)));
    if !has_work {
        return Ok(());
    }
    match std::panic::catch_unwind(AssertUnwindSafe(|| file.write(steps))) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("the store panicked".to_owned()),
    }
}

/// Lets what waited for a step leave.
fn finish(step: Step) {
    let line = step.line().cloned();
    if let Step::Release(_, release) = step
        && std::panic::catch_unwind(AssertUnwindSafe(release)).is_err()
    {
        tracing::error!("what was to be sent was not: a panic");
    }
    if let Some(line) = line {
        line.unreleased.fetch_sub(1, Ordering::Release);
    }
}

/// Goes on without the file, and takes it out of the way: who comes back after a restart must not
/// be told that it has missed nothing.
fn give_up(queue: &Queue, path: &Path, message: String) {
    tracing::error!(path = %path.display(), %message, "the log is given up");
    let mut aside = path.as_os_str().to_owned();
    aside.push(".failed");
    if let Err(error) = std::fs::rename(path, &aside) {
        tracing::error!(path = %path.display(), %error, "the log cannot be put aside: delete it");
    }
    queue.fail(LogError::Failed { message });
}
