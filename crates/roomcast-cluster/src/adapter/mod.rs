//! One adapter: its members, its requests, and its own signs of life.

mod members;
mod requests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roomcast_socketio::Value;

use self::members::Members;
pub use self::members::{EXPIRY, HEARTBEAT_INTERVAL, MAX_NODES};
pub use self::requests::MAX_ACKS;
use self::requests::{Expected, Kind, Open, Requests};
use crate::{Body, Counting, Message, NodeId, Options, Profile, RequestId, SocketDescription};

/// The adapter of one node in one namespace, without I/O.
///
/// Example and contract: the crate's documentation.
///
/// Spec: cluster, section 5.
#[derive(Debug)]
pub struct Adapter {
    id: NodeId,
    namespace: Arc<str>,
    counting: Counting,
    is_open: bool,
    members: Members,
    requests: Requests,
    /// When a sign of life is due.
    heartbeat_at: Option<Instant>,
    outputs: VecDeque<Output>,
}

/// What happens to an adapter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Input {
    /// The bus has confirmed the subscriptions.
    Opened,
    /// A message came from the bus; those of the node itself may come, too.
    Received(Message),
    /// The server tells the other nodes something, and wants no answer.
    Tell(Body),
    /// The server asks the other nodes.
    Ask {
        /// The request; new with each.
        id: RequestId,
        /// What it asks.
        question: Question,
        /// How long it waits.
        timeout: Duration,
    },
    /// The bus has counted the nodes, this one included: the answer to [`Output::Count`].
    Counted {
        /// The request for which it was asked.
        id: RequestId,
        /// The number of nodes.
        nodes: usize,
    },
    /// The server does not want the answers any more.
    Forget(RequestId),
    /// The time of [`Output::Wait`] has come.
    Tick,
    /// The server is closed.
    Close,
}

/// What a server asks the other nodes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Question {
    /// An event for sockets, which acknowledge it.
    Broadcast {
        /// The event's name and its arguments.
        packet: Arc<[Value]>,
        /// Which sockets.
        options: Options,
    },
    /// Which sockets there are.
    FetchSockets {
        /// Which are meant.
        options: Options,
    },
    /// An event for the servers, which answer it.
    ServerSideEmit {
        /// The event's name and its arguments.
        packet: Arc<[Value]>,
    },
    /// Which rooms there are. Classic adapters only.
    AllRooms,
}

/// What is to be done for an adapter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// Send the message to all other nodes.
    Publish(Message),
    /// Carry the command or the request out on the sockets of this node, and answer it if an answer
    /// is wanted.
    Apply(Message),
    /// Ask the bus how many nodes there are.
    Count(RequestId),
    /// A part of the answer to a request has come.
    Answered {
        /// The request.
        id: RequestId,
        /// What came.
        answer: Answer,
    },
    /// No more answers come to a request.
    Finished {
        /// The request.
        id: RequestId,
        /// What is missing.
        outcome: Outcome,
    },
    /// A node is new.
    Joined(NodeId),
    /// A node has left or is lost.
    Left(NodeId),
    /// There is nothing to do until this time, or until the next input.
    Wait(Option<Instant>),
}

/// A part of the answer to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// The sockets of one node.
    Sockets(Vec<SocketDescription>),
    /// What one node's handler answered.
    Value(Value),
    /// The rooms, or the ids of the sockets, of one node.
    Names(Vec<Arc<str>>),
    /// What one socket acknowledged.
    Ack {
        /// The socket, where its node names it.
        client: Option<Arc<str>>,
        /// The first value of the acknowledgement.
        value: Value,
    },
}

/// What is missing when a request has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The nodes that have not answered, or not in full.
    pub missing: Missing,
    /// The sockets that have not acknowledged, as far as their nodes name them.
    pub missing_clients: Vec<Arc<str>>,
    /// How many more have not.
    pub unnamed_clients: usize,
    /// Whether the time was over.
    pub has_timed_out: bool,
}

/// Nodes that have not answered.
///
/// # Example
///
/// ```
/// use roomcast_cluster::Missing;
///
/// let mut missing = Missing::default();
/// assert!(missing.is_empty());
/// missing.nodes.push("7091f9242a3d22fa".into());
/// missing.unnamed = 2;
/// assert_eq!(missing.len(), 3);
/// assert_eq!(missing.to_string(), "no answer from 7091f9242a3d22fa and 2 more nodes");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// Those that are known by name: they were there when the request was made.
    pub nodes: Vec<NodeId>,
    /// How many more did not answer, where a bus counts without names; 1 if it could not count
    /// them: there may be more, or none.
    pub unnamed: usize,
}

impl Missing {
    /// Whether all have answered. Example: [`Missing`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many have not answered. Example: [`Missing`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len().saturating_add(self.unnamed)
    }

    /// Adds those that another request misses.
    pub fn extend(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.unnamed = self.unnamed.saturating_add(other.unnamed);
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.nodes.iter().map(NodeId::as_str).collect();
        let names = names.join(", ");
        let nodes = if self.unnamed == 1 { "node" } else { "nodes" };
        match (names.is_empty(), self.unnamed) {
            (true, 0) => f.write_str("all nodes have answered"),
            (false, 0) => write!(f, "no answer from {names}"),
            (true, unnamed) => write!(f, "no answer from {unnamed} {nodes}"),
            (false, unnamed) => write!(f, "no answer from {names} and {unnamed} more {nodes}"),
        }
    }
}

impl std::error::Error for Missing {}

impl Adapter {
    /// Makes an adapter that says nothing until it is opened.
    #[must_use]
    pub fn new(id: NodeId, namespace: Arc<str>, profile: Profile) -> Self {
        Self {
            id,
            namespace,
            counting: profile.counting,
            is_open: false,
            members: Members::default(),
            requests: Requests::default(),
            heartbeat_at: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what has happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Opened => self.on_opened(now),
            Input::Received(message) => self.on_received(now, message),
            Input::Tell(body) => {
                // SPEC: what is fanned out does not count as a sign of life.
                if matches!(body, Body::ServerSideEmit { .. }) {
                    self.publish_alive(now, body);
                } else {
                    self.publish(body);
                }
            }
            Input::Ask {
                id,
                question,
                timeout,
            } => self.on_ask(now, id, question, timeout),
            Input::Counted { id, nodes } => self.requests.expect(&id, nodes.saturating_sub(1)),
            Input::Forget(id) => self.requests.remove(&id),
            Input::Tick => self.on_tick(now),
            Input::Close => self.on_close(),
        }
        let complete = self.requests.take_complete();
        self.finish(complete);
    }

    /// Gives what is to be done next; [`Output::Wait`] after the last.
    #[must_use]
    pub fn poll_output(&mut self) -> Output {
        let next = self.outputs.pop_front();
        next.unwrap_or_else(|| Output::Wait(self.next_timeout()))
    }

    /// The adapter's id.
    #[must_use]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// The other nodes that are known by their heartbeats.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = &NodeId> {
        self.members.iter()
    }

    /// Makes an answer to somebody's request. It is no sign of life.
    #[must_use]
    pub fn response(&self, body: Body) -> Message {
        self.message(body)
    }

    fn on_opened(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_open, true) && self.has_heartbeats() {
            self.publish_alive(now, Body::InitialHeartbeat);
        }
    }

    fn on_received(&mut self, now: Instant, message: Message) {
        let Message {
            from,
            namespace,
            body,
        } = &message;
        if *namespace != self.namespace || from.as_ref() == Some(&self.id) {
            return;
        }
        let from = from.as_ref().filter(|from| !from.is_emitter());
        if let Some(from) = from {
            if *body == Body::AdapterClose {
                self.lose(from.clone());
                return;
            }
            if body.is_response() {
                self.members.refresh(now, from);
            } else if self.has_heartbeats() && self.members.see(now, from) {
                self.outputs.push_back(Output::Joined(from.clone()));
            }
        }
        match body {
            Body::InitialHeartbeat if self.is_open => self.publish_alive(now, Body::Heartbeat),
            Body::InitialHeartbeat | Body::Heartbeat | Body::AdapterClose => {}
            body if body.is_response() => {
                if let Some((id, Some(answer))) =
                    self.requests.answer(message.from.as_ref(), message.body)
                {
                    self.outputs.push_back(Output::Answered { id, answer });
                }
            }
            // The adapter's own request, of a kind that does not say who asks.
            body if body.request().is_some_and(|id| self.requests.contains(id)) => {}
            _ => self.outputs.push_back(Output::Apply(message)),
        }
    }

    fn on_ask(&mut self, now: Instant, id: RequestId, question: Question, timeout: Duration) {
        let kind = match question {
            Question::Broadcast { .. } => Kind::Broadcast,
            _ => Kind::Once,
        };
        let expected = match self.counting {
            Counting::Heartbeats => Expected::Named(self.members.iter().cloned().collect()),
            Counting::Subscribers => Expected::Counted(None),
        };
        let request = Open::new(kind, now.checked_add(timeout), expected);
        self.requests.open(id.clone(), request);
        self.publish_alive(now, question.into_body(id.clone()));
        if self.counting == Counting::Subscribers {
            self.outputs.push_back(Output::Count(id));
        }
    }

    fn on_tick(&mut self, now: Instant) {
        for node in self.members.sweep(now) {
            self.requests.lose(&node);
            self.outputs.push_back(Output::Left(node));
        }
        // What a loss has completed has not timed out.
        let complete = self.requests.take_complete();
        self.finish(complete);
        let expired = self.requests.take_expired(now);
        self.finish(expired);
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            self.publish_alive(now, Body::Heartbeat);
        }
    }

    fn on_close(&mut self) {
        if std::mem::replace(&mut self.is_open, false) && self.has_heartbeats() {
            self.publish(Body::AdapterClose);
        }
        self.heartbeat_at = None;
        self.members.clear();
        let all = self.requests.take_all();
        self.finish(all);
    }

    fn lose(&mut self, node: NodeId) {
        self.requests.lose(&node);
        if self.members.remove(&node) {
            self.outputs.push_back(Output::Left(node));
        }
    }

    fn finish(&mut self, over: Vec<(RequestId, Outcome)>) {
        let over = over.into_iter();
        self.outputs
            .extend(over.map(|(id, outcome)| Output::Finished { id, outcome }));
    }

    fn publish(&mut self, body: Body) {
        let message = self.message(body);
        self.outputs.push_back(Output::Publish(message));
    }

    /// Publishes what shows the others that this node lives.
    fn publish_alive(&mut self, now: Instant, body: Body) {
        self.publish(body);
        if self.is_open && self.has_heartbeats() {
            self.heartbeat_at = Some(now + HEARTBEAT_INTERVAL);
        }
    }

    fn message(&self, body: Body) -> Message {
        Message {
            from: Some(self.id.clone()),
            namespace: Arc::clone(&self.namespace),
            body,
        }
    }

    fn has_heartbeats(&self) -> bool {
        self.counting == Counting::Heartbeats
    }

    fn next_timeout(&self) -> Option<Instant> {
        let times = [
            self.heartbeat_at,
            self.members.next_timeout(),
            self.requests.next_timeout(),
        ];
        times.into_iter().flatten().min()
    }
}

impl Question {
    fn into_body(self, id: RequestId) -> Body {
        match self {
            Self::Broadcast { packet, options } => Body::Broadcast {
                packet,
                options,
                request: Some(id),
            },
            Self::FetchSockets { options } => Body::FetchSockets {
                request: id,
                options,
            },
            Self::ServerSideEmit { packet } => Body::ServerSideEmit {
                request: Some(id),
                packet,
            },
            Self::AllRooms => Body::AllRooms { request: id },
        }
    }
}
