//! The server conformance suite, judged by its report: only listed cases may fail.

use std::fs;
use std::path::PathBuf;

use super::expected::{Expectations, Report, Verdict};
use super::{Bench, Outcome, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

/// What may fail, and why.
const EXPECTATIONS: &str = "conformance/expected-failures.json";

pub(super) fn run(bench: &Bench, folder: Option<PathBuf>) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    let folder = folder.unwrap_or_else(|| workspace::path("conformance/server"));
    let programs = bench.command("SERVER_CMD", "conformance_fixture")?;
    let expectations = read_expectations()?;
    node.install(&folder)?;

    let report = workspace::scratch("server-report.json");
    fs::create_dir_all(workspace::scratch(""))?;
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut npm = node.npm(&folder);
    programs.hand_to(
        npm.arg("test").env("JSON_OUT", &report),
        "SERVER_CMD",
        "SERVER_CWD",
    );
    // The runner fails with the first failed case, expected or not: its report is the judge.
    let status = process::tee(&mut npm, |_| ())?;
    let report = fs::read_to_string(&report)
        .map_err(|error| Failure::during(format!("the runner left no report ({status})"), error))?;

    let report = Report::parse(&report)?;
    report
        .findings()
        .for_each(|finding| bench.note(Suite::Server, finding));
    let verdict = expectations.judge(&report);
    print!("{}", verdict.explained(EXPECTATIONS));
    Ok(Outcome::Ran(tally(&verdict)))
}

fn read_expectations() -> Result<Expectations, Failure> {
    let text = fs::read_to_string(workspace::path(EXPECTATIONS))
        .map_err(|error| Failure::during(EXPECTATIONS, error))?;
    Expectations::parse(&text).map_err(|failure| Failure::during(EXPECTATIONS, failure))
}

/// Cases that fail as expected count neither as passed nor as failed.
fn tally(verdict: &Verdict) -> Tally {
    Tally {
        passed: verdict.passed,
        failed: (verdict.unexpected.len() + verdict.stale.len()) as u64,
        skipped: verdict.skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_expected_failures_can_be_read() {
        assert!(read_expectations().is_ok());
    }
}
