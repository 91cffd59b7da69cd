//! The client over a network that cuts, delays and resets at random, and what must hold all the same.
//!
//! Three clients, by polling, by WebSocket and through the upgrade, each with a server of its own behind a
//! proxy of its own. Each has two namespaces on one connection:
//!
//! - `/queue` sends numbered events through the queue of `retries`, with a time for each answer. The
//!   server recognises what comes again by its number (`Retries::by_id`).
//! - `/plain` sends numbered events that are sent once.
//!
//! What must hold:
//!
//! 1. Each callback of the queue is called once, with the answer to its own event, in the order of the
//!    events: none is lost, none is answered twice.
//! 2. The server handles each event of the queue at least once, in order; and once, unless the client's
//!    session had to begin anew, which repeats one event at most.
//! 3. What the server sends to the queue's socket comes in order and without a gap, unless the session had to
//!    begin anew.
//! 4. Each callback of `/plain` is called once, with the answer to its own event or an error. The server
//!    handles no such event twice, and those it handles in order.
//! 5. When the network is well again, the clients are connected and nothing waits.
//! 6. Memory does not grow: [`Report::memory`].

mod client;
mod ledger;
mod proxy;
mod random;
mod report;
mod server;

use std::io;
use std::time::{Duration, Instant};

use roomcast_client::Transport;

pub use self::report::{Figures, Memory, Report};

use self::client::Lane;

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// From which all faults follow, but not when they happen to meet which packet.
    pub seed: u64,
    /// When it is over.
    pub until: Until,
}

/// When a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "only the programs of this crate run it"
)]
pub enum Until {
    /// After this time.
    Over(Duration),
    /// When each client has had as many answers in the queue, and as many faults.
    #[expect(missing_docs, reason = "described above")]
    Had { answers: u64, faults: u64 },
}

/// Runs the three clients and tells what was found.
///
/// # Errors
///
/// If a port cannot be opened.
pub async fn run(plan: Plan) -> io::Result<Report> {
    let ways: [(&'static str, &[Transport]); 3] = [
        ("polling", &[Transport::Polling]),
        ("websocket", &[Transport::WebSocket]),
        ("upgrade", &[Transport::Polling, Transport::WebSocket]),
    ];
    let mut lanes = Vec::new();
    for (number, (way, transports)) in (0..).zip(ways) {
        lanes.push(Lane::start(way, transports, plan.seed.wrapping_add(number)).await?);
    }
    let memory = wait(&lanes, plan.until).await;
    let mut report = Report::new(memory);
    for lane in lanes {
        report.add(lane.end().await);
    }
    report.memory.at_end = report::resident_bytes();
    Ok(report)
}

/// Waits until the run is over. The memory of the process after a minute is the measure.
async fn wait(lanes: &[Lane], until: Until) -> Memory {
    let start = Instant::now();
    let mut memory = Memory::default();
    loop {
        tokio::time::sleep(LOOK).await;
        let elapsed = start.elapsed();
        if memory.after_a_minute.is_none() && elapsed >= Duration::from_secs(60) {
            memory.after_a_minute = report::resident_bytes();
        }
        memory.most = memory.most.max(report::resident_bytes());
        let is_over = match until {
            Until::Over(duration) => elapsed >= duration,
            Until::Had { answers, faults } => lanes.iter().all(|lane| lane.has(answers, faults)),
        };
        if is_over {
            return memory;
        }
    }
}

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(100);
