use roomcast::{Event, Socket};

#[derive(Event)]
#[event(name = "log")]
struct Log(String);

async fn wait(socket: Socket) {
    let _ = socket.emit_event_with_ack(&Log(String::new())).await;
}

fn main() {}
