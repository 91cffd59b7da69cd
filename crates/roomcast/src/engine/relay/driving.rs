//! Who drives an exchange: its task, on whichever runtime lives, and where the bus is.

use std::sync::{Arc, Weak};

use roomcast_cluster::BusError;
use tokio::runtime::Handle;

use super::driver::drive;
use super::exchange::Exchange;

/// Where the bus is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Opening,
    Failed(BusError),
    Open,
    /// The bus was open when the driver was lost with its runtime; the next one opens it anew.
    Lost,
    Closed,
}

impl Phase {
    /// Whether the bus is being opened, or has to be.
    fn is_undecided(&self) -> bool {
        matches!(self, Self::Opening | Self::Lost)
    }
}

impl Exchange {
    /// Opens the bus, unless that has been done; resolves when it was tried once, or takes longer than
    /// an answer may.
    pub(crate) async fn start(self: &Arc<Self>) {
        self.drive();
        if !self.phase.borrow().is_undecided() {
            return;
        }
        // Where it takes too long the client is let in all the same.
        let tried = self.driven_until(|phase| !phase.is_undecided());
        let _ = tokio::time::timeout(self.options.options.response_timeout, tried).await;
    }

    /// Starts the driver, if it does not run.
    fn drive(self: &Arc<Self>) {
        if !self.driving.is_taken() {
            self.drive_on(Handle::try_current().ok());
        }
    }

    fn drive_on(self: &Arc<Self>, runtimes: impl IntoIterator<Item = Handle>) {
        self.driving.begin(runtimes, |runtime, on_duty| {
            let exchange = Weak::clone(&self.me);
            let on_duty = on_duty.when_lost(move || {
                if let Some(exchange) = exchange.upgrade() {
                    exchange.drive_elsewhere();
                }
            });
            runtime.spawn(drive(Arc::clone(self), on_duty));
        });
    }

    /// The driver's runtime has ended.
    fn drive_elsewhere(self: &Arc<Self>) {
        let engine = self.engine.get().and_then(Weak::upgrade);
        self.drive_on(engine.map_or_else(Vec::new, |engine| engine.runtimes()));
        // Who waits for the bus starts the driver where no runtime was known.
        self.phase.send_modify(|_| {});
    }

    /// Waits for a phase, with a driver on this runtime if that of the driver ends.
    async fn driven_until(self: &Arc<Self>, is_awaited: impl Fn(&Phase) -> bool) -> Phase {
        let mut phase = self.phase.subscribe();
        loop {
            self.drive();
            {
                let phase = phase.borrow_and_update();
                if is_awaited(&phase) {
                    return phase.clone();
                }
            }
            if phase.changed().await.is_err() {
                return Phase::Closed;
            }
        }
    }

    /// Resolves when the bus is open, or could not be opened.
    pub(crate) async fn ready(self: &Arc<Self>) -> Result<(), BusError> {
        match self.driven_until(|phase| !phase.is_undecided()).await {
            Phase::Open => Ok(()),
            Phase::Failed(error) => Err(error),
            _ => Err(BusError::Closed),
        }
    }

    /// Ends it, once what is queued has left.
    pub(crate) async fn close(self: &Arc<Self>) {
        self.closing.cancel();
        if self.is_lost() || self.driving.is_taken() {
            self.driven_until(|phase| *phase == Phase::Closed).await;
        }
    }

    /// Whether the bus is still open for a driver that was lost.
    pub(super) fn is_lost(&self) -> bool {
        *self.phase.borrow() == Phase::Lost
    }

    /// The driver is gone.
    pub(super) fn leave(&self) {
        self.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Lost;
            }
            is_open
        });
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }
}
