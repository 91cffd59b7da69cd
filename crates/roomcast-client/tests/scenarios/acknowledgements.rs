//! Events and their answers, in both directions.

use std::time::Duration;

use bytes::Bytes;
use roomcast::{Server, Socket as Peer, Spread};
use roomcast_client::{Ack, AckError, Builder, EmitError, EncodeError, Transport, Value, value};

use crate::support::{builder, notes, serve, soon};

fn echo() -> Server {
    let io = Server::new();
    io.on("echo", |values: Spread<Value>| values);
    io.on("silent", || ());
    io
}

type Ways = [(&'static str, fn(Builder) -> Builder); 3];

const WAYS: Ways = [
    ("polling", |builder| {
        builder.transports([Transport::Polling])
    }),
    ("websocket", |builder| {
        builder.transports([Transport::WebSocket])
    }),
    ("polling, then websocket", |builder| builder),
];

#[tokio::test]
async fn values_and_bytes_come_back_over_each_transport() {
    let url = serve(&echo()).await;
    for (name, over) in WAYS {
        let socket = over(builder(&url)).connect().expect("a plain URL");
        let bytes = Bytes::from_static(b"\0\xff");

        let answer = socket.emit_with_ack(
            "echo",
            ("text", value!({ "a": [bytes.clone(), null] }), 1.5),
        );
        let answer: (String, Value, f64) = soon(answer).await.expect(name);
        assert_eq!(
            answer,
            ("text".to_owned(), value!({ "a": [bytes, null] }), 1.5)
        );
    }
}

#[tokio::test]
async fn a_listener_answers_the_server_at_once_or_later_and_only_once() {
    let io = Server::new();
    let (note, mut answers) = notes();
    io.on_connect(async move |peer: Peer| {
        let note = note.clone();
        for event in ["at once", "later"] {
            note(peer.emit_with_ack::<(String, u8)>(event, ()).await);
        }
    });
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    socket.on("at once", |ack: Ack, again: Ack| {
        assert!(ack.is_wanted());
        ack.send(("now", 1));
        again.send(("again", 2));
        ("returned", 3)
    });
    socket.on("later", |ack: Option<Ack>| {
        let ack = ack.expect("the server waits");
        std::thread::spawn(move || ack.send(("from a thread", 4)));
    });
    socket.connect();

    assert_eq!(answers.next().await, Ok(("now".to_owned(), 1)));
    assert_eq!(answers.next().await, Ok(("from a thread".to_owned(), 4)));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_error_with_its_reason() {
    let url = serve(&echo()).await;
    let socket = builder(&url).connect().expect("a plain URL");

    let late = socket
        .timeout(Duration::from_millis(1))
        .emit_with_ack::<()>("silent", ());
    assert_eq!(soon(late).await, Err(AckError::TimedOut));

    let first: String = soon(socket.emit_with_ack("echo", "joined"))
        .await
        .expect("it is echoed");
    assert_eq!(first, "joined");
    let lost = socket.emit_with_ack::<()>("silent", ());
    socket.disconnect();
    assert_eq!(soon(lost).await, Err(AckError::Disconnected));

    let reserved = soon(socket.emit_with_ack::<()>("connect", ())).await;
    let cause = EncodeError::ReservedEvent {
        name: "connect".to_owned(),
    };
    assert_eq!(reserved, Err(AckError::Emit(EmitError::Encode(cause))));
}

#[tokio::test]
async fn an_answer_of_another_type_is_an_error() {
    let socket = builder(&serve(&echo()).await)
        .connect()
        .expect("a plain URL");
    let answer = soon(socket.emit_with_ack::<u8>("echo", "text")).await;
    assert!(matches!(answer, Err(AckError::Answer(_))), "{answer:?}");
}

#[tokio::test]
async fn callbacks_are_called_in_order_with_listeners() {
    let io = echo();
    io.on("both", |peer: Peer| {
        peer.emit("first", ());
        "second"
    });
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let note_event = note.clone();
    socket.on("first", move || note_event("first"));
    socket.connect();
    let called = move |answer: Result<roomcast_client::Args<'_>, AckError>| {
        let text: String = answer.expect("it is answered").read().expect("a text");
        assert_eq!(text, "second");
        note("second");
    };
    socket
        .emit_with_callback("both", (), called)
        .expect("there is room");

    assert_eq!(noted.next().await, "first");
    assert_eq!(noted.next().await, "second");
}
