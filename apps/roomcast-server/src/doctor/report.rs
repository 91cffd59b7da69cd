//! What was found, and how it is shown.

use std::fmt;
use std::io::{self, Write as _};

use roomcast_client::{Map, Value};

use crate::terminal::{Finding, printable};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) seen: String,
    pub(crate) advice: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// It was not looked at.
    Skip,
    /// Some clients may have trouble.
    Warn,
    /// Clients have trouble.
    Fail,
}

impl Verdict {
    /// As it is printed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

impl Check {
    pub(crate) fn ok(name: &'static str, seen: impl Into<String>) -> Self {
        Self::of(name, Verdict::Ok, Finding::new(seen))
    }

    pub(crate) fn skip(name: &'static str, seen: impl Into<String>) -> Self {
        Self::of(name, Verdict::Skip, Finding::new(seen))
    }

    pub(crate) fn warn(name: &'static str, finding: Finding) -> Self {
        Self::of(name, Verdict::Warn, finding)
    }

    pub(crate) fn fail(name: &'static str, finding: Finding) -> Self {
        Self::of(name, Verdict::Fail, finding)
    }

    fn of(name: &'static str, verdict: Verdict, finding: Finding) -> Self {
        Self {
            name,
            verdict,
            seen: finding.seen,
            advice: finding.advice,
        }
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("check", self.name);
        object.insert("verdict", self.verdict.as_str());
        object.insert("seen", self.seen.as_str());
        if let Some(advice) = &self.advice {
            object.insert("advice", advice.as_str());
        }
        Value::Object(object)
    }
}

/// A line, and another one with advice.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, name) = (self.verdict.as_str(), self.name);
        write!(f, "{verdict:<5}{name:<12}{}", printable(&self.seen))?;
        match &self.advice {
            Some(advice) => write!(f, "\n     -> {}", printable(advice)),
            None => Ok(()),
        }
    }
}

/// All that was looked at. Each check is printed as soon as it is done.
#[derive(Debug)]
pub(crate) struct Report {
    is_json: bool,
    verdicts: Vec<Verdict>,
}

impl Report {
    pub(crate) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            verdicts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, check: &Check) {
        self.verdicts.push(check.verdict);
        match self.is_json {
            true => print(&printable(&check.to_json().to_string())),
            false => print(&check.to_string()),
        }
    }

    /// Prints how many checks ended how. Tells whether none failed.
    pub(crate) fn finish(self) -> bool {
        let count = |verdict| self.verdicts.iter().filter(|one| **one == verdict).count();
        let all = [Verdict::Ok, Verdict::Warn, Verdict::Fail, Verdict::Skip];
        let counts = all.map(|verdict| (verdict.as_str(), count(verdict)));
        if self.is_json {
            let mut object = Map::new();
            for (name, count) in counts {
                object.insert(name, count as u64);
            }
            print(&Value::Object(object).to_string());
        } else {
            let counts = counts.map(|(name, count)| format!("{count} {name}"));
            print(&format!("\n{}", counts.join(", ")));
        }
        count(Verdict::Fail) == 0
    }
}

/// Nobody may be reading: the exit code tells, too.
fn print(line: &str) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        tracing::debug!(%error, "standard output is closed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_a_line_and_its_advice_another() {
        let check = Check::fail("cors", Finding::new("no\nheader").advise("allow it"));

        assert_eq!(
            check.to_string(),
            "FAIL cors        no\\u000aheader\n     -> allow it"
        );
        let json = r#"{"check":"cors","verdict":"FAIL","seen":"no\nheader","advice":"allow it"}"#;
        assert_eq!(check.to_json().to_string(), json);
    }
}
