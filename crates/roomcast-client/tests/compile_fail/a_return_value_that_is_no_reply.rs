use roomcast_client::Socket;

struct Account;

fn listen(socket: &Socket) {
    socket.on("event", || Account);
}

fn main() {}
