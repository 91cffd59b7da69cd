//! The task of a link: it opens, sends what is queued, and wakes the adapter when its time comes.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_cluster::{Bus, BusError, Input, PublishError, Response};

use super::link::{Phase, Shared};
use super::outbox::Batch;
use super::room_ledger::Pending;
use super::stats::count;

/// How long the driver waits before it tries again what a bus could not do.
const RETRY: Duration = Duration::from_millis(100);

/// The most events of other servers whose answers one namespace waits for at a time.
const MAX_WORK: usize = 10_000;

pub(super) async fn drive(link: Arc<Shared>) {
    if open(&link).await {
        link.input(Input::Opened);
        link.phase.send_replace(Phase::Open);
        Driver::new(Arc::clone(&link)).run().await;
        let bus = &link.cluster().bus;
        bus.close(link.id(), link.name()).await;
    }
    link.phase.send_replace(Phase::Closed);
}

/// Opens the bus, again and again; false if the link was closed meanwhile.
async fn open(link: &Arc<Shared>) -> bool {
    let bus = &link.cluster().bus;
    let attempts = async {
        while let Err(error) = bus.open(link.port()).await {
            tracing::warn!(%error, namespace = link.name(), "the bus could not be opened");
            let is_final = matches!(error, BusError::Refused { .. });
            link.phase.send_replace(Phase::Failed(error));
            if is_final {
                return pending().await;
            }
            tokio::time::sleep(RETRY).await;
        }
    };
    let closing = async {
        while !link.agenda_is_closing() {
            link.wake.notified().await;
        }
    };
    tokio::select! {
        () = attempts => true,
        () = closing => false,
    }
}

struct Driver {
    link: Arc<Shared>,
    sending: Option<BoxFuture<'static, ()>>,
    changing_rooms: Option<BoxFuture<'static, ()>>,
    work: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Driver {
    fn new(link: Arc<Shared>) -> Self {
        Self {
            link,
            sending: None,
            changing_rooms: None,
            work: FuturesUnordered::new(),
        }
    }

    async fn run(&mut self) {
        while let Some(deadline) = self.plan() {
            tokio::select! {
                () = maybe(&mut self.sending) => self.sending = None,
                () = maybe(&mut self.changing_rooms) => self.changing_rooms = None,
                () = until(deadline) => self.link.input(Input::Tick),
                Some(()) = self.work.next() => {}
                () = self.link.wake.notified() => {}
            }
        }
    }

    /// Starts what can be started; gives the next deadline, or nothing when the link is closed and
    /// all has left.
    fn plan(&mut self) -> Option<Option<Instant>> {
        if self.sending.is_none()
            && let Some((batch, responses)) = self.link.take_batch()
        {
            self.sending = Some(Box::pin(send(Arc::clone(&self.link), batch, responses)));
        }
        if self.changing_rooms.is_none()
            && let Some((pending, change)) = self.link.take_room_change()
        {
            let link = Arc::clone(&self.link);
            self.changing_rooms = match pending.is_empty() {
                true => {
                    link.settle_rooms(pending, &Ok(()));
                    None
                }
                false => Some(Box::pin(change_rooms(link, pending, change))),
            };
        }
        let agenda = self.link.agenda();
        for work in agenda.work {
            if self.work.len() < MAX_WORK {
                self.work.push(work);
            } else {
                tracing::warn!(
                    namespace = self.link.name(),
                    "too many events of other servers wait"
                );
            }
        }
        let is_over = agenda.is_closing && agenda.is_drained && self.sending.is_none();
        (!is_over).then_some(agenda.deadline)
    }
}

/// Sends a batch; what did not leave goes back to the queue.
async fn send(link: Arc<Shared>, batch: Batch, responses: Vec<Response>) {
    let bus = Arc::clone(&link.cluster().bus);
    let messages = batch.messages.len();
    let published = match messages {
        0 => Ok(()),
        _ => bus.publish(batch.messages).await,
    };
    if !responses.is_empty() {
        let answers = responses.len();
        if let Err(error) = bus.respond(responses).await {
            count(&link.counters.failed, answers);
            tracing::debug!(%error, answers, "answers to other servers were lost");
        }
    }
    let Err(PublishError { cause, unsent, .. }) = published else {
        count(&link.counters.published, messages);
        return;
    };
    count(
        &link.counters.published,
        messages.saturating_sub(unsent.len()),
    );
    tracing::debug!(error = %cause, unsent = unsent.len(), "the bus did not take all messages");
    if matches!(cause, BusError::Unavailable { .. }) && !link.agenda_is_closing() {
        link.put_back(unsent, &batch.since);
        // The pause keeps a bus that only seems to be ready from being asked without end.
        tokio::time::sleep(RETRY).await;
        wait_until_ready(&link, &*bus).await;
    } else {
        count(&link.counters.failed, unsent.len());
    }
}

async fn wait_until_ready(link: &Shared, bus: &dyn Bus) {
    let closing = async {
        while !link.agenda_is_closing() {
            tokio::time::sleep(RETRY).await;
        }
    };
    futures_util::future::select(bus.ready(), closing.boxed()).await;
}

async fn change_rooms(link: Arc<Shared>, pending: Pending, change: roomcast_cluster::RoomChange) {
    let result = link.cluster().bus.change_rooms(change).await;
    if let Err(error) = &result {
        tracing::warn!(%error, namespace = link.name(), "rooms could not be subscribed to");
    }
    link.settle_rooms(pending, &result);
    if result.is_err() {
        tokio::time::sleep(RETRY).await;
    }
}

async fn maybe(future: &mut Option<BoxFuture<'static, ()>>) {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => pending().await,
    }
}
