//! What one node asks the others, and whose packets it takes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::{Input, Output};
use super::late::LateLocks;
use super::message::{Access, Body, Carrier, Lock, Message};
use super::packet::{Packet, PacketKind};
use crate::NodeId;

/// The state of a node that serves requests of sessions which others have.
///
/// `A` is whoever waits for one answer, `L` (line) a connection that takes packets again and again;
/// both are handed back as they were given. After each input the caller takes
/// [`poll_output`](Self::poll_output) until it is [`Output::Wait`], and comes back at that time with
/// [`Input::Tick`]. Example: [the module](super).
///
/// Spec: cluster, section 14.
#[derive(Debug)]
pub struct Relay<A, L> {
    id: NodeId,
    options: RelayOptions,
    requests: u64,
    pending: HashMap<u64, Pending<A, L>>,
    /// When they end. All take equally long: the first is the next.
    deadlines: VecDeque<(Instant, u64)>,
    late: LateLocks,
    /// Sessions of which a request of this node waits for packets.
    carried: HashMap<Arc<str>, Carried<A, L>>,
    outputs: VecDeque<Output<A, L>>,
    is_stopped: bool,
}

/// The times and limits of a [`Relay`].
///
/// # Example
///
/// ```
/// use roomcast_cluster::engine::RelayOptions;
///
/// assert_eq!(RelayOptions::default().response_timeout.as_millis(), 1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayOptions {
    /// How long an answer is awaited. Default: 1 s.
    pub response_timeout: Duration,
    /// The most questions that wait for an answer; one more is refused at once. Default: 10,000.
    pub max_pending: usize,
    /// The most polls and connections of other nodes' sessions. Default: 100,000.
    pub max_carried: usize,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            response_timeout: Duration::from_secs(1),
            max_pending: 10_000,
            max_carried: 100_000,
        }
    }
}

#[derive(Debug)]
enum Pending<A, L> {
    Lock {
        lock: Lock,
        asker: Option<A>,
    },
    Upgrade {
        sid: Arc<str>,
        owner: NodeId,
        line: L,
        asker: A,
    },
}

#[derive(Debug)]
enum Carried<A, L> {
    Poll {
        request: u64,
        owner: NodeId,
        asker: A,
    },
    Line {
        owner: NodeId,
        line: L,
    },
}

impl<A, L: Clone + PartialEq> Relay<A, L> {
    /// Makes the state of a node; nobody else may have its id. Example: [the module](super).
    #[must_use]
    pub fn new(id: NodeId, options: RelayOptions) -> Self {
        Self {
            id,
            options,
            requests: 0,
            pending: HashMap::new(),
            deadlines: VecDeque::new(),
            late: LateLocks::default(),
            carried: HashMap::new(),
            outputs: VecDeque::new(),
            is_stopped: false,
        }
    }

    /// Numbers a request. Example: [the module](super).
    pub fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// Takes in what happened. Example: [the module](super).
    pub fn handle_input(&mut self, now: Instant, input: Input<A, L>) {
        match input {
            Input::Received(message) => self.on_message(message),
            Input::AskLock {
                request,
                lock,
                asker,
            } => self.ask_lock(now, request, lock, asker),
            Input::Abandon { request, sid } => self.abandon(request, sid),
            Input::AskUpgrade {
                sid,
                owner,
                line,
                asker,
            } => self.ask_upgrade(now, sid, owner, line, asker),
            Input::GiveUpUpgrade { sid, owner } => {
                let request = self.next_request();
                let success = false;
                self.publish(
                    Some(owner),
                    Body::Upgrade {
                        request,
                        sid,
                        success,
                    },
                );
            }
            Input::Forward { sid, owner, packet } => {
                self.publish(Some(owner), Body::Packet { sid, packet });
            }
            Input::End { sid, owner, reason } => self.end(sid, owner, reason),
            Input::Forget { sid, line } => self.forget(&sid, &line),
            Input::Stop => self.stop(),
            Input::Tick => self.end_late_requests(now),
        }
    }

    /// The next thing to do. Example: [the module](super).
    pub fn poll_output(&mut self) -> Output<A, L> {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Wait(self.deadlines.front().map(|(at, _)| *at)))
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Counts what waits for other nodes: requests without an answer, polls and connections.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pending.len() + self.carried.len()
    }

    fn ask_lock(&mut self, now: Instant, request: u64, lock: Lock, asker: A) {
        if self.is_stopped
            || self.pending.len() >= self.options.max_pending
            || self.carried.len() >= self.options.max_carried
        {
            return self.outputs.push_back(Output::Refused { asker });
        }
        let question = Body::AcquireLock {
            request,
            lock: lock.clone(),
        };
        let asker = Some(asker);
        self.await_answer(now, request, Pending::Lock { lock, asker });
        self.publish(None, question);
    }

    fn ask_upgrade(&mut self, now: Instant, sid: Arc<str>, owner: NodeId, line: L, asker: A) {
        if self.is_stopped {
            return self.outputs.push_back(Output::Refused { asker });
        }
        let carried = Carried::Line {
            owner: owner.clone(),
            line: line.clone(),
        };
        // SPEC: cluster-engine 0.1.0 takes the packets of the connection from here on; its client has
        // stopped to poll.
        match self.carried.insert(Arc::clone(&sid), carried) {
            Some(Carried::Poll { asker, owner, .. }) => {
                let packets = vec![Packet::of(PacketKind::Noop)];
                let answer = Output::Answer {
                    asker,
                    owner,
                    packets,
                };
                self.outputs.push_back(answer);
            }
            Some(Carried::Line { line, .. }) => self.close_line(line),
            None => {}
        }
        let request = self.next_request();
        let pending = Pending::Upgrade {
            sid: Arc::clone(&sid),
            owner: owner.clone(),
            line,
            asker,
        };
        self.await_answer(now, request, pending);
        let success = true;
        self.publish(
            Some(owner),
            Body::Upgrade {
                request,
                sid,
                success,
            },
        );
    }

    fn await_answer(&mut self, now: Instant, request: u64, pending: Pending<A, L>) {
        self.pending.insert(request, pending);
        let until = now + self.options.response_timeout;
        self.deadlines.push_back((until, request));
    }

    fn abandon(&mut self, request: u64, sid: Arc<str>) {
        if let Some(Pending::Lock { asker, .. }) = self.pending.get_mut(&request) {
            *asker = None;
            return;
        }
        let is_meant = |carried: &Carried<A, L>| matches!(carried, Carried::Poll { request: of, .. } if *of == request);
        if self.carried.get(&sid).is_some_and(is_meant)
            && let Some(Carried::Poll { owner, .. }) = self.carried.remove(&sid)
        {
            self.end(sid, owner, TRANSPORT_ERROR);
        }
    }

    fn end(&mut self, sid: Arc<str>, owner: NodeId, reason: &'static str) {
        let reason = reason.into();
        self.publish(Some(owner), Body::Close { sid, reason });
    }

    /// Forgets this line, and none that has come in its place.
    fn forget(&mut self, sid: &str, line: &L) {
        let carried = self.carried.get(sid);
        if matches!(carried, Some(Carried::Line { line: of, .. }) if of == line) {
            self.carried.remove(sid);
        }
    }

    fn stop(&mut self) {
        self.is_stopped = true;
        self.deadlines.clear();
        let askers = self
            .pending
            .drain()
            .filter_map(|(_, pending)| match pending {
                Pending::Lock { asker, .. } => asker,
                Pending::Upgrade { asker, .. } => Some(asker),
            });
        let refused = askers.map(|asker| Output::Refused { asker });
        self.outputs.extend(refused);
        for (_, carried) in std::mem::take(&mut self.carried) {
            match carried {
                Carried::Poll { asker, .. } => self.outputs.push_back(Output::Refused { asker }),
                Carried::Line { line, .. } => self.close_line(line),
            }
        }
    }

    fn on_message(&mut self, message: Message) {
        let is_for_another = message.to.as_ref().is_some_and(|to| *to != self.id);
        if message.from == self.id || is_for_another {
            return;
        }
        let from = message.from;
        match message.body {
            Body::AcquireLockResponse { request, success } => self.on_lock(from, request, success),
            Body::Drain { sid, packets } => self.on_drain(&from, &sid, packets),
            Body::UpgradeResponse {
                request,
                take_over,
                packets,
            } => self.on_upgraded(&from, request, take_over, packets),
            body => self.outputs.push_back(Output::Apply { from, body }),
        }
    }

    fn on_lock(&mut self, from: NodeId, request: u64, success: bool) {
        let Some((lock, asker)) = self.take_lock(request) else {
            return;
        };
        let is_poll = (lock.carrier, lock.access) == (Carrier::Polling, Access::Read);
        match (success, asker) {
            (true, Some(asker)) if is_poll => self.carry_poll(lock.sid, request, from, asker),
            (true, Some(asker)) => {
                let owner = from;
                self.outputs.push_back(Output::Granted { asker, owner });
            }
            (false, Some(asker)) => self.outputs.push_back(Output::Refused { asker }),
            (true, None) if is_poll => self.end(lock.sid, from, TRANSPORT_ERROR),
            (true, None) if lock.carrier != Carrier::Polling => {
                let request = self.next_request();
                let upgrade = Body::Upgrade {
                    request,
                    sid: lock.sid,
                    success: false,
                };
                self.publish(Some(from), upgrade);
            }
            (_, None) => {}
        }
    }

    /// What was asked for, and who waits for it still.
    fn take_lock(&mut self, request: u64) -> Option<(Lock, Option<A>)> {
        match self.pending.remove(&request) {
            Some(Pending::Lock { lock, asker }) => {
                self.forget_deadlines();
                Some((lock, asker))
            }
            Some(upgrade) => {
                self.pending.insert(request, upgrade);
                None
            }
            None => Some((self.late.take(request)?, None)),
        }
    }

    fn carry_poll(&mut self, sid: Arc<str>, request: u64, owner: NodeId, asker: A) {
        if let Some(Carried::Line { .. }) = self.carried.get(&sid) {
            // It was granted before the owner knew that the client has moved.
            return self.outputs.push_back(Output::Refused { asker });
        }
        let poll = Carried::Poll {
            request,
            owner,
            asker,
        };
        // An owner grants one poll at a time: if there is another it is from before it forgot it.
        if let Some(Carried::Poll { asker, .. }) = self.carried.insert(sid, poll) {
            self.outputs.push_back(Output::Refused { asker });
        }
    }

    fn close_line(&mut self, line: L) {
        let packets = vec![Packet::of(PacketKind::Close)];
        self.outputs.push_back(Output::Write { line, packets });
    }

    fn on_drain(&mut self, from: &NodeId, sid: &str, packets: Vec<Packet>) {
        match self.carried.get(sid) {
            Some(Carried::Poll { owner, .. }) if owner == from => {
                // SPEC: a poll is drained once.
                if let Some(Carried::Poll { asker, owner, .. }) = self.carried.remove(sid) {
                    let answer = Output::Answer {
                        asker,
                        owner,
                        packets,
                    };
                    self.outputs.push_back(answer);
                }
            }
            Some(Carried::Line { owner, line }) if owner == from => {
                let line = line.clone();
                if packets
                    .iter()
                    .any(|packet| packet.kind == PacketKind::Close)
                {
                    self.carried.remove(sid);
                }
                self.outputs.push_back(Output::Write { line, packets });
            }
            _ => {}
        }
    }

    fn on_upgraded(&mut self, from: &NodeId, request: u64, take_over: bool, packets: Vec<Packet>) {
        let is_meant = |pending: &Pending<A, L>| matches!(pending, Pending::Upgrade { owner, .. } if owner == from);
        if !self.pending.get(&request).is_some_and(is_meant) {
            return;
        }
        let Some(Pending::Upgrade {
            sid, line, asker, ..
        }) = self.pending.remove(&request)
        else {
            return;
        };
        self.forget_deadlines();
        if take_over {
            self.forget(&sid, &line);
        }
        self.outputs.push_back(Output::Upgraded {
            asker,
            take_over,
            packets,
        });
    }

    /// Drops deadlines at the front of what was answered: there are never many more than requests.
    fn forget_deadlines(&mut self) {
        while let Some((_, request)) = self.deadlines.front()
            && !self.pending.contains_key(request)
        {
            self.deadlines.pop_front();
        }
    }

    fn end_late_requests(&mut self, now: Instant) {
        while let Some((at, request)) = self.deadlines.front().copied()
            && at <= now
        {
            self.deadlines.pop_front();
            match self.pending.remove(&request) {
                Some(Pending::Lock { lock, asker }) => {
                    self.late.note(request, lock);
                    let refused = asker.map(|asker| Output::Refused { asker });
                    self.outputs.extend(refused);
                }
                Some(Pending::Upgrade {
                    sid,
                    owner,
                    line,
                    asker,
                }) => {
                    self.outputs.push_back(Output::Refused { asker });
                    self.forget(&sid, &line);
                    self.end(sid, owner, TRANSPORT_CLOSE);
                }
                None => {}
            }
        }
        self.forget_deadlines();
    }

    fn publish(&mut self, to: Option<NodeId>, body: Body) {
        let from = self.id.clone();
        let message = Message { from, to, body };
        self.outputs.push_back(Output::Publish(message));
    }
}

/// The reason of a transport that broke, or whose client broke the rules.
const TRANSPORT_ERROR: &str = "transport error";
/// The reason of a transport that was closed.
const TRANSPORT_CLOSE: &str = "transport close";
