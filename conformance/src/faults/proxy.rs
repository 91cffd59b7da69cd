//! A network of TCP connections that break.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::random::Random;

/// A network between clients and one server.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    is_well: AtomicBool,
    faults: Faults,
}

/// How often what has happened.
#[derive(Debug, Default)]
struct Faults {
    cuts: AtomicU64,
    resets: AtomicU64,
    hangs: AtomicU64,
    refusals: AtomicU64,
    delays: AtomicU64,
}

/// What ends a connection.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Both ends are told that there is nothing more.
    Cut,
    /// Both ends are told that it is lost.
    Reset,
    /// Nothing goes through any more, for some time.
    Hang(Duration),
}

/// What is to happen to one connection.
#[derive(Clone, Copy, Debug)]
struct Fate {
    fault: Fault,
    /// When it does: after this time, or as soon as so many bytes went one way.
    after: Duration,
    after_bytes: u64,
    /// How long nobody is let in afterwards.
    outage: Duration,
}

impl Proxy {
    pub(super) async fn start(server: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::<State>::default();
        let accepting = tokio::spawn(accept(
            listener,
            server,
            Random::new(seed),
            Arc::clone(&state),
        ));
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// From now on nothing breaks, but what is broken already.
    pub(super) fn heal(&self) {
        self.state.is_well.store(true, Ordering::Relaxed);
    }

    /// Cuts, resets, hangs, refusals and delays so far.
    pub(super) fn faults(&self) -> [u64; 5] {
        let faults = &self.state.faults;
        let Faults {
            cuts,
            resets,
            hangs,
            refusals,
            delays,
        } = faults;
        [cuts, resets, hangs, refusals, delays].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server: SocketAddr, mut random: Random, state: Arc<State>) {
    let closed_until = Arc::new(Mutex::new(tokio::time::Instant::now()));
    // Connections end with the network.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let random = random.split();
        if !state.is_well() && tokio::time::Instant::now() < *closed_until.lock() {
            state.faults.refusals.fetch_add(1, Ordering::Relaxed);
            // A client that has gone is not refused.
            let _ = near.set_zero_linger();
            continue;
        }
        let (state, closed_until) = (Arc::clone(&state), Arc::clone(&closed_until));
        connections.spawn(async move {
            let outage = carry(near, server, random, &state).await;
            *closed_until.lock() = tokio::time::Instant::now() + outage;
        });
    }
}

/// Carries a connection to its end; how long nobody is let in afterwards.
async fn carry(near: TcpStream, server: SocketAddr, mut random: Random, state: &State) -> Duration {
    let Ok(far) = TcpStream::connect(server).await else {
        return Duration::ZERO;
    };
    let fate = Fate::draw(&mut random);
    // Without them only batches would differ.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let mut ways = [
        Way::new(near_in, far_out, random.split()),
        Way::new(far_in, near_out, random.split()),
    ];
    let [there, back] = &mut ways;
    let is_broken = tokio::select! {
        () = there.carry(fate.after_bytes, state) => there.has_met_fate,
        () = back.carry(fate.after_bytes, state) => back.has_met_fate,
        () = state.breaks_after(fate.after) => true,
    };
    if !is_broken || state.is_well() {
        return Duration::ZERO;
    }
    let count = match fate.fault {
        Fault::Cut => &state.faults.cuts,
        Fault::Reset => &state.faults.resets,
        Fault::Hang(_) => &state.faults.hangs,
    };
    count.fetch_add(1, Ordering::Relaxed);
    match fate.fault {
        Fault::Cut => {}
        Fault::Reset => {
            for way in &ways {
                // An end that has gone cannot be told.
                let _ = way.from.as_ref().set_zero_linger();
            }
        }
        Fault::Hang(time) => sleep(time).await,
    }
    fate.outage
}

impl Fate {
    fn draw(random: &mut Random) -> Self {
        let millis = |random: &mut Random, range| Duration::from_millis(random.in_range(range));
        let fault = match random.in_range(0..8) {
            0..4 => Fault::Cut,
            4..7 => Fault::Reset,
            _ => Fault::Hang(millis(random, 500..2500)),
        };
        let after_bytes = match random.in_range(0..4) {
            // In the middle of a handshake.
            0 => random.in_range(0..1000),
            1 => random.in_range(1000..100_000),
            _ => u64::MAX,
        };
        let outage = match random.is_one_in(4) {
            true => millis(random, 0..300),
            false => Duration::ZERO,
        };
        Self {
            fault,
            after: millis(random, 10..3000),
            after_bytes,
            outage,
        }
    }
}

impl State {
    fn is_well(&self) -> bool {
        self.is_well.load(Ordering::Relaxed)
    }

    /// Ends after this time, unless the network is well by then.
    async fn breaks_after(&self, time: Duration) {
        sleep(time).await;
        if self.is_well() {
            std::future::pending::<()>().await;
        }
    }
}

/// One direction of a connection.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    random: Random,
    carried: u64,
    has_met_fate: bool,
}

impl Way {
    fn new(from: OwnedReadHalf, to: OwnedWriteHalf, random: Random) -> Self {
        Self {
            from,
            to,
            random,
            carried: 0,
            has_met_fate: false,
        }
    }

    /// Carries bytes until an end closes or so many were carried, of which the last may be part of a
    /// packet.
    async fn carry(&mut self, most: u64, state: &State) {
        let mut bytes = vec![0; 16 * 1024];
        loop {
            let Ok(read @ 1..) = self.from.read(&mut bytes).await else {
                return;
            };
            let left = most.saturating_sub(self.carried);
            let may_break = !state.is_well();
            let len = match usize::try_from(left) {
                Ok(left) if may_break => left.min(read),
                _ => read,
            };
            if may_break && self.random.is_one_in(50) {
                state.faults.delays.fetch_add(1, Ordering::Relaxed);
                sleep(Duration::from_millis(self.random.in_range(1..50))).await;
            }
            if self.write(&bytes[..len]).await.is_err() {
                return;
            }
            self.carried += len as u64;
            if len < read {
                self.has_met_fate = true;
                return;
            }
        }
    }

    /// Writes in one piece or two.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (first, rest) = match bytes.len() as u64 {
            len @ 2.. if self.random.is_one_in(4) => {
                let at = self.random.in_range(1..len);
                bytes.split_at(usize::try_from(at).unwrap_or(1))
            }
            _ => (bytes, &[][..]),
        };
        self.to.write_all(first).await?;
        if !rest.is_empty() {
            tokio::task::yield_now().await;
        }
        self.to.write_all(rest).await
    }
}
