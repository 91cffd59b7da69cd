#![deny(unused_must_use)]

use roomcast::Server;

fn main() {
    let io = Server::new();
    io.to("room").except("other");
}
