//! Cases of `cargo test`, named `package::path` and, in integration tests, `package::program::path`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::Finding;

/// To which package and target a test program belongs, by the program's file name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TestPrograms(BTreeMap<String, String>);

impl TestPrograms {
    /// Reads a line of `cargo test --no-run --message-format=json`.
    pub(crate) fn read(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (Some(executable), Some(package), Some(target)) = (
            text(&message["executable"]),
            text(&message["package_id"]),
            text(&message["target"]["name"]),
        ) else {
            return;
        };
        let package = package_name(&package);
        let prefix = match message["target"]["kind"][0].as_str() {
            Some("test" | "bench" | "example") => format!("{package}::{target}"),
            _ => package.to_owned(),
        };
        self.0.insert(file_name(&executable).to_owned(), prefix);
    }
}

/// Reads the output of `cargo test`, both streams in one.
#[derive(Clone, Debug, Default)]
pub(crate) struct CargoCases {
    programs: TestPrograms,
    /// What the names of the running program begin with; `None` for examples of documentation,
    /// whose names are places in files.
    prefix: Option<String>,
}

impl CargoCases {
    pub(crate) fn of(programs: TestPrograms) -> Self {
        Self {
            programs,
            prefix: None,
        }
    }

    /// Reads a line: `     Running unittests src/lib.rs (target/debug/deps/roomcast-0a1b)`,
    /// `   Doc-tests roomcast`, `test id::tests::ids_differ ... ok`.
    pub(crate) fn read(&mut self, line: &str) -> Option<Finding> {
        let line = line.trim();
        if let Some(running) = line.strip_prefix("Running ") {
            let program = running.rsplit_once('(')?.1.strip_suffix(')')?;
            self.prefix = self.programs.0.get(file_name(program)).cloned();
            return None;
        }
        if line.starts_with("Doc-tests ") {
            self.prefix = None;
            return None;
        }
        let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        let has_passed = match outcome {
            "ok" => true,
            "FAILED" => false,
            _ => return None,
        };
        let prefix = self.prefix.as_ref()?;
        Some(Finding {
            name: format!("{prefix}::{name}"),
            has_passed,
        })
    }
}

/// The name in `path+file:///x/crates/roomcast#0.1.0` or `path+file:///x/app#roomcast@0.1.0`.
fn package_name(id: &str) -> &str {
    let (path, version) = id.rsplit_once('#').unwrap_or((id, ""));
    match version.split_once('@') {
        Some((name, _)) => name,
        None => file_name(path),
    }
}

fn file_name(path: &str) -> &str {
    let name = Path::new(path).file_name();
    name.and_then(|name| name.to_str()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: [&str; 5] = [
        r#"{"reason":"compiler-artifact","package_id":"path+file:///w/crates/roomcast#0.1.0","target":{"kind":["lib"],"name":"roomcast"},"executable":"/w/target/debug/deps/roomcast-0a1b"}"#,
        r#"{"reason":"compiler-artifact","package_id":"path+file:///w/crates/roomcast#0.1.0","target":{"kind":["test"],"name":"scenarios"},"executable":"/w/target/debug/deps/scenarios-2c3d"}"#,
        r#"{"reason":"compiler-artifact","package_id":"path+file:///w/apps/server#roomcast-server@0.1.0","target":{"kind":["bin"],"name":"roomcast"},"executable":"/w/target/debug/deps/roomcast-4e5f"}"#,
        r#"{"reason":"compiler-artifact","package_id":"registry+x#itoa@1.0.0","target":{"kind":["lib"],"name":"itoa"},"executable":null}"#,
        r#"{"reason":"build-finished","success":true}"#,
    ];

    fn read(lines: &[&str]) -> Vec<(String, bool)> {
        let mut programs = TestPrograms::default();
        MESSAGES.iter().for_each(|line| programs.read(line));
        let mut cases = CargoCases::of(programs);
        lines
            .iter()
            .filter_map(|line| cases.read(line))
            .map(|finding| (finding.name, finding.has_passed))
            .collect()
    }

    #[test]
    fn a_case_is_named_by_package_program_and_path() {
        let lines = [
            "    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.10s",
            "     Running unittests src/lib.rs (target/debug/deps/roomcast-0a1b)",
            "running 2 tests",
            "test id::tests::ids_differ ... ok",
            "test http::cors::tests::a_line_break_panics - should panic ... ok",
            "     Running unittests src/main.rs (target/debug/deps/roomcast-4e5f)",
            "test cli::tests::the_port_is_3000 ... ok",
            "     Running tests/scenarios/main.rs (/w/target/debug/deps/scenarios-2c3d)",
            "test upgrade::a_session_upgrades ... FAILED",
        ];

        let expected = [
            ("roomcast::id::tests::ids_differ", true),
            ("roomcast::http::cors::tests::a_line_break_panics", true),
            ("roomcast-server::cli::tests::the_port_is_3000", true),
            ("roomcast::scenarios::upgrade::a_session_upgrades", false),
        ];
        assert_eq!(
            read(&lines),
            expected.map(|(name, has_passed)| (name.to_owned(), has_passed))
        );
    }

    #[test]
    fn ignored_tests_and_examples_of_documentation_are_no_cases() {
        let lines = [
            "     Running unittests src/lib.rs (target/debug/deps/roomcast-0a1b)",
            "test slow ... ignored",
            "test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "   Doc-tests roomcast",
            "test crates/roomcast/src/id.rs - id::SocketId (line 12) ... ok",
        ];

        assert_eq!(read(&lines), []);
    }

    #[test]
    fn a_program_that_cargo_did_not_name_has_no_cases() {
        let lines = [
            "     Running unittests src/lib.rs (target/debug/deps/other-9999)",
            "test tests::something ... ok",
        ];

        assert_eq!(read(&lines), []);
    }
}
