//! The repository's own commands: `cargo xtask run`, `build`, `check`, `test`, `bench` and `load`.
//!
//! Made for Unix. `run` starts the server, `build` makes every program, `check` reads the code without running it,
//! `test` runs every test, `bench` counts instructions, `load` puts servers under load. Each says by name what the
//! machine lacks.

mod args;
mod bench;
mod build;
mod check;
mod failure;
mod load;
mod node;
mod process;
mod run;
mod stamp;
mod test;
mod workspace;

use std::env;
use std::process::ExitCode;

use crate::args::Command;
use crate::failure::Failure;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Failure> {
    let command = Command::parse(env::args().skip(1))?;
    process::end_children_on_signals()?;
    match command {
        Command::Run { args } => run::run(&args),
        Command::Build => build::all(),
        Command::Check { fix } => check::all(fix),
        Command::Test { suites } => test::all(&suites),
        Command::Bench { accept } => bench::instructions(accept),
        Command::Load { args } => load::run(&args),
        Command::Help => {
            print!("{}", args::HELP);
            Ok(())
        }
    }
}
