//! Seed 001: a map from user to socket id, and a message sent from outside a handler.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use roomcast::{Namespace, Server, Socket, SocketId, Spread, Value, value};
use roomcast_conformance::arguments::{arguments, text};
use roomcast_conformance::program::{Loopback, server};
use roomcast_conformance::routes::message_route;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = server().build();
    let users = Users::default();
    registry(&io, &users);
    let devices = io.of("/devices");
    devices.on("register", |socket: Socket, sent: Spread<Value>| {
        let [user] = arguments(&sent);
        socket.join(format!("user:{}", text(user)));
        user.cloned()
    });

    let loopback = Loopback::bind(3000).await?;
    let page =
        include_str!("../pages/user_registry.html").replace("{port}", &loopback.port().to_string());
    let main = io.clone();
    let to_user = move |user: String, message| ready(send_to_user(&main, &users, &user, message));
    let to_devices = move |user, message| send_to_devices(devices.clone(), user, message);
    let routes = Router::new()
        .route("/", get(Html(page)))
        .route("/users/{user}/messages", message_route(to_user))
        .route("/devices/{user}/messages", message_route(to_devices));
    println!("Server running on port {}", loopback.port());
    loopback.serve(&io, routes).await
}

/// Who is registered, in the order in which the users came.
#[derive(Clone, Default)]
struct Users(Arc<Mutex<Vec<Registration>>>);

/// A user is any value, as a key of a `Map` in JavaScript; `None` is `undefined`.
struct Registration {
    user: Option<Value>,
    id: SocketId,
}

impl Users {
    fn register(&self, user: Option<Value>, id: SocketId) {
        let mut users = self.lock();
        match users.iter_mut().find(|known| known.user == user) {
            Some(known) => known.id = id,
            None => users.push(Registration { user, id }),
        }
    }

    fn socket_of(&self, user: &str) -> Option<SocketId> {
        let users = self.lock();
        let known = users
            .iter()
            .find(|known| known.user.as_ref().is_some_and(|name| name == user));
        known.map(|known| known.id.clone())
    }

    /// Removes the registrations of a socket and gives them back.
    fn remove(&self, id: &SocketId) -> Vec<Registration> {
        self.lock()
            .extract_if(.., |known| known.id == *id)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Registration>> {
        self.0.lock().expect("no holder of the lock panics")
    }
}

fn registry(io: &Server, users: &Users) {
    io.on_connect(|socket: Socket| println!("A user connected with socket ID: {}", socket.id()));

    let registering = users.clone();
    io.on("register", move |socket: Socket, sent: Spread<Value>| {
        let [user] = arguments(&sent);
        registering.register(user.cloned(), socket.id());
        println!(
            "User {} registered with socket ID {}",
            text(user),
            socket.id()
        );
    });

    io.on("identity", |socket: Socket| {
        value!({ "id": socket.id(), "rooms": socket.rooms(), "engineId": socket.conn().sid() })
    });

    let leaving = users.clone();
    io.on_disconnect(move |socket: Socket| {
        for Registration { user, .. } in leaving.remove(&socket.id()) {
            println!(
                "User {} disconnected and removed from map.",
                text(user.as_ref())
            );
        }
    });
}

fn send_to_user(io: &Server, users: &Users, user: &str, message: Value) -> Option<String> {
    let Some(id) = users.socket_of(user) else {
        println!("No socket found for user {user}");
        return None;
    };
    io.to(id).emit("message", message);
    println!("Message sent to user {user}");
    Some(format!("Message sent to user {user}"))
}

/// What the seed wanted: every device of the user, and only the last one to leave ends it.
async fn send_to_devices(devices: Namespace, user: String, message: Value) -> Option<String> {
    let room = format!("user:{user}");
    let sockets = devices.to(&room).fetch_sockets().await.ok()?;
    if sockets.is_empty() {
        return None;
    }
    devices.to(&room).emit("message", message);
    Some(format!(
        "Message sent to {} sockets of user {user}",
        sockets.len()
    ))
}
