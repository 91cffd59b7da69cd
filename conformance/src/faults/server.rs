//! The server behind the network.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use roomcast::recovery::{Recovery, Retries};
use roomcast::{Server, Socket};

use super::ledger::Ledger;

/// Starts a server that notes what it handles.
pub(super) async fn start(ledger: &Ledger) -> io::Result<(Server, SocketAddr)> {
    let numbered =
        Retries::by_id(|_, args| args.first()?.as_u64().map(|number| number.to_string()));
    let io = Server::builder()
        .connection_state_recovery(Recovery::new().deduplicate(numbered))
        .ping_interval(Duration::from_millis(500))
        .ping_timeout(Duration::from_millis(500))
        .build();
    let queue = ledger.clone();
    io.of("/queue")
        .on("store", move |peer: Socket, number: u64, _: Bytes| {
            queue.handle(number);
            peer.emit("stored", number);
            number
        });
    let plain = ledger.clone();
    io.of("/plain").on("store", move |number: u64, _: Bytes| {
        plain.handle_plain(number);
        number
    });
    let listening = io.listen("127.0.0.1:0").await?;
    let address = listening.local_addr()?;
    tokio::spawn(listening.run());
    Ok((io, address))
}
