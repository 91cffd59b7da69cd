//! `cargo xtask bench instructions`: how many instructions a message takes, against a baseline.
//!
//! Valgrind counts the same on a busy machine as on an idle one. Another compiler, C library or
//! processor may count a little differently, so a few percent more pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::{fmt, fs};

use serde_json::Value;

use crate::failure::Failure;
use crate::{build, process, workspace};

/// Instructions by the name of their benchmark.
pub(crate) type Counts = BTreeMap<String, u64>;

/// How much more than the baseline passes, in percent.
const TOLERANCE: u64 = 5;

/// The programs that count.
const PROGRAMS: [&str; 2] = ["packet_instructions", "broadcast_instructions"];

/// Counts, shows what changed, and makes the counts the baseline if `accept` says so.
pub(crate) fn instructions(accept: bool) -> Result<(), Failure> {
    let counts = match measure()? {
        Measured::Counts(counts) => counts,
        Measured::Lacks(lacks) => return Err(Failure::new(format!("no {lacks} here"))),
    };
    let baseline = if accept && !baseline_file().exists() {
        Counts::new()
    } else {
        baseline()?
    };
    let verdicts = compare(&baseline, &counts);
    for verdict in &verdicts {
        println!("{verdict}");
    }
    if accept {
        return write_baseline(&counts);
    }
    if verdicts.iter().all(Verdict::is_good) {
        Ok(())
    } else {
        let hint = "`cargo xtask bench instructions --accept` makes these counts the baseline";
        Err(Failure::new(hint))
    }
}

/// What came of counting.
#[derive(Debug)]
pub(crate) enum Measured {
    Counts(Counts),
    /// The machine has no such tool.
    Lacks(&'static str),
}

/// Runs the benchmarks.
pub(crate) fn measure() -> Result<Measured, Failure> {
    for tool in ["valgrind", "gungraun-runner"] {
        if process::answer(Command::new(tool).arg("--version")).is_none() {
            return Ok(Measured::Lacks(tool));
        }
    }
    let bench = ["bench", "--quiet", "--package", "roomcast-benches"];
    let programs = PROGRAMS.iter().flat_map(|program| ["--bench", program]);
    let mut command = build::cargo();
    command.args(bench).args(programs);
    command.args(["--", "--output-format=json"]);
    let mut counts = Counts::new();
    let mut unread = None;
    let status = process::lines(&mut command, |line| match read_summary(line) {
        Some((name, count)) => drop(counts.insert(name, count)),
        None => unread = Some(line.to_owned()),
    })?;
    if let Some(line) = unread {
        return Err(Failure::new(format!("no summary of a benchmark: {line}")));
    }
    if !status.success() {
        return Err(Failure::new(format!("the benchmarks ended with {status}")));
    }
    Ok(Measured::Counts(counts))
}

/// Reads the name and the count of instructions (`Ir`) from what the runner prints for one benchmark.
fn read_summary(line: &str) -> Option<(String, u64)> {
    let summary: Value = serde_json::from_str(line).ok()?;
    let name = format!(
        "{}/{}",
        summary["function_name"].as_str()?,
        summary["id"].as_str()?
    );
    let profiles = summary["profiles"].as_array()?;
    let count = profiles
        .iter()
        .find_map(|profile| profile["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_u64())?;
    Some((name, count))
}

/// The counts that were accepted last.
pub(crate) fn baseline() -> Result<Counts, Failure> {
    let file = baseline_file();
    let during = |error: &dyn fmt::Display| Failure::during(file.display(), error);
    let text = fs::read_to_string(&file).map_err(|error| during(&error))?;
    serde_json::from_str(&text).map_err(|error| during(&error))
}

fn write_baseline(counts: &Counts) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(counts)
        .map_err(|error| Failure::during("writing the counts", error))?;
    text.push('\n');
    Ok(fs::write(baseline_file(), text)?)
}

fn baseline_file() -> PathBuf {
    workspace::path("benches/instructions.json")
}

/// What one count is against the baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    name: String,
    before: Option<u64>,
    now: Option<u64>,
}

impl Verdict {
    /// Whether the benchmark ran, was in the baseline, and counted at most 5 % more.
    pub(crate) fn is_good(&self) -> bool {
        let (Some(before), Some(now)) = (self.before, self.now) else {
            return false;
        };
        now.saturating_mul(100) <= before.saturating_mul(100 + TOLERANCE)
    }

    fn percent(&self) -> Option<f64> {
        let (before, now) = (self.before? as f64, self.now? as f64);
        Some((now / before - 1.0) * 100.0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_good() { "ok  " } else { "FAIL" };
        write!(f, "{mark} {}: ", self.name)?;
        match (self.now, self.percent()) {
            (Some(now), Some(percent)) => write!(f, "{now} instructions, {percent:+.1} %"),
            (Some(now), None) => write!(f, "{now} instructions, not in the baseline"),
            (None, _) => write!(f, "in the baseline, and no such benchmark"),
        }
    }
}

/// Compares every benchmark of either side.
pub(crate) fn compare(baseline: &Counts, counts: &Counts) -> Vec<Verdict> {
    let names: BTreeSet<_> = baseline.keys().chain(counts.keys()).collect();
    let verdict = |name: &String| Verdict {
        name: name.clone(),
        before: baseline.get(name).copied(),
        now: counts.get(name).copied(),
    };
    names.into_iter().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(entries: &[(&str, u64)]) -> Counts {
        let entry = |&(name, count): &(&str, u64)| (name.to_owned(), count);
        entries.iter().map(entry).collect()
    }

    fn compared(before: u64, now: u64) -> (bool, String) {
        let verdicts = compare(&counts(&[("x", before)]), &counts(&[("x", now)]));
        (verdicts[0].is_good(), verdicts[0].to_string())
    }

    #[test]
    fn five_percent_more_pass_and_one_instruction_above_does_not() {
        assert_eq!(
            compared(1000, 1050),
            (true, "ok   x: 1050 instructions, +5.0 %".to_owned())
        );
        assert_eq!(
            compared(1000, 1051),
            (false, "FAIL x: 1051 instructions, +5.1 %".to_owned())
        );
        assert!(compared(1000, 1).0);
    }

    #[test]
    fn a_benchmark_of_one_side_only_does_not_pass() {
        let verdicts = compare(&counts(&[("old", 1)]), &counts(&[("new", 2)]));

        let lines: Vec<_> = verdicts.iter().map(Verdict::to_string).collect();
        assert_eq!(
            lines,
            [
                "FAIL new: 2 instructions, not in the baseline",
                "FAIL old: in the baseline, and no such benchmark"
            ]
        );
    }

    #[test]
    fn the_count_stands_in_the_summary_of_the_runner() {
        let line = r#"{"function_name":"packet_in","id":"raw_32","profiles":[{"data":{"parts":[],
            "total":{"metrics":{"Ir":{"values":{"new":217224,"old":5}}}}}}]}"#;

        assert_eq!(
            read_summary(line),
            Some(("packet_in/raw_32".to_owned(), 217_224))
        );
        assert_eq!(read_summary("Gungraun result: Ok"), None);
    }
}
