//! Two servers that share their sessions, behind a balancer that gives each connection to the next of them.
//!
//! Run `cargo run -p roomcast-examples --example any_server` and connect clients to port 3000, with
//! `transports: ["polling"]` or as they come. Each request reaches another server, and nothing is lost by it:
//! `emit("where", console.log)` always names the same.

use roomcast::cluster::Hub;
use roomcast::{Listening, Server};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

async fn server(name: &'static str, hub: &Hub) -> std::io::Result<Listening> {
    let bus = hub.bus();
    let io = Server::builder().bus(bus.clone()).cluster_engine(bus).build();
    io.on("where", move || name);
    io.on("chat", |io: Server, text: String| io.emit("chat", text));
    io.listen("127.0.0.1:0").await
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hub = Hub::new();
    let servers = [server("red", &hub).await?, server("blue", &hub).await?];
    let mut addresses = Vec::new();
    for listening in servers {
        addresses.push(listening.local_addr()?);
        tokio::spawn(listening.run());
    }

    let balancer = TcpListener::bind("127.0.0.1:3000").await?;
    for address in addresses.iter().cycle() {
        let (mut near, _) = balancer.accept().await?;
        let address = *address;
        tokio::spawn(async move {
            let mut far = TcpStream::connect(address).await?;
            copy_bidirectional(&mut near, &mut far).await
        });
    }
    Ok(())
}
