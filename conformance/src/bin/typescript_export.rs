//! Prints the TypeScript file of a set of events, one for each form that events and types have.

use std::collections::BTreeMap;

use bytes::Bytes;
use roomcast::typescript::{Binary, Export, TypeScript};
use roomcast::{Event, SocketId, Value};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Who is there.
#[derive(Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: u64,
    role: Role,
    mail: Option<String>,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
enum Role {
    Admin,
    Guest,
}

#[derive(Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Change {
    Renamed { to: String },
    Painted(Picture),
    Removed,
}

#[derive(Serialize, Deserialize, TS)]
struct Picture {
    title: String,
    #[ts(as = "Binary")]
    content: Bytes,
}

#[derive(Serialize, Deserialize, TS)]
struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

/// Sends a message to everybody in the room.
#[derive(Event, TypeScript)]
#[event(name = "send-message", reply = u64)]
struct SendMessage {
    room: String,
    text: String,
}

#[derive(Event, TypeScript)]
#[event(name = "users", reply = Page<User>)]
struct Users {
    page: Option<u32>,
}

#[derive(Event, TypeScript, Serialize, Deserialize, TS)]
#[event(name = "sign-in", object, reply = Result<User, String>)]
struct SignIn {
    name: String,
    password: String,
}

#[derive(Event, TypeScript)]
#[event(name = "upload", reply = ())]
struct Upload(String, Bytes);

#[derive(Event, TypeScript)]
#[event(name = "position", reply = (f64, f64))]
struct Position;

#[derive(Event, TypeScript)]
#[event(name = "search")]
struct Search {
    r#in: String,
    r#static: Vec<String>,
    limit: Option<u32>,
}

#[derive(Event, TypeScript)]
#[event(name = "joined")]
struct Joined {
    id: SocketId,
    user: User,
}

#[derive(Event, TypeScript)]
#[event(name = "changed")]
struct Changed {
    changes: BTreeMap<String, Change>,
    note: Value,
}

#[derive(Event, TypeScript)]
#[event(name = "are you there?", reply = bool)]
struct AreYouThere;

#[derive(Event, TypeScript)]
#[event(name = "load", reply = f64)]
struct Load {
    since: u32,
}

fn main() -> Result<(), roomcast::typescript::ExportError> {
    let file = Export::new()
        .client_to_server::<SendMessage>()
        .client_to_server::<Users>()
        .client_to_server::<SignIn>()
        .client_to_server::<Upload>()
        .client_to_server::<Position>()
        .client_to_server::<Search>()
        .server_to_client::<Joined>()
        .server_to_client::<Changed>()
        .server_to_client::<AreYouThere>()
        .inter_server::<Load>()
        .socket_data::<User>()
        .render()?;
    print!("{file}");
    Ok(())
}
