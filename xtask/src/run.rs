//! `cargo xtask run`: the server with its web page.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::failure::Failure;
use crate::node::Node;
use crate::{build, process, workspace};

/// Builds what can be built and becomes the server.
///
/// A page that cannot be built is no reason not to start: the server then says so itself.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    match Node::find() {
        None => eprintln!("{}", build::without_node()),
        Some(node) => {
            if let Err(failure) = build::assets(node) {
                eprintln!("{failure}\nthe server starts with the page and bundle that are there");
            }
        }
    }
    let package = ["--package", "roomcast-server", "--bin", "roomcast"];
    process::run(build::cargo().args(["build", "--release"]).args(package))?;
    become_program(Command::new(workspace::root().join(workspace::program("roomcast"))).args(args))
}

/// Replaces this process, so that signals reach the server itself.
fn become_program(command: &mut Command) -> Result<(), Failure> {
    Err(command.exec().into())
}
