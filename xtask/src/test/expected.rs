//! Expected failures of the server conformance suite, held against what a run reports.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::cases::Finding;
use crate::failure::Failure;

/// The cases that may fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Expectations(Vec<Expectation>);

/// One case that may fail, or a whole group of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectation {
    group: String,
    /// The exact name of a case; every case of the group without it.
    case: Option<String>,
    reason: String,
}

/// What the suite's runner writes to `JSON_OUT`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Report {
    results: Vec<CaseResult>,
}

#[derive(Clone, Debug, Deserialize)]
struct CaseResult {
    kind: Kind,
    /// The runner's word for the group.
    #[serde(rename = "file")]
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

/// What a report means in the light of the expectations. Cases are shown as `group: name`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Cases that passed, expected to fail or not.
    pub(super) passed: u64,
    pub(super) skipped: u64,
    /// Failed cases that are on no list.
    pub(super) unexpected: Vec<String>,
    /// Entries of the list that name no case of the report.
    pub(super) stale: Vec<String>,
    /// For each reason, how many cases failed as expected.
    expected: BTreeMap<String, u64>,
    /// Cases that passed although they are on the list.
    better: Vec<String>,
}

impl Report {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::during("the runner's report", error))
    }

    /// The cases that ran, each named `group: case`.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        let ran = |result: &&CaseResult| result.kind != Kind::Skip;
        self.results.iter().filter(ran).map(|result| Finding {
            name: result.shown(),
            has_passed: result.kind == Kind::Pass,
        })
    }
}

impl Expectations {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::new(error.to_string()))
    }

    /// Judges every case of a report.
    pub(super) fn judge(&self, report: &Report) -> Verdict {
        let mut verdict = Verdict::default();
        for result in &report.results {
            let shown = result.shown();
            let expectation = self.0.iter().find(|expectation| expectation.covers(result));
            match (result.kind, expectation) {
                (Kind::Pass, None) => verdict.passed += 1,
                (Kind::Pass, Some(_)) => {
                    verdict.passed += 1;
                    verdict.better.push(shown);
                }
                (Kind::Skip, _) => verdict.skipped += 1,
                (Kind::Fail, None) => verdict.unexpected.push(shown),
                (Kind::Fail, Some(expectation)) => {
                    let reason = format!("{}: {}", expectation.group, expectation.reason);
                    *verdict.expected.entry(reason).or_default() += 1;
                }
            }
        }
        let stale = self
            .0
            .iter()
            .filter(|entry| !report.results.iter().any(|r| entry.covers(r)));
        verdict.stale = stale.map(Expectation::shown).collect();
        verdict
    }
}

impl CaseResult {
    fn shown(&self) -> String {
        format!("{}: {}", self.group, self.name)
    }
}

impl Expectation {
    fn covers(&self, result: &CaseResult) -> bool {
        let is_case = self.case.as_ref().is_none_or(|case| *case == result.name);
        is_case && self.group == result.group
    }

    fn shown(&self) -> String {
        format!(
            "{}: {}",
            self.group,
            self.case.as_deref().unwrap_or("every case")
        )
    }
}

impl Verdict {
    /// What a reader of the run should know, several lines; `file` is where the expectations stand.
    pub(super) fn explained(&self, file: &str) -> String {
        let mut text = String::new();
        let mut list = |title: String, rows: &[String]| {
            if !rows.is_empty() {
                // Writing to a `String` cannot go wrong.
                let _ = writeln!(text, "{title}\n  {}", rows.join("\n  "));
            }
        };
        let expected = self
            .expected
            .iter()
            .map(|(reason, count)| format!("{count:>3} {reason}"));
        let expected = expected.collect::<Vec<_>>();
        let count = self.expected.values().sum::<u64>();
        list(format!("{count} cases fail as {file} says:"), &expected);
        let count = self.better.len();
        list(
            format!("{count} cases pass although {file} lists them:"),
            &self.better,
        );
        list(format!("entries of {file} that name no case:"), &self.stale);
        list("cases that must not fail:".to_owned(), &self.unexpected);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTATIONS: &str = r#"[
        {"group": "EIO3", "reason": "not there yet"},
        {"group": "cookie", "case": "max age", "reason": "rounding"}
    ]"#;

    fn judge(results: &str) -> Verdict {
        let report = Report::parse(&format!(r#"{{"url": "x", "results": [{results}]}}"#)).unwrap();
        Expectations::parse(EXPECTATIONS).unwrap().judge(&report)
    }

    fn result(kind: &str, group: &str, name: &str) -> String {
        format!(
            r#"{{"kind": "{kind}", "file": "{group}", "name": "{name}", "ms": 1, "error": "e"}}"#
        )
    }

    #[test]
    fn a_failure_outside_the_list_is_unexpected() {
        let results = [
            result("pass", "EIO3", "one"),
            result("fail", "cookie", "max age"),
            result("fail", "cookie", "path"),
            result("fail", "harness", "time limit"),
        ];

        let verdict = judge(&results.join(","));

        assert_eq!(verdict.unexpected, ["cookie: path", "harness: time limit"]);
        assert_eq!(verdict.passed, 1);
    }

    #[test]
    fn a_failure_on_the_list_is_counted_under_its_reason() {
        let results = [
            result("fail", "EIO3", "one"),
            result("fail", "EIO3", "two"),
            result("fail", "cookie", "max age"),
            result("pass", "polling", "ok"),
        ];

        let verdict = judge(&results.join(","));

        let expected = [
            ("EIO3: not there yet".to_owned(), 2),
            ("cookie: rounding".to_owned(), 1),
        ];
        assert_eq!(verdict.expected, BTreeMap::from(expected));
        assert_eq!(verdict.unexpected, [] as [&str; 0]);
    }

    #[test]
    fn a_listed_case_that_passes_is_reported() {
        let results = [
            result("pass", "EIO3", "one"),
            result("pass", "cookie", "max age"),
        ];

        let verdict = judge(&results.join(","));

        assert_eq!(verdict.better, ["EIO3: one", "cookie: max age"]);
        assert_eq!(verdict.passed, 2);
    }

    #[test]
    fn an_entry_that_names_no_case_is_stale() {
        let verdict = judge(&result("fail", "EIO3", "one"));

        assert_eq!(verdict.stale, ["cookie: max age"]);
    }

    #[test]
    fn cases_that_ran_are_named_with_their_group() {
        let results = [
            result("pass", "EIO3", "one"),
            result("fail", "cookie", "max age"),
            result("skip", "polling", "big"),
        ];
        let report = format!(r#"{{"url": "x", "results": [{}]}}"#, results.join(","));

        let report = Report::parse(&report).unwrap();
        let findings: Vec<_> = report
            .findings()
            .map(|finding| (finding.name, finding.has_passed))
            .collect();
        let expected = [("EIO3: one", true), ("cookie: max age", false)];
        assert_eq!(
            findings,
            expected.map(|(name, has_passed)| (name.to_owned(), has_passed))
        );
    }

    #[test]
    fn an_explanation_names_counts_reasons_and_cases() {
        let results = [
            result("fail", "EIO3", "one"),
            result("pass", "cookie", "max age"),
        ];

        let text = judge(&results.join(",")).explained("list.json");

        let expected = "1 cases fail as list.json says:\n    1 EIO3: not there yet\n\
                        1 cases pass although list.json lists them:\n  cookie: max age\n";
        assert_eq!(text, expected);
    }
}
