//! Who is connected: names, and what others see of somebody.

use roomcast::{RemoteSocket, Socket, SocketId, Value};
use serde::Serialize;

use super::limited::Name;
use super::rooms;

/// Somebody, as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Person {
    id: SocketId,
    name: String,
}

impl Person {
    pub(super) fn of(socket: &Socket) -> Self {
        Self::new(socket.id(), &socket.data().to_value())
    }

    pub(super) fn of_remote(socket: &RemoteSocket) -> Self {
        Self::new(socket.id(), &socket.data())
    }

    fn new(id: SocketId, data: &Value) -> Self {
        let name = data[NAME]
            .as_str()
            .map_or_else(|| guest(&id), str::to_owned);
        Self { id, name }
    }
}

/// Somebody, and the rooms that they joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Member {
    #[serde(flatten)]
    person: Person,
    rooms: Vec<String>,
}

impl Member {
    pub(super) fn of(socket: &Socket) -> Self {
        Self {
            person: Person::of(socket),
            rooms: rooms::joined(socket),
        }
    }
}

/// Gives a socket a name, without the spaces at both ends. An empty one makes it a guest.
pub(super) fn rename(socket: &Socket, name: &Name) {
    match name.as_str().trim() {
        "" => drop(socket.data().remove(NAME)),
        name => socket.data().set(NAME, name),
    }
}

/// What a socket without a name is called.
fn guest(id: &SocketId) -> String {
    let start: String = id.as_str().chars().take(GUEST_LEN).collect();
    format!("guest-{start}")
}

/// The key of a socket's name among its data.
const NAME: &str = "name";

/// How much of a guest's id is shown.
const GUEST_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id() -> SocketId {
        "wNhZbJYd3vWdGhFZAAAB".parse().unwrap()
    }

    fn data(name: &str) -> Value {
        Value::from_serialize(&json!({ "name": name })).unwrap()
    }

    #[test]
    fn without_a_name_it_is_a_guest_with_the_start_of_its_id() {
        let nothing = Value::from_serialize(&json!({})).unwrap();

        assert_eq!(Person::new(id(), &nothing).name, "guest-wNhZ");
    }

    #[test]
    fn a_member_is_one_flat_object() {
        let member = Member {
            person: Person::new(id(), &data("Ada")),
            rooms: vec!["devs".into()],
        };

        let expected = json!({ "id": "wNhZbJYd3vWdGhFZAAAB", "name": "Ada", "rooms": ["devs"] });
        assert_eq!(serde_json::to_value(member).unwrap(), expected);
    }
}
