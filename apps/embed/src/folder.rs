//! What a build script writes: the table of a folder's files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A folder of built files below a package, seen from its build script.
///
/// # Example
///
/// ```no_run
/// use roomcast_embed::Folder;
///
/// // Two files of the folder, whatever else lies in it.
/// Folder::new("dist").only(&["index.html", "app.js"]).write_table("page.rs")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is embedded until the table is written"]
pub struct Folder {
    path: String,
    only: Option<Vec<String>>,
}

impl Folder {
    /// Names a folder; `path` is relative to the package and uses `/`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            only: None,
        }
    }

    /// Takes these files and no others. By default every file is taken, those of inner folders too.
    ///
    /// A named file that is missing from an existing folder is an error of
    /// [`write_table`](Self::write_table).
    pub fn only(mut self, names: &[&str]) -> Self {
        self.only = Some(names.iter().map(|&name| name.to_owned()).collect());
        self
    }

    /// Writes the table to `file` in the build script's output folder and tells Cargo when to write it again.
    ///
    /// The table is one expression of type `&[(&str, &[u8])]`, made for `include!`. It is empty if
    /// the folder does not exist.
    ///
    /// # Errors
    ///
    /// A folder that cannot be read, a missing file named by [`only`](Self::only), or a call from
    /// outside a build script.
    pub fn write_table(&self, file: &str) -> io::Result<()> {
        let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        let output = PathBuf::from(variable("OUT_DIR")?);

        println!(
            "cargo::rerun-if-changed={}",
            self.watched(&package).display()
        );
        fs::write(output.join(file), self.table(&package)?)
    }

    /// The path whose change makes the table stale: the folder, or what it will appear in.
    ///
    /// Cost: Cargo runs a build script at every build if a watched path is missing, hence the
    /// nearest folder that exists.
    fn watched(&self, package: &Path) -> PathBuf {
        let folder = package.join(&self.path);
        let nearest = folder.ancestors().find(|path| path.exists());
        nearest.unwrap_or(package).to_owned()
    }

    fn table(&self, package: &Path) -> io::Result<String> {
        let mut table = String::from("&[\n");
        for name in self.names(&package.join(&self.path))? {
            // Contents are named from the package on, so that the table is the same in every checkout.
            let path = format!("/{}/{name}", self.path);
            let _ = writeln!(
                table,
                "({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),"
            ); // writing to a `String` cannot go wrong
        }
        table.push_str("]\n");
        Ok(table)
    }

    /// The files to embed, relative to `folder`, sorted.
    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut found = BTreeSet::new();
        collect(folder, "", &mut found)?;
        let Some(only) = &self.only else {
            return Ok(found.into_iter().collect());
        };
        if let Some(missing) = only.iter().find(|name| !found.contains(*name)) {
            let text = format!("no file {missing} in {}", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        let mut names = only.clone();
        names.sort();
        Ok(names)
    }
}

/// Adds the files under `folder` to `found`, their names led by `prefix`.
fn collect(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name);
        }
    }
    Ok(())
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|_| io::Error::other(format!("{name} is not set: no build script")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package whose folder `dist` holds `files`.
    fn package(files: &[&str]) -> tempfile::TempDir {
        let package = tempfile::tempdir().expect("a temporary folder");
        for file in files {
            let path = package.path().join("dist").join(file);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
            fs::write(path, "x").unwrap();
        }
        package
    }

    #[test]
    fn a_folder_that_was_not_built_gives_an_empty_table() {
        let package = package(&[]);

        assert_eq!(
            Folder::new("dist").table(package.path()).unwrap(),
            "&[\n]\n"
        );
    }

    #[test]
    fn files_of_inner_folders_are_named_with_slashes_and_sorted() {
        let package = package(&["index.html", "assets/b.js", "assets/a.css"]);

        let names = Folder::new("dist")
            .names(&package.path().join("dist"))
            .unwrap();

        assert_eq!(names, ["assets/a.css", "assets/b.js", "index.html"]);
    }

    #[test]
    fn a_table_names_contents_from_the_package_on() {
        let package = package(&["a.js"]);

        let row = r#"("a.js", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/dist/a.js"))),"#;
        let table = Folder::new("dist").table(package.path()).unwrap();
        assert_eq!(table, format!("&[\n{row}\n]\n"));
    }

    #[test]
    fn only_the_named_files_are_taken() {
        let package = package(&["a.js", "b.js", "c.js"]);

        let names = Folder::new("dist")
            .only(&["c.js", "a.js"])
            .names(&package.path().join("dist"));

        assert_eq!(names.unwrap(), ["a.js", "c.js"]);
    }

    #[test]
    fn a_named_file_that_is_missing_is_an_error() {
        let package = package(&["a.js"]);

        let error = Folder::new("dist")
            .only(&["b.js"])
            .table(package.path())
            .unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().starts_with("no file b.js in "), "{error}");
    }

    #[test]
    fn a_built_folder_is_watched_itself_and_a_missing_one_through_what_will_hold_it() {
        let package = package(&["a.js"]);
        let root = package.path();

        assert_eq!(Folder::new("dist").watched(root), root.join("dist"));
        assert_eq!(Folder::new("web/dist").watched(root), root);
    }
}
