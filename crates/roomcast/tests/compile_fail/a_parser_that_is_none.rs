use roomcast::Server;

fn main() {
    let _ = Server::builder().parser("msgpack").build();
}
