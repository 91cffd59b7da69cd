//! Typed events: handlers, emits and acknowledgements. Spec: features 2.40.

use std::time::Duration;

use bytes::Bytes;
use roomcast::{Ack, AckError, Event, NoReply, Reply, Server, Socket, SocketError, Value, value};

use crate::support::{Host, channel, errors, socket};

#[derive(Event)]
#[event(name = "send-message", reply = u64)]
struct SendMessage {
    room: String,
    text: String,
}

#[derive(Event)]
#[event(name = "message")]
struct Message(String, String);

#[derive(Event)]
#[event(name = "add", reply = i64)]
struct Add(i64, i64);

#[derive(Event)]
#[event(name = "log")]
struct Log(String);

#[derive(Event)]
#[event(name = "confirm", reply = ())]
struct Confirm;

#[derive(Event)]
#[event(name = "position", reply = (f64, f64))]
struct Position;

#[derive(Event)]
#[event(name = "divide", reply = Result<i64, String>)]
struct Divide(i64, i64);

#[derive(Event)]
#[event(name = "upload", reply = Bytes)]
struct Upload {
    name: String,
    file: Bytes,
}

#[tokio::test]
async fn a_typed_handler_gets_the_arguments_and_its_return_value_acknowledges() {
    let io = Server::new();
    io.on_event(|socket: Socket, SendMessage { room, text }: SendMessage| {
        socket.emit_event(&Message(room, text));
        7_u64
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"420["send-message","lobby","hi"]"#).await;
    client.expect(r#"42["message","lobby","hi"]"#).await;
    client.expect("430[7]").await;
}

#[tokio::test]
async fn functions_and_async_closures_handle_typed_events() {
    async fn add(_: Socket, Add(a, b): Add) -> Result<i64, &'static str> {
        a.checked_add(b).ok_or("too large")
    }
    let io = Server::new();
    io.on_event(add);
    io.on_event(async |Position: Position| (3.5, 4.0));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["add",1,2]"#).await;
    client.expect("431[3]").await;
    client.send(r#"422["add",9223372036854775807,1]"#).await;
    client.expect(r#"432["too large"]"#).await;
    client.send(r#"423["position"]"#).await;
    client.expect("433[3.5,4]").await;
}

#[tokio::test]
async fn a_literal_is_the_number_that_the_reply_says() {
    let io = Server::new();
    io.on_event(|_: Add| 5);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["add",1,2]"#).await;
    client.expect("431[5]").await;
}

#[tokio::test]
async fn a_reply_that_is_a_result_is_sent_as_serde_writes_it() {
    let io = Server::new();
    io.on_event(|Divide(a, b): Divide| a.checked_div(b).ok_or_else(|| "by zero".to_owned()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["divide",6,3]"#).await;
    client.expect(r#"431[{"Ok":2}]"#).await;
    client.send(r#"422["divide",6,0]"#).await;
    client.expect(r#"432[{"Err":"by zero"}]"#).await;
}

#[tokio::test]
async fn an_event_without_a_reply_is_not_acknowledged_and_one_with_an_empty_reply_is() {
    let io = Server::new();
    io.on_event(|Log(_): Log| ());
    io.on("log", || Reply("second"));
    io.on_event(|Confirm: Confirm| ());
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["log","line"]"#).await;
    client.expect(r#"431["second"]"#).await;
    client.send(r#"422["confirm"]"#).await;
    client.expect("432[]").await;
}

#[tokio::test]
async fn an_event_without_a_reply_may_fail() {
    let io = Server::new();
    io.on_event(|Log(line): Log| {
        if line.is_empty() {
            Err("empty")
        } else {
            Ok(())
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["log",""]"#).await;
    client.expect(r#"431["empty"]"#).await;
    client.send(r#"422["log","line"]"#).await;
    client.expect("432[]").await;
}

#[tokio::test]
async fn an_event_whose_arguments_do_not_fit_is_told_to_on_error_with_their_place_and_type() {
    let io = Server::new();
    io.on_event(|Add(a, b): Add| a + b);
    let mut errors = errors(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["add",1,"two"]"#).await;
    let SocketError::Argument { event, error } = errors.next().await else {
        panic!("it is an argument")
    };
    assert_eq!((&*event, error.index, error.expected), ("add", 1, "i64"));
    client.send(r#"422["add",1,2]"#).await;
    client.expect("432[3]").await;
}

#[tokio::test]
async fn a_typed_handler_may_take_the_acknowledgement_besides() {
    let io = Server::new();
    let (teller, mut wanted) = channel();
    io.on_event(move |ack: Option<Ack>, Log(_): Log| teller.tell(ack.is_some()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["log","line"]"#).await;
    assert!(!wanted.next().await);
    client.send(r#"421["log","line"]"#).await;
    assert!(wanted.next().await);
}

#[tokio::test]
async fn handlers_of_one_socket_may_be_typed_and_called_once() {
    let io = Server::new();
    io.on_connect(|socket: Socket| {
        socket.once_event(|socket: Socket, Confirm: Confirm| socket.emit("once", ()));
        socket.on_event(|Confirm: Confirm| ());
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["confirm"]"#).await;
    client.expect(r#"42["once"]"#).await;
    client.expect("431[]").await;
    client.send(r#"422["confirm"]"#).await;
    client.expect("432[]").await;
}

#[tokio::test]
async fn a_typed_handler_is_removed_by_its_id_or_its_events_name() {
    let io = Server::new();
    let id = io.on_event(|Add(a, b): Add| a + b);
    io.on_event(|Confirm: Confirm| ());
    io.on("add", || "untyped");
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    io.off_handler(id);
    io.off(Confirm::NAME);
    client.send(r#"421["confirm"]"#).await;
    client.send(r#"422["add",1,2]"#).await;
    client.expect(r#"432["untyped"]"#).await;
}

#[tokio::test]
async fn the_reply_of_a_client_is_read_as_the_events_reply() {
    let io = Server::new();
    let (teller, mut answers) = channel();
    io.on("ask", async move |socket: Socket| {
        teller.tell(value!(
            socket.emit_event_with_ack(&Add(1, 2)).await.unwrap()
        ));
        let (x, y) = socket.emit_event_with_ack(&Position).await.unwrap();
        teller.tell(value!([x, y]));
        let asked = socket.timeout(Duration::from_secs(60));
        asked.emit_event_with_ack(&Confirm).await.unwrap();
        let error = socket.emit_event_with_ack(&Add(3, 4)).await;
        teller.tell(value!(matches!(error, Err(AckError::Answer(_)))));
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"42["ask"]"#).await;
    client.expect(r#"420["add",1,2]"#).await;
    client.send("430[3]").await;
    assert_eq!(answers.next().await, 3);
    client.expect(r#"421["position"]"#).await;
    client.send("431[3.5,4]").await;
    assert_eq!(answers.next().await, value!([3.5, 4]));
    client.expect(r#"422["confirm"]"#).await;
    client.send("432[]").await;
    client.expect(r#"423["add",3,4]"#).await;
    client.send(r#"433["seven"]"#).await;
    assert_eq!(answers.next().await, true);
}

#[tokio::test]
async fn whoever_emits_can_emit_a_typed_event() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let receiver = socket(&io, &id);
    let sent = Message("lobby".to_owned(), "hi".to_owned());

    receiver.emit_event(&sent);
    receiver.try_emit_event(&sent).unwrap();
    receiver.uncompressed().emit_event(&sent);
    receiver.uncompressed().try_emit_event(&sent).unwrap();
    io.emit_event(&sent);
    io.try_emit_event(&sent).unwrap();
    io.to(receiver.id()).emit_event(&sent);
    io.to(receiver.id()).try_emit_event(&sent).unwrap();
    for found in io.fetch_sockets().await.unwrap() {
        found.emit_event(&sent);
        found.timeout(Duration::from_secs(60)).emit_event(&sent);
    }
    for _ in 0..10 {
        client.expect(r#"42["message","lobby","hi"]"#).await;
    }
}

#[tokio::test]
async fn the_replies_to_a_broadcast_are_read_as_the_events_reply() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;

    let asking = tokio::spawn({
        let io = io.clone();
        async move { io.emit_event_with_ack(&Add(1, 2)).await.unwrap() }
    });
    client.expect(r#"420["add",1,2]"#).await;
    client.send("430[3]").await;
    let answers = asking.await.unwrap();
    assert_eq!(answers.values, [(socket(&io, &id).id(), 3)]);

    let asking = tokio::spawn(async move {
        let everyone = io.everyone().timeout(Duration::from_secs(60));
        everyone.emit_event_with_ack(&Position).await.unwrap()
    });
    client.expect(r#"421["position"]"#).await;
    client.send("431[1,2]").await;
    assert_eq!(asking.await.unwrap().into_values(), [(1.0, 2.0)]);
}

#[tokio::test]
async fn bytes_are_attachments_of_typed_events_and_replies() {
    let io = Server::new();
    io.on_event(|Upload { name, mut file }: Upload| file.split_off(name.len()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client
        .send(r#"451-1["upload","ab",{"_placeholder":true,"num":0}]"#)
        .await;
    client.send_binary(b"abcd").await;
    client
        .expect(r#"461-1[{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(b"cd").await;
}

/// An event that is written by hand, with a name that no derived event has.
struct Renamed;

impl Event for Renamed {
    const NAME: &'static str = "disconnect";
    type Reply = NoReply;

    fn args(&self) -> impl serde::Serialize {}

    fn read<R: roomcast::ReadArguments>(_: &mut R) -> Result<Self, R::Error> {
        Ok(Self)
    }
}

#[tokio::test]
async fn a_reserved_name_is_refused_however_the_event_came_by_it() {
    let io = Server::new();

    assert!(io.try_emit_event(&Renamed).is_err());
    assert!(io.try_emit("known", Value::Null).is_ok());
}
