//! Which cases passed in this run, by name.

mod cargo;
mod node;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

pub(super) use self::cargo::{CargoCases, TestPrograms};
pub(super) use self::node::NodeCases;
use super::Suite;

/// One case of a suite, written `suite: name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Case {
    pub(super) suite: Suite,
    pub(super) name: String,
}

/// How a case came out, as a reader of a runner's output found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) name: String,
    pub(super) has_passed: bool,
}

/// The cases of all suites that ran.
#[derive(Clone, Debug, Default)]
pub(super) struct Cases(BTreeMap<Case, bool>);

impl Cases {
    /// Notes how a case came out. One that runs several times must pass each time.
    pub(super) fn note(&mut self, suite: Suite, Finding { name, has_passed }: Finding) {
        let so_far = self.0.entry(Case { suite, name }).or_insert(true);
        *so_far &= has_passed;
    }

    pub(super) fn has_passed(&self, case: &Case) -> bool {
        self.0.get(case) == Some(&true)
    }
}

impl TryFrom<String> for Case {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (suite, name) = text
            .split_once(": ")
            .ok_or_else(|| format!("{text:?} is not written `suite: name`"))?;
        let suite = Suite::ALL
            .into_iter()
            .find(|known| known.name() == suite)
            .ok_or_else(|| format!("{text:?} names no suite"))?;
        Ok(Self {
            suite,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.suite.name(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str) -> Result<Case, String> {
        Case::try_from(text.to_owned())
    }

    #[test]
    fn a_name_may_hold_colons() {
        let case = case("server: cookie: cookie: true sets it").unwrap();

        assert_eq!(case.suite, Suite::Server);
        assert_eq!(case.name, "cookie: cookie: true sets it");
        assert_eq!(case.to_string(), "server: cookie: cookie: true sets it");
    }

    #[test]
    fn an_unknown_suite_is_quoted() {
        assert_eq!(
            case("servers: x").unwrap_err(),
            r#""servers: x" names no suite"#
        );
        assert_eq!(
            case("x").unwrap_err(),
            r#""x" is not written `suite: name`"#
        );
    }

    #[test]
    fn a_case_that_fails_once_has_not_passed() {
        let mut cases = Cases::default();
        let mut note = |name: &str, has_passed| {
            let name = name.to_owned();
            cases.note(Suite::Seeds, Finding { name, has_passed });
        };
        note("good", true);
        note("good", true);
        note("flaky", false);
        note("flaky", true);

        assert!(cases.has_passed(&case("seeds: good").unwrap()));
        assert!(!cases.has_passed(&case("seeds: flaky").unwrap()));
        assert!(!cases.has_passed(&case("seeds: unknown").unwrap()));
        assert!(!cases.has_passed(&case("server: good").unwrap()));
    }
}
