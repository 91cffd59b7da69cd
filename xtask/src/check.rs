//! `cargo xtask check`: what can be said about the code without running it.

use std::process::Command;

use crate::failure::Failure;
use crate::{build, process, workspace};

/// The workspace of the load generator.
const LOAD: &str = "load/Cargo.toml";

/// Checks formatting, lints, documentation and licences; with `fix`, formats instead of complaining.
pub(crate) fn all(fix: bool) -> Result<(), Failure> {
    let format: &[&str] = if fix {
        &["fmt", "--all"]
    } else {
        &["fmt", "--all", "--check"]
    };
    step(build::cargo().args(format))?;
    step(build::cargo().args(format).args(["--manifest-path", LOAD]))?;
    for features in [&[][..], &["--all-features"]] {
        step(
            build::cargo()
                .args(["clippy", "--workspace", "--all-targets"])
                .args(features)
                .args(["--", "-D", "warnings"]),
        )?;
    }
    let packages = ["--package", "generator", "--package", "floor"];
    step(
        build::cargo()
            .args(["clippy", "--manifest-path", LOAD])
            .args(packages)
            .args(["--", "-D", "warnings"]),
    )?;
    step(
        build::cargo()
            .args(["doc", "--workspace", "--all-features", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    licences()
}

/// Runs cargo-deny, where it is installed.
///
/// The advisory database is not asked for: it is a repository to clone, and not every machine may.
fn licences() -> Result<(), Failure> {
    if process::answer(build::cargo().args(["deny", "--version"])).is_none() {
        let lack = "cargo-deny is not installed: licences and duplicates are not checked";
        if workspace::is_ci() {
            return Err(Failure::new(lack));
        }
        println!("{lack}");
        return Ok(());
    }
    step(build::cargo().args(["deny", "check", "licenses", "bans", "sources"]))
}

fn step(command: &mut Command) -> Result<(), Failure> {
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy())
        .collect();
    println!("== cargo {}", words.join(" "));
    process::run(command)
}
