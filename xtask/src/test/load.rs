//! Every scenario of the load generator for a moment: messages arrive, in order, and nothing is left.

use super::{Bench, Outcome, Programs, Tally};
use crate::failure::Failure;
use crate::{load, process};

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let Some(mut runner) = load::runner() else {
        return Ok(Outcome::Skipped {
            lacks: load::LACKS.to_owned(),
        });
    };
    let (Programs::Own { command } | Programs::Others { command }) =
        bench.command("LOAD_CMD", "bench_fixture")?;
    runner.args(["smoke", "--only=", "--server"]);
    runner.arg(format!("roomcast={command}"));
    let mut tally = Tally::default();
    let status = process::tee(&mut runner, |line| tally.read_judge(line))?;
    Ok(Outcome::Ran(tally.with_end(status)))
}
