//! Events to one client, and their acknowledgements. Spec: features 2.44, 3.11–3.13 and 11, 24.

use std::time::Duration;

use bytes::Bytes;
use roomcast::{AckError, EmitError, Server, Socket};

use crate::support::{Host, WebSocket, echo_server, idle, socket};

async fn client_and_socket(io: &Server, host: &Host) -> (WebSocket, Socket) {
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(io, &id);
    (client, socket)
}

/// Asks the client in a task of its own.
fn asking<T>(socket: &Socket) -> tokio::task::JoinHandle<Result<T, AckError>>
where
    T: serde::de::DeserializeOwned + Send + 'static,
{
    let socket = socket.clone();
    tokio::spawn(async move { socket.emit_with_ack("question", 1).await })
}

#[tokio::test]
async fn arguments_are_one_several_or_none() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    socket.emit("none", ());
    socket.emit("one", "a");
    socket.emit("several", (1, "b", [true]));
    socket.send("text");
    client.expect(r#"42["none"]"#).await;
    client.expect(r#"42["one","a"]"#).await;
    client.expect(r#"42["several",1,"b",[true]]"#).await;
    client.expect(r#"42["message","text"]"#).await;
}

#[tokio::test]
async fn reserved_event_names_are_refused() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        assert!(
            matches!(socket.try_emit(name, ()), Err(EmitError::Encode(_))),
            "{name}"
        );
        assert!(
            matches!(io.try_emit(name, ()), Err(EmitError::Encode(_))),
            "{name}"
        );
    }
    client.expect_alive().await;
}

#[tokio::test]
async fn a_disconnected_socket_takes_no_events() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (_client, socket) = client_and_socket(&io, &host).await;

    socket.disconnect();
    assert!(matches!(
        socket.try_emit("event", ()),
        Err(EmitError::Disconnected)
    ));
}

#[tokio::test]
async fn an_answer_is_read_as_one_value_or_as_a_tuple() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let one = asking::<String>(&socket);
    client.expect(r#"420["question",1]"#).await;
    client.send(r#"430["a","b"]"#).await;
    assert_eq!(
        one.await
            .expect("it does not panic")
            .expect("it is answered"),
        "a"
    );
    let both = asking::<(String, u32)>(&socket);
    client.expect(r#"421["question",1]"#).await;
    client.send(r#"431["a",2]"#).await;
    assert_eq!(
        both.await
            .expect("it does not panic")
            .expect("it is answered"),
        ("a".to_owned(), 2)
    );
}

#[tokio::test]
async fn an_answer_may_be_binary() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let answer = asking::<Bytes>(&socket);
    client.expect(r#"420["question",1]"#).await;
    client.send(r#"461-0[{"_placeholder":true,"num":0}]"#).await;
    client.send_binary(&[1, 2]).await;
    assert_eq!(
        answer
            .await
            .expect("it does not panic")
            .expect("it is answered"),
        &[1, 2][..]
    );
}

#[tokio::test]
async fn an_answer_of_another_type_is_an_error() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let answer = asking::<u32>(&socket);
    client.expect(r#"420["question",1]"#).await;
    client.send(r#"430["seven"]"#).await;
    assert!(matches!(
        answer.await.expect("it does not panic"),
        Err(AckError::Answer(_))
    ));
    client.expect_alive().await;
}

#[tokio::test]
async fn a_question_to_a_client_that_leaves_is_an_error() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let answer = asking::<u32>(&socket);
    client.expect(r#"420["question",1]"#).await;
    drop(client);
    assert!(matches!(
        answer.await.expect("it does not panic"),
        Err(AckError::Disconnected)
    ));
    assert!(matches!(
        asking::<u32>(&socket).await.expect("it does not panic"),
        Err(AckError::Emit(EmitError::Disconnected))
    ));
}

#[tokio::test]
async fn a_question_to_a_socket_that_the_server_disconnects_is_an_error() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let answer = asking::<u32>(&socket);
    client.expect(r#"420["question",1]"#).await;
    socket.disconnect();
    assert!(matches!(
        answer.await.expect("it does not panic"),
        Err(AckError::Disconnected)
    ));
}

#[tokio::test(start_paused = true)]
async fn a_question_without_an_answer_times_out_and_a_late_answer_is_ignored() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (mut client, socket) = client_and_socket(&io, &host).await;
    let start = tokio::time::Instant::now();

    let answer = socket
        .timeout(Duration::from_secs(5))
        .emit_with_ack::<u32>("question", ())
        .await;
    assert!(matches!(answer, Err(AckError::Timeout)));
    assert!(
        start.elapsed() >= Duration::from_secs(5) && start.elapsed() < Duration::from_millis(5010)
    );
    client.expect(r#"420["question"]"#).await;
    client.send("430[1]").await;
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn the_servers_ack_timeout_holds_where_the_emit_says_nothing() {
    let io = Server::builder()
        .ack_timeout(Duration::from_secs(1))
        .build();
    let host = Host::memory(&io);
    let (_client, socket) = client_and_socket(&io, &host).await;

    let answer = socket.emit_with_ack::<u32>("question", ()).await;
    assert!(matches!(answer, Err(AckError::Timeout)));
}

#[tokio::test]
async fn a_second_answer_is_ignored() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let answer = asking::<u32>(&socket);
    client.expect(r#"420["question",1]"#).await;
    client.send("430[1]").await;
    client.send("430[2]").await;
    assert_eq!(
        answer
            .await
            .expect("it does not panic")
            .expect("it is answered"),
        1
    );
    client.expect_alive().await;
}

/// An answer of one client is never taken for another's.
#[tokio::test]
async fn an_answer_counts_for_the_client_that_was_asked_only() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;
    let mut stranger = host.joined().await;

    let answer = asking::<u32>(&socket);
    client.expect(r#"420["question",1]"#).await;
    stranger.send("430[666]").await;
    stranger.expect_alive().await;
    client.send("430[1]").await;
    assert_eq!(
        answer
            .await
            .expect("it does not panic")
            .expect("it is answered"),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_volatile_event_is_dropped_while_no_poll_waits() {
    let io = echo_server();
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);

    assert!(matches!(
        socket.volatile().try_emit("position", 1),
        Err(EmitError::Dropped)
    ));
    socket.emit("reliable", 2);
    client.expect(r#"42["reliable",2]"#).await;
    let getting = client.start_get();
    idle().await;
    socket.volatile().emit("position", 3);
    assert_eq!(getting.answer().await.text(), r#"42["position",3]"#);
}

#[tokio::test(start_paused = true)]
async fn a_volatile_event_leaves_over_an_idle_websocket_and_not_behind_another() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (mut client, socket) = client_and_socket(&io, &host).await;
    idle().await;

    assert!(socket.volatile().try_emit("position", 1).is_ok());
    assert!(matches!(
        socket.volatile().try_emit("position", 2),
        Err(EmitError::Dropped)
    ));
    client.expect(r#"42["position",1]"#).await;
    client.expect_alive().await;
}

/// 11, 26: all frames of a volatile binary event, or none.
#[tokio::test(start_paused = true)]
async fn a_volatile_binary_event_is_sent_whole_or_not_at_all() {
    let io = echo_server();
    let host = Host::memory(&io);
    let (mut client, socket) = client_and_socket(&io, &host).await;
    idle().await;

    socket.volatile().emit("bytes", Bytes::from_static(&[1]));
    socket.volatile().emit("bytes", Bytes::from_static(&[2]));
    client
        .expect(r#"451-["bytes",{"_placeholder":true,"num":0}]"#)
        .await;
    client.expect_binary(&[1]).await;
    client.expect_alive().await;
}

#[tokio::test]
async fn events_of_several_threads_reach_the_client_whole() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let (mut client, socket) = client_and_socket(&io, &host).await;

    let threads = ["a", "b"].map(|name| {
        let socket = socket.clone();
        std::thread::spawn(move || (0..100).for_each(|number| socket.emit(name, number)))
    });
    threads
        .into_iter()
        .for_each(|thread| thread.join().expect("emitting does not panic"));
    let mut received = Vec::new();
    for _ in 0..200 {
        received.push(client.next_text().await);
    }
    for name in ["a", "b"] {
        let of_thread = received
            .iter()
            .filter(|packet| packet.contains(name))
            .cloned();
        let expected: Vec<_> = (0..100)
            .map(|number| format!(r#"42["{name}",{number}]"#))
            .collect();
        assert_eq!(of_thread.collect::<Vec<_>>(), expected);
    }
}
