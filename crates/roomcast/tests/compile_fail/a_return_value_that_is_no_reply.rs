use roomcast::Server;

struct Account;

fn main() {
    let io = Server::new();
    io.on("event", || Account);
}
