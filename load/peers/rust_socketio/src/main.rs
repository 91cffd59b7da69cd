//! The client program of the load trial `clients` on rust_socketio, in its asynchronous form: a task per connection.
//! What it is told on standard input is in `load/README.md`.
use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Handshakes under way at a time.
const OPENING: usize = 32;
/// Questions under way, over all sockets. Two on one socket could share an id, so there are more sockets than that.
const WINDOW: usize = 64;
const QUESTION: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
const BROADCAST_BYTES: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

/// Broadcasts that came whole.
static RECEIVED: AtomicU64 = AtomicU64::new(0);

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().ok_or("usage: peer-rust-socketio PORT SOCKETS");
    let (port, count): (u16, usize) = (number()?.parse()?, number()?.parse()?);
    let runtime = Runtime::new()?;
    let mut sockets = Arc::new(Vec::new());
    say(json!({"started": true}))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("connect", _) => {
                sockets = Arc::new(runtime.block_on(connect(port, count))?);
                say(json!({"connected": sockets.len()}))?;
            }
            ("count", _) => say(json!({"received": RECEIVED.load(Ordering::Relaxed)}))?,
            ("echo", seconds) => {
                let length = Duration::from_secs_f64(seconds.parse()?);
                let (sent, answered) = runtime.block_on(echo(&sockets, length));
                say(json!({"sent": sent, "answered": answered}))?;
            }
            _ => return Err(format!("unknown command: {line}").into()),
        }
    }
    Ok(())
}

fn say(line: Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

async fn connect(port: u16, count: usize) -> Result<Vec<Client>, Box<dyn Error>> {
    let mut sockets = Vec::with_capacity(count);
    let (connected, mut connections) = mpsc::unbounded_channel();
    while sockets.len() < count {
        let mut opening = JoinSet::new();
        for _ in 0..OPENING.min(count - sockets.len()) {
            opening.spawn(open(port, connected.clone()));
        }
        while let Some(opened) = opening.join_next().await {
            sockets.push(opened??);
            connections.recv().await;
        }
    }
    Ok(sockets)
}

/// A socket; `connected` is told when the server has let it in.
async fn open(
    port: u16,
    connected: mpsc::UnboundedSender<()>,
) -> Result<Client, rust_socketio::Error> {
    ClientBuilder::new(format!("http://127.0.0.1:{port}"))
        .transport_type(TransportType::Websocket)
        .on("b", |payload, _| {
            let is_whole = text(&payload).is_some_and(|text| text.len() == BROADCAST_BYTES);
            RECEIVED.fetch_add(u64::from(is_whole), Ordering::Relaxed);
            async {}.boxed()
        })
        .on(Event::Connect, move |_, _| {
            connected.send(()).ok();
            async {}.boxed()
        })
        .connect()
        .await
}

/// The first argument of an event; of an answer, which comes as one array.
fn text(payload: &Payload) -> Option<&str> {
    let Payload::Text(values) = payload else {
        return None;
    };
    match values.first()? {
        Value::Array(values) => values.first()?.as_str(),
        value => value.as_str(),
    }
}

/// Asks over the sockets in rotation; how many questions were sent, and how many answered as they should be.
async fn echo(sockets: &Arc<Vec<Client>>, length: Duration) -> (u64, u64) {
    let (end, next) = (Instant::now() + length, Arc::new(AtomicUsize::new(0)));
    let mut askers = JoinSet::new();
    for _ in 0..WINDOW {
        let (sockets, next) = (Arc::clone(sockets), Arc::clone(&next));
        askers.spawn(async move {
            let (mut sent, mut answered) = (0, 0);
            while Instant::now() < end {
                let socket = &sockets[next.fetch_add(1, Ordering::Relaxed) % sockets.len()];
                sent += 1;
                answered += u64::from(ask(socket).await);
            }
            (sent, answered)
        });
    }
    let counts = askers.join_all().await.into_iter();
    counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// Whether the answer comes and is the question. The library tells of no answer that fails to come.
async fn ask(socket: &Client) -> bool {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let answered = move |payload: Payload, _: Client| {
        let is_right = text(&payload) == Some(QUESTION);
        tell.take().map(|tell| tell.send(is_right));
        async {}.boxed()
    };
    let sent = socket.emit_with_ack("echo", json!(QUESTION), PATIENCE, answered);
    sent.await.is_ok() && tokio::time::timeout(PATIENCE, told).await == Ok(Ok(true))
}
