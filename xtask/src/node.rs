//! Node.js and npm, where the machine has them.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::process;
use crate::stamp::Stamp;

/// The oldest major release that every `package.json` here accepts.
const OLDEST: u32 = 20;

/// What a machine without it lacks.
pub(crate) const LACKS: &str = "Node.js 20 or later with npm";

/// Proof that a suitable Node.js and an npm are installed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node(());

impl Node {
    /// Looks for `node` and `npm` among the commands of this machine.
    pub(crate) fn find() -> Option<Self> {
        let version = process::answer(Command::new("node").arg("--version"))?;
        process::answer(Command::new("npm").arg("--version"))?;
        (major(&version)? >= OLDEST).then_some(Self(()))
    }

    /// Runs `npm ci` in `folder`, unless it was run there for the same lock file.
    pub(crate) fn install(self, folder: &Path) -> Result<(), Failure> {
        let inputs = ["package.json", "package-lock.json"].map(|name| folder.join(name));
        let stamp = Stamp::of(&inputs, folder.join("node_modules/.xtask-install"))?;
        if stamp.is_current() {
            return Ok(());
        }
        println!("npm ci in {}", folder.display());
        process::run(self.npm(folder).arg("ci"))
            .map_err(|failure| Failure::during(folder.display(), failure))?;
        Ok(stamp.write()?)
    }

    /// Runs `npm ci` and `npm run build` in `folder`, unless its `dist` is up to date.
    pub(crate) fn build(self, folder: &Path) -> Result<(), Failure> {
        self.install(folder)?;
        let stamp = Stamp::of(&[folder.into()], folder.join("node_modules/.xtask-build"))?;
        if stamp.is_current() && folder.join("dist").exists() {
            return Ok(());
        }
        println!("npm run build in {}", folder.display());
        process::run(self.npm(folder).args(["run", "build"]))
            .map_err(|failure| Failure::during(folder.display(), failure))?;
        Ok(stamp.write()?)
    }

    /// A call of npm in `folder`.
    pub(crate) fn npm(self, folder: &Path) -> Command {
        let mut npm = Command::new("npm");
        npm.current_dir(folder)
            .args(["--no-audit", "--no-fund", "--loglevel=error"]);
        npm
    }
}

/// The major number of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::workspace;

    #[test]
    fn the_major_number_is_read_from_what_node_prints() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v9.0.0"), Some(9));
        assert_eq!(major("20"), None);
    }

    /// The release of the official client that a lock file pins.
    fn pinned(folder: &str) -> Value {
        let lock = workspace::path(folder).join("package-lock.json");
        let lock = std::fs::read_to_string(lock).expect("a lock file in the repository");
        let lock: Value = serde_json::from_str(&lock).expect("a lock file is JSON");
        let client = &lock["packages"]["node_modules/socket.io-client"];
        Value::from(vec![client["version"].clone(), client["integrity"].clone()])
    }

    #[test]
    fn the_served_bundle_is_the_release_that_the_suites_compare_it_with() {
        let bundle = pinned("apps/client-bundle");

        assert!(bundle[0].is_string());
        assert_eq!(pinned("conformance/seeds"), bundle);
        assert_eq!(pinned("conformance/server"), bundle);
        assert_eq!(pinned("conformance/recovery"), bundle);
        assert_eq!(pinned("conformance/cluster"), bundle);
        assert_eq!(pinned("conformance/typescript"), bundle);
    }
}
