//! A test of handlers, without a port: clients in memory, on a clock that is paused.
//!
//! Run `cargo test -p roomcast-examples --example testing`.

use std::time::Duration;

use roomcast::{Server, Socket};

fn server() -> Server {
    let io = Server::new();
    io.on("add", |a: i64, b: i64| a + b);
    io.on("remind", async |socket: Socket, minutes: u64| {
        tokio::time::sleep(Duration::from_secs(60 * minutes)).await;
        socket.emit("reminder", minutes);
    });
    io
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    server().serve("127.0.0.1:3000").await
}

#[cfg(test)]
#[tokio::test(start_paused = true)]
async fn two_numbers_are_added() {
    let mut client = roomcast_test::TestServer::new(&server()).connect("/").await;

    assert_eq!(client.emit_with_ack::<i64>("add", (1, 2)).await, 3);
    client.expect_nothing_for(Duration::from_secs(60)).await;
}

#[cfg(test)]
#[tokio::test(start_paused = true)]
async fn a_reminder_comes_after_its_minutes_and_not_before() {
    let mut client = roomcast_test::TestServer::new(&server()).connect("/").await;

    client.emit("remind", 5);
    client.expect_nothing_for(Duration::from_secs(5 * 60 - 1)).await;
    client.expect("reminder", 5).await;
}
