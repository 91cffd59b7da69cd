//! A middleware that lets clients in by a token and tells the handlers who they are.
//!
//! Run `cargo run -p roomcast-examples --example auth_middleware`. A client with
//! `{ auth: { token: "secret-of-7" } }` connects, and its messages reach its user's other devices;
//! any other gets `connect_error` with the message `unauthorized` and the data `{ code: 401 }`.

use roomcast::{Auth, Data, Refusal, Server, Socket, value};

#[derive(serde::Deserialize)]
struct Credentials {
    #[serde(default)]
    token: String,
}

struct User {
    id: u64,
}

impl User {
    fn room(&self) -> String {
        format!("user:{}", self.id)
    }
}

fn authenticate(Auth(credentials): Auth<Credentials>) -> Result<User, Refusal> {
    match credentials.token.as_str() {
        "secret-of-7" => Ok(User { id: 7 }),
        "secret-of-8" => Ok(User { id: 8 }),
        _ => Err(Refusal::new("unauthorized").with_data(value!({ "code": 401 }))),
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();

    io.middleware(authenticate);
    io.on_connect(|socket: Socket, user: Data<User>| socket.join(user.room()));
    io.on("who-am-i", |user: Data<User>| user.id);
    io.on("message", |socket: Socket, user: Data<User>, message: String| {
        socket.to(user.room()).emit("message", message);
    });

    io.serve("127.0.0.1:3000").await
}
