//! The table of `docs/guide/compatibility.md`: each behaviour, and the cases that prove it in a run.

mod rows;
mod table;

use std::collections::BTreeSet;
use std::{fmt, fs};

use self::rows::{Row, Sections};
use super::cases::{Case, Cases};
use super::{Suite, Whole};
use crate::failure::Failure;
use crate::workspace;

/// The behaviours and the names of the cases that prove them.
const ROWS: &str = "conformance/compatibility.json";

/// Where the table stands.
const TABLE: &str = "docs/guide/compatibility.md";

/// What a run says about the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    proven: usize,
    /// The rows whose cases did not all pass, with those cases.
    unproven: Vec<String>,
    /// Rows that say themselves that something is missing.
    open: usize,
    /// Rows with a case of a suite that did not run.
    unjudged: usize,
    /// The committed table is another one.
    is_stale: bool,
}

/// What a run says about one row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Proof {
    Proven,
    /// By these cases it is not.
    Missing(Vec<Case>),
    Open,
    /// Not every suite ran.
    Unknown,
}

/// Judges the rows by the suites that ran. A whole run writes the table; with `ci` it compares it.
pub(super) fn judge(
    cases: &Cases,
    ran: &BTreeSet<Suite>,
    whole: Whole,
    ci: bool,
) -> Result<Verdict, Failure> {
    let rows =
        fs::read_to_string(workspace::path(ROWS)).map_err(|error| Failure::during(ROWS, error))?;
    let sections = Sections::parse(&rows).map_err(|failure| Failure::during(ROWS, failure))?;
    let mut verdict = count(&sections, cases, ran);
    if whole == Whole::Yes {
        let path = workspace::path(TABLE);
        let page = fs::read_to_string(&path).map_err(|error| Failure::during(TABLE, error))?;
        let table = table::render(&sections, |row| prove(row, cases, ran));
        let new = table::put_into(&page, &table)
            .ok_or_else(|| Failure::new(format!("{TABLE} has no place for the table")))?;
        verdict.is_stale = ci && new != page;
        if !ci {
            fs::write(&path, new)?;
        }
    }
    Ok(verdict)
}

fn count(sections: &Sections, cases: &Cases, ran: &BTreeSet<Suite>) -> Verdict {
    let mut verdict = Verdict::default();
    for row in sections.rows() {
        match prove(row, cases, ran) {
            Proof::Proven => verdict.proven += 1,
            Proof::Open => verdict.open += 1,
            Proof::Unknown => verdict.unjudged += 1,
            Proof::Missing(missing) => {
                let missing = missing.iter().map(Case::to_string).collect::<Vec<_>>();
                verdict
                    .unproven
                    .push(format!("{}: {}", row.id, missing.join("; ")));
            }
        }
    }
    verdict
}

fn prove(row: &Row, cases: &Cases, ran: &BTreeSet<Suite>) -> Proof {
    if row.tests.iter().any(|case| !ran.contains(&case.suite)) {
        return Proof::Unknown;
    }
    let missing = row.tests.iter().filter(|case| !cases.has_passed(case));
    let missing: Vec<_> = missing.cloned().collect();
    match (missing.is_empty(), &row.open) {
        (false, _) => Proof::Missing(missing),
        (true, Some(_)) => Proof::Open,
        (true, None) => Proof::Proven,
    }
}

impl Verdict {
    /// Whether the run says anything about any row.
    pub(super) fn is_of_interest(&self) -> bool {
        self.proven > 0 || !self.unproven.is_empty()
    }

    /// Whether every row that could be judged is proven, and the committed table is this one.
    pub(super) fn is_good(&self) -> bool {
        self.unproven.is_empty() && !self.is_stale
    }

    /// What a reader of the run should know, a line for each row that is not proven.
    pub(super) fn explained(&self) -> String {
        let mut lines = Vec::new();
        if !self.unproven.is_empty() {
            lines.push(format!("rows of {ROWS} whose tests did not pass:"));
        }
        lines.extend(self.unproven.iter().map(|row| format!("  {row}")));
        if self.is_stale {
            lines.push(format!(
                "{TABLE} is another table: run `cargo xtask test` without CI=true and commit it"
            ));
        }
        lines.join("\n")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rows proven, {} not",
            self.proven,
            self.unproven.len()
        )?;
        for (count, what) in [(self.open, "open"), (self.unjudged, "not judged")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        if self.is_stale {
            f.write_str(", the committed table is out of date")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::Finding;
    use super::*;

    const ROWS: &str = r#"[{"title": "All", "rows": [
        {"id": "1.1", "behaviour": "a", "tests": ["cargo: x::a", "server: g: a"]},
        {"id": "1.2", "behaviour": "b", "tests": ["cargo: x::b"]},
        {"id": "1.3", "behaviour": "c", "tests": ["cargo: x::a"], "open": "the rest"},
        {"id": "1.4", "behaviour": "d", "open": "everything"}
    ]}]"#;

    fn verdict(ran: &[Suite], passed: &[(Suite, &str)]) -> Verdict {
        let mut cases = Cases::default();
        for (suite, name) in passed {
            let name = (*name).to_owned();
            let has_passed = true;
            cases.note(*suite, Finding { name, has_passed });
        }
        let sections = Sections::parse(ROWS).unwrap();
        count(&sections, &cases, &ran.iter().copied().collect())
    }

    #[test]
    fn a_row_is_proven_when_all_its_cases_have_passed() {
        let passed = [
            (Suite::Cargo, "x::a"),
            (Suite::Cargo, "x::b"),
            (Suite::Server, "g: a"),
        ];
        let verdict = verdict(&[Suite::Cargo, Suite::Server], &passed);

        assert_eq!(verdict.to_string(), "2 rows proven, 0 not, 2 open");
        assert!(verdict.is_good() && verdict.is_of_interest());
        assert_eq!(verdict.explained(), "");
    }

    #[test]
    fn a_row_with_a_case_that_did_not_pass_is_named_with_it() {
        let verdict = verdict(
            &[Suite::Cargo, Suite::Server],
            &[(Suite::Cargo, "x::a"), (Suite::Cargo, "x::B")],
        );

        assert_eq!(verdict.to_string(), "0 rows proven, 2 not, 2 open");
        assert!(!verdict.is_good());
        assert_eq!(
            verdict.explained(),
            "rows of conformance/compatibility.json whose tests did not pass:\n  \
             1.1: server: g: a\n  1.2: cargo: x::b"
        );
    }

    #[test]
    fn rows_of_suites_that_did_not_run_are_not_judged() {
        let passed = [(Suite::Cargo, "x::a"), (Suite::Cargo, "x::b")];

        let cargo = verdict(&[Suite::Cargo], &passed);
        assert_eq!(
            cargo.to_string(),
            "1 rows proven, 0 not, 2 open, 1 not judged"
        );
        let seeds = verdict(&[Suite::Seeds], &[]);
        assert!(!seeds.is_of_interest());
    }

    #[test]
    fn another_table_is_a_failure_that_says_what_to_do() {
        let verdict = Verdict {
            proven: 3,
            is_stale: true,
            ..Verdict::default()
        };

        assert!(!verdict.is_good());
        assert_eq!(
            verdict.to_string(),
            "3 rows proven, 0 not, the committed table is out of date"
        );
        assert_eq!(
            verdict.explained(),
            "docs/guide/compatibility.md is another table: run `cargo xtask test` without CI=true and commit it"
        );
    }
}
