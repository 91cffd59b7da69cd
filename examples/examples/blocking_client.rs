//! A client in a program without an async runtime: calls that wait, and a loop over events.
//!
//! Run `cargo run -p roomcast-examples --example testing`, and in a second terminal
//! `cargo run -p roomcast-examples --example blocking_client`.

use std::time::Duration;

use roomcast_client::blocking;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = blocking::connect("http://127.0.0.1:3000")?;
    socket.connected_timeout(Duration::from_secs(5))?;

    let sum: i64 = socket.emit_with_ack("add", (1, 2))?;
    println!("1 + 2 = {sum}");

    let mut events = socket.events();
    socket.emit("remind", 1);
    println!("a minute passes …");
    if let Some(event) = events.next_timeout(Duration::from_secs(70))? {
        println!("{} after {} minute", event.name(), event.args().read::<u64>()?);
    }

    socket.disconnect();
    Ok(socket.flushed()?)
}
