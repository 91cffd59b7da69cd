//! Many clients that ask and wait for the answer, and how long the answers take.
//!
//! Run `cargo run --release -p roomcast-examples --example testing`, and in a second terminal
//! `cargo run --release -p roomcast-examples --example stress_client -- http://127.0.0.1:3000 100 10`: a hundred
//! clients for ten seconds. Servers other than that one need a handler of `add` that answers with the sum.

use std::time::{Duration, Instant};

use roomcast_client::{Client, Socket, Transport};
use tokio::task::JoinSet;

/// Asks until the time is over; how long each answer took.
async fn ask(socket: Socket, until: Instant) -> Result<Vec<Duration>, String> {
    socket.connected().await.map_err(|error| error.to_string())?;
    let mut times = Vec::new();
    for number in 0_i64.. {
        let start = Instant::now();
        if start >= until {
            break;
        }
        let sum = socket.emit_with_ack::<i64>("add", (number, 1)).await;
        let sum = sum.map_err(|error| error.to_string())?;
        if sum != number + 1 {
            return Err(format!("{number} + 1 is not {sum}"));
        }
        times.push(start.elapsed());
    }
    socket.disconnect();
    Ok(times)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:3000".to_owned());
    let clients = args.next().map_or(Ok(100), |text| text.parse::<usize>())?;
    let seconds = args.next().map_or(Ok(10), |text| text.parse::<u64>())?;

    let until = Instant::now() + Duration::from_secs(seconds);
    let mut asking = JoinSet::new();
    for _ in 0..clients {
        let builder = Client::new().builder(&url).transports([Transport::WebSocket]);
        let socket = builder.reconnection_attempts(3).ack_timeout(Duration::from_secs(10));
        asking.spawn(ask(socket.connect()?, until));
    }

    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(asked) = asking.join_next().await {
        match asked? {
            Ok(of_one) => times.extend(of_one),
            Err(error) => {
                failed += 1;
                eprintln!("a client gave up: {error}");
            }
        }
    }
    times.sort_unstable();
    println!("{} answers, {failed} of {clients} clients gave up", times.len());
    for percent in [50, 90, 99] {
        if let Some(time) = times.get(times.len() * percent / 100) {
            println!("{percent} % within {time:?}");
        }
    }
    Ok(())
}
