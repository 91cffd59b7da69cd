//! Pages in a real browser.

use std::env;
use std::path::{Path, PathBuf};

use super::cases::NodeCases;
use super::{Bench, Outcome, Programs, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

/// The programs that the pages talk to: the variable that names another one, the program, and its
/// arguments. The suite gives the port in the environment, and in place of `{port}`.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("CHAT_CMD", "chat", ""),
    ("USER_REGISTRY_CMD", "user_registry", ""),
    ("ROOMCAST_CMD", "roomcast", " --port {port}"),
    ("WEBTRANSPORT_CMD", "webtransport", ""),
];

pub(super) fn run(bench: &Bench) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    if !chromium().exists() {
        let lacks = format!(
            "Chromium at {} (CHROMIUM names another place)",
            chromium().display()
        );
        return Ok(Outcome::Skipped { lacks });
    }
    let folder = workspace::path("conformance/browser");
    let mut npm = node.npm(&folder);
    npm.arg("test").env("CHROMIUM", chromium());
    for (variable, name, args) in PROGRAMS {
        if let Programs::Own { command } = bench.command(variable, name)? {
            npm.env(variable, command + args);
        }
    }
    node.install(&folder)?;
    node.install(&workspace::path("examples/chat/web"))?;

    let mut tally = Tally::default();
    let mut cases = NodeCases::default();
    let status = process::tee(&mut npm, |line| {
        tally.read_node(line);
        if let Some(finding) = cases.read(line) {
            bench.note(Suite::Browser, finding);
        }
    })?;
    Ok(Outcome::Ran(tally.with_end(status)))
}

fn chromium() -> PathBuf {
    let chosen = env::var_os("CHROMIUM").map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new("/usr/bin/chromium").to_owned())
}
