use roomcast::Server;

fn main() {
    let io = Server::new();
    io.on("event", |_: std::time::Instant| {});
}
