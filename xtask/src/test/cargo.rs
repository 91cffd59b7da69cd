//! The tests of the workspace with all its features, examples in documentation among them.

use super::{Outcome, Tally};
use crate::failure::Failure;
use crate::{build, process};

pub(super) fn run() -> Result<Outcome, Failure> {
    let mut tally = Tally::default();
    let status = process::tee(
        build::cargo().args(["test", "--workspace", "--all-features", "--no-fail-fast"]),
        |line| tally.read_cargo(line),
    )?;
    Ok(Outcome::Ran(tally.with_end(status)))
}
