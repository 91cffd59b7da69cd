//! Stickiness: does one session live wherever its requests arrive?

use http::StatusCode;

use super::report::Check;
use crate::terminal::http::{Answer, AskError, Question, ask};
use crate::terminal::{Finding, Target, engine_error};

const NAME: &str = "stickiness";

/// How requests of one session fared, each over a connection of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) found: usize,
    /// The server that was asked does not know the session.
    pub(super) unknown: usize,
    /// Something else went wrong: what, the last time.
    pub(super) other: Option<String>,
}

/// Sends a packet that changes nothing, `count` times, each over a connection of its own.
pub(super) async fn tally(target: &Target, sid: &str, cookies: &str, count: u16) -> Tally {
    let mut tally = Tally::default();
    // A pong that nobody has asked for: it tells that the client lives, which it does.
    let question = Question::post("3").sid(sid).cookies(cookies);
    for _ in 0..count {
        tally.add(ask(target, &question).await);
    }
    tally
}

impl Tally {
    fn add(&mut self, answer: Result<Answer, AskError>) {
        match answer {
            Ok(answer) if answer.status == StatusCode::OK => self.found += 1,
            Ok(answer) => match engine_error(&answer.body) {
                Some((1, _)) => self.unknown += 1,
                _ => {
                    let status = answer.status.as_u16();
                    self.other = Some(format!("status {status} {}", answer.excerpt()));
                }
            },
            Err(error) => self.other = Some(error.to_string()),
        }
    }
}

/// Judges requests with the cookies that the server has set, and without them if it has set some.
pub(super) fn check(with: &Tally, without: Option<&Tally>) -> Check {
    let asked = with.found + with.unknown;
    if let Some(other) = &with.other {
        return Check::fail(
            NAME,
            Finding::new(format!("a request of the session was not taken: {other}"))
                .advise("the log of the server, or of the proxy before it, says why"),
        );
    }
    if with.unknown > 0 {
        return Check::fail(
            NAME,
            Finding::new(format!(
                "{} of {asked} connections reached a server that does not know the session",
                with.unknown
            ))
            .advise(STICKY),
        );
    }
    match without {
        Some(without) if without.unknown > 0 => Check::warn(
            NAME,
            Finding::new(format!(
                "the session is found by its cookie only: {} of {} connections without it failed",
                without.unknown,
                without.found + without.unknown
            ))
            .advise(
                "clients have to send cookies back: `withCredentials: true` in browsers on other \
                 origins, `keep_cookies()` in Rust",
            ),
        ),
        _ => Check::ok(
            NAME,
            format!("the session was found over {asked} connections"),
        ),
    }
}

const STICKY: &str = "several processes serve this URL, and polling needs the one that has the \
                      session: make the balancer sticky (nginx: `ip_hash;`, HAProxy: a \
                      cookie), or let clients use WebSocket only";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    fn tally(found: usize, unknown: usize) -> Tally {
        Tally {
            found,
            unknown,
            other: None,
        }
    }

    #[test]
    fn a_session_that_is_found_everywhere_is_fine() {
        assert_eq!(check(&tally(8, 0), None).verdict, Verdict::Ok);
        assert_eq!(check(&tally(8, 0), Some(&tally(8, 0))).verdict, Verdict::Ok);
    }

    #[test]
    fn one_that_is_lost_once_fails() {
        let check = check(&tally(7, 1), None);

        assert_eq!(check.verdict, Verdict::Fail);
        assert!(
            check.seen.starts_with("1 of 8 connections"),
            "{}",
            check.seen
        );
    }

    #[test]
    fn one_that_hangs_on_a_cookie_is_told() {
        assert_eq!(
            check(&tally(8, 0), Some(&tally(4, 4))).verdict,
            Verdict::Warn
        );
    }

    #[test]
    fn another_failure_is_quoted() {
        let tally = Tally {
            other: Some("status 502 Bad Gateway".to_owned()),
            ..tally(7, 0)
        };

        assert!(check(&tally, None).seen.ends_with("status 502 Bad Gateway"));
    }
}
