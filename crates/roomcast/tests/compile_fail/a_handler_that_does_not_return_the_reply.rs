use roomcast::{Event, Server, Socket};

#[derive(Event)]
#[event(name = "add", reply = i64)]
struct Add(i64, i64);

#[derive(Event)]
#[event(name = "log")]
struct Log(String);

fn main() {
    let io = Server::new();
    io.on_event(|Add(a, b): Add| format!("{}", a + b));
    io.on_event(|_socket: Socket, _: Add| ());
    io.on_event(async |Log(line): Log| line.len());
}
