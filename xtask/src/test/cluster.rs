//! Sessions without sticky sessions, with the official client.

use super::cases::NodeCases;
use super::{Bench, Outcome, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    let folder = workspace::path("conformance/cluster");
    let programs = bench.command("CLUSTER_CMD", "cluster_fixture")?;
    node.install(&folder)?;

    let mut npm = node.npm(&folder);
    programs.hand_to(npm.arg("test"), "CLUSTER_CMD", "CLUSTER_CWD");
    let mut tally = Tally::default();
    let mut cases = NodeCases::default();
    let status = process::tee(&mut npm, |line| {
        tally.read_node(line);
        if let Some(finding) = cases.read(line) {
            bench.note(Suite::Cluster, finding);
        }
    })?;
    Ok(Outcome::Ran(tally.with_end(status)))
}
