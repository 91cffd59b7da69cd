use std::rc::Rc;

use roomcast::Server;

fn main() {
    let io = Server::new();
    let count = Rc::new(7);
    io.on("event", move || *count);
}
