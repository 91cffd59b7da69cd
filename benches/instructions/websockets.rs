//! A server whose clients are WebSockets on the loopback interface, in the same thread.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};

use roomcast::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

/// A server, the runtime on which its sessions live, and the far ends of their connections.
pub(crate) struct WebSockets {
    io: Server,
    runtime: Runtime,
    clients: Vec<TcpStream>,
}

impl WebSockets {
    /// A server with `count` clients in its main namespace.
    pub(crate) fn of(count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("no thread is needed");
        let io = Server::new();
        let clients = runtime.block_on(async {
            let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
            let address = listening.local_addr().expect("it is bound");
            tokio::spawn(listening.run());
            let mut clients = Vec::new();
            for _ in 0..count {
                clients.push(join(address).await);
            }
            clients
        });
        Self {
            io,
            runtime,
            clients,
        }
    }

    /// Calls `emit` where the server's handlers would, and lets the server write.
    pub(crate) fn sending(self, emit: impl FnOnce(&Server)) -> Self {
        self.runtime.block_on(async {
            emit(&self.io);
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
        self
    }

    /// Reads the event `b` with this text, at every client.
    pub(crate) fn expect(&mut self, text: &str) {
        let packet = format!("42[\"b\",\"{text}\"]");
        let len = u8::try_from(packet.len()).expect("a short event");
        let expected = [&[0x81, len], packet.as_bytes()].concat();
        let mut read = vec![0; expected.len()];
        for client in &mut self.clients {
            client.read_exact(&mut read).expect("all was written");
            assert_eq!(read, expected);
        }
    }
}

/// Opens a WebSocket and joins the main namespace.
async fn join(address: SocketAddr) -> TcpStream {
    let stream = tokio::net::TcpStream::connect(address).await;
    let mut stream = stream.expect("the server listens");
    // The frame has the mask 0, under which its content stands as it is.
    let asked = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\
        \x81\x82\0\0\0\x0040";
    stream.write_all(asked).await.expect("it is open");
    let mut answered = Vec::new();
    while !is_joined(&answered) {
        let read = stream.read_buf(&mut answered).await.expect("it is open");
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&answered));
    }
    let stream = stream.into_std().expect("it is registered");
    stream.set_nonblocking(false).expect("it is open");
    stream
}

/// Whether the packet CONNECT has come, as a whole.
fn is_joined(answered: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answered);
    text.rsplit_once("40{")
        .is_some_and(|(_, data)| data.ends_with('}'))
}

/// More than the lanes take to write to everyone.
const TURNS: usize = 64;
