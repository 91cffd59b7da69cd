//! The task of a link: it opens, sends what is queued, and wakes the adapter when its time comes.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use roomcast_cluster::{Body, Bus, BusError, Input, Message, PublishError, Response};

use super::link::{Phase, Shared};
use super::outbox::Batch;
use super::room_ledger::Pending;
use super::stats::count;
use crate::duty::OnDuty;

/// How long the driver waits before it tries again what a bus could not do.
const RETRY: Duration = Duration::from_millis(100);

/// The most events of other servers whose answers one namespace waits for at a time.
const MAX_WORK: usize = 10_000;

/// Invariant: what is dropped in the middle leaves the link so that another driver can go on.
pub(super) async fn drive(link: Arc<Shared>, on_duty: OnDuty) {
    let mut driver = Driver::new(Arc::clone(&link));
    driver.run().await;
    // What a driver before has opened is to be closed too, though it was not opened again.
    let is_open = driver.opening.is_none() || *link.phase.borrow() == Phase::Lost;
    // Invariant: dropped first; who waits for a change on its way is told that by it.
    drop(driver);
    link.give_up();
    if is_open {
        let bus = &link.cluster().bus;
        bus.close(link.id(), link.name()).await;
    }
    link.phase.send_replace(Phase::Closed);
    on_duty.end_for_good();
}

/// Opens the bus, again and again; for ever, if it refuses.
async fn open(link: Arc<Shared>) {
    if *link.phase.borrow() == Phase::Lost {
        let closed = link.cluster().bus.close(link.id(), link.name());
        // A bus whose tasks have ended with the last driver may not answer.
        let _ = tokio::time::timeout(link.cluster().request_timeout, closed).await;
        link.unsubscribed();
        link.phase.send_replace(Phase::Opening);
    }
    while let Err(error) = link.cluster().bus.open(link.port()).await {
        tracing::warn!(%error, namespace = link.name(), "the bus could not be opened");
        let is_final = matches!(error, BusError::Refused { .. });
        link.phase.send_replace(Phase::Failed(error));
        if is_final {
            return pending().await;
        }
        tokio::time::sleep(RETRY).await;
    }
}

struct Driver {
    link: Arc<Shared>,
    /// Until the bus is open. Nothing is sent then, and requests end in time all the same.
    opening: Option<BoxFuture<'static, ()>>,
    sending: Option<BoxFuture<'static, ()>>,
    changing_rooms: Option<BoxFuture<'static, ()>>,
    work: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl Driver {
    fn new(link: Arc<Shared>) -> Self {
        // Who leaves needs no new subscriptions to say so.
        let leaves = *link.phase.borrow() == Phase::Lost && link.agenda_is_closing();
        let opening: BoxFuture<'static, ()> = Box::pin(open(Arc::clone(&link)));
        Self {
            opening: (!leaves).then_some(opening),
            link,
            sending: None,
            changing_rooms: None,
            work: FuturesUnordered::new(),
        }
    }

    async fn run(&mut self) {
        while let Some(deadline) = self.plan() {
            tokio::select! {
                () = maybe(&mut self.opening) => self.on_opened(),
                () = maybe(&mut self.sending) => self.sending = None,
                () = maybe(&mut self.changing_rooms) => self.changing_rooms = None,
                () = until(deadline) => self.link.input(Input::Tick),
                Some(()) = self.work.next() => {}
                () = self.link.wake.notified() => {}
            }
        }
    }

    fn on_opened(&mut self) {
        self.opening = None;
        // One that leaves already does not say that it is there.
        if !self.link.agenda_is_closing() {
            self.link.input(Input::Opened);
            if self.link.announces_again() {
                self.link.input(Input::Tell(Body::InitialHeartbeat));
            }
        }
        self.link.phase.send_replace(Phase::Open);
    }

    /// Starts what can be started; gives the next deadline, or nothing when the link is closed and
    /// all has left.
    fn plan(&mut self) -> Option<Option<Instant>> {
        let is_open = self.opening.is_none();
        if is_open {
            self.plan_sending();
            self.plan_rooms();
        }
        let agenda = self.link.agenda();
        for work in agenda.work {
            if self.work.len() < MAX_WORK {
                self.work.push(work);
            } else {
                count(&self.link.counters.failed, 1);
                tracing::warn!(
                    namespace = self.link.name(),
                    "too many events of other servers wait"
                );
            }
        }
        let has_left = agenda.is_drained && self.sending.is_none();
        let is_over = agenda.is_closing && (has_left || !is_open);
        (!is_over).then_some(agenda.deadline)
    }

    fn plan_sending(&mut self) {
        if self.sending.is_none()
            && let Some((batch, responses)) = self.link.take_batch()
        {
            self.sending = Some(Box::pin(send(Arc::clone(&self.link), batch, responses)));
        }
    }

    fn plan_rooms(&mut self) {
        if self.changing_rooms.is_none()
            && let Some((pending, change)) = self.link.take_room_change()
        {
            let link = Arc::clone(&self.link);
            let is_empty = pending.is_empty();
            let changing = Changing(link, Some(pending));
            self.changing_rooms = match is_empty {
                true => {
                    changing.settle(&Ok(()));
                    None
                }
                false => Some(Box::pin(change_rooms(changing, change))),
            };
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.link.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Lost;
            }
            is_open
        });
    }
}

/// A change of rooms on its way, which has failed if it is dropped.
struct Changing(Arc<Shared>, Option<Pending>);

impl Changing {
    fn settle(mut self, result: &Result<(), BusError>) {
        self.end(result);
    }

    fn end(&mut self, result: &Result<(), BusError>) {
        if let Some(pending) = self.1.take() {
            self.0.settle_rooms(pending, result);
        }
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        self.end(&Err(BusError::Closed));
    }
}

/// Sends a batch and the answers that wait; what did not leave of the batch goes back to the queue.
///
/// Invariant: the goodbye is last, behind the answers. Who has left is not heard of again.
async fn send(link: Arc<Shared>, mut batch: Batch, responses: Vec<Response>) {
    let is_goodbye = |message: &mut Message| message.body == Body::AdapterClose;
    let goodbye = batch.messages.pop_if(is_goodbye);
    batch.since.truncate(batch.messages.len());
    let unsent = publish(&link, batch.messages).await;
    respond(&link, responses).await;
    if let Err(error) = unsent {
        settle(&link, error, &batch.since).await;
    }
    if let Some(goodbye) = goodbye
        && let Err(error) = publish(&link, vec![goodbye]).await
    {
        count(&link.counters.failed, error.unsent.len());
    }
}

async fn publish(link: &Shared, messages: Vec<Message>) -> Result<(), PublishError> {
    let count_of_all = messages.len();
    if count_of_all == 0 {
        return Ok(());
    }
    let published = link.cluster().bus.publish(messages).await;
    let unsent = published.as_ref().err();
    let unsent = unsent.map_or(0, |error| error.unsent.len());
    count(
        &link.counters.published,
        count_of_all.saturating_sub(unsent),
    );
    published
}

async fn respond(link: &Shared, responses: Vec<Response>) {
    let answers = responses.len();
    if answers > 0
        && let Err(error) = link.cluster().bus.respond(responses).await
    {
        count(&link.counters.failed, answers);
        tracing::debug!(%error, answers, "answers to other servers were lost");
    }
}

/// Puts back what did not leave, and waits until it may be tried again.
async fn settle(link: &Shared, error: PublishError, since: &[Instant]) {
    let PublishError { cause, unsent, .. } = error;
    tracing::debug!(error = %cause, unsent = unsent.len(), "the bus did not take all messages");
    if matches!(cause, BusError::Unavailable { .. }) && !link.agenda_is_closing() {
        link.put_back(unsent, since);
        // The pause keeps a bus that only seems to be ready from being asked without end.
        tokio::time::sleep(RETRY).await;
        wait_until_ready(link, &*link.cluster().bus).await;
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

async fn change_rooms(changing: Changing, change: roomcast_cluster::RoomChange) {
    let link = &changing.0;
    let result = link.cluster().bus.change_rooms(change).await;
    if let Err(error) = &result {
        tracing::warn!(%error, namespace = link.name(), "rooms could not be subscribed to");
    }
    changing.settle(&result);
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
