//! `cargo xtask test`: every suite, one after the other, then one line for each.

mod autobahn;
mod browser;
mod cargo;
mod cases;
mod client;
mod cluster;
mod compatibility;
mod expected;
mod instructions;
mod load;
mod pairs;
mod recovery;
mod seeds;
mod server;
mod tally;
mod typescript;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::env;
use std::path::PathBuf;
use std::process::Command;

use self::cases::{Cases, Finding};
use self::tally::Tally;
use crate::build;
use crate::failure::Failure;
use crate::node::{self, Node};
use crate::workspace;

/// A set of tests with a runner of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suite {
    /// Unit, integration and documentation tests of the workspace.
    Cargo,
    /// Counts of instructions against their baseline.
    Instructions,
    /// Official clients against the five seed programs.
    Seeds,
    /// The server conformance suite against its fixture.
    Server,
    /// The official client and the ways to lose a session.
    Recovery,
    /// The official client and servers that share its sessions.
    Cluster,
    /// The client conformance suite against its driver.
    Client,
    /// Both clients with both servers, over each transport.
    Pairs,
    /// The exported types of events under the TypeScript compiler.
    TypeScript,
    /// The Autobahn suite against the WebSocket echo server and client.
    Autobahn,
    /// Pages in a real browser.
    Browser,
    /// The load generator against its fixture, briefly.
    Load,
}

impl Suite {
    pub(crate) const ALL: [Self; 12] = [
        Self::Cargo,
        Self::Instructions,
        Self::Seeds,
        Self::Server,
        Self::Recovery,
        Self::Cluster,
        Self::Client,
        Self::Pairs,
        Self::TypeScript,
        Self::Autobahn,
        Self::Browser,
        Self::Load,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Instructions => "instructions",
            Self::Seeds => "seeds",
            Self::Server => "server",
            Self::Recovery => "recovery",
            Self::Cluster => "cluster",
            Self::Client => "client",
            Self::Pairs => "pairs",
            Self::TypeScript => "typescript",
            Self::Autobahn => "autobahn",
            Self::Browser => "browser",
            Self::Load => "load",
        }
    }

    /// Whether its cases know nothing of this workspace, so that another copy of them can be run.
    pub(crate) fn is_black_box(self) -> bool {
        matches!(self, Self::Seeds | Self::Server | Self::Client)
    }

    fn run(self, bench: &Bench, folder: Option<PathBuf>) -> Result<Outcome, Failure> {
        match self {
            Self::Cargo => cargo::run(bench),
            Self::Instructions => instructions::run(),
            Self::Seeds => seeds::run(bench, folder),
            Self::Server => server::run(bench, folder),
            Self::Recovery => recovery::run(bench),
            Self::Cluster => cluster::run(bench),
            Self::Client => client::run(bench, folder),
            Self::Pairs => pairs::run(bench),
            Self::TypeScript => typescript::run(bench),
            Self::Autobahn => autobahn::run(bench),
            Self::Browser => browser::run(bench),
            Self::Load => load::run(bench),
        }
    }
}

/// A suite that was asked for, and where its cases lie if not in their own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selected {
    pub(crate) suite: Suite,
    pub(crate) folder: Option<PathBuf>,
}

/// Whether a run was of every suite, each with its own cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Yes,
    No,
}

/// How a suite came out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Ran(Tally),
    /// The machine has no `lacks`.
    Skipped {
        lacks: String,
    },
}

/// Runs the suites that are named, or all.
pub(crate) fn all(selected: &[Selected]) -> Result<(), Failure> {
    let every = Suite::ALL.map(|suite| Selected {
        suite,
        folder: None,
    });
    let selected = if selected.is_empty() {
        &every
    } else {
        selected
    };
    let bench = Bench::default();
    let mut outcomes = Vec::new();
    for Selected { suite, folder } in selected {
        println!("\n== {}", suite.name());
        let outcome = suite.run(&bench, folder.clone());
        if let Err(failure) = &outcome {
            println!("{failure}");
        }
        outcomes.push((*suite, outcome));
    }

    let ci = workspace::is_ci();
    let (compatibility, mut good) = compatibility(&bench, selected, &outcomes, ci);
    println!("\n== all suites");
    for (suite, outcome) in outcomes {
        let (line, is_good) = verdict(&outcome, ci);
        println!("{}: {line}", suite.name());
        good &= is_good;
    }
    if let Some(line) = compatibility {
        println!("compatibility: {line}");
    }
    if good {
        Ok(())
    } else {
        Err(Failure::new("not every suite passed"))
    }
}

/// One line about the behaviours that the suites have proven, if they are about any, and whether
/// the run may pass with it.
fn compatibility(
    bench: &Bench,
    selected: &[Selected],
    outcomes: &[(Suite, Result<Outcome, Failure>)],
    ci: bool,
) -> (Option<String>, bool) {
    let ran = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Ok(Outcome::Ran(_))));
    let ran: BTreeSet<_> = ran.map(|(suite, _)| *suite).collect();
    let is_whole = ran.len() == Suite::ALL.len() && selected.iter().all(|one| one.folder.is_none());
    let whole = if is_whole { Whole::Yes } else { Whole::No };
    match compatibility::judge(&bench.cases.borrow(), &ran, whole, ci) {
        Ok(verdict) if verdict.is_of_interest() => {
            if !verdict.is_good() {
                println!("\n== compatibility\n{}", verdict.explained());
            }
            (Some(verdict.to_string()), verdict.is_good() || !ci)
        }
        Ok(_) => (None, true),
        Err(failure) => (Some(failure.to_string()), false),
    }
}

/// One line for a suite, and whether the run may pass with it. Nothing may be skipped with `ci`.
fn verdict(outcome: &Result<Outcome, Failure>, ci: bool) -> (String, bool) {
    match outcome {
        Ok(Outcome::Ran(tally)) => (
            tally.to_string(),
            tally.is_good() && !(ci && tally.skipped > 0),
        ),
        Ok(Outcome::Skipped { lacks }) if ci => (format!("0 passed, 1 failed (no {lacks})"), false),
        Ok(Outcome::Skipped { lacks }) => (format!("skipped, no {lacks} here"), true),
        Err(failure) => (format!("0 passed, 1 failed ({failure})"), false),
    }
}

/// What the suites share: the tools of this machine, the programs, built once when first needed, and
/// the cases that they have run.
#[derive(Debug, Default)]
struct Bench {
    node: OnceCell<Option<Node>>,
    built: OnceCell<Result<(), Failure>>,
    cases: RefCell<Cases>,
}

impl Bench {
    fn node(&self) -> Option<Node> {
        *self.node.get_or_init(Node::find)
    }

    /// Notes how a case came out, for the table of what is proven.
    fn note(&self, suite: Suite, finding: Finding) {
        self.cases.borrow_mut().note(suite, finding);
    }

    /// The command that `variable` gives for a program, or else `default`, once the programs are built.
    fn command(&self, variable: &str, default: &str) -> Result<Programs, Failure> {
        if let Ok(command) = env::var(variable) {
            return Ok(Programs::Others { command });
        }
        self.built.get_or_init(|| self.build()).clone()?;
        Ok(Programs::Own {
            command: workspace::program(default).display().to_string(),
        })
    }

    fn build(&self) -> Result<(), Failure> {
        if let Some(node) = self.node() {
            build::assets(node)?;
        }
        build::programs_for_tests()
    }
}

/// Which programs are put to the test.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Programs {
    /// This workspace's; the command is relative to the root.
    Own { command: String },
    /// Those that the caller's environment names, in a folder of the caller's choice.
    Others { command: String },
}

impl Programs {
    /// Hands the command to a runner: `variable` names the program, `folder_variable` its folder.
    fn hand_to(&self, runner: &mut Command, variable: &str, folder_variable: &str) {
        match self {
            Self::Own { command } => runner
                .env(variable, command)
                .env(folder_variable, workspace::root()),
            Self::Others { command } => runner.env(variable, command),
        };
    }
}

/// The outcome of a suite that needs Node.js on a machine without it.
fn without_node() -> Outcome {
    Outcome::Skipped {
        lacks: node::LACKS.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(passed: u64, failed: u64, skipped: u64) -> Result<Outcome, Failure> {
        Ok(Outcome::Ran(Tally {
            passed,
            failed,
            skipped,
        }))
    }

    #[test]
    fn a_lack_is_a_skip_at_home_and_a_failure_in_ci() {
        let lack = Ok(Outcome::Skipped {
            lacks: "Chromium".to_owned(),
        });

        assert_eq!(
            verdict(&lack, false),
            ("skipped, no Chromium here".to_owned(), true)
        );
        assert_eq!(
            verdict(&lack, true),
            ("0 passed, 1 failed (no Chromium)".to_owned(), false)
        );
    }

    #[test]
    fn a_skipped_case_fails_in_ci_only() {
        assert_eq!(
            verdict(&ran(3, 0, 1), false),
            ("3 passed, 0 failed, 1 skipped".to_owned(), true)
        );
        assert!(!verdict(&ran(3, 0, 1), true).1);
        assert!(verdict(&ran(3, 0, 0), true).1);
    }

    #[test]
    fn a_suite_without_any_case_does_not_pass() {
        assert!(!verdict(&ran(0, 0, 0), false).1);
        assert!(!verdict(&Err(Failure::new("the runner is missing")), false).1);
    }
}
