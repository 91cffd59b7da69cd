//! The task of an exchange: it opens the bus, sends what is queued, and ends what is late.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use roomcast_cluster::BusError;
use roomcast_cluster::engine::Input;

use super::driving::Phase;
use super::exchange::Exchange;
use crate::duty::OnDuty;

/// How long the task waits before it tries again what a bus could not do.
const RETRY: Duration = Duration::from_millis(100);

/// How long a server that closes waits until the bus has taken its last messages and is closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Invariant: what is dropped in the middle leaves the exchange so that another driver can go on.
pub(super) async fn drive(exchange: Arc<Exchange>, on_duty: OnDuty) {
    let driving = Driving(&exchange);
    let mut is_open = false;
    let too_long = too_long(&exchange).shared();
    tokio::select! {
        () = run(&exchange, &mut is_open) => {}
        () = tick(&exchange) => {}
        () = too_long.clone() => tracing::warn!("the bus did not take the last messages"),
    }
    exchange.stop();
    if is_open {
        tokio::select! {
            // It is begun in any case.
            biased;
            () = exchange.bus().close(exchange.id()) => {}
            () = too_long => tracing::warn!("the bus did not close"),
        }
    }
    drop(driving);
    exchange.enter(Phase::Closed);
    on_duty.end_for_good();
}

/// A driver that may be lost with its runtime.
struct Driving<'e>(&'e Exchange);

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Sends until the server closes, and then what is left.
async fn run(exchange: &Arc<Exchange>, is_open: &mut bool) {
    if exchange.is_lost() {
        let closed = exchange.bus().close(exchange.id());
        // A bus whose tasks have ended with the last driver may not answer.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
        exchange.enter(Phase::Opening);
    }
    tokio::select! {
        () = open(exchange) => *is_open = true,
        // Nobody hears from a node that never was there.
        () = exchange.closing() => return,
    }
    exchange.enter(Phase::Open);
    loop {
        while let Some(mut batch) = exchange.take_batch() {
            match exchange.bus().publish(&batch.messages).await {
                Ok(()) => batch.pass(batch.messages.len()),
                Err(unsent) => {
                    tracing::debug!(error = %unsent, "the bus did not take all messages");
                    batch.pass(unsent.sent);
                    exchange.put_back(batch);
                    // The pause keeps a bus that only seems to be ready from being asked without end.
                    tokio::time::sleep(RETRY).await;
                    exchange.bus().ready().await;
                }
            }
        }
        if exchange.is_closing() {
            return;
        }
        tokio::select! {
            () = exchange.more_to_send() => {}
            () = exchange.closing() => {}
        }
    }
}

/// Opens the bus, again and again; for ever, if it refuses.
async fn open(exchange: &Arc<Exchange>) {
    while let Err(error) = exchange.bus().open(exchange.port()).await {
        tracing::warn!(%error, "the bus of the sessions could not be opened");
        let is_final = matches!(error, BusError::Refused { .. });
        exchange.enter(Phase::Failed(error));
        if is_final {
            return pending().await;
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Ends questions that nobody answers. It does not end itself.
async fn tick(exchange: &Exchange) {
    loop {
        let deadline = exchange.deadline();
        let due = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = due => exchange.input(Input::Tick),
            () = exchange.more_to_await() => {}
        }
    }
}

async fn too_long(exchange: &Exchange) {
    exchange.closing().await;
    tokio::time::sleep(CLOSE_TIMEOUT).await;
}
