//! How much is kept for clients that come back, for how long, and where.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::Parser;

use super::keeper::Keeper;
use super::memory::MemoryLog;
use super::retries::Retries;
use super::ring::Bounds;

/// Lets clients come back to the state they had when they lost their connection.
///
/// Everything is kept for each namespace on its own; what comes first of the limits counts.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::Server;
/// use roomcast::recovery::Recovery;
///
/// let recovery = Recovery::new()
///     .max_disconnection_duration(Duration::from_secs(300))
///     .max_bytes(16 * 1024 * 1024);
/// let io = Server::builder().connection_state_recovery(recovery).build();
/// ```
///
/// Spec: features 2.38.
#[derive(Clone, Debug)]
#[must_use = "hand it to `ServerBuilder::connection_state_recovery`"]
pub struct Recovery {
    options: Options,
    max_age: Option<Duration>,
    /// How long it takes to find out that a connection is dead.
    notice: Duration,
    place: Place,
}

/// What the namespaces of one server share.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) max_disconnection_duration: Duration,
    pub(crate) skips_middleware: bool,
    pub(crate) max_sessions: usize,
    pub(crate) max_packets: usize,
    pub(crate) max_bytes: usize,
    pub(crate) retries: Option<Retries>,
}

/// Where the packets are kept.
#[derive(Clone, Default)]
enum Place {
    #[default]
    Memory,
    #[cfg(feature = "redb")]
    File(super::durable::RedbLog),
}

impl Recovery {
    /// The defaults: 120 s, in memory, middleware skipped.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    /// use roomcast::recovery::Recovery;
    ///
    /// let io = Server::builder().connection_state_recovery(Recovery::new()).build();
    /// ```
    pub fn new() -> Self {
        Self {
            options: Options {
                max_disconnection_duration: Duration::from_secs(120),
                skips_middleware: true,
                max_sessions: 100_000,
                max_packets: 100_000,
                max_bytes: 64 * 1024 * 1024,
                retries: None,
            },
            max_age: None,
            notice: Duration::ZERO,
            place: Place::Memory,
        }
    }

    /// Sets how long after a disconnection a client may come back. Default: 120 s.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().max_disconnection_duration(Duration::from_secs(300));
    /// ```
    ///
    /// Spec: features 2.38.
    pub fn max_disconnection_duration(mut self, duration: Duration) -> Self {
        self.options.max_disconnection_duration = duration;
        self
    }

    /// Asks the middleware of the namespace also when a client comes back: `skipMiddlewares: false`
    /// in JavaScript. Default: it is asked when the session begins only.
    ///
    /// A session that outlives its process has lost its typed [`Data`](crate::Data); if there were
    /// any, the middleware is asked in any case.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().run_middleware();
    /// ```
    ///
    /// Spec: features 2.38.
    pub fn run_middleware(mut self) -> Self {
        self.options.skips_middleware = false;
        self
    }

    /// Sets the most packets that are kept. Default: 100,000.
    ///
    /// A client that has missed a packet that is kept no longer begins a new session.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().max_packets(5_000).max_bytes(1024 * 1024);
    /// ```
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.options.max_packets = packets;
        self
    }

    /// Sets the most bytes of all packets that are kept, as they are in memory. Default: 64 MiB.
    /// Example: [`max_packets`](Self::max_packets).
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.options.max_bytes = bytes;
        self
    }

    /// Sets how long packets are kept. Default: as long as a client may need them, which is
    /// [`max_disconnection_duration`](Self::max_disconnection_duration) and the time in which a
    /// dead connection is noticed. More makes a longer [`History`](super::History).
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().max_age(Duration::from_secs(24 * 3600));
    /// ```
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sets the most sessions of clients that are away. Default: 100,000; the longest away go.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::Recovery;
    ///
    /// let recovery = Recovery::new().max_sessions(1_000);
    /// ```
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.options.max_sessions = sessions;
        self
    }

    /// Recognises events that clients send again because they have not got the acknowledgement, and
    /// answers them as the first time instead of calling the handlers again. Default: off.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::{Recovery, Retries};
    ///
    /// // The clients are made with `io({ retries: 3, ackTimeout: 10_000 })`.
    /// let recovery = Recovery::new().deduplicate(Retries::of_clients(3));
    /// ```
    pub fn deduplicate(mut self, retries: Retries) -> Self {
        self.options.retries = Some(retries);
        self
    }

    /// Keeps packets and sessions in a file, so that clients come back to a server that was
    /// restarted. Default: in memory.
    ///
    /// An event then leaves when it is safe on disk; see [`RedbLog`](super::RedbLog).
    ///
    /// # Example
    ///
    /// ```no_run
    /// use roomcast::recovery::{LogError, Recovery, RedbLog};
    ///
    /// fn recovery() -> Result<Recovery, LogError> {
    ///     Ok(Recovery::new().log(RedbLog::open("messages.redb")?))
    /// }
    /// ```
    #[cfg(feature = "redb")]
    pub fn log(mut self, log: super::durable::RedbLog) -> Self {
        self.place = Place::File(log);
        self
    }

    /// Adds how long it takes to find out that a connection is dead.
    pub(crate) fn wait_for(&mut self, notice: Duration) {
        self.notice = notice;
    }

    /// What keeps the state of one namespace's clients.
    pub(crate) fn keeper(&self, namespace: &str, parser: &Parser) -> Keeper {
        let options = &self.options;
        let needed = options
            .max_disconnection_duration
            .saturating_add(self.notice);
        let bounds = Bounds {
            max_packets: options.max_packets,
            max_bytes: options.max_bytes,
            max_age: self.max_age.unwrap_or(needed),
        };
        let options = Arc::new(options.clone());
        tracing::debug!(namespace, ?parser, ?bounds, "what clients miss is kept");
        match &self.place {
            Place::Memory => Keeper::new(options, Arc::new(MemoryLog::new(bounds))),
            #[cfg(feature = "redb")]
            Place::File(log) => {
                let max_age = bounds.max_age.max(needed);
                Keeper::new(
                    options,
                    log.of_namespace((namespace, parser), bounds, max_age),
                )
            }
        }
    }

    /// Waits until everything that was emitted is safe.
    pub(crate) async fn settled(&self) {
        #[cfg(feature = "redb")]
        if let Place::File(log) = &self.place {
            // It was logged when it happened.
            let _ = log.settled().await;
        }
    }
}

impl Default for Recovery {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            #[cfg(feature = "redb")]
            Self::File(log) => log.fmt(f),
        }
    }
}
