//! Which sockets a message means, and how it is sent to them.

use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::{Map, Value};

/// Which sockets a message means: the members of any of `rooms` (all sockets if it is empty) that
/// are in none of `except`. `opts` on the wire.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Flags, Options};
///
/// let options = Options {
///     rooms: vec!["news".into()],
///     flags: Flags::default().volatile(),
///     ..Options::default()
/// };
/// assert!(options.flags.is_volatile());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the wire format closes the list; flags take what comes"
)]
pub struct Options {
    /// The rooms that are meant.
    pub rooms: Vec<Arc<str>>,
    /// The rooms that are left out.
    pub except: Vec<Arc<str>>,
    /// How it is sent.
    pub flags: Flags,
}

/// How a message is sent: known flags by name, and whatever else a peer wrote, in its order.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast_cluster::Flags;
///
/// let flags = Flags::default().single_response().timeout_after(Duration::from_secs(1));
/// assert!(flags.expects_single_response());
/// assert_eq!(flags.timeout(), Some(Duration::from_millis(1000)));
/// assert!(!flags.is_volatile() && flags.compress().is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flags(Map);

impl Flags {
    /// Whether sockets that cannot take the event at once are left out.
    #[must_use]
    pub fn is_volatile(&self) -> bool {
        self.is_set("volatile")
    }

    /// Whether the event may be compressed, if the sender said so.
    #[must_use]
    pub fn compress(&self) -> Option<bool> {
        self.0.get("compress")?.as_bool()
    }

    /// How long the sender waits for acknowledgements, if it said so.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        let millis = self.0.get("timeout")?.as_f64()?;
        Duration::try_from_secs_f64(millis / 1000.0).ok()
    }

    /// Whether one socket is asked, as that of a remote socket is.
    #[must_use]
    pub fn expects_single_response(&self) -> bool {
        self.is_set("expectSingleResponse")
    }

    /// Leaves out sockets that cannot take the event at once. Example: [`Options`].
    #[must_use]
    pub fn volatile(self) -> Self {
        self.with("volatile", true)
    }

    /// Sends the event without compression.
    #[must_use]
    pub fn uncompressed(self) -> Self {
        self.with("compress", false)
    }

    /// Asks one socket. Example: [`Flags`].
    #[must_use]
    pub fn single_response(self) -> Self {
        self.with("expectSingleResponse", true)
    }

    /// Says how long acknowledgements are awaited, in whole milliseconds. Example: [`Flags`].
    #[must_use]
    pub fn timeout_after(self, timeout: Duration) -> Self {
        self.with(
            "timeout",
            u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        )
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name, value);
        self
    }

    fn is_set(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }
}

impl From<Map> for Flags {
    fn from(flags: Map) -> Self {
        Self(flags)
    }
}

impl From<Flags> for Value {
    fn from(flags: Flags) -> Self {
        Self::Object(flags.0)
    }
}
