//! Child processes: each in a group of its own, which ends with this process.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, process, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;

/// How long a child may take to end itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// The children that were started and not yet reaped, each the leader of its group.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Whether a signal asked this process to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Ends all children, with what they started, when this process gets SIGINT or SIGTERM.
pub(crate) fn end_children_on_signals() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        ENDING.store(true, Ordering::SeqCst);
        let children = running().clone();
        end_groups(&children);
        process::exit(128 + signal);
    });
    Ok(())
}

/// Runs a command to its end; it writes to this process's output.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let mut running = Running::start(command.stdin(Stdio::null()))?;
    let status = running.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{}` ended with {status}",
        shown(command)
    )))
}

/// Runs a command to its end, shows each line of its standard output and hands it to `each`.
pub(crate) fn tee(
    command: &mut Command,
    mut each: impl FnMut(&str),
) -> Result<ExitStatus, Failure> {
    lines(command, |line| {
        println!("{line}");
        each(line);
    })
}

/// Runs a command to its end, shows each line of both its outputs and hands it to `each`.
///
/// The two are one pipe, so that lines come in the order in which they were written.
pub(crate) fn tee_all(
    command: &mut Command,
    mut each: impl FnMut(&str),
) -> Result<ExitStatus, Failure> {
    let (output, writer) = io::pipe()?;
    command.stdin(Stdio::null());
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut running = Running::start(command)?;
    // The command keeps the pipe open, which would never end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        each(&line);
    }
    running.wait()
}

/// Runs a command to its end and hands each line of its standard output to `each`.
pub(crate) fn lines(
    command: &mut Command,
    mut each: impl FnMut(&str),
) -> Result<ExitStatus, Failure> {
    let mut running = Running::start(command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let output = running.child.stdout.take().expect("piped two lines above");
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        each(&String::from_utf8_lossy(&line));
    }
    running.wait()
}

/// What a command prints, trimmed, if it exists and succeeds.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// A child process; dropping it ends it and all that it started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        command.process_group(0);
        // Invariant: the lock is held from before the start until the id is noted, so that a signal
        // finds every child.
        let mut ids = running();
        let child = command
            .spawn()
            .map_err(|error| Failure::during(shown(command), error))?;
        ids.insert(child.id());
        drop(ids);
        Ok(Self { child })
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, Failure> {
        let status = self.child.wait()?;
        if ENDING.load(Ordering::SeqCst) {
            // The child ended because this process does: no verdict is to be drawn from it.
            loop {
                thread::park();
            }
        }
        running().remove(&self.child.id());
        Ok(status)
    }

    /// How it ended, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        Ok(self.child.try_wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let id = self.child.id();
        if !running().contains(&id) {
            return;
        }
        signal_group("TERM", id);
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        signal_group("KILL", id);
        let _ = self.child.wait(); // it was killed in the line above; there is no one to tell
        running().remove(&id);
    }
}

fn running() -> MutexGuard<'static, BTreeSet<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the groups to end, waits, then kills what is left.
fn end_groups(leaders: &BTreeSet<u32>) {
    for &id in leaders {
        signal_group("TERM", id);
    }
    let until = Instant::now() + GRACE;
    while leaders.iter().any(|&id| signal_group("0", id)) && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    for &id in leaders {
        signal_group("KILL", id);
    }
}

/// Sends a signal to a child's group; whether there was someone to get it.
///
/// Cost: a `kill` process each time, since the system call would need an unsafe block or a crate.
fn signal_group(signal: &str, leader: u32) -> bool {
    let mut kill = Command::new("kill");
    kill.args([&format!("-{signal}"), "--", &format!("-{leader}")]);
    kill.stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A command as one would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn every_line_of_the_output_is_handed_on() {
        let mut lines = Vec::new();

        let status = tee(&mut shell("echo one; echo two; exit 3"), |line| {
            lines.push(line.to_owned())
        });

        assert_eq!(status.map(|status| status.code()), Ok(Some(3)));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn lines_of_both_outputs_come_in_their_order() {
        let mut lines = Vec::new();

        let status = tee_all(&mut shell("echo one; echo two >&2; echo three"), |line| {
            lines.push(line.to_owned())
        });

        assert_eq!(status.map(|status| status.success()), Ok(true));
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_command_that_fails_is_named() {
        let failure = run(&mut shell("exit 7")).unwrap_err();

        assert_eq!(
            failure.to_string(),
            "`sh -c exit 7` ended with exit status: 7"
        );
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let failure = run(&mut Command::new("no-such-program-here")).unwrap_err();

        assert!(
            failure.to_string().starts_with("no-such-program-here: "),
            "{failure}"
        );
    }

    #[test]
    fn dropping_a_child_ends_what_it_started() {
        let mut command = shell("sleep 600 & echo $!; wait");
        let mut child = Running::start(command.stdout(Stdio::piped())).unwrap();
        let mut line = String::new();
        BufReader::new(child.child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let group = child.child.id();
        assert!(signal_group("0", group));

        drop(child);

        let until = Instant::now() + GRACE;
        while signal_group("0", group) && Instant::now() < until {
            thread::yield_now();
        }
        assert!(
            !signal_group("0", group),
            "process {} still runs",
            line.trim()
        );
    }
}
