//! A server that speaks MessagePack in place of JSON, as clients with `socket.io-msgpack-parser` do.
//!
//! Run `cargo run -p roomcast-examples --example message_pack`, and
//! `npm install socket.io-client socket.io-msgpack-parser`. In the client of `examples/README.md`:
//! `io("http://localhost:3000", { parser: require("socket.io-msgpack-parser") })`; then
//! `await socket.emitWithAck("measure", new Uint8Array(1000), new Date())` answers `[1000, true]`.

use bytes::Bytes;
use roomcast::{Date, Parser, Server};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().parser(Parser::MessagePack).build();
    // Bytes are a part of the packet, and a date stays one: nothing is written as text.
    io.on("measure", |bytes: Bytes, at: Date| vec![(bytes.len(), at > Date::default())]);
    io.serve("127.0.0.1:3000").await
}
