//! When all has left that was emitted. Spec: features 6.18.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomcast_client::{Tls, Transport};
use tokio::net::UdpSocket;

use super::{Served, server};
use crate::support::{Notes, builder, connections, notes, soon};

/// The way of one client's datagrams to a server. It can be blocked, in this direction.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    is_blocked: Arc<AtomicBool>,
    /// Datagrams that did not come through.
    lost: Notes<()>,
}

impl Relay {
    pub(super) async fn to(server: SocketAddr) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let back = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        back.connect(server).await.expect("it has an address");
        let address = front.local_addr().expect("it is bound");
        let is_blocked = Arc::new(AtomicBool::new(false));
        let (note, lost) = notes();
        tokio::spawn(run(front, back, Arc::clone(&is_blocked), note));
        Self {
            address,
            is_blocked,
            lost,
        }
    }

    pub(super) fn block(&self, is_blocked: bool) {
        self.is_blocked.store(is_blocked, Ordering::SeqCst);
    }
}

async fn run(front: UdpSocket, back: UdpSocket, is_blocked: Arc<AtomicBool>, lose: impl Fn(())) {
    let (mut there, mut here) = ([0; 2048], [0; 2048]);
    let mut client = None;
    loop {
        tokio::select! {
            Ok((len, from)) = front.recv_from(&mut there) => {
                client = Some(from);
                match is_blocked.load(Ordering::SeqCst) {
                    true => lose(()),
                    false => drop(back.send(&there[..len]).await),
                }
            }
            Ok(len) = back.recv(&mut here), if client.is_some() => {
                let to = client.expect("it has sent something");
                drop(front.send_to(&here[..len], to).await);
            }
        }
    }
}

#[tokio::test]
async fn what_is_emitted_before_a_disconnect_has_left_when_the_server_has_it() {
    let io = server();
    let (heard, mut last) = notes::<String>();
    io.on("last", move |text: String| heard(text));
    let served = Served::new(&io).await;
    let mut relay = Relay::to(served.address).await;
    let socket = builder(&format!("http://{}", relay.address))
        .tls(Tls::default().with_server_certificate_hashes([served.hash]))
        .transports([Transport::WebTransport])
        .build()
        .expect("a plain URL");
    let mut connected = connections(&socket);
    socket.connect();
    connected.next().await;

    relay.block(true);
    socket.emit("last", "words");
    socket.disconnect();
    let flushed = tokio::spawn({
        let socket = socket.clone();
        async move { socket.flushed().await }
    });
    // The client tries again and again.
    for _ in 0..4 {
        relay.lost.next().await;
    }
    assert!(!flushed.is_finished());

    relay.block(false);
    assert_eq!(soon(flushed).await.expect("no panic"), Ok(()));
    assert_eq!(last.next().await, "words");
}
