//! `cargo xtask load`: servers under load, by the runner in `load`.

use std::env;
use std::process::Command;

use crate::failure::Failure;
use crate::{process, workspace};

/// What a machine needs for it.
pub(crate) const LACKS: &str = "Linux with python3";

/// Hands the arguments to the runner, which builds what it needs.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let mut runner = runner().ok_or_else(|| Failure::new(format!("this needs {LACKS}")))?;
    process::run(runner.args(args))
}

/// The runner, if this machine can run it. What it builds lies in Cargo's output folder unless `BENCH_WORK` says else.
pub(crate) fn runner() -> Option<Command> {
    // The generator speaks to epoll and reads /proc.
    if !cfg!(target_os = "linux") {
        return None;
    }
    process::answer(Command::new("python3").arg("--version"))?;
    let mut runner = Command::new("python3");
    runner.arg("load/run.py").current_dir(workspace::root());
    if env::var_os("BENCH_WORK").is_none() {
        runner.env("BENCH_WORK", workspace::scratch("load"));
    }
    Some(runner)
}
