//! Embeds the official client's bundle if `npm ci` was run in this folder.

use std::path::Path;
use std::{fs, io};

use roomcast_embed::Folder;

const PACKAGE: &str = "node_modules/socket.io-client";

/// The files that the official server hands out, and no others of the folder.
const FILES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

fn main() -> io::Result<()> {
    Folder::new(format!("{PACKAGE}/dist"))
        .only(&FILES)
        .write_table("bundle.rs")?;
    if let Some(version) = version(&Path::new(PACKAGE).join("package.json"))? {
        println!("cargo::rustc-env=BUNDLE_VERSION={version}");
    }
    Ok(())
}

/// The release that is installed, or `None` if none is.
fn version(manifest: &Path) -> io::Result<Option<String>> {
    // A build script runs in its package's folder, so the path needs no root.
    if !manifest.exists() {
        return Ok(None);
    }
    let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
    Ok(manifest["version"].as_str().map(str::to_owned))
}
