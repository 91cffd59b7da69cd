//! `cargo xtask build`: the web page, the client bundle and all release programs.

use std::process::Command;

use crate::failure::Failure;
use crate::node::{self, Node};
use crate::{process, workspace};

/// Folder of the server's web page.
const PAGE: &str = "apps/roomcast-server/web";

/// Folder whose lock file pins the official client.
const BUNDLE: &str = "apps/client-bundle";

/// Builds everything. Without Node.js the programs are built without page and bundle, but not with `CI=true`.
pub(crate) fn all() -> Result<(), Failure> {
    match Node::find() {
        Some(node) => assets(node)?,
        None if workspace::is_ci() => return Err(Failure::new(without_node())),
        None => println!("{}", without_node()),
    }
    process::run(&mut programs())
}

/// Brings the client bundle and builds the web page.
pub(crate) fn assets(node: Node) -> Result<(), Failure> {
    node.install(&workspace::path(BUNDLE))?;
    node.build(&workspace::path(PAGE))
}

/// Builds every program of the workspace but this one in less time than for a release: what they do is the
/// same, how fast they are is not judged.
pub(crate) fn programs_for_tests() -> Result<(), Failure> {
    let mut building = programs();
    for (variable, value) in QUICK {
        if std::env::var_os(variable).is_none() {
            building.env(variable, value);
        }
    }
    process::run(&mut building)
}

fn programs() -> Command {
    let mut building = cargo();
    building.args(["build", "--release", "--workspace", "--exclude", "xtask"]);
    building.arg("--bins");
    building
}

/// Optimised over all crates at once, a dozen programs take a quarter of an hour on two cores.
const QUICK: [(&str, &str); 2] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// What is said where the page and the bundle cannot be built.
pub(crate) fn without_node() -> String {
    format!(
        "no {} here: the web page and the client bundle are left out",
        node::LACKS
    )
}

/// The Cargo that runs this program, in the root.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace::root());
    cargo
}
