//! A server that says and does what a test tells it.

use bytes::BytesMut;
use roomcast_client::{Builder, Socket, Transport};
use roomcast_websocket::handshake::accept_key;
use roomcast_websocket::{Connection, Event, Limits, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{builder, notes, soon};

/// A WebSocket server that has one client, and reads when it is told to.
pub(crate) struct StubServer {
    listener: TcpListener,
    stream: TcpStream,
    connection: Connection,
    unread: BytesMut,
}

impl StubServer {
    /// The server, and a client that is connected to it.
    pub(crate) async fn with_client(configure: impl FnOnce(Builder) -> Builder) -> (Self, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let builder = builder(&format!("http://{address}"))
            .transports([Transport::WebSocket])
            .without_compression();
        let socket = configure(builder).build().expect("a plain URL");
        let (note, mut connected) = notes();
        socket.on_connect(move || note(()));
        socket.connect();
        let mut server = Self::accept(listener).await;
        server.open().await;
        connected.next().await;
        (server, socket)
    }

    /// The same server with the client's next connection.
    pub(crate) async fn again(self) -> Self {
        let mut server = Self::accept(self.listener).await;
        server.open().await;
        server
    }

    async fn accept(listener: TcpListener) -> Self {
        let (stream, _) = soon(listener.accept()).await.expect("a client");
        let limits = Limits::default().with_max_message_bytes(64 << 20);
        Self {
            listener,
            stream,
            connection: Connection::new(Role::Server, limits.with_max_frame_bytes(64 << 20)),
            unread: BytesMut::new(),
        }
    }

    async fn open(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.expect("a whole request"));
        }
        let head = String::from_utf8(head).expect("requests are text");
        let (_, key) = head.split_once("Sec-WebSocket-Key: ").expect("a key");
        let key = accept_key(key.lines().next().expect("a line"));
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {key}\r\n\r\n"
        );
        self.write(answer.as_bytes()).await;
        self.say(r#"0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#)
            .await;
        assert_eq!(self.hear().await, "40");
        self.say(r#"40{"sid":"s"}"#).await;
    }

    /// Sends a text of less than 64 KiB.
    pub(crate) async fn say(&mut self, text: &str) {
        let len = u16::try_from(text.len()).expect("a short text");
        let [high, low] = len.to_be_bytes();
        let head = match len {
            0..126 => [0x81, low].to_vec(),
            _ => [0x81, 126, high, low].to_vec(),
        };
        self.write(&[&head, text.as_bytes()].concat()).await;
    }

    /// Sends a binary message of at most 125 bytes.
    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) {
        let len = u8::try_from(bytes.len()).expect("a short message");
        assert!(len < 126);
        self.write(&[&[0x82, len], bytes].concat()).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is read");
    }

    /// The next message; how long it is, if it is binary.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            let mut input = std::mem::take(&mut self.unread);
            let decoded = self
                .connection
                .receive(&mut input, [0; 4], &mut BytesMut::new())
                .expect("a frame");
            let message = decoded.event.map(|event| match event {
                Event::Text(text) => text.into_owned(),
                Event::Binary(bytes) => format!("{} bytes", bytes.len()),
                other => panic!("{other:?}"),
            });
            let consumed = decoded.consumed;
            self.unread = input.split_off(consumed);
            match message {
                Some(message) => return message,
                None if self.unread.is_empty() => {
                    let read = soon(self.stream.read_buf(&mut self.unread)).await;
                    assert_ne!(read.expect("it lives"), 0, "it hung up");
                }
                None => {}
            }
        }
    }
}
