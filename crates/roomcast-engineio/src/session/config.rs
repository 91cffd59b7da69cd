//! The times that rule a session.

use std::time::Duration;

/// The times that rule a session. All sessions of a server share one.
///
/// Each time is meant to be at most some days; a deadline that no [`Instant`](std::time::Instant)
/// can express never comes.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast_engineio::Config;
///
/// let config = Config { ping_interval: Duration::from_secs(10), ..Config::default() };
/// assert_eq!(config.ping_timeout, Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller fills it; a new time is a new protocol rule"
)]
pub struct Config {
    /// From the opening, and from each pong, to the next ping. Default: 25 s. In revision 3 the
    /// client pings, and is told this time.
    pub ping_interval: Duration,
    /// From a ping to the end of a session that does not answer it. Default: 20 s. In revision 3,
    /// from the time at which the client should have pinged.
    pub ping_timeout: Duration,
    /// From the opening of a probing transport to its end if it does not take over. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// How long a graceful close waits for the next poll, to answer it with the close packet.
    /// Default: 30 s.
    pub close_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
        }
    }
}
