//! Heartbeats: their times, and one of them.

use std::time::Duration;

use roomcast_engineio::Handshake;

use super::report::Check;
use crate::terminal::Finding;

const NAME: &str = "heartbeats";

/// How the wait for a ping ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ping {
    /// It would have taken longer than anybody has patience for.
    NotAwaited,
    Came(Duration),
    /// It was waited for so long.
    Missing(Duration),
    Broke(String),
}

/// How long to wait for a ping, if it comes within `patience`.
pub(super) fn wait(handshake: &Handshake<'_>, patience: Duration) -> Option<Duration> {
    let end = handshake
        .ping_interval
        .saturating_add(handshake.ping_timeout);
    (handshake.ping_interval < patience).then(|| patience.min(end))
}

/// Judges the times that the handshake names, and what became of the ping.
pub(super) fn check(handshake: &Handshake<'_>, ping: &Ping) -> Check {
    let (interval, timeout) = (handshake.ping_interval, handshake.ping_timeout);
    let times = format!(
        "a ping each {} s, {} s to answer",
        interval.as_secs_f64(),
        timeout.as_secs_f64()
    );
    let fail = |seen: String, advice: &str| Check::fail(NAME, Finding::new(seen).advise(advice));
    let warn = |advice: &str| Check::warn(NAME, Finding::new(times.clone()).advise(advice));
    if interval.is_zero() || timeout.is_zero() {
        return fail(
            times,
            "clients take the connection for dead at once: both must be more than 0",
        );
    }
    match ping {
        Ping::Missing(waited) if *waited >= interval.saturating_add(timeout) => {
            return fail(
                format!("{times}; none came in {} s", waited.as_secs_f64()),
                "something between holds back what the server sends: switch its buffering off \
                 (nginx: `proxy_buffering off;`)",
            );
        }
        Ping::Broke(cause) => {
            return fail(
                format!("{times}; the connection broke before: {cause}"),
                "something between ends connections that are idle: raise its timeout above the \
                 interval (nginx: `proxy_read_timeout`)",
            );
        }
        _ => {}
    }
    if interval >= MOST_PROXIES {
        return warn(
            "many proxies end connections that are idle for 60 s: set pingInterval below that, or \
             raise their timeouts",
        );
    }
    if timeout < Duration::from_secs(5) {
        return warn(
            "a phone that changes its network, or a server that is busy, needs longer to answer: \
             20 s is the default",
        );
    }
    if interval.saturating_add(timeout) > Duration::from_secs(120) {
        return warn("a connection that is gone is noticed after two minutes only");
    }
    match ping {
        Ping::Came(after) => Check::ok(
            NAME,
            format!("{times}; one came after {:.1} s", after.as_secs_f64()),
        ),
        Ping::NotAwaited => Check::ok(
            NAME,
            format!(
                "{times}; not waited for (--patience {})",
                interval.as_secs() + 5
            ),
        ),
        Ping::Missing(waited) => Check::warn(
            NAME,
            Finding::new(format!("{times}; none came in {} s", waited.as_secs_f64())).advise(
                "wait longer by --patience: if none comes, something between holds them back",
            ),
        ),
        // It was told above.
        Ping::Broke(_) => Check::ok(NAME, times),
    }
}

/// The idle timeout of nginx, of load balancers of clouds, and others.
const MOST_PROXIES: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    fn handshake(interval: u64, timeout: u64) -> Handshake<'static> {
        Handshake::new("x", Vec::new())
            .with_heartbeat(Duration::from_secs(interval), Duration::from_secs(timeout))
    }

    fn judged(interval: u64, timeout: u64, ping: &Ping) -> Verdict {
        check(&handshake(interval, timeout), ping).verdict
    }

    #[test]
    fn the_default_times_are_fine() {
        assert_eq!(judged(25, 20, &Ping::NotAwaited), Verdict::Ok);
        assert_eq!(
            judged(25, 20, &Ping::Came(Duration::from_secs(25))),
            Verdict::Ok
        );
    }

    #[test]
    fn times_that_cannot_work_and_times_that_may_not() {
        assert_eq!(judged(0, 20, &Ping::NotAwaited), Verdict::Fail);
        assert_eq!(judged(25, 0, &Ping::NotAwaited), Verdict::Fail);
        assert_eq!(judged(60, 20, &Ping::NotAwaited), Verdict::Warn);
        assert_eq!(judged(25, 4, &Ping::NotAwaited), Verdict::Warn);
        assert_eq!(judged(59, 100, &Ping::NotAwaited), Verdict::Warn);
    }

    #[test]
    fn a_ping_that_is_missing_when_clients_give_up_fails() {
        assert_eq!(
            judged(5, 5, &Ping::Missing(Duration::from_secs(10))),
            Verdict::Fail
        );
        assert_eq!(
            judged(5, 5, &Ping::Missing(Duration::from_secs(9))),
            Verdict::Warn
        );
        assert_eq!(
            judged(5, 5, &Ping::Broke("closed".to_owned())),
            Verdict::Fail
        );
    }

    #[test]
    fn a_ping_is_waited_for_if_it_comes_within_patience() {
        let wait = |patience| wait(&handshake(25, 20), Duration::from_secs(patience));

        assert_eq!(wait(25), None);
        assert_eq!(wait(30), Some(Duration::from_secs(30)));
        assert_eq!(wait(100), Some(Duration::from_secs(45)));
    }
}
