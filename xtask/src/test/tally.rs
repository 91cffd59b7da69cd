//! Counts of cases, read from what the runners print.

use std::fmt;
use std::ops::AddAssign;
use std::process::ExitStatus;

/// How many cases passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    /// Whether at least one case ran and none failed.
    pub(super) fn is_good(self) -> bool {
        self.passed > 0 && self.failed == 0
    }

    /// Counts a runner that ended badly without naming a failed case as one failure.
    pub(super) fn with_end(mut self, status: ExitStatus) -> Self {
        if !status.success() && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// Adds what a line of `cargo test` says: `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
    pub(super) fn read_cargo(&mut self, line: &str) {
        let Some(counts) = line.trim().strip_prefix("test result: ") else {
            return;
        };
        let counts = counts.split_once(". ").map_or("", |(_, counts)| counts);
        *self += Self {
            passed: before(counts, "passed"),
            failed: before(counts, "failed"),
            skipped: before(counts, "ignored"),
        };
    }

    /// Adds what a closing line of Node's test runner says: `ℹ pass 371`, or `# pass 371`.
    pub(super) fn read_node(&mut self, line: &str) {
        let Some(line) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else {
            return;
        };
        let Some((word, count)) = line.trim().split_once(' ') else {
            return;
        };
        let Ok(count) = count.parse::<u64>() else {
            return;
        };
        match word {
            "pass" => self.passed += count,
            "fail" | "cancelled" => self.failed += count,
            "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }

    /// Adds what the closing line of a judge says, Autobahn's or the load runner's: `301 passed, 0 failed`.
    pub(super) fn read_judge(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [passed, "passed,", failed, "failed"] = words[..] else {
            return;
        };
        if let (Ok(passed), Ok(failed)) = (passed.parse(), failed.parse()) {
            *self += Self {
                passed,
                failed,
                skipped: 0,
            };
        }
    }
}

/// The number that stands before `word` in `5 passed; 0 failed`.
fn before(counts: &str, word: &str) -> u64 {
    let count = counts
        .split("; ")
        .find_map(|count| count.strip_suffix(word));
    count
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str], read: fn(&mut Tally, &str)) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| read(&mut tally, line));
        tally
    }

    #[test]
    fn results_of_several_test_programs_add_up() {
        let lines = [
            "running 6 tests",
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ];

        let expected = Tally {
            passed: 8,
            failed: 2,
            skipped: 1,
        };
        assert_eq!(read(&lines, Tally::read_cargo), expected);
    }

    #[test]
    fn closing_lines_of_both_reporters_of_node_are_read() {
        let spec = [
            "✔ pass 9 (1 ms)",
            "ℹ tests 376",
            "ℹ pass 371",
            "ℹ fail 0",
            "ℹ skipped 5",
        ];
        let tap = [
            "# tests 3",
            "# pass 1",
            "# fail 1",
            "# cancelled 1",
            "# duration_ms 8.5",
        ];

        let expected = Tally {
            passed: 371,
            failed: 0,
            skipped: 5,
        };
        assert_eq!(read(&spec, Tally::read_node), expected);
        let expected = Tally {
            passed: 1,
            failed: 2,
            skipped: 0,
        };
        assert_eq!(read(&tap, Tally::read_node), expected);
    }

    #[test]
    fn the_verdict_of_the_judge_is_read() {
        let lines = [
            "server: 301 cases",
            "300 passed, 1 failed",
            "wall 25 s; reports in /tmp/x",
        ];

        let expected = Tally {
            passed: 300,
            failed: 1,
            skipped: 0,
        };
        assert_eq!(read(&lines, Tally::read_judge), expected);
    }

    #[test]
    fn a_runner_that_dies_without_a_failed_case_counts_as_one() {
        use std::os::unix::process::ExitStatusExt as _;
        let passed = Tally {
            passed: 3,
            failed: 0,
            skipped: 0,
        };

        assert_eq!(passed.with_end(ExitStatus::from_raw(9)).failed, 1);
        assert_eq!(passed.with_end(ExitStatus::from_raw(0)), passed);
    }

    #[test]
    fn skipped_cases_are_shown_only_where_there_are_some() {
        let tally = |skipped| Tally {
            passed: 1,
            failed: 0,
            skipped,
        };

        assert_eq!(tally(0).to_string(), "1 passed, 0 failed");
        assert_eq!(tally(5).to_string(), "1 passed, 0 failed, 5 skipped");
    }
}
