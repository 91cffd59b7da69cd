//! What is emitted while there is no connection.

use roomcast::Server;
use roomcast_client::{AckError, BufferLimits, DisconnectReason, EmitError, NotFlushed, Socket};

use crate::support::{Asks, builder, connections, notes, serve, soon};

/// A server that notes the events of its clients.
fn noting() -> (Server, crate::support::Notes<String>) {
    let io = Server::new();
    let (note, noted) = notes();
    io.on_any(move |event: String| note(event));
    (io, noted)
}

#[tokio::test]
async fn a_volatile_event_between_a_lost_connection_and_the_next_attempt_is_dropped() {
    let (io, mut noted) = noting();
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let mut connected = connections(&socket);
    socket.on_disconnect(|socket: Socket, reason: DisconnectReason| {
        assert_eq!(reason, DisconnectReason::TransportClose);
        socket.volatile().emit("volatile", ());
        socket.emit("kept", ());
    });
    socket.connect();
    connected.next().await;
    socket.manager().drop_connection();
    connected.next().await;
    socket.emit("end", ());

    assert_eq!(noted.next().await, "kept");
    assert_eq!(noted.next().await, "end");
}

#[tokio::test]
async fn events_wait_in_order_and_flushed_tells_when_they_have_left() {
    let (io, mut noted) = noting();
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    for event in ["one", "two", "three"] {
        socket.emit(event, ());
    }
    assert_eq!(soon(socket.flushed()).await, Err(NotFlushed));
    socket.connect();
    assert_eq!(soon(socket.flushed()).await, Ok(()));
    for event in ["one", "two", "three"] {
        assert_eq!(noted.next().await, event);
    }
}

/// A socket that holds so many packets until there is a connection.
fn holding(max_packets: usize) -> Socket {
    let limits = BufferLimits {
        max_packets,
        max_bytes: 1000,
    };
    let builder = builder("http://127.0.0.1:9").send_buffer(limits);
    builder.build().expect("a plain URL")
}

#[tokio::test]
async fn what_is_beyond_the_send_buffer_is_refused() {
    let socket = holding(2);
    assert_eq!(socket.try_emit("a", ()), Ok(()));
    assert_eq!(socket.try_emit("b", ()), Ok(()));
    let refused = roomcast_client::Refusal::BufferFull {
        packets: 2,
        bytes: 10,
    };
    assert_eq!(socket.try_emit("c", ()), Err(EmitError::Refused(refused)));
}

#[tokio::test]
async fn a_volatile_question_without_a_connection_fails_at_once() {
    let socket = builder("http://127.0.0.1:9").build().expect("a plain URL");
    let answer = socket.volatile().emit_with_ack::<()>("q", ());
    assert_eq!(soon(answer).await, Err(AckError::Dropped));
}

#[tokio::test]
async fn what_a_refused_callback_has_captured_may_use_the_socket_as_it_is_dropped() {
    let socket = holding(0);
    let (asks, mut dropped) = Asks::new(&socket);
    let refused = socket.emit_with_callback("a", (), move |_| drop(asks));

    assert!(matches!(refused, Err(EmitError::Refused(_))));
    assert!(!dropped.next().await);
}
