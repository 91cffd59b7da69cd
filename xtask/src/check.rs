//! `cargo xtask check`: what can be said about the code without running it.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::{build, process, workspace};

/// The workspace of the load generator.
const LOAD: &str = "load/Cargo.toml";

/// What browsers run.
const WASM: &str = "wasm32-unknown-unknown";

/// The crates that do no I/O.
const PROTOCOLS: [&str; 4] = [
    "roomcast-engineio",
    "roomcast-socketio",
    "roomcast-websocket",
    "roomcast-webtransport",
];

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
    // What every other build has by default.
    for features in [&[][..], &["--features", "native-tls"]] {
        step(
            build::cargo()
                .args(["clippy", "--package", "roomcast-client", "--all-targets"])
                .arg("--no-default-features")
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
    wasm()?;
    licences()
}

/// Builds the protocol crates for WebAssembly, where Rust has its standard library for it.
fn wasm() -> Result<(), Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut asked = Command::new(rustc);
    asked.args(["--print", "target-libdir", "--target", WASM]);
    let folder = process::answer(&mut asked);
    if !folder.is_some_and(|folder| Path::new(folder.trim()).is_dir()) {
        let lack = format!("`rustup target add {WASM}` was not run: nothing is built for it");
        if workspace::is_ci() {
            return Err(Failure::new(lack));
        }
        println!("{lack}");
        return Ok(());
    }
    let packages = PROTOCOLS.iter().flat_map(|name| ["--package", name]);
    step(
        build::cargo()
            .args(["build", "--target", WASM])
            .args(packages),
    )
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
