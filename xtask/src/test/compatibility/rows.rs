//! The behaviours, as the data file lists them.

use serde::Deserialize;

use crate::failure::Failure;
use crate::test::cases::Case;

/// All behaviours, in the order of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Sections(Vec<Section>);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// One behaviour.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) behaviour: String,
    /// The cases that prove it, all of them together.
    #[serde(default)]
    pub(super) tests: Vec<Case>,
    /// Where this server differs on purpose.
    pub(super) remark: Option<String>,
    /// What is missing.
    pub(super) open: Option<String>,
}

impl Sections {
    /// Reads the file. A row that names no test must say what is missing.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let sections: Self =
            serde_json::from_str(text).map_err(|error| Failure::new(error.to_string()))?;
        let mut known = std::collections::BTreeSet::new();
        for row in sections.rows() {
            if row.tests.is_empty() && row.open.is_none() {
                return Err(Failure::new(format!("row {}: no test named", row.id)));
            }
            if !known.insert(&row.id) {
                return Err(Failure::new(format!("row {} is there twice", row.id)));
            }
        }
        Ok(sections)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Section> {
        self.0.iter()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().flat_map(|section| &section.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn failure(rows: &str) -> String {
        let text = format!(r#"[{{"title": "All", "rows": [{rows}]}}]"#);
        Sections::parse(&text).unwrap_err().to_string()
    }

    #[test]
    fn a_row_without_tests_must_say_what_is_missing() {
        assert_eq!(
            failure(r#"{"id": "1.1", "behaviour": "a"}"#),
            "row 1.1: no test named"
        );
        assert_eq!(
            failure(r#"{"id": "1.1", "behaviour": "a", "tests": []}"#),
            "row 1.1: no test named"
        );
    }

    #[test]
    fn a_row_is_listed_once() {
        let row = r#"{"id": "1.1", "behaviour": "a", "open": "all"}"#;

        assert_eq!(failure(&format!("{row},{row}")), "row 1.1 is there twice");
    }

    #[test]
    fn a_misspelt_suite_or_field_is_an_error() {
        let suite = failure(r#"{"id": "1", "behaviour": "a", "tests": ["cago: x"]}"#);
        assert!(suite.starts_with(r#""cago: x" names no suite"#), "{suite}");
        let field = failure(r#"{"id": "1", "behaviour": "a", "test": []}"#);
        assert!(field.starts_with("unknown field `test`"), "{field}");
    }

    /// The numbers of the behaviours: five sections without a gap, edge cases of the client, and what
    /// goes beyond them.
    #[test]
    fn the_file_of_the_repository_lists_every_behaviour() {
        let text = std::fs::read_to_string(workspace::path(super::super::ROWS)).unwrap();
        let sections = Sections::parse(&text).unwrap();
        let ids: Vec<_> = sections.rows().map(|row| row.id.as_str()).collect();

        let numbered = [(1, 55), (2, 45), (3, 15), (5, 7), (6, 36)];
        let numbered = numbered
            .into_iter()
            .flat_map(|(section, last)| (1..=last).map(move |row| format!("{section}.{row}")));
        let edges = [7, 9, 13, 15, 24, 28, 29, 33, 34, 35, 38, 39].map(|row| format!("11.{row}"));
        let beyond = [1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 17, 19].map(|row| format!("N{row}"));
        let expected: Vec<_> = numbered.chain(edges).chain(beyond).collect();
        assert_eq!(ids, expected);
    }
}
