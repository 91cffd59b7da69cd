use roomcast_client::Socket;

fn listen(socket: &Socket) {
    socket.on("event", |_: std::time::Instant| {});
}

fn main() {}
