//! Events that are types, the same at both ends.

use bytes::Bytes;
use roomcast::{Server, Socket as Peer};
use roomcast_client::{ArgumentError, Event, Socket, SocketError};

use crate::stub::StubServer;
use crate::support::{builder, notes, serve, soon};

#[derive(Event, Clone, Debug, PartialEq)]
#[event(name = "upload", reply = (String, usize))]
struct Upload {
    name: String,
    content: Bytes,
    tags: Option<Vec<String>>,
}

#[derive(Event, Clone, Copy, Debug, PartialEq)]
#[event(name = "add", reply = i64)]
struct Add(i64, i64);

#[derive(Event)]
#[event(name = "done")]
struct Done;

fn upload() -> Upload {
    Upload {
        name: "cat.png".to_owned(),
        content: Bytes::from_static(b"\0\xff"),
        tags: None,
    }
}

#[tokio::test]
async fn a_typed_event_is_what_the_official_client_sends() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let stored = socket.emit_event_with_ack(&upload());
    let header = r#"451-0["upload","cat.png",{"_placeholder":true,"num":0},null]"#;
    assert_eq!(server.hear().await, header);
    assert_eq!(server.hear().await, "2 bytes");
    server.say(r#"430["stored",2]"#).await;

    assert_eq!(soon(stored).await, Ok(("stored".to_owned(), 2)));
    socket.emit_event(&Done);
    assert_eq!(server.hear().await, r#"42["done"]"#);
    assert_eq!(socket.volatile().try_emit_event(&Add(1, 2)), Ok(()));
    assert_eq!(server.hear().await, r#"42["add",1,2]"#);
}

#[tokio::test]
async fn a_handler_of_a_type_gets_the_event_and_answers_with_its_reply() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    socket.on_event(|socket: Socket, Add(a, b): Add| {
        assert!(socket.is_connected());
        a.checked_add(b).ok_or("too large")
    });
    socket.on_event(async |upload: Upload| (upload.name, upload.content.len()));
    let (note, mut done) = notes();
    socket.once_event(move |_: Done| note(()));
    server.say(r#"421["add",1,2]"#).await;
    assert_eq!(server.hear().await, "431[3]");
    server.say(r#"422["add",9223372036854775807,1]"#).await;
    assert_eq!(server.hear().await, r#"432["too large"]"#);
    let header = r#"451-3["upload","a",{"_placeholder":true,"num":0}]"#;
    server.say(header).await;
    server.say_bytes(b"\0\0\0").await;
    assert_eq!(server.hear().await, r#"433["a",3]"#);

    server.say(r#"42["done"]"#).await;
    done.next().await;
}

#[tokio::test]
async fn an_event_of_another_type_is_reported_and_off_removes_its_handlers() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let (note, mut errors) = notes::<SocketError>();
    socket.on_error(note);
    socket.on_event(|Add(a, b): Add| a + b);
    server.say(r#"421["add",1,"two"]"#).await;
    let SocketError::Argument { event, error } = errors.next().await else {
        panic!("the second number is a text");
    };
    assert_eq!((&*event, error.index), ("add", 1));

    socket.off(Add::NAME);
    socket.on("add", |_: i64, b: Result<i64, ArgumentError>| b.is_err());
    server.say(r#"422["add",1,"two"]"#).await;
    assert_eq!(server.hear().await, "432[true]");
}

#[tokio::test]
async fn both_ends_share_one_type() {
    let io = Server::new();
    io.on_event(|peer: Peer, upload: Upload| {
        let size = upload.content.len();
        peer.emit_event(&upload);
        (upload.name, size)
    });
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut returned) = notes();
    socket.on_event(move |upload: Upload| {
        note(upload.clone());
        (upload.name, 0)
    });
    socket.connect();

    let stored = soon(socket.emit_event_with_ack(&upload())).await;
    assert_eq!(stored, Ok(("cat.png".to_owned(), 2)));
    assert_eq!(returned.next().await, upload());
}
