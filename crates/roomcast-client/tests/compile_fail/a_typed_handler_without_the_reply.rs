use roomcast_client::{Event, Socket};

#[derive(Event)]
#[event(name = "add", reply = i64)]
struct Add(i64, i64);

fn listen(socket: &Socket) {
    socket.on_event(|Add(a, b): Add| format!("{}", a + b));
    socket.on_event(|text: String, _: Add| text.len());
}

fn main() {}
