//! The server's clock against this machine's.

use std::time::{Duration, SystemTime};

use super::report::Check;
use crate::terminal::Finding;

/// Judges the header `Date` of an answer that came at `now`.
pub(super) fn check(date: Option<&str>, now: SystemTime) -> Check {
    const NAME: &str = "clock";

    let Some(date) = date else {
        return Check::skip(NAME, "the server sends no header Date");
    };
    let Ok(theirs) = httpdate::parse_http_date(date) else {
        return Check::warn(
            NAME,
            Finding::new(format!("the header Date is none: {date}")),
        );
    };
    let (apart, side) = match theirs.duration_since(now) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(behind) => (behind.duration(), "behind"),
    };
    // The header has whole seconds, and the answer took its time.
    if apart <= Duration::from_secs(2) {
        return Check::ok(NAME, "the server's clock and this machine's agree");
    }
    let seen = format!(
        "the server's clock is {} s {side} this machine's",
        apart.as_secs()
    );
    match apart <= TOLERANCE {
        true => Check::ok(NAME, seen),
        false => Check::warn(
            NAME,
            Finding::new(seen).advise(
                "tokens and certificates look expired, or not valid yet, where a clock is wrong: \
                 set both by NTP",
            ),
        ),
    }
}

/// What token libraries usually forgive.
const TOLERANCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    fn judged(date: &str) -> (Verdict, String) {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let check = check(Some(date), now);
        (check.verdict, check.seen)
    }

    #[test]
    fn clocks_agree_within_the_seconds_of_the_header() {
        assert_eq!(judged("Sun, 06 Nov 1994 08:49:36 GMT").0, Verdict::Ok);
    }

    #[test]
    fn a_clock_that_is_half_a_minute_away_is_told() {
        let behind = judged("Sun, 06 Nov 1994 08:49:06 GMT");
        let ahead = judged("Sun, 06 Nov 1994 09:49:37 GMT");

        assert_eq!(
            behind,
            (
                Verdict::Warn,
                "the server's clock is 31 s behind this machine's".to_owned()
            )
        );
        assert_eq!(
            ahead,
            (
                Verdict::Warn,
                "the server's clock is 3600 s ahead of this machine's".to_owned()
            )
        );
        assert_eq!(judged("Sun, 06 Nov 1994 08:49:07 GMT").0, Verdict::Ok);
    }

    #[test]
    fn without_a_date_there_is_nothing_to_compare() {
        assert_eq!(check(None, SystemTime::now()).verdict, Verdict::Skip);
        assert_eq!(judged("yesterday").0, Verdict::Warn);
    }
}
