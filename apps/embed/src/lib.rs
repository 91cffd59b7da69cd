//! Embeds a folder of built files into a program, or nothing where the folder was not built.
//!
//! A build script writes the table with [`Folder`], the program reads it through [`Assets`].
//! The folder may be missing: then the table is empty and the program says so in its own words.
//! This crate runs no build tool; `cargo xtask build` fills the folders.
//!
//! The build script:
//!
//! ```no_run
//! fn main() -> std::io::Result<()> {
//!     roomcast_embed::Folder::new("web/dist").write_table("page.rs")
//! }
//! ```
//!
//! The program:
//!
//! ```text
//! static PAGE: Assets = Assets::new(include!(concat!(env!("OUT_DIR"), "/page.rs")));
//! ```

mod assets;
mod folder;

pub use assets::{Asset, Assets};
pub use folder::Folder;
