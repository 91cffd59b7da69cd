//! What the server's process is made of, now and then.
use crate::clock::{nanoseconds, now};
use crate::process::Processes;

pub struct Samples {
    start: u64,
    gap: u64,
    next: u64,
    taken: Vec<String>,
}

impl Samples {
    pub fn every(seconds: f64) -> Self {
        let gap = nanoseconds(seconds.max(0.1));
        Samples {
            start: now(),
            gap,
            next: now() + gap,
            taken: vec![],
        }
    }

    pub fn take_if_due(&mut self, server: &Processes) {
        if now() < self.next {
            return;
        }
        self.next += self.gap;
        let seconds = (now() - self.start) as f64 / 1e9;
        self.taken.push(format!(
            "[{seconds:.1},{},{},{}]",
            server.resident(),
            server.files(),
            server.threads()
        ));
    }

    /// An array of `[seconds, resident bytes, files, threads]`.
    pub fn json(&self) -> String {
        format!("[{}]", self.taken.join(","))
    }
}
