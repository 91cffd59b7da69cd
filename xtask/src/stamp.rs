//! Whether work must be done again: a stamp file holds a hash of what the last run read.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that hold what the work makes, and so are no part of its input.
const OUTPUT: [&str; 2] = ["node_modules", "dist"];

/// The hash of some inputs, and the file that remembers it.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// Reads `inputs`, files or folders; a missing one counts as empty.
    pub(crate) fn of(inputs: &[PathBuf], file: PathBuf) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash(input, &mut hasher)?;
        }
        Ok(Self {
            file,
            hash: format!("{:016x}\n", hasher.finish()),
        })
    }

    /// Whether the work was done for these inputs.
    pub(crate) fn is_current(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|hash| hash == self.hash)
    }

    /// Notes that the work is done.
    pub(crate) fn write(&self) -> io::Result<()> {
        fs::write(&self.file, &self.hash)
    }
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if OUTPUT.iter().any(|name| path.ends_with(name)) {
        return Ok(());
    }
    path.file_name().hash(hasher);
    if path.is_file() {
        fs::read(path)?.hash(hasher);
    } else if path.is_dir() {
        let mut entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            hash(&entry.path(), hasher)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(folder: &Path) -> Stamp {
        Stamp::of(&[folder.join("web")], folder.join("stamp")).unwrap()
    }

    fn web(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join("web").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn work_is_current_only_once_its_stamp_is_written() {
        let folder = web(&[("src/main.ts", "1")]);

        assert!(!stamp(folder.path()).is_current());
        stamp(folder.path()).write().unwrap();
        assert!(stamp(folder.path()).is_current());
    }

    #[test]
    fn a_changed_a_new_and_a_renamed_file_make_work_stale() {
        let folder = web(&[("src/main.ts", "1")]);
        let source = folder.path().join("web/src");
        stamp(folder.path()).write().unwrap();

        fs::write(source.join("main.ts"), "2").unwrap();
        assert!(!stamp(folder.path()).is_current());

        stamp(folder.path()).write().unwrap();
        fs::write(source.join("new.ts"), "").unwrap();
        assert!(!stamp(folder.path()).is_current());

        stamp(folder.path()).write().unwrap();
        fs::rename(source.join("new.ts"), source.join("other.ts")).unwrap();
        assert!(!stamp(folder.path()).is_current());
    }

    #[test]
    fn what_the_work_makes_does_not_make_it_stale() {
        let folder = web(&[("src/main.ts", "1")]);
        stamp(folder.path()).write().unwrap();

        fs::create_dir_all(folder.path().join("web/dist")).unwrap();
        fs::write(folder.path().join("web/dist/index.html"), "made").unwrap();

        assert!(stamp(folder.path()).is_current());
    }
}
