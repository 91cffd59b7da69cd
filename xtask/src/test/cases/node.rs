//! Cases of Node's test runner, named by the suites around them: `chat > polling > it connects`.

use super::Finding;

/// Reads the output of the reporter `spec`.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeCases {
    /// The suites that are open, from the outermost on.
    suites: Vec<String>,
    /// The cases are listed; what follows repeats those that failed.
    is_over: bool,
}

impl NodeCases {
    /// Reads a line: `▶ chat`, `  ✔ it connects (1.5ms)`, `  ✖ it ends (20ms)`.
    pub(crate) fn read(&mut self, line: &str) -> Option<Finding> {
        let text = line.trim_start_matches(' ');
        let depth = (line.len() - text.len()) / INDENT;
        let (mark, rest) = text.split_once(' ')?;
        self.is_over |= mark == "ℹ";
        if self.is_over || depth > self.suites.len() {
            return None;
        }
        let has_passed = match mark {
            "▶" => {
                self.suites.truncate(depth);
                self.suites.push(without_time(rest).to_owned());
                return None;
            }
            "✔" => true,
            "✖" => false,
            _ => return None,
        };
        if rest.contains("# SKIP") || rest.contains("# TODO") {
            return None;
        }
        self.suites.truncate(depth);
        let mut names = self.suites.clone();
        names.push(without_time(rest).to_owned());
        Some(Finding {
            name: names.join(" > "),
            has_passed,
        })
    }
}

/// What stands before the time at the end: `it connects (1.5ms)`.
fn without_time(text: &str) -> &str {
    let text = text.trim_end();
    match text.rsplit_once(" (") {
        Some((name, time)) if time.ends_with("ms)") => name,
        _ => text,
    }
}

/// Spaces before a line, for each suite around it.
const INDENT: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<(String, bool)> {
        let mut cases = NodeCases::default();
        lines
            .iter()
            .filter_map(|line| cases.read(line))
            .map(|finding| (finding.name, finding.has_passed))
            .collect()
    }

    /// Recorded from Node 20.20.
    #[test]
    fn a_case_is_named_by_its_suites() {
        let lines = [
            "▶ chat",
            "  ▶ polling",
            "    ✔ S3.4 a text goes to all (but the sender) (1.5ms)",
            "    ✖ S3.6 joining twice (20.25ms)",
            "      Error: no",
            "          at Suite.run (node:internal/test_runner/test:526:7)",
            "",
            "  ✖ polling (30.5ms)",
            "  ▶ once",
            "    ✔ S3.3 GET / (3ms)",
            "    ﹣ S3.9 not here (0.1ms) # set X=1",
            "    ✔ S3.10 not yet (0.1ms) # TODO",
            "  ✔ once (5ms)",
            "✖ chat (40ms)",
            "✔ every statement has a case (0.2ms)",
            "ℹ tests 5",
            "ℹ pass 3",
            "",
            "✖ failing tests:",
            "",
            "test at seeds.test.mjs:2:104",
            "✖ S3.6 joining twice (20.25ms)",
        ];

        let expected = [
            (
                "chat > polling > S3.4 a text goes to all (but the sender)",
                true,
            ),
            ("chat > polling > S3.6 joining twice", false),
            ("chat > polling", false),
            ("chat > once > S3.3 GET /", true),
            ("chat > once", true),
            ("chat", false),
            ("every statement has a case", true),
        ];
        assert_eq!(
            read(&lines),
            expected.map(|(name, has_passed)| (name.to_owned(), has_passed))
        );
    }

    #[test]
    fn a_suite_may_end_as_it_begins() {
        let lines = [
            "▶ page",
            "  ✔ it loads (2ms)",
            "▶ page (3ms)",
            "",
            "✔ it lives (1ms)",
        ];

        let names: Vec<_> = read(&lines).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["page > it loads", "it lives"]);
    }

    #[test]
    fn what_a_program_prints_is_no_case() {
        assert_eq!(
            read(&["    ✔ deeper than any suite (1ms)", "listening on ✔"]),
            []
        );
    }
}
