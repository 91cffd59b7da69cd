//! A service whose token runs out: a fresh one for each connection, another one when the server refuses it.
//!
//! Run `cargo run -p roomcast-examples --example auth_middleware`, and in a second terminal
//! `cargo run -p roomcast-examples --example token_service`. Its first token is refused, the second lets it in.
//! Stop the server and start it again: the service comes back with a token that is still good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use roomcast_client::{Attempt, ConnectError, Socket, value};

/// The tokens of this service, of which the last is kept as long as it is good.
#[derive(Clone, Default)]
struct Tokens(Arc<Mutex<Option<Token>>>);

#[derive(Clone)]
struct Token {
    text: String,
    until: Instant,
}

impl Tokens {
    /// The token, or a new one if there is none that is good for a while.
    async fn fresh(&self) -> Result<String, std::io::Error> {
        let soon = Instant::now() + Duration::from_secs(10);
        if let Some(token) = &*self.0.lock()
            && token.until > soon
        {
            return Ok(token.text.clone());
        }
        let token = renew().await?;
        let text = token.text.clone();
        *self.0.lock() = Some(token);
        Ok(text)
    }

    /// The server does not take the token.
    fn forget(&self) {
        *self.0.lock() = None;
    }
}

/// Stands for a request to whoever gives tokens; its first one is wrong, to show what happens then.
async fn renew() -> Result<Token, std::io::Error> {
    static GIVEN: std::sync::Once = std::sync::Once::new();
    let mut text = "secret-of-7";
    GIVEN.call_once(|| text = "expired");
    println!("a new token: {text}");
    Ok(Token { text: text.to_owned(), until: Instant::now() + Duration::from_secs(60) })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tokens = Tokens::default();

    let (for_auth, for_gateway) = (tokens.clone(), tokens.clone());
    let socket = roomcast_client::builder("http://127.0.0.1:3000")
        // For the server: what a middleware sees of each CONNECT.
        .auth_with(move || {
            let tokens = for_auth.clone();
            async move { tokens.fresh().await.map(|token| value!({ "token": token })) }
        })
        // For a gateway in front of it: a header of each attempt to open the connection.
        .attempt_with(move || {
            let tokens = for_gateway.clone();
            async move {
                let bearer = tokens.fresh().await.map(|token| format!("Bearer {token}"));
                bearer.map(|bearer| Attempt::default().header("authorization", &bearer))
            }
        })
        .build()?;

    // A refusal is final, unless somebody connects again.
    socket.on_connect_error(async move |socket: Socket, error: ConnectError| {
        println!("no: {error}");
        if let ConnectError::Refused { .. } = error {
            tokens.forget();
            tokio::time::sleep(Duration::from_secs(1)).await;
            socket.connect();
        }
    });
    socket.on_connect(async |socket: Socket| {
        let user = socket.emit_with_ack::<u64>("who-am-i", ()).await;
        println!("let in as user {user:?}");
    });
    socket.connect();

    Ok(tokio::signal::ctrl_c().await?)
}
