use roomcast::{Event, Server, Socket};

#[derive(Event)]
#[event(name = "log")]
struct Log(String);

fn main() {
    let io = Server::new();
    io.on_event(|_: Log, socket: Socket| socket.disconnect());
    io.on_event(|text: String, _: Log| println!("{text}"));
}
