//! The client conformance suite against the driver of `roomcast-client`, judged by its report.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::cases::Finding;
use super::{Bench, Outcome, Suite, Tally, without_node};
use crate::failure::Failure;
use crate::{process, workspace};

/// What the suite's runner writes to `JSON_OUT`.
#[derive(Clone, Debug, Deserialize)]
struct Report {
    results: Vec<CaseResult>,
}

#[derive(Clone, Debug, Deserialize)]
struct CaseResult {
    outcome: Kind,
    group: String,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Pass,
    Fail,
    Skip,
}

pub(super) fn run(bench: &Bench, folder: Option<PathBuf>) -> Result<Outcome, Failure> {
    let Some(node) = bench.node() else {
        return Ok(without_node());
    };
    let folder = folder.unwrap_or_else(|| workspace::path("conformance/client"));
    let programs = bench.command("CLIENT_CMD", "client_driver")?;
    node.install(&folder)?;

    let report = workspace::scratch("client-report.json");
    fs::create_dir_all(workspace::scratch(""))?;
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut npm = node.npm(&folder);
    programs.hand_to(
        npm.arg("test").env("JSON_OUT", &report),
        "CLIENT_CMD",
        "CLIENT_CWD",
    );
    let status = process::tee(&mut npm, |_| ())?;
    let report = fs::read_to_string(&report)
        .map_err(|error| Failure::during(format!("the runner left no report ({status})"), error))?;

    let report = Report::parse(&report)?;
    for finding in report.findings() {
        bench.note(Suite::Client, finding);
    }
    Ok(Outcome::Ran(report.tally().with_end(status)))
}

impl Report {
    fn parse(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::during("the runner's report", error))
    }

    /// The cases that ran, each named `group: case`.
    fn findings(&self) -> impl Iterator<Item = Finding> {
        let ran = |result: &&CaseResult| result.outcome != Kind::Skip;
        self.results.iter().filter(ran).map(|result| Finding {
            name: format!("{}: {}", result.group, result.name),
            has_passed: result.outcome == Kind::Pass,
        })
    }

    fn tally(&self) -> Tally {
        let count = |kind| self.results.iter().filter(|r| r.outcome == kind).count() as u64;
        Tally {
            passed: count(Kind::Pass),
            failed: count(Kind::Fail),
            skipped: count(Kind::Skip),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_named_by_their_group() {
        let report = r#"{"seconds":1.5,"results":[
            {"outcome":"pass","group":"acks","name":"an answer","ms":3},
            {"outcome":"fail","group":"acks","name":"another","ms":3,"error":"no"},
            {"outcome":"skip","group":"load","name":"much","ms":0}]}"#;

        let report = Report::parse(report).unwrap();

        let named = |name: &str, has_passed| Finding {
            name: name.to_owned(),
            has_passed,
        };
        let expected = [
            named("acks: an answer", true),
            named("acks: another", false),
        ];
        assert_eq!(report.findings().collect::<Vec<_>>(), expected);
        assert_eq!(report.tally().to_string(), "1 passed, 1 failed, 1 skipped");
    }
}
