//! `web/PROTOCOL.md`, spoken to the program by long-polling.

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::VecDeque;

use serde_json::{Value, json};
use support::Program;

/// A connected client; packets are text.
struct Client<'p> {
    program: &'p Program,
    path: String,
    id: String,
    incoming: VecDeque<String>,
}

impl<'p> Client<'p> {
    fn connect(program: &'p Program) -> Self {
        let path = "/socket.io/?EIO=4&transport=polling";
        let handshake = json_of(
            program
                .get(path)
                .body
                .strip_prefix('0')
                .expect("a handshake"),
        );
        let sid = handshake["sid"].as_str().expect("a session id");
        let path = format!("{path}&sid={sid}");
        let mut client = Self {
            program,
            path,
            id: String::new(),
            incoming: VecDeque::new(),
        };
        client.post("40");
        let connected = client.next("40");
        client.id = json_of(&connected)["sid"]
            .as_str()
            .expect("a socket id")
            .to_owned();
        client
    }

    fn post(&self, packet: &str) {
        assert_eq!(self.program.http("POST", &self.path, packet).body, "ok");
    }

    /// The rest of the next packet that starts with `prefix`; others are skipped.
    fn next(&mut self, prefix: &str) -> String {
        loop {
            while let Some(packet) = self.incoming.pop_front() {
                if let Some(rest) = packet.strip_prefix(prefix) {
                    return rest.to_owned();
                }
            }
            let payload = self.program.get(&self.path).body;
            self.incoming
                .extend(payload.split('\x1e').map(str::to_owned));
        }
    }

    /// Sends an event and returns its acknowledgement's only value.
    fn ask(&mut self, event: &str, argument: impl Into<Value>) -> Value {
        self.post(&format!("421{}", json!([event, argument.into()])));
        let answer = self.next("431");
        json_of(&answer)[0].take()
    }

    /// The only argument of the next event of this name.
    fn event(&mut self, name: &str) -> Value {
        json_of(&format!("[{}", self.next(&format!("42[\"{name}\","))))[0].take()
    }

    /// The presence that satisfies `is_expected`.
    fn presence(&mut self, is_expected: impl Fn(&Value) -> bool) -> Value {
        loop {
            let presence = self.event("presence");
            if is_expected(&presence) {
                return presence;
            }
        }
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_name_loses_its_spaces_and_an_empty_one_makes_a_guest() {
    let program = Program::start();
    let mut ada = Client::connect(&program);
    let id = ada.id.clone();

    assert_eq!(
        ada.ask("hello", "  Ada "),
        json!({ "id": id, "name": "Ada", "rooms": [] })
    );
    let guest = format!("guest-{}", &id[..4]);
    assert_eq!(
        ada.ask("hello", " "),
        json!({ "id": id, "name": guest, "rooms": [] })
    );
}

#[test]
fn rooms_are_joined_and_left_and_the_own_id_stays() {
    let program = Program::start();
    let mut ada = Client::connect(&program);
    let id = ada.id.clone();

    assert_eq!(ada.ask("join", "devs"), json!({ "rooms": ["devs"] }));
    assert_eq!(ada.ask("leave", id.as_str()), json!({ "rooms": ["devs"] }));
    assert_eq!(ada.ask("leave", "nowhere"), json!({ "rooms": ["devs"] }));
    let own = ada.ask(
        "send",
        json!({ "operator": "io.to", "target": id, "text": "me" }),
    );
    assert_eq!(own["count"], 1);
    assert_eq!(ada.ask("leave", "devs"), json!({ "rooms": [] }));
}

#[test]
fn a_socket_joins_50_rooms_and_no_more() {
    let program = Program::start();
    let mut ada = Client::connect(&program);
    for number in 0..50 {
        assert_eq!(
            ada.ask("join", format!("room {number}"))["error"],
            Value::Null
        );
    }

    assert_eq!(
        ada.ask("join", "one more"),
        json!({ "error": "you are in 50 rooms, the most there may be" })
    );
    assert_eq!(ada.ask("join", "room 0")["error"], Value::Null);
}

#[test]
fn a_message_names_its_sender_and_the_receipt_its_receivers() {
    let program = Program::start();
    let (mut ada, mut bob) = (Client::connect(&program), Client::connect(&program));
    ada.ask("hello", "Ada");
    bob.ask("hello", "Bob");
    bob.ask("join", "devs");

    let order = json!({ "operator": "socket.to", "target": "devs", "text": "hi", "more": 1 });
    let receipt = ada.ask("send", order);

    let receivers = [json!({ "id": bob.id, "name": "Bob" })];
    assert_eq!(receipt, json!({ "count": 1, "receivers": receivers }));
    let mut message = bob.event("message");
    assert!(message["at"].take().is_u64());
    let expected = json!({
        "from": { "id": ada.id, "name": "Ada" },
        "operator": "socket.to",
        "target": "devs",
        "text": "hi",
        "at": null,
    });
    assert_eq!(message, expected);
}

#[test]
fn each_operator_reaches_those_that_its_name_says() {
    let program = Program::start();
    let (mut ada, mut bob) = (Client::connect(&program), Client::connect(&program));
    ada.ask("join", "devs");
    bob.ask("join", "devs");
    let cleo = Client::connect(&program);
    let [a, b, c] = [&ada, &bob, &cleo].map(|client| client.id.clone());

    let mut reached = |operator: &str| {
        let order = json!({ "operator": operator, "target": "devs", "text": "x" });
        let receipt = ada.ask("send", order);
        let receivers = receipt["receivers"].as_array().expect("a list");
        let is_among = |id: &&String| receivers.iter().any(|person| person["id"] == id.as_str());
        assert_eq!(receipt["count"], receivers.len());
        [&a, &b, &c]
            .into_iter()
            .filter(is_among)
            .collect::<Vec<_>>()
    };

    assert_eq!(reached("io.emit"), [&a, &b, &c]);
    assert_eq!(reached("socket.broadcast"), [&b, &c]);
    assert_eq!(reached("io.to"), [&a, &b]);
    assert_eq!(reached("socket.to"), [&b]);
    assert_eq!(reached("io.except"), [&c]);
}

#[test]
fn who_acknowledges_is_confirmed_whatever_they_answer() {
    let program = Program::start();
    let (mut ada, mut bob) = (Client::connect(&program), Client::connect(&program));
    let order = json!({ "operator": "io.emit", "text": "well?", "ack": true });
    ada.post(&format!("427{}", json!(["send", order])));

    for client in [&mut bob, &mut ada] {
        let message = client.next("42");
        let (id, rest) = message.split_once('[').expect("the arguments");
        assert!(rest.starts_with("\"message\","), "{message}");
        client.post(&format!("43{id}[]"));
    }

    let receipt = json_of(&ada.next("437"))[0].take();
    assert_eq!(receipt["confirmed"], json!([bob.id, ada.id]));
}

#[test]
fn who_leaves_is_gone_from_the_presence_of_the_others() {
    let program = Program::start();
    let mut ada = Client::connect(&program);
    let bob = Client::connect(&program);
    ada.ask("hello", "Ada");
    ada.presence(|presence| presence["count"] == 2);

    bob.post("41");

    let presence = ada.presence(|presence| presence["count"] == 1);
    assert_eq!(
        presence["people"],
        json!([{ "id": ada.id, "name": "Ada", "rooms": [] }])
    );
}

#[test]
fn what_cannot_be_read_is_refused_and_the_connection_stays() {
    let program = Program::start();
    let mut ada = Client::connect(&program);

    for (event, argument) in [
        ("hello", json!(4)),
        ("hello", json!("x".repeat(41))),
        ("join", json!("")),
        ("join", json!(null)),
        ("leave", json!({})),
        ("send", json!("text")),
        ("send", json!({ "operator": "io.everything", "text": "x" })),
        (
            "send",
            json!({ "operator": "io.to", "target": 4, "text": "x" }),
        ),
        (
            "send",
            json!({ "operator": "io.emit", "text": "x".repeat(4001) }),
        ),
    ] {
        let answer = ada.ask(event, argument);
        assert!(answer["error"].is_string(), "{event}: {answer}");
    }
    assert_eq!(ada.ask("join", "devs"), json!({ "rooms": ["devs"] }));
}
