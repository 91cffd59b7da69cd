//! The client program of the load trial `clients`: `PORT` and a number of sockets, each with a connection of its own.
//!
//! It does what standard input says, line by line, and answers each with a line of JSON; `load/README.md` lists them.

use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use roomcast_client::{Socket, Transport};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Handshakes under way at a time.
const OPENING: usize = 32;
/// Questions under way, over all sockets.
const WINDOW: usize = 64;
const QUESTION: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
const BROADCAST_BYTES: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

/// Broadcasts that came whole.
static RECEIVED: AtomicU64 = AtomicU64::new(0);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().ok_or("usage: bench_client PORT SOCKETS");
    let (port, count): (u16, usize) = (number()?.parse()?, number()?.parse()?);
    let runtime = Runtime::new()?;
    let mut sockets = Arc::new(Vec::new());
    say("{\"started\":true}")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("connect", _) => {
                sockets = Arc::new(runtime.block_on(connect(port, count))?);
                say(&format!("{{\"connected\":{}}}", sockets.len()))?;
            }
            ("count", _) => {
                let received = RECEIVED.load(Ordering::Relaxed);
                say(&format!("{{\"received\":{received}}}"))?;
            }
            ("echo", seconds) => {
                let length = Duration::from_secs_f64(seconds.parse()?);
                let (sent, answered) = runtime.block_on(echo(&sockets, length));
                say(&format!("{{\"sent\":{sent},\"answered\":{answered}}}"))?;
            }
            _ => return Err(format!("unknown command: {line}").into()),
        }
    }
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

async fn connect(port: u16, count: usize) -> Result<Vec<Socket>, Box<dyn Error>> {
    let mut sockets = Vec::with_capacity(count);
    while sockets.len() < count {
        let opening = OPENING.min(count - sockets.len());
        let opened: Result<Vec<_>, _> = (0..opening).map(|_| open(port)).collect();
        let opened = opened?;
        for socket in &opened {
            socket.connected().await?;
        }
        sockets.extend(opened);
    }
    Ok(sockets)
}

fn open(port: u16) -> Result<Socket, Box<dyn Error>> {
    let socket = roomcast_client::builder(&format!("http://127.0.0.1:{port}"))
        .transports([Transport::WebSocket])
        .force_new()
        .build()?;
    socket.on("b", |value: String| {
        let is_whole = value.len() == BROADCAST_BYTES;
        RECEIVED.fetch_add(u64::from(is_whole), Ordering::Relaxed);
    });
    socket.connect();
    Ok(socket)
}

/// Asks over the sockets in rotation; how many questions were sent, and how many answered as they should be.
async fn echo(sockets: &Arc<Vec<Socket>>, length: Duration) -> (u64, u64) {
    let (end, next) = (Instant::now() + length, Arc::new(AtomicUsize::new(0)));
    let mut askers = JoinSet::new();
    for _ in 0..WINDOW {
        let (sockets, next) = (Arc::clone(sockets), Arc::clone(&next));
        askers.spawn(async move {
            let (mut sent, mut answered) = (0, 0);
            while Instant::now() < end {
                let socket = &sockets[next.fetch_add(1, Ordering::Relaxed) % sockets.len()];
                let question = socket.timeout(PATIENCE).emit_with_ack("echo", QUESTION);
                let answer: Result<String, _> = question.await;
                sent += 1;
                answered += u64::from(answer.is_ok_and(|answer| answer == QUESTION));
            }
            (sent, answered)
        });
    }
    let counts = askers.join_all().await.into_iter();
    counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}
