//! Instruction counts of the codecs against their baseline.

use super::{Outcome, Tally};
use crate::bench::{self, Measured};
use crate::failure::Failure;

pub(super) fn run() -> Result<Outcome, Failure> {
    let counts = match bench::measure()? {
        Measured::Counts(counts) => counts,
        Measured::Lacks(lacks) => {
            let lacks = lacks.to_owned();
            return Ok(Outcome::Skipped { lacks });
        }
    };
    let mut tally = Tally::default();
    for verdict in bench::compare(&bench::baseline()?, &counts) {
        println!("{verdict}");
        if verdict.is_good() {
            tally.passed += 1;
        } else {
            tally.failed += 1;
        }
    }
    Ok(Outcome::Ran(tally))
}
