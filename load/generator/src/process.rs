//! What the kernel counts for the processes of a server.
use crate::clock;
use std::fs;

/// A process and its children, as they were when asked for.
pub struct Processes(Vec<i32>);

/// What they have used so far.
#[derive(Clone, Copy, Default)]
pub struct Usage {
    pub nanoseconds: u64,
    pub user_ticks: u64,
    pub system_ticks: u64,
    pub voluntary_switches: u64,
    /// Nanoseconds in which its threads could have run and did not, since something else did.
    pub waited: u64,
}

impl Processes {
    /// `pid` and all below it; none for 0.
    pub fn of(pid: i32) -> Self {
        let mut found = vec![];
        if pid > 0 {
            collect(pid, &mut found);
        }
        Processes(found)
    }

    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for &pid in &self.0 {
            usage.nanoseconds += clock::processor_time(pid);
            if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat"))
                && let Some(end) = stat.rfind(')')
            {
                let mut fields = stat[end + 2..].split(' ').skip(11);
                let mut ticks = || fields.next().and_then(|text| text.parse().ok());
                usage.user_ticks += ticks().unwrap_or(0);
                usage.system_ticks += ticks().unwrap_or(0);
            }
            for thread in threads(pid) {
                let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
                let schedule = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
                let waited = schedule
                    .split(' ')
                    .nth(1)
                    .and_then(|text| text.parse().ok());
                usage.waited += waited.unwrap_or(0);
                usage.voluntary_switches += status_field(&status, "voluntary_ctxt_switches:");
            }
        }
        usage
    }

    /// Resident bytes.
    pub fn resident(&self) -> u64 {
        let pages = self.0.iter().filter_map(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
            text.split(' ').nth(1)?.parse::<u64>().ok()
        });
        pages.sum::<u64>() * 4096
    }

    /// Open files.
    pub fn files(&self) -> usize {
        let folders = self.0.iter().map(|pid| format!("/proc/{pid}/fd"));
        folders
            .filter_map(|folder| fs::read_dir(folder).ok())
            .map(Iterator::count)
            .sum()
    }

    pub fn threads(&self) -> usize {
        self.0.iter().map(|&pid| threads(pid).len()).sum()
    }
}

/// Ticks in which processors of the machine had nothing to do, all processors together.
pub fn idle_ticks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all = text.lines().next().unwrap_or_default();
    // `cpu user nice system idle iowait …`
    let ticks = all.split_whitespace().skip(4).take(2);
    ticks.filter_map(|text| text.parse::<u64>().ok()).sum()
}

fn collect(pid: i32, found: &mut Vec<i32>) {
    found.push(pid);
    for thread in threads(pid) {
        let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            if let Ok(child) = child.parse() {
                collect(child, found);
            }
        }
    }
}

fn threads(pid: i32) -> Vec<std::path::PathBuf> {
    let folder = fs::read_dir(format!("/proc/{pid}/task"));
    folder.map_or_else(
        |_| vec![],
        |entries| entries.flatten().map(|entry| entry.path()).collect(),
    )
}

fn status_field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok())
        .unwrap_or(0)
}
