//! Seed 000: one-to-one messages, a room per user, a notification.

use axum::Router;
use roomcast::{Auth, Namespace, Refusal, Server, Socket, Spread, Value, value};
use roomcast_conformance::arguments::{arguments, text};
use roomcast_conformance::program::{Loopback, server};
use roomcast_conformance::routes::message_route;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = server().build();
    own_room(&io);
    user_room(&io.of("/user-room"));
    pair(&io.of("/pair"));
    devices(&io.of("/devices"));
    rooms_at_disconnect(&io.of("/rooms-at-disconnect"));

    let notification = io.of("/notification");
    notification.on_connect(|socket: Socket| {
        socket.join(claimed_user(&socket).unwrap_or("undefined"));
        socket.emit("notification", "You have a new notification!");
    });
    let notify = move |user, message| notify(notification.clone(), user, message);
    let routes = Router::new().route("/users/{user}/notifications", message_route(notify));
    Loopback::bind(3000).await?.serve(&io, routes).await
}

/// As in the seed: the room has one member, its owner, and `to` leaves the sender out.
fn own_room(io: &Server) {
    let room = |socket: &Socket| format!("room-{}", socket.id());
    io.on_connect(move |socket: Socket| socket.join(room(&socket)));
    io.on("message", move |socket: Socket, message: Value| {
        socket.to(room(&socket)).emit("message", message);
    });
    io.on_disconnect(move |socket: Socket| socket.leave(room(&socket)));
}

/// As in the seed: a room named by the user id that the client claims.
fn user_room(namespace: &Namespace) {
    namespace
        .on_connect(|socket: Socket| socket.join(claimed_user(&socket).unwrap_or("undefined")));
    namespace.on("message", |socket: Socket, message: Value| {
        socket
            .to(claimed_user(&socket).unwrap_or("undefined"))
            .emit("message", message);
    });
    namespace.on("who-am-i", |socket: Socket| {
        claimed_user(&socket).map(str::to_owned)
    });
}

fn claimed_user(socket: &Socket) -> Option<&str> {
    socket.handshake().query("userId")
}

/// What the seed wanted: a room for two.
fn pair(namespace: &Namespace) {
    namespace.on("pair", |socket: Socket, sent: Spread<Value>| {
        let [peer] = arguments(&sent);
        let Some(peer) = socket.namespace().socket(text(peer)) else {
            return value!({ "error": "No socket found" });
        };
        let mut ids = [socket.id(), peer.id()];
        ids.sort();
        let room = format!("pair-{}-{}", ids[0], ids[1]);
        socket.namespace().to(ids).sockets_join(&room);
        value!({ "room": room })
    });
    namespace.on("message", |socket: Socket, message: Value| {
        for pair in socket
            .rooms()
            .into_iter()
            .filter(|room| room.starts_with("pair-"))
        {
            socket.to(pair).emit("message", (&message, socket.id()));
        }
    });
}

/// What the seed wanted: the user is known by a secret, not by what the client says.
fn devices(namespace: &Namespace) {
    struct User(&'static str);

    namespace.middleware(|Auth(auth): Auth<Value>| match auth["token"].as_str() {
        Some("secret-of-7") => Ok(User("7")),
        Some("secret-of-8") => Ok(User("8")),
        _ => Err(Refusal::new("unauthorized")),
    });
    namespace.on_connect(|socket: Socket, user: roomcast::Data<User>| {
        socket.join(format!("user:{}", user.0.0));
    });
    namespace.on(
        "message",
        |socket: Socket, user: roomcast::Data<User>, message: Value| {
            socket
                .to(format!("user:{}", user.0.0))
                .emit("message", message);
        },
    );
}

/// Which rooms a socket still has when it goes.
fn rooms_at_disconnect(namespace: &Namespace) {
    namespace.on_connect(|socket: Socket| socket.join(format!("room-{}", socket.id())));
    namespace.on_disconnecting(|socket: Socket| socket.data().set("before", socket.rooms().len()));
    namespace.on_disconnect(|namespace: Namespace, socket: Socket| {
        let before = socket.data().get::<usize>("before");
        namespace.emit(
            "rooms-at-disconnect",
            (socket.id(), before, socket.rooms().len()),
        );
    });
}

async fn notify(namespace: Namespace, user: String, message: Value) -> Option<String> {
    let sockets = namespace.to(&user).fetch_sockets().await.ok()?;
    if sockets.is_empty() {
        return None;
    }
    namespace.to(&user).emit("notification", message);
    Some(format!("Notification sent to user {user}"))
}
