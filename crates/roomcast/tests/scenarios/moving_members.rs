//! Many members that join and leave rooms in one call. Spec: features 2.21, 2.33.

use std::collections::BTreeSet;
use std::sync::Arc;

use roomcast::{RoomEvent, Server, Socket};

use crate::support::{Host, WebSocket, channel, echo_server, socket};

/// So many members, in the order in which they came.
async fn members(io: &Server, count: usize) -> (Vec<WebSocket>, Vec<Socket>) {
    let host = Host::tcp(io).await;
    let (mut clients, mut sockets) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let mut client = host.websocket().await;
        sockets.push(socket(io, &client.join("/").await));
        clients.push(client);
    }
    (clients, sockets)
}

#[tokio::test]
async fn each_leaves_its_rooms_before_the_next_and_the_last_deletes_them() {
    let io = echo_server();
    let (_clients, sockets) = members(&io, 3).await;
    let [x, y]: [Arc<str>; 2] = ["x".into(), "y".into()];
    let (teller, mut events) = channel();
    io.on_room(move |event| teller.tell(event.clone()));

    io.sockets_join(["x", "y"]);
    io.sockets_leave(["x", "x", "y"]);

    let mut expected = Vec::new();
    for (index, socket) in sockets.iter().enumerate() {
        for room in [x.clone(), y.clone()] {
            if index == 0 {
                expected.push(RoomEvent::Create { room: room.clone() });
            }
            let id = socket.id();
            expected.push(RoomEvent::Join { room, id });
        }
    }
    for (index, socket) in sockets.iter().enumerate() {
        for room in [x.clone(), y.clone()] {
            let id = socket.id();
            expected.push(RoomEvent::Leave {
                room: room.clone(),
                id,
            });
            if index == 2 {
                expected.push(RoomEvent::Delete { room });
            }
        }
    }
    for event in expected {
        assert_eq!(events.next().await, event);
    }
}

#[tokio::test]
async fn the_room_of_a_socket_that_others_have_joined_is_deleted_when_all_have_left() {
    let io = echo_server();
    let (_clients, sockets) = members(&io, 3).await;
    let own: Arc<str> = sockets[1].id().as_str().into();
    io.sockets_join(sockets[1].id());
    let (teller, mut events) = channel();
    io.on_room(move |event| teller.tell(event.clone()));

    io.sockets_leave(sockets[1].id());

    for socket in &sockets {
        let (room, id) = (own.clone(), socket.id());
        assert_eq!(events.next().await, RoomEvent::Leave { room, id });
    }
    assert_eq!(events.next().await, RoomEvent::Delete { room: own });
}

/// What a socket's rooms must be, as lists that are searched.
struct Model {
    rooms: Vec<Vec<String>>,
}

impl Model {
    fn of(sockets: &[Socket]) -> Self {
        let rooms = sockets.iter().map(|socket| vec![socket.id().to_string()]);
        Self {
            rooms: rooms.collect(),
        }
    }

    /// Who is in any of `rooms`, or in the namespace if there are none, and not in `except`.
    fn selected(&self, rooms: &[&str], except: &str) -> Vec<usize> {
        let is_in = |member: usize, room: &str| self.rooms[member].iter().any(|own| own == room);
        (0..self.rooms.len())
            .filter(|member| rooms.is_empty() || rooms.iter().any(|room| is_in(*member, room)))
            .filter(|member| !is_in(*member, except))
            .collect()
    }

    fn join(&mut self, members: &[usize], rooms: &[&str]) {
        for member in members {
            for room in rooms {
                if !self.rooms[*member].iter().any(|own| own == room) {
                    self.rooms[*member].push((*room).to_owned());
                }
            }
        }
    }

    fn leave(&mut self, members: &[usize], rooms: &[&str]) {
        for member in members {
            self.rooms[*member].retain(|own| !rooms.contains(&own.as_str()));
        }
    }

    fn members_of(&self, room: &str, sockets: &[Socket]) -> BTreeSet<String> {
        let members = self.selected(&[room], "");
        let ids = members.iter().map(|member| sockets[*member].id());
        ids.map(|id| id.to_string()).collect()
    }
}

#[tokio::test]
async fn whoever_moves_the_rooms_and_their_members_know_of_each_other() {
    let io = echo_server();
    let (_clients, sockets) = members(&io, 9).await;
    let mut model = Model::of(&sockets);
    let own = sockets[4].id().to_string();
    let names = ["a", "b", "c", "d", own.as_str()];
    // A sequence that looks random, and is the same each time.
    let mut state = 7_u32;
    let mut pick = |count: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state as usize >> 8) % count
    };

    for step in 0..2_000 {
        let (one, two) = (names[pick(names.len())], names[pick(names.len())]);
        let (from, except) = (names[pick(names.len())], names[pick(names.len())]);
        let moved = &[one, two][..1 + pick(2)];
        let (selection, selected) = match pick(4) {
            0 => (io.except(except), model.selected(&[], except)),
            1 => (io.to(from).except(except), model.selected(&[from], except)),
            2 => (io.to([from, one]), model.selected(&[from, one], "")),
            _ => {
                let member = pick(sockets.len());
                (io.to(sockets[member].id()), {
                    let id = sockets[member].id().to_string();
                    model.selected(&[&id], "")
                })
            }
        };
        match pick(5) {
            0 | 1 => {
                selection.sockets_join(moved);
                model.join(&selected, moved);
            }
            2 | 3 => {
                selection.sockets_leave(moved);
                model.leave(&selected, moved);
            }
            _ => {
                let member = pick(sockets.len());
                sockets[member].leave(one);
                model.leave(&[member], &[one]);
            }
        }

        for (socket, rooms) in sockets.iter().zip(&model.rooms) {
            let found: Vec<_> = socket.rooms().iter().map(ToString::to_string).collect();
            assert_eq!(&found, rooms, "step {step}");
        }
        for room in names {
            let found = io.to(room).fetch_sockets().await.expect("it is no parent");
            let found: BTreeSet<_> = found.iter().map(|socket| socket.id().to_string()).collect();
            assert_eq!(
                found,
                model.members_of(room, &sockets),
                "step {step}, {room}"
            );
        }
    }
}
