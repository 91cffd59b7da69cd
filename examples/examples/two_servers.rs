//! Two servers that form a cluster within one process.
//!
//! Run `cargo run -p roomcast-examples --example two_servers` and connect one client to port 3000 and one to port
//! 3001, each with `socket.onAny(console.log)`. `emit("join", "devs", console.log)` in both, then
//! `emit("chat", "devs", "hi")` in one: both read it. `emit("who", "devs", console.log)` lists the members, whichever
//! server they are on, and `emit("servers", console.log)` the clients of each server.

use roomcast::cluster::Hub;
use roomcast::{EmitError, Server, Socket, SocketId};

fn server(name: &'static str, hub: &Hub) -> Server {
    let io = Server::builder().bus(hub.bus()).build();

    io.on("join", async |socket: Socket, room: String| {
        // Nothing that any server emits to the room is missed from here on.
        socket.join_confirmed(room).await.map(|()| "joined").map_err(|error| error.to_string())
    });
    io.on("chat", |io: Server, room: String, text: String| io.to(room).emit("chat", text));

    io.on("who", async move |io: Server, room: String| -> Result<Vec<SocketId>, EmitError> {
        let members = io.to(room).fetch_sockets().await?;
        if !members.is_complete() {
            println!("{name}: {}", members.missing());
        }
        Ok(members.iter().map(|member| member.id()).collect())
    });

    io.on_server_side("clients?", move |io: Server| format!("{name} has {}", io.sockets_count()));
    io.on("servers", async move |io: Server| -> Result<Vec<String>, EmitError> {
        let others = io.server_side_emit_with_ack::<String>("clients?", ()).await?;
        let own = format!("{name} has {}", io.sockets_count());
        Ok([vec![own], others.values].concat())
    });
    io
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let hub = Hub::new();
    let (red, blue) = (server("red", &hub), server("blue", &hub));

    tokio::try_join!(red.serve("127.0.0.1:3000"), blue.serve("127.0.0.1:3001"))?;
    Ok(())
}
