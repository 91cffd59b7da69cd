//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root's folder")
}

/// A path below the root.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// Cargo's output folder, relative to the root unless the caller's environment moved it.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// A release program as a path from the root on; the programs of a test run are started there.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// A folder of this tool below Cargo's output folder: reports, caches.
pub(crate) fn scratch(name: &str) -> PathBuf {
    root().join(target()).join("xtask").join(name)
}

/// Whether nothing may be skipped.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}
