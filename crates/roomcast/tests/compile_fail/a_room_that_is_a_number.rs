use roomcast::{Server, Socket};

fn main() {
    let io = Server::new();
    io.on_connect(|socket: Socket| socket.join(7));
}
