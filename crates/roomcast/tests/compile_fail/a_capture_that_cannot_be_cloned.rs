use roomcast::Server;

struct Token;

fn main() {
    let io = Server::new();
    let token = Token;
    io.on("event", move || drop(token));
}
