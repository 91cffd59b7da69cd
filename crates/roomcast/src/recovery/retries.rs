//! By what an event is recognised that a client sends again.

use std::fmt;
use std::sync::Arc;

use roomcast_socketio::Value;

/// Says by what an event is recognised that a client sends again because it lacks the answer.
///
/// # Example
///
/// ```
/// use roomcast::Server;
/// use roomcast::recovery::{Recovery, Retries};
///
/// let recovery = Recovery::new().deduplicate(Retries::of_clients(3));
/// let io = Server::builder().connection_state_recovery(recovery).build();
/// ```
///
/// Spec: features N5.
#[derive(Clone, Debug)]
#[must_use = "hand it to `Recovery::deduplicate`"]
pub struct Retries {
    pub(super) rule: Rule,
    pub(super) max_answer_bytes: usize,
}

#[derive(Clone)]
pub(super) enum Rule {
    Queue {
        retries: u64,
    },
    Id {
        find: Arc<FindId>,
        remembered: usize,
    },
}

pub(super) type FindId = dyn Fn(&str, &[Value]) -> Option<String> + Send + Sync;

impl Retries {
    /// Recognises what the queue of the official client sends again, whose option `retries` has
    /// this value or less.
    ///
    /// It is for servers all of whose clients use `retries`, and send no volatile event with an
    /// acknowledgement: other clients have several events on the way at a time, of which equal ones
    /// could be taken for one. Two genuine events of such clients are never taken for one.
    ///
    /// An event is handled twice all the same if its answer crosses its `ackTimeout`, if the
    /// connection breaks between the answer and the few bytes in front of it, if packets of several
    /// attempts were lost so that the client may have given up, or if the server was restarted.
    /// Before each answer the client gets an event whose name is an offset; only `onAny` listeners
    /// see it.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::{Recovery, Retries};
    ///
    /// // io({ retries: 3, ackTimeout: 10_000 })
    /// let recovery = Recovery::new().deduplicate(Retries::of_clients(3));
    /// ```
    pub fn of_clients(retries: u32) -> Self {
        Self::by(Rule::Queue {
            retries: retries.into(),
        })
    }

    /// Recognises events by an id that the application puts into them. `find` gets the name and the
    /// arguments of each event that wants an answer, and gives its id, if it has one.
    ///
    /// The last 100 ids of each session are remembered, with their answers. With ids that are unique
    /// in a session the handlers are called once for each, however often it is sent while the
    /// process lives, over whatever connections, and no other event is taken for it.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::{Recovery, Retries};
    ///
    /// // socket.emit("chat", text, crypto.randomUUID(), callback)
    /// let last_argument = Retries::by_id(|_event, args| args.last()?.as_str().map(str::to_owned));
    /// let recovery = Recovery::new().deduplicate(last_argument);
    /// ```
    pub fn by_id(find: impl Fn(&str, &[Value]) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::by(Rule::Id {
            find: Arc::new(find),
            remembered: MAX_REMEMBERED,
        })
    }

    /// Sets how many bytes the answers of one session may take that are kept to be sent again.
    /// Default: 1 MiB.
    ///
    /// Beyond that the oldest events that were answered are forgotten, at last the one whose answer
    /// is larger than all: it is handled again if it comes again.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::recovery::{Recovery, Retries};
    ///
    /// let retries = Retries::of_clients(3).max_answer_bytes(64 * 1024);
    /// let recovery = Recovery::new().deduplicate(retries);
    /// ```
    pub fn max_answer_bytes(mut self, bytes: usize) -> Self {
        self.max_answer_bytes = bytes;
        self
    }

    fn by(rule: Rule) -> Self {
        Self {
            rule,
            max_answer_bytes: 1024 * 1024,
        }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue { retries } => f.debug_struct("Queue").field("retries", retries).finish(),
            Self::Id { .. } => f.write_str("Id"),
        }
    }
}

impl Rule {
    pub(super) fn is_in_order(&self) -> bool {
        matches!(self, Self::Queue { .. })
    }

    /// How many events of a session are remembered.
    pub(super) fn remembered(&self) -> usize {
        match self {
            Self::Queue { .. } => 1,
            Self::Id { remembered, .. } => *remembered,
        }
    }
}

/// Ids of one session.
const MAX_REMEMBERED: usize = 100;
