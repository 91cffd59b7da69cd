//! A namespace's connection to the other servers.

mod rooms;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};
use rand::Rng as _;
use roomcast_cluster::{
    Adapter, Answer, Body, BusError, Counting, DecodeError, Inbox, Input, Message, NodeId, Outcome,
    Output, Port, Question, RequestId, Response, RoomInterest,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};

use super::outbox::{Batch, Outbox};
use super::responses::Responses;
use super::room_ledger::RoomLedger;
use super::stats::{ClusterStats, Counters, count};
use super::{Cluster, Inquiry, apply, driver, now};
use crate::duty::Duty;
use crate::namespace::{Namespace, WeakNamespace};

/// The handle that a namespace owns; its end closes the link.
#[derive(Debug)]
pub(crate) struct Link(Arc<Shared>);

/// What the namespace, the bus and the driver share.
pub(super) struct Shared {
    cluster: Arc<Cluster>,
    id: NodeId,
    name: Arc<str>,
    namespace: WeakNamespace,
    // Lock order: a leaf. Nothing of the namespace is called while it is held.
    state: Mutex<State>,
    /// Something is to be done by the driver.
    pub(super) wake: Notify,
    pub(super) phase: watch::Sender<Phase>,
    /// What the driver does.
    driving: Duty,
    pub(super) counters: Counters,
}

struct State {
    adapter: Adapter,
    outbox: Outbox,
    responses: Responses,
    asked: HashMap<RequestId, mpsc::UnboundedSender<Progress>>,
    work: Vec<BoxFuture<'static, ()>>,
    rooms: RoomLedger,
    is_closing: bool,
    /// The bus has been open, and the others were told that this server is there.
    is_announced: bool,
}

/// Where a link stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Opening,
    Open,
    /// Opening has failed; it is tried again.
    Failed(BusError),
    /// The bus was open when the driver was lost with its runtime. The next driver opens it anew: what
    /// the bus has begun may have ended with that runtime.
    Lost,
    Closed,
}

/// What comes to somebody who has asked the other servers.
#[derive(Debug)]
pub(super) enum Progress {
    Answer(Answer),
    Finished(Outcome),
}

/// What the driver is to do next.
pub(super) struct Agenda {
    pub(super) work: Vec<BoxFuture<'static, ()>>,
    pub(super) deadline: Option<Instant>,
    pub(super) is_closing: bool,
    pub(super) is_drained: bool,
}

impl Link {
    pub(crate) fn new(cluster: &Arc<Cluster>, name: Arc<str>, namespace: WeakNamespace) -> Self {
        let profile = cluster.bus.profile();
        let id = NodeId::random(profile.ids, rand::rng().next_u64());
        let state = State {
            adapter: Adapter::new(id.clone(), Arc::clone(&name), profile),
            outbox: Outbox::new(cluster),
            responses: Responses::new(cluster),
            asked: HashMap::new(),
            work: Vec::new(),
            rooms: RoomLedger::default(),
            is_closing: false,
            is_announced: false,
        };
        Self(Arc::new(Shared {
            cluster: Arc::clone(cluster),
            id,
            name,
            namespace,
            state: Mutex::new(state),
            wake: Notify::new(),
            phase: watch::Sender::new(Phase::Opening),
            driving: Duty::default(),
            counters: Counters::default(),
        }))
    }

    /// Starts the driver, if it does not run yet and there is a runtime.
    pub(crate) fn start(&self) {
        self.0.start();
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.0.id
    }

    /// Tells the other servers something, after what they were told before.
    pub(crate) fn tell(&self, body: Body) {
        self.start();
        self.0.input(Input::Tell(body));
    }

    /// Asks the other servers.
    pub(crate) fn ask(&self, question: Question, timeout: Option<Duration>) -> Inquiry {
        self.start();
        let id = RequestId::random(self.0.cluster.bus.profile().ids, rand::rng().next_u64());
        let timeout = timeout.unwrap_or(self.0.cluster.request_timeout);
        // Bounded by what the adapter takes of the answers to one request.
        let (sender, progress) = mpsc::unbounded_channel();
        let mut state = self.0.state.lock();
        // A closed link asks nobody: whoever waits learns that by the end of the channel.
        if !state.is_closing {
            state.asked.insert(id.clone(), sender);
            let asking = Input::Ask {
                id: id.clone(),
                question,
                timeout,
            };
            // Invariant: asked under the lock, so the end of the link comes before or after.
            self.0.input_locked(state, asking);
        }
        Inquiry::new(Arc::downgrade(&self.0), id, progress)
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.0.cluster.request_timeout
    }

    /// The other servers that are known by name.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.0.state.lock().adapter.nodes().cloned().collect()
    }

    /// How many servers there are, this one included.
    pub(crate) async fn count_nodes(&self) -> Result<usize, BusError> {
        let bus = &self.0.cluster.bus;
        match bus.profile().counting {
            Counting::Subscribers => bus.count_nodes(&self.0.name).await,
            _ => Ok(1 + self.0.state.lock().adapter.nodes().len()),
        }
    }

    pub(crate) fn stats(&self) -> ClusterStats {
        let queued = self.0.state.lock().outbox.len();
        self.0.counters.snapshot(queued)
    }

    /// Which rooms the bus wants to hear of.
    pub(crate) fn room_interest(&self) -> RoomInterest {
        self.0.cluster.bus.profile().rooms
    }

    /// Waits until the bus has confirmed the subscriptions of the namespace, or has failed once.
    pub(crate) async fn opened(&self) -> Result<(), BusError> {
        let mut phase = self.0.phase.subscribe();
        loop {
            // Each time: the driver's runtime may end meanwhile, and this one live.
            self.start();
            match &*phase.borrow_and_update() {
                Phase::Opening | Phase::Lost => {}
                Phase::Open => return Ok(()),
                Phase::Failed(error) => return Err(error.clone()),
                Phase::Closed => return Err(BusError::Closed),
            }
            if phase.changed().await.is_err() {
                return Err(BusError::Closed);
            }
        }
    }

    /// Tells the others that this server leaves; nothing is published any more.
    pub(crate) fn begin_close(&self) {
        self.0.begin_close();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.0.begin_close();
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("id", &self.id)
            .field("namespace", &self.name)
            .field("phase", &*self.phase.borrow())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn start(self: &Arc<Self>) {
        if !self.driving.is_taken() {
            self.start_on(Handle::try_current().ok());
        }
    }

    /// Starts the driver, if it does not run, on the first of these runtimes that has not ended.
    fn start_on(self: &Arc<Self>, runtimes: impl IntoIterator<Item = Handle>) {
        self.driving.begin(runtimes, |runtime, on_duty| {
            let link = Arc::downgrade(self);
            let on_duty = on_duty.when_lost(move || {
                if let Some(link) = link.upgrade() {
                    link.start_elsewhere();
                }
            });
            let driver = driver::drive(Arc::clone(self), on_duty);
            self.cluster.drivers.spawn_on(driver, runtime);
        });
    }

    /// The driver's runtime has ended.
    fn start_elsewhere(self: &Arc<Self>) {
        let server = self.namespace().and_then(|namespace| namespace.server());
        self.start_on(server.map_or_else(Vec::new, |server| server.engine().shared().runtimes()));
        // Who waits for the bus starts the driver where no runtime was known.
        self.phase.send_modify(|_| {});
    }

    /// Whether the others are to be told anew that this server is there.
    pub(super) fn announces_again(&self) -> bool {
        let was_announced = std::mem::replace(&mut self.state.lock().is_announced, true);
        was_announced && self.cluster.bus.profile().counting == Counting::Heartbeats
    }

    /// Feeds the adapter, and does what it says.
    pub(super) fn input(self: &Arc<Self>, input: Input) {
        self.input_locked(self.state.lock(), input);
    }

    /// As [`input`](Self::input), for one that has its place among what was done under the lock.
    fn input_locked(self: &Arc<Self>, state: MutexGuard<'_, State>, input: Input) {
        for message in self.take_outputs(state, input) {
            apply::apply(self, message);
        }
    }

    /// Gives the messages that are to be carried out, which needs the lock to be free.
    fn take_outputs(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        input: Input,
    ) -> Vec<Message> {
        let now = now();
        let mut messages = Vec::new();
        state.adapter.handle_input(now, input);
        loop {
            match state.adapter.poll_output() {
                // Nobody sends any more what a closed link is told.
                Output::Publish(message)
                    if state.is_closing && message.body != Body::AdapterClose =>
                {
                    count(&self.counters.failed, 1);
                }
                Output::Publish(message) => {
                    let dropped = state.outbox.push(now, message);
                    count(&self.counters.dropped_full, dropped);
                }
                Output::Apply(message) => messages.push(message),
                Output::Count(id) => {
                    let work = count_for(Arc::clone(self), id);
                    state.work.push(Box::pin(work));
                }
                Output::Answered { id, answer } => {
                    if let Some(asker) = state.asked.get(&id) {
                        // Who does not wait any more wants no answer.
                        let _ = asker.send(Progress::Answer(answer));
                    }
                }
                Output::Finished { id, outcome } => {
                    if let Some(asker) = state.asked.remove(&id) {
                        let _ = asker.send(Progress::Finished(outcome));
                    }
                }
                Output::Joined(node) => {
                    tracing::debug!(%node, namespace = %self.name, "a server joined the cluster")
                }
                Output::Left(node) => {
                    tracing::debug!(%node, namespace = %self.name, "a server left the cluster")
                }
                _ => break,
            }
        }
        drop(state);
        self.wake.notify_one();
        messages
    }

    /// Somebody does not want the answers any more.
    pub(super) fn forget(&self, id: &RequestId) {
        let mut state = self.state.lock();
        if state.asked.remove(id).is_some() {
            state.adapter.handle_input(now(), Input::Forget(id.clone()));
        }
    }

    /// Queues an answer for another server.
    pub(super) fn respond(&self, to: Option<NodeId>, body: Body) {
        let mut state = self.state.lock();
        let message = state.adapter.response(body);
        let is_queued = !state.is_closing && state.responses.push(Response { to, message });
        drop(state);
        match is_queued {
            true => self.wake.notify_one(),
            false => count(&self.counters.failed, 1),
        }
    }

    /// Hands work that waits to the driver, which drops it where there is too much: who asked gets
    /// no answer then.
    pub(super) fn work(&self, work: BoxFuture<'static, ()>) {
        let mut state = self.state.lock();
        if !state.is_closing {
            state.work.push(work);
            drop(state);
            self.wake.notify_one();
        }
    }

    pub(super) fn namespace(&self) -> Option<Namespace> {
        self.namespace.upgrade()
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Where the bus delivers. It keeps nothing alive.
    pub(super) fn port(self: &Arc<Self>) -> Port {
        let link = Arc::downgrade(self);
        let inbox = Inbox::new(move |received| {
            if let Some(link) = Weak::upgrade(&link) {
                link.receive(received);
            }
        });
        Port::new(self.id.clone(), Arc::clone(&self.name), inbox)
    }

    fn receive(self: &Arc<Self>, received: Result<Message, DecodeError>) {
        match received {
            Ok(message) => {
                count(&self.counters.received, 1);
                // The runtime of the driver that would send an answer may have ended.
                self.start();
                self.input(Input::Received(message));
            }
            Err(error) => {
                count(&self.counters.malformed, 1);
                tracing::debug!(%error, namespace = %self.name, "a payload from the bus is no message");
            }
        }
    }

    fn begin_close(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.is_closing, true) {
            return;
        }
        // Invariant: under the lock, so the driver does not end before the others are told.
        self.input_locked(state, Input::Close);
        if *self.phase.borrow() == Phase::Lost {
            // The subscriptions are to end.
            self.start();
        }
    }

    /// The driver has ended: nothing leaves any more, and nobody is to wait for it.
    pub(super) fn give_up(&self) {
        let mut state = self.state.lock();
        let left = state.outbox.len() + state.responses.len();
        state.outbox.clear();
        state.responses.take();
        let (work, waiting) = (std::mem::take(&mut state.work), state.rooms.take_waiting());
        drop(state);
        count(&self.counters.failed, left);
        // Invariant: dropped without the lock; they may be the last handles of much.
        drop(work);
        for confirmation in waiting {
            // Who does not wait any more needs no answer.
            let _ = confirmation.send(Err(BusError::Closed));
        }
    }

    pub(super) fn agenda(&self) -> Agenda {
        let mut state = self.state.lock();
        let deadline = match state.adapter.poll_output() {
            Output::Wait(deadline) => deadline,
            // Invariant: outputs are taken under the lock that makes them.
            _ => None,
        };
        Agenda {
            work: std::mem::take(&mut state.work),
            deadline,
            is_closing: state.is_closing,
            is_drained: state.outbox.is_empty() && state.responses.is_empty(),
        }
    }

    pub(super) fn agenda_is_closing(&self) -> bool {
        self.state.lock().is_closing
    }

    /// What is to be sent, unless there is nothing.
    pub(super) fn take_batch(&self) -> Option<(Batch, Vec<Response>)> {
        let mut state = self.state.lock();
        let (batch, too_old) = state.outbox.take(now());
        let responses = state.responses.take();
        drop(state);
        count(&self.counters.dropped_old, too_old);
        (!batch.messages.is_empty() || !responses.is_empty()).then_some((batch, responses))
    }

    pub(super) fn put_back(&self, unsent: Vec<Message>, since: &[Instant]) {
        let dropped = self.state.lock().outbox.put_back(unsent, since);
        count(&self.counters.dropped_full, dropped);
    }

    pub(super) fn id(&self) -> &NodeId {
        &self.id
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Asks the bus how many servers have to answer a request.
async fn count_for(link: Arc<Shared>, id: RequestId) {
    match link.cluster.bus.count_nodes(&link.name).await {
        Ok(nodes) => link.input(Input::Counted { id, nodes }),
        Err(error) => tracing::debug!(%error, "the servers of the cluster could not be counted"),
    }
}
