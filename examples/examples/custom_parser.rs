//! A parser of one's own: each packet is one text message, the JSON of `{ type, nsp, data, id }`.
//!
//! Run `cargo run -p roomcast-examples --example custom_parser`. A client in JavaScript uses the same:
//!
//! ```js
//! class Encoder { encode(packet) { return [JSON.stringify(packet)]; } }
//! class Decoder extends Emitter { add(text) { this.emit("decoded", JSON.parse(text)); } destroy() {} }
//! io("http://localhost:3000", { parser: { Encoder, Decoder } }).emit("message", "hello");
//! ```

use roomcast::parser::{
    AckId, CustomDecoder, CustomParser, Header, Limits, Message, Packet, PacketKind,
};
use roomcast::{DecodeError, EncodeError, Server, Socket, Value, value};

struct JsonParser;

impl CustomParser for JsonParser {
    fn encode(&self, packet: &Packet<'_>) -> Result<Vec<Message>, EncodeError> {
        let mut json = value!({ "type": packet.kind().number(), "nsp": packet.namespace() });
        if let Some(Ok(data)) = packet.data() {
            json["data"] = data;
        }
        if let Some(id) = packet.ack().and_then(AckId::as_u64) {
            json["id"] = id.into();
        }
        Ok(vec![Message::Text(json.to_string())])
    }

    fn decoder(&self, _limits: Limits) -> Box<dyn CustomDecoder> {
        Box::new(Self)
    }
}

impl CustomDecoder for JsonParser {
    fn text(&mut self, text: &str) -> Result<Option<Packet<'static>>, DecodeError> {
        let json: Value = text.parse().map_err(|_| DecodeError::InvalidPayload)?;
        let kind = json["type"].as_u64().and_then(PacketKind::of_number);
        let namespace = json["nsp"].as_str().ok_or(DecodeError::InvalidNamespace)?;
        let ack = json["id"].as_u64().map(AckId::from);
        let kind = kind.ok_or(DecodeError::InvalidType)?;
        Packet::new(kind, Header { namespace, ack }, &json["data"]).map(Some)
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::builder().parser(JsonParser).build();

    io.on("message", |socket: Socket, text: String| socket.broadcast().emit("message", text));
    io.on("add", |a: i64, b: i64| a + b);

    io.serve("127.0.0.1:3000").await
}
