//! The bundle of the official client: 8 files for browsers, as `socket.io-client` publishes them.
//!
//! The files are no part of this repository. `npm ci` in this folder brings the pinned release, and the
//! next build embeds its `dist` files byte for byte; `cargo xtask build` does both. Without them the
//! crate builds all the same, [`files`] is empty and [`VERSION`] is `None`.
//!
//! # Example
//!
//! ```
//! use roomcast_client_bundle::{VERSION, files};
//!
//! match VERSION {
//!     Some(version) => println!("{} files of socket.io-client {version}", files().len()),
//!     None => println!("no client bundle: run `cargo xtask build`"),
//! }
//! ```

/// The release of `socket.io-client` that the files come from, such as `4.8.4`; `None` without files.
pub const VERSION: Option<&str> = option_env!("BUNDLE_VERSION");

static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// The 8 files by name, such as `socket.io.min.js`, sorted; empty if none were there at build time.
pub fn files() -> &'static [(&'static str, &'static [u8])] {
    FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_all_eight_files_and_a_version_are_embedded_or_nothing() {
        let expected = if VERSION.is_some() { 8 } else { 0 };

        assert_eq!(files().len(), expected);
    }

    #[test]
    fn every_script_comes_with_its_source_map() {
        let names: Vec<_> = files().iter().map(|(name, _)| *name).collect();
        let scripts = names.iter().filter(|name| name.ends_with(".js"));

        let maps: Vec<_> = scripts.map(|name| format!("{name}.map")).collect();

        assert_eq!(
            maps.iter()
                .filter(|map| !names.contains(&map.as_str()))
                .count(),
            0
        );
    }
}
