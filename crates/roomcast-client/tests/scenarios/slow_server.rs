//! A server that does not read what it is sent, or later.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use roomcast_client::{EmitError, Overflow, Refusal, Socket, Transport};
use roomcast_websocket::handshake::accept_key;
use roomcast_websocket::{Connection, Event, Limits, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{builder, notes, soon};

/// A WebSocket server that has one client, and reads when it is told to.
struct SlowServer {
    stream: TcpStream,
    connection: Connection,
    unread: BytesMut,
}

impl SlowServer {
    /// The server, and a client that is connected to it.
    async fn with_client(
        configure: impl FnOnce(roomcast_client::Builder) -> roomcast_client::Builder,
    ) -> (Self, Socket) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let builder = builder(&format!("http://{address}"))
            .transports([Transport::WebSocket])
            .without_compression();
        let socket = configure(builder).build().expect("a plain URL");
        let (note, mut connected) = notes();
        socket.on_connect(move |_| note(()));
        socket.connect();
        let (stream, _) = soon(listener.accept()).await.expect("a client");
        let limits = Limits::default().with_max_message_bytes(64 << 20);
        let mut server = Self {
            stream,
            connection: Connection::new(Role::Server, limits.with_max_frame_bytes(64 << 20)),
            unread: BytesMut::new(),
        };
        server.open().await;
        connected.next().await;
        (server, socket)
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

    /// Sends a text of at most 125 bytes.
    async fn say(&mut self, text: &str) {
        let len = u8::try_from(text.len()).expect("a short text");
        assert!(len < 126);
        self.write(&[&[0x81, len], text.as_bytes()].concat()).await;
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is read");
    }

    /// The next message; how long it is, if it is binary.
    async fn hear(&mut self) -> String {
        loop {
            let mut input = std::mem::take(&mut self.unread);
            let decoded = self
                .connection
                .receive(&mut input, [0; 4], &mut BytesMut::new())
                .expect("a frame");
            let message = decoded.event.map(|event| match event {
                Event::Text(text) => text.into_owned(),
                Event::Binary(bytes) => bytes.len().to_string(),
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

    /// Reads events of [`chunk`] until one ends the row.
    async fn hear_chunks(&mut self) -> Vec<u32> {
        let mut chunks = Vec::new();
        loop {
            let event = self.hear().await;
            if event == r#"42["end"]"# {
                return chunks;
            }
            let number = event.strip_prefix(r#"451-["chunk","#).expect("a chunk");
            let (number, _) = number.split_once(',').expect("more arguments");
            chunks.push(number.parse().expect("a number"));
            assert_eq!(self.hear().await, CHUNK.to_string());
        }
    }
}

/// More than a few of these fill the buffers of the system.
const CHUNK: usize = 1 << 20;

fn chunk(number: u32) -> (u32, Bytes) {
    (number, Bytes::from(vec![7; CHUNK]))
}

#[tokio::test]
async fn events_beyond_the_outbox_are_refused_until_the_server_reads() {
    let (mut server, socket) = SlowServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
    let mut accepted = 0;
    let refused = loop {
        match socket.try_emit("chunk", chunk(accepted)) {
            Ok(()) => accepted += 1,
            Err(error) => {
                // What has not left yet may leave; then there is room again.
                tokio::task::yield_now().await;
                if socket.try_emit("chunk", chunk(accepted)).is_err() {
                    break error;
                }
                accepted += 1;
            }
        }
    };
    assert!(
        matches!(refused, EmitError::Refused(Refusal::OutboxFull { bytes }) if bytes > CHUNK),
        "{refused:?}"
    );

    let reading = tokio::spawn(async move { server.hear_chunks().await });
    soon(socket.flushed()).await.expect("it is connected");
    socket.emit("end", ());
    let read = soon(reading).await.expect("no panic");
    assert_eq!(read, (0..accepted).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_awaits_each_event_is_not_faster_than_the_server() {
    let (mut server, socket) = SlowServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
    let sending = tokio::spawn(async move {
        for number in 0..40 {
            socket.emit_async("chunk", chunk(number)).await?;
        }
        socket.emit_async("end", ()).await
    });

    let read = soon(server.hear_chunks()).await;
    assert_eq!(read, (0..40).collect::<Vec<_>>());
    assert_eq!(soon(sending).await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_wait_for_room_can_be_limited() {
    let (_server, socket) = SlowServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
    let limit = Duration::from_millis(50);
    let end = async {
        loop {
            let patient = socket.timeout(limit);
            if let Err(error) = patient.emit_async("chunk", chunk(0)).await {
                return error;
            }
        }
    };

    assert_eq!(soon(end).await, EmitError::NoRoom);
}

#[tokio::test]
async fn the_oldest_events_make_room_and_an_answer_stays() {
    let (mut server, socket) = SlowServer::with_client(|builder| {
        builder
            .max_outbox(2 * CHUNK + 1000)
            .when_full(Overflow::DropOldest)
    })
    .await;
    let (note, mut asked) = notes();
    socket.on("?", move |call| {
        let responder = call.responder().expect("the server waits").clone();
        note(responder);
    });
    server.say(r#"427["?"]"#).await;
    let responder = asked.next().await;
    let count = 60;
    for number in 0..count / 2 {
        socket.emit("chunk", chunk(number));
    }
    assert_eq!(responder.send("here"), Ok(true));
    for number in count / 2..count {
        socket.emit("chunk", chunk(number));
    }
    socket.emit("end", ());

    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some(r#"42["end"]"#) {
        heard.push(server.hear().await);
    }
    assert!(heard.iter().any(|line| line == r#"437["here"]"#));
    let events = heard.iter().filter(|line| line.starts_with("451-"));
    assert!(events.count() < count as usize);
    let last = format!(r#"451-["chunk",{},"#, count - 1);
    assert!(heard[heard.len() - 3].starts_with(&last), "{heard:?}");
}

#[tokio::test]
async fn events_wait_for_room_while_there_is_no_connection() {
    let limits = roomcast_client::BufferLimits {
        max_packets: 4,
        max_bytes: 1000,
    };
    let socket = builder("http://127.0.0.1:9")
        .send_buffer(limits)
        .build()
        .expect("a plain URL");
    for _ in 0..3 {
        assert_eq!(soon(socket.emit_async("a", ())).await, Ok(()));
    }

    let patient = socket.timeout(Duration::from_millis(10));
    assert_eq!(
        soon(patient.emit_async("b", ())).await,
        Err(EmitError::NoRoom)
    );
    assert_eq!(socket.try_emit("c", ()), Ok(()));
}
