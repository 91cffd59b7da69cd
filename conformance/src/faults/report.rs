//! What a run has found.

use std::fmt;

use super::ledger::Found;

/// What a run has found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Of each client.
    pub clients: Vec<Figures>,
    /// Of the process: clients, networks and servers together.
    pub memory: Memory,
}

/// What was found of one client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Figures {
    /// How it was connected.
    pub way: &'static str,
    /// Events that were emitted in `/queue` and `/plain`.
    pub emitted: [u64; 2],
    /// Cuts, resets, hangs, refusals and delays.
    pub faults: [u64; 5],
    found: Found,
}

/// The memory of a process, in bytes, where the system tells it.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Memory {
    /// After the first minute, if it took so long.
    pub after_a_minute: Option<u64>,
    /// The most that was seen.
    pub most: Option<u64>,
    /// At the end.
    pub at_end: Option<u64>,
}

impl Report {
    pub(super) fn new(memory: Memory) -> Self {
        Self {
            clients: Vec::new(),
            memory,
        }
    }

    pub(super) fn add(&mut self, client: Figures) {
        self.clients.push(client);
    }

    /// What must not be: nothing, in a good run.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<_> = self.clients.iter().flat_map(Figures::wrong).collect();
        let Memory {
            after_a_minute,
            at_end,
            ..
        } = self.memory;
        if let (Some(minute), Some(end)) = (after_a_minute, at_end)
            && end > minute + minute / 4
        {
            wrong.push(format!("memory has grown from {minute} to {end} bytes"));
        }
        wrong
    }
}

impl Figures {
    pub(super) fn new(
        way: &'static str,
        emitted: [u64; 2],
        faults: [u64; 5],
        found: Found,
    ) -> Self {
        Self {
            way,
            emitted,
            faults,
            found,
        }
    }

    /// Events of the queue: answered; handled by the server, each counted once; handled again.
    #[must_use]
    pub fn queue(&self) -> [u64; 3] {
        let found = &self.found;
        [found.answered, found.handled, found.repeated]
    }

    /// How often the client has sent an event of the queue that it had sent before.
    #[must_use]
    pub fn sent_again(&self) -> u64 {
        self.found.sent.saturating_sub(self.emitted[0])
    }

    /// How often the client was connected, how often of these its session was recovered, and how often
    /// it began anew.
    #[must_use]
    pub fn sessions(&self) -> [u64; 3] {
        let found = &self.found;
        [found.connections, found.recovered, found.anew()]
    }

    fn wrong(&self) -> Vec<String> {
        let found = &self.found;
        let [queued, plain] = self.emitted;
        let mut wrong = found.wrong.clone();
        let mut expect = |is_so: bool, what: String| {
            if !is_so {
                wrong.push(what);
            }
        };
        let Found {
            answered, handled, ..
        } = *found;
        expect(
            answered == queued && handled == queued,
            format!("of {queued} events {handled} were handled and {answered} answered"),
        );
        let anew = found.anew();
        expect(
            found.repeated <= anew,
            format!(
                "{} events came again, {anew} sessions began anew",
                found.repeated
            ),
        );
        expect(
            found.untold == 0 || anew > 0,
            format!("{} events of the server were lost", found.untold),
        );
        let called = found.plain_answered + found.plain_failed;
        expect(
            called == plain,
            format!("of {plain} plain callbacks {called} were called"),
        );
        expect(
            (found.plain_answered..=plain).contains(&found.plain_handled),
            format!("{} plain events were handled", found.plain_handled),
        );
        let way = self.way;
        wrong.iter().map(|what| format!("{way}: {what}")).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for client in &self.clients {
            writeln!(f, "{client}")?;
        }
        let mib = |bytes: Option<u64>| match bytes {
            Some(bytes) => format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)),
            None => "unknown".to_owned(),
        };
        write!(
            f,
            "memory: {} after a minute, {} at the end, {} at most",
            mib(self.memory.after_a_minute),
            mib(self.memory.at_end),
            mib(self.memory.most),
        )
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cuts, resets, hangs, refusals, delays] = self.faults;
        let [connections, recovered, anew] = self.sessions();
        let found = &self.found;
        writeln!(
            f,
            "{}: {cuts} cuts, {resets} resets, {hangs} hangs, {refusals} refusals, {delays} delays; \
             {connections} connections, {recovered} recovered, {anew} anew",
            self.way
        )?;
        writeln!(
            f,
            "  queue: {} emitted, {} handled, {} again, {} answered; {} told, {} untold",
            self.emitted[0],
            found.handled,
            found.repeated,
            found.answered,
            found.told,
            found.untold
        )?;
        writeln!(
            f,
            "  the client has sent {} of them again",
            self.sent_again()
        )?;
        write!(
            f,
            "  plain: {} emitted, {} handled, {} answered, {} failed",
            self.emitted[1], found.plain_handled, found.plain_answered, found.plain_failed
        )
    }
}

/// The memory of this process that is not swapped out.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024)
}
