//! What a server asks the others about sessions, and what they ask it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::Rng as _;
use roomcast_cluster::NodeId;
use roomcast_cluster::engine::{
    Access, Body, Carrier, EngineBus, EngineInbox, EnginePort, Input, Lock, Message, Output,
    Packet, Relay,
};
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::driving::Phase;
use super::line::LineEnd;
use super::outbox::{Batch, Outbox};
use super::{ClusterEngine, Promise};
use crate::duty::Duty;
use crate::engine::mailbox;
use crate::engine::server::Shared;

/// One server's share of what servers tell each other about sessions.
pub(crate) struct Exchange {
    /// This.
    pub(super) me: Weak<Self>,
    id: NodeId,
    pub(super) options: ClusterEngine,
    // Lock order: a leaf.
    state: Mutex<State>,
    to_send: Notify,
    to_await: Notify,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) closing: CancellationToken,
    pub(super) engine: OnceLock<Weak<Shared>>,
    /// What the driver does.
    pub(super) driving: Duty,
}

struct State {
    relay: Relay<Asker, Arc<LineEnd>>,
    outbox: Outbox,
    /// When the relay wants to be asked.
    deadline: Option<Instant>,
}

/// Who waits for an answer.
#[derive(Debug)]
pub(super) enum Asker {
    Post(oneshot::Sender<NodeId>),
    Poll(Arc<str>, oneshot::Sender<Drained>),
    Probe(Arc<str>, oneshot::Sender<Promise>),
    Upgrade(oneshot::Sender<Moved>),
}

/// The answer to a poll, and who gave it.
#[derive(Debug)]
pub(super) struct Drained {
    pub(super) owner: NodeId,
    pub(super) packets: Vec<Packet>,
}

/// What the owner of a session answers to an upgrade.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) take_over: bool,
    /// What the client has sent before.
    pub(super) packets: Vec<Packet>,
}

/// An [`Exchange`] that ends with its server.
pub(crate) struct Exchanging(Arc<Exchange>);

impl Exchanging {
    pub(crate) fn new(options: ClusterEngine) -> Self {
        Self(Arc::new_cyclic(|me| Exchange::new(me.clone(), options)))
    }
}

impl Deref for Exchanging {
    type Target = Arc<Exchange>;

    fn deref(&self) -> &Arc<Exchange> {
        &self.0
    }
}

impl Drop for Exchanging {
    fn drop(&mut self) {
        self.0.closing.cancel();
    }
}

impl Exchange {
    fn new(me: Weak<Self>, options: ClusterEngine) -> Self {
        let id = NodeId::of_engine(rand::rng().next_u32());
        let relay = Relay::new(id.clone(), options.options);
        let outbox = Outbox::new(options.max_queued_bytes, options.options.response_timeout);
        Self {
            me,
            id,
            options,
            state: Mutex::new(State {
                relay,
                outbox,
                deadline: None,
            }),
            to_send: Notify::new(),
            to_await: Notify::new(),
            phase: watch::Sender::new(Phase::Opening),
            closing: CancellationToken::new(),
            engine: OnceLock::new(),
            driving: Duty::default(),
        }
    }

    /// Says whose sessions these are; called once.
    pub(crate) fn serve(&self, engine: Weak<Shared>) {
        // It was not set before: `serve` is called where the engine is made.
        let _ = self.engine.set(engine);
    }

    pub(crate) fn noop_interval(&self) -> Duration {
        self.options.noop_interval
    }

    pub(crate) fn connection_delay(&self) -> Duration {
        self.options.connection_delay
    }

    /// Queues what a session of this server has to say; tells whether there was room.
    #[must_use]
    pub(crate) fn send(&self, to: NodeId, body: Body) -> bool {
        let message = Message {
            from: self.id.clone(),
            to: Some(to),
            body,
        };
        let has_room = self.state.lock().outbox.push(message, now());
        self.to_send.notify_one();
        has_room
    }

    /// Asks for the packets of a session that is elsewhere.
    pub(super) async fn poll(self: &Arc<Self>, sid: &Arc<str>) -> Option<Vec<Packet>> {
        self.start().await;
        let (sender, drained) = oneshot::channel();
        let asker = Asker::Poll(Arc::clone(sid), sender);
        let request = self.ask(sid, Carrier::Polling, Access::Read, asker);
        let mut waiting = WaitingPoll {
            exchange: self,
            sid,
            request,
            drained,
        };
        let drained = (&mut waiting.drained).await;
        drained.ok().map(|drained| drained.packets)
    }

    /// Asks whose session it is that a POST is for.
    pub(super) async fn post(self: &Arc<Self>, sid: &Arc<str>) -> Option<NodeId> {
        self.start().await;
        let (sender, owner) = oneshot::channel();
        self.ask(sid, Carrier::Polling, Access::Write, Asker::Post(sender));
        owner.await.ok()
    }

    /// Asks whether a WebSocket may carry a session.
    pub(super) async fn probe(self: &Arc<Self>, sid: &Arc<str>) -> Option<Promise> {
        self.start().await;
        let (sender, promise) = oneshot::channel();
        let asker = Asker::Probe(Arc::clone(sid), sender);
        self.ask(sid, Carrier::WebSocket, Access::Read, asker);
        promise.await.ok()
    }

    fn ask(&self, sid: &Arc<str>, carrier: Carrier, access: Access, asker: Asker) -> u64 {
        let request = self.state.lock().relay.next_request();
        let lock = Lock {
            sid: Arc::clone(sid),
            carrier,
            access,
        };
        self.input(Input::AskLock {
            request,
            lock,
            asker,
        });
        request
    }

    /// Tells the owner that its session is on a WebSocket here.
    pub(super) async fn upgrade(
        &self,
        sid: &Arc<str>,
        owner: &NodeId,
        line: Arc<LineEnd>,
    ) -> Option<Moved> {
        let (sender, moved) = oneshot::channel();
        self.input(Input::AskUpgrade {
            sid: Arc::clone(sid),
            owner: owner.clone(),
            line,
            asker: Asker::Upgrade(sender),
        });
        moved.await.ok()
    }

    /// Forwards packets of a client; what it gives resolves when the bus has them, and fails if they
    /// found no room.
    pub(super) fn forward(
        &self,
        sid: &Arc<str>,
        owner: &NodeId,
        packets: impl IntoIterator<Item = Packet>,
    ) -> oneshot::Receiver<()> {
        let (mark, sent) = oneshot::channel();
        let mut state = self.state.lock();
        let State { relay, outbox, .. } = &mut *state;
        let (now, mut has_room) = (now(), true);
        for packet in packets {
            let (sid, owner) = (Arc::clone(sid), owner.clone());
            relay.handle_input(now, Input::Forward { sid, owner, packet });
            while let Output::Publish(message) = relay.poll_output() {
                has_room &= outbox.push(message, now);
            }
        }
        if has_room {
            outbox.mark(mark);
        }
        drop(state);
        self.to_send.notify_one();
        sent
    }

    pub(super) fn input(&self, input: Input<Asker, Arc<LineEnd>>) {
        let mut outputs = Vec::new();
        let mut state = self.state.lock();
        let State {
            relay,
            outbox,
            deadline,
        } = &mut *state;
        let now = now();
        relay.handle_input(now, input);
        loop {
            match relay.poll_output() {
                // A question that finds no room is answered by nobody; what else is said here ends
                // what its receiver gives up by itself.
                Output::Publish(message) => drop(outbox.push(message, now)),
                Output::Wait(until) => {
                    *deadline = until;
                    break;
                }
                output => outputs.push(output),
            }
        }
        drop(state);
        self.to_send.notify_one();
        self.to_await.notify_one();
        outputs.into_iter().for_each(|output| self.act(output));
    }

    /// Invariant: nothing is locked.
    fn act(&self, output: Output<Asker, Arc<LineEnd>>) {
        match output {
            Output::Granted { asker, owner } => match asker {
                // The client may have hung up; a POST has nothing to give back.
                Asker::Post(sender) => drop(sender.send(owner)),
                // Dropped, a promise is given back.
                Asker::Probe(sid, sender) => {
                    let me = self.me.upgrade();
                    let promise = me.map(|exchange| Promise::new(exchange, sid, owner));
                    drop(promise.map(|promise| sender.send(promise)));
                }
                Asker::Poll(..) | Asker::Upgrade(_) => {}
            },
            // Who waits for it sees the sender dropped.
            Output::Refused { asker } => drop(asker),
            Output::Answer {
                asker: Asker::Poll(sid, sender),
                owner,
                packets,
            } => {
                if let Err(Drained { owner, .. }) = sender.send(Drained { owner, packets }) {
                    self.end(&sid, owner);
                }
            }
            Output::Upgraded {
                asker: Asker::Upgrade(sender),
                take_over,
                packets,
            } => {
                // The line ends with its server only, which closes all.
                let _ = sender.send(Moved { take_over, packets });
            }
            Output::Write { line, packets } => line.take(&packets),
            Output::Apply { from, body } => self.apply(from, body),
            Output::Answer { .. } | Output::Upgraded { .. } => {}
            Output::Publish(_) | Output::Wait(_) => unreachable!("they were taken before"),
        }
    }

    /// Hands to a session of this server what another says of it.
    fn apply(&self, from: NodeId, body: Body) {
        let sid = match &body {
            Body::AcquireLock { lock, .. } => &lock.sid,
            Body::Packet { sid, .. } | Body::Upgrade { sid, .. } | Body::Close { sid, .. } => sid,
            _ => return,
        };
        let engine = self.engine.get().and_then(Weak::upgrade);
        let Some(engine) = engine else {
            return;
        };
        if let Some(socket) = engine.find(sid) {
            let max_bytes = engine.config().max_message_bytes;
            let max_bytes = max_bytes.saturating_mul(MAX_WAITING_BODIES);
            let max_bytes = max_bytes.max(MIN_WAITING_BYTES);
            let relayed = mailbox::Relayed { from, body };
            socket.mailbox().tell_relayed(relayed, max_bytes);
        }
    }

    /// Packets went to a client that had hung up.
    pub(super) fn end(&self, sid: &Arc<str>, owner: NodeId) {
        self.input(Input::End {
            sid: Arc::clone(sid),
            owner,
            reason: "transport error",
        });
    }

    /// Nothing leaves or arrives any more: whoever waits is told so. To later requests all sessions
    /// are unknown that are not here.
    pub(super) fn stop(&self) {
        let rest = self.state.lock().outbox.close();
        drop(rest);
        self.input(Input::Stop);
    }

    pub(super) fn bus(&self) -> &dyn EngineBus {
        &*self.options.bus
    }

    pub(super) fn id(&self) -> &NodeId {
        &self.id
    }

    pub(super) fn port(self: &Arc<Self>) -> EnginePort {
        let exchange = Arc::downgrade(self);
        let inbox = EngineInbox::new(move |received| match (exchange.upgrade(), received) {
            (Some(exchange), Ok(message)) => exchange.input(Input::Received(message)),
            (_, Err(error)) => {
                tracing::debug!(%error, "a message about sessions could not be read");
            }
            (None, Ok(_)) => {}
        });
        EnginePort::new(self.id.clone(), inbox)
    }

    pub(super) fn take_batch(&self) -> Option<Batch> {
        self.state.lock().outbox.take(now())
    }

    pub(super) fn put_back(&self, batch: Batch) {
        self.state.lock().outbox.put_back(batch);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.state.lock().deadline
    }

    pub(super) async fn more_to_send(&self) {
        self.to_send.notified().await;
    }

    pub(super) async fn more_to_await(&self) {
        self.to_await.notified().await;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.is_cancelled() && self.state.lock().outbox.is_empty()
    }
}

/// A poll whose session is elsewhere. If it is dropped its client has hung up.
struct WaitingPoll<'e> {
    exchange: &'e Exchange,
    sid: &'e Arc<str>,
    request: u64,
    drained: oneshot::Receiver<Drained>,
}

impl Drop for WaitingPoll<'_> {
    fn drop(&mut self) {
        self.drained.close();
        match self.drained.try_recv() {
            Ok(Drained { owner, .. }) => self.exchange.end(self.sid, owner),
            Err(_) => self.exchange.input(Input::Abandon {
                request: self.request,
                sid: Arc::clone(self.sid),
            }),
        }
    }
}

/// How many of the largest bodies of a client may wait that came over other servers.
const MAX_WAITING_BODIES: usize = 4;
/// What may wait in any case, where bodies are small beside what each packet takes.
const MIN_WAITING_BYTES: usize = 1 << 20;

pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
