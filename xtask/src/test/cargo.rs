//! The tests of the workspace with all its features, examples in documentation among them; and what a
//! message allocates in a build without the feature `metrics`.

use super::cases::{CargoCases, TestPrograms};
use super::{Bench, Outcome, Suite, Tally};
use crate::failure::Failure;
use crate::{build, process};

/// What both commands are about, so that the second one builds nothing again.
const TEST: [&str; 3] = ["test", "--workspace", "--all-features"];

/// The program that is to find the same number in both builds.
const WITHOUT_METRICS: [&str; 5] = [
    "test",
    "--package",
    "roomcast-test",
    "--test",
    "allocations",
];

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let mut programs = TestPrograms::default();
    let mut building = build::cargo();
    building.args(TEST);
    building.args(["--no-run", "--message-format=json-render-diagnostics"]);
    let status = process::lines(&mut building, |line| programs.read(line))?;
    if !status.success() {
        return Ok(Outcome::Ran(Tally::default().with_end(status)));
    }

    let mut tally = Tally::default();
    let mut cases = CargoCases::of(programs);
    let mut testing = build::cargo();
    testing.args(TEST).arg("--no-fail-fast");
    testing.env("CARGO_TERM_COLOR", "never");
    let status = process::tee_all(&mut testing, |line| {
        tally.read_cargo(line);
        if let Some(finding) = cases.read(line) {
            bench.note(Suite::Cargo, finding);
        }
    })?;
    tally = tally.with_end(status);

    let mut without_metrics = Tally::default();
    let mut testing = build::cargo();
    testing.args(WITHOUT_METRICS);
    testing.env("CARGO_TERM_COLOR", "never");
    let status = process::tee_all(&mut testing, |line| without_metrics.read_cargo(line))?;
    tally += without_metrics.with_end(status);
    Ok(Outcome::Ran(tally))
}
