//! The official client against the five seed programs.

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;

use super::cases::NodeCases;
use super::{Bench, Outcome, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

/// The ports of programs that are started without `PORT`.
const DEFAULT_PORTS: [u16; 2] = [3000, 8080];

pub(super) fn run(bench: &Bench, folder: Option<PathBuf>) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    let folder = folder.unwrap_or_else(|| workspace::path("conformance/seeds"));
    let programs = bench.command("SEED_CMD", "{name}")?;
    node.install(&folder)?;

    let mut npm = node.npm(&folder);
    programs.hand_to(npm.arg("test"), "SEED_CMD", "SEED_CWD");
    if env::var_os("SEED_DEFAULT_PORTS").is_none() && default_ports_are_free() {
        npm.env("SEED_DEFAULT_PORTS", "1");
    }
    let mut tally = Tally::default();
    let mut cases = NodeCases::default();
    let status = process::tee(&mut npm, |line| {
        tally.read_node(line);
        if let Some(finding) = cases.read(line) {
            bench.note(Suite::Seeds, finding);
        }
    })?;
    Ok(Outcome::Ran(tally.with_end(status)))
}

/// Whether the five cases that need the programs' own default ports can run.
fn default_ports_are_free() -> bool {
    DEFAULT_PORTS
        .iter()
        .all(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}
