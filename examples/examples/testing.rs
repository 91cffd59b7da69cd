//! A test of a server over a real connection: port 0 of the loopback address, and a WebSocket.
//!
//! Run `cargo test -p roomcast-examples --example testing`. The client is a bare WebSocket, so the
//! test reads what is on the wire: `0` opens the session, `40` joins the namespace `/`, `42` is an
//! event, `43` an acknowledgement.

use roomcast::Server;

fn server() -> Server {
    let io = Server::new();
    io.on("add", |a: i64, b: i64| a + b);
    io
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    server().serve("127.0.0.1:3000").await
}

#[cfg(test)]
#[tokio::test]
async fn two_numbers_are_added() -> Result<(), Box<dyn std::error::Error>> {
    use futures_util::{SinkExt, TryStreamExt};

    let listening = server().listen("127.0.0.1:0").await?;
    let address = listening.local_addr()?;
    tokio::spawn(listening.run());

    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut client, _) = tokio_tungstenite::connect_async(url).await?;
    assert!(client.try_next().await?.expect("the session opens").to_text()?.starts_with("0{"));
    client.send("40".into()).await?;
    assert!(client.try_next().await?.expect("the client is let in").to_text()?.starts_with("40{"));

    client.send(r#"420["add",1,2]"#.into()).await?;
    assert_eq!(client.try_next().await?, Some("430[3]".into()));
    Ok(())
}
