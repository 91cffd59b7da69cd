//! The program with its input and output.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// What the program has printed when it has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Ended {
    /// The lines that begin with this word.
    pub(crate) fn lines(&self, word: &str) -> Vec<&str> {
        let lines = self.out.lines();
        lines
            .filter(|line| line.split(' ').next() == Some(word))
            .collect()
    }
}

/// Runs the program with this input to its end.
pub(crate) fn run(args: &[&str], input: &str) -> Ended {
    let mut running = Running::start(args);
    running
        .input
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    running.end()
}

/// The program while it runs. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
    seen: String,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_roomcast"))
            .args(args)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                // The test may look at no more lines.
                let _ = sender.send(line.unwrap());
            }
        });
        let (sender, errors) = channel();
        thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            let _ = sender.send(text);
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
            errors,
            seen: String::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Ends its input.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for the next line that begins with this.
    pub(crate) fn line(&mut self, start: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(DEADLINE);
            let line = line.unwrap_or_else(|_| panic!("no {start:?} after\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// Waits for its end. What was printed is there as a whole.
    pub(crate) fn end(mut self) -> Ended {
        self.end_input();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => panic!("it does not end after\n{}", self.seen),
            }
        }
        let error = self.errors.recv_timeout(DEADLINE).unwrap();
        let status = self.child.wait().unwrap();
        Ended {
            code: status.code().unwrap(),
            out: std::mem::take(&mut self.seen),
            error,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For what takes milliseconds on an idle machine.
const DEADLINE: Duration = Duration::from_secs(60);
