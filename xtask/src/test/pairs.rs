//! Both clients with both servers, over each transport.

use super::cases::NodeCases;
use super::{Bench, Outcome, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    let folder = workspace::path("conformance/pairs");
    let client = bench.command("CLIENT_CMD", "client_driver")?;
    let server = bench.command("SERVER_CMD", "conformance_fixture")?;
    // The official client and server are those of the other suites.
    node.install(&workspace::path("conformance/client"))?;
    node.install(&workspace::path("conformance/server"))?;

    let mut npm = node.npm(&folder);
    client.hand_to(npm.arg("test"), "CLIENT_CMD", "CLIENT_CWD");
    server.hand_to(&mut npm, "SERVER_CMD", "SERVER_CWD");
    let mut tally = Tally::default();
    let mut cases = NodeCases::default();
    let status = process::tee(&mut npm, |line| {
        tally.read_node(line);
        if let Some(finding) = cases.read(line) {
            bench.note(Suite::Pairs, finding);
        }
    })?;
    Ok(Outcome::Ran(tally.with_end(status)))
}
