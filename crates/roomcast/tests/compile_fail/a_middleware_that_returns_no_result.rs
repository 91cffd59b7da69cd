use roomcast::Server;

fn main() {
    let io = Server::new();
    io.middleware(|| true);
}
