//! Broadcasts over real connections, where a flusher writes for many sessions. Spec: features 2.22, N8.

use std::sync::atomic::{AtomicUsize, Ordering};

use roomcast::{Server, Socket};

use crate::support::{Frame, Host, answering, channel, reasons, runtime, socket};

/// Large enough to fill the buffers of a loopback connection many times.
const BIG: usize = 60_000;

/// Counts how often it is serialised.
struct Counted<'c>(&'c AtomicUsize);

impl serde::Serialize for Counted<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("once")
    }
}

#[tokio::test]
async fn a_broadcast_is_encoded_once_for_all_receivers_and_transports() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut polling = host.joined_polling().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(host.joined().await);
    }
    let count = AtomicUsize::new(0);

    io.emit("event", Counted(&count));
    assert_eq!(count.load(Ordering::Relaxed), 1);
    for client in &mut clients {
        client.expect(r#"42["event","once"]"#).await;
    }
    polling.expect(r#"42["event","once"]"#).await;
}

#[tokio::test]
async fn every_receiver_gets_every_event_in_order() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(host.joined().await);
    }

    for number in 0..50 {
        io.emit("tick", number);
        if number % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }

    for client in &mut clients {
        for number in 0..50 {
            client.expect(&format!(r#"42["tick",{number}]"#)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_two_threads_to_many_receivers_keep_the_order_of_each() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(host.joined().await);
    }

    let emit = |name: &'static str| {
        let io = io.clone();
        std::thread::spawn(move || (0..100).for_each(|number| io.emit(name, number)))
    };
    for thread in [emit("red"), emit("blue")] {
        thread.join().expect("emitting does not panic");
    }

    for client in &mut clients {
        let mut next = [("red", 0), ("blue", 0)];
        for _ in 0..200 {
            let text = client.next_text().await;
            let (_, number) = next
                .iter_mut()
                .find(|(name, number)| text == format!(r#"42["{name}",{number}]"#))
                .unwrap_or_else(|| panic!("{text} is out of order"));
            *number += 1;
        }
    }
}

#[tokio::test]
async fn a_client_that_reads_late_gets_everything_whole_and_in_order() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut late = host.joined().await;
    let mut prompt = host.joined().await;
    let text = "x".repeat(BIG);

    // More than the connection holds, less than the outbox does.
    for number in 0..200 {
        io.emit("big", (number, &text));
        prompt
            .expect(&format!(r#"42["big",{number},"{text}"]"#))
            .await;
    }
    assert!(
        io.sockets()
            .iter()
            .any(|socket| socket.conn().pending_bytes() > 0)
    );

    for number in 0..200 {
        late.expect(&format!(r#"42["big",{number},"{text}"]"#))
            .await;
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_its_neighbours_are_not() {
    let io = Server::builder()
        .max_outbox(1_000_000, roomcast::OutboxPolicy::Disconnect)
        .build();
    answering(&io);
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let _silent = host.joined().await;
    let mut prompt = host.joined().await;
    let text = "x".repeat(BIG);

    let mut count = 0;
    while io.sockets_count() == 2 {
        io.emit("big", &text);
        count += 1;
        prompt.expect(&format!(r#"42["big","{text}"]"#)).await;
        assert!(count < 10_000, "the outbox has no limit");
    }
    assert_eq!(reasons.next().await, "outbox full");
    prompt.expect_alive().await;
}

#[tokio::test]
async fn what_was_sent_before_a_close_leaves_before_the_close_frame() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let text = "x".repeat(BIG);

    for number in 0..100 {
        io.emit("big", (number, &text));
    }
    // The flusher is in the middle of it.
    tokio::task::yield_now().await;
    socket(&io, &id).disconnect_and_close();

    for number in 0..100 {
        client
            .expect(&format!(r#"42["big",{number},"{text}"]"#))
            .await;
    }
    client.expect("41").await;
    client.expect_closed().await;
}

#[tokio::test]
async fn pongs_come_between_the_frames_of_a_client_that_reads_late() {
    let io = Server::new();
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    let text = "x".repeat(BIG);
    for _ in 0..100 {
        io.emit("big", &text);
    }
    tokio::task::yield_now().await;

    client.send_frame(0x89, b"there?").await;

    let mut events = 0;
    let mut pongs = 0;
    while events < 100 || pongs == 0 {
        match client.next().await {
            Frame::Pong(payload) => {
                assert_eq!(payload, b"there?");
                pongs += 1;
            }
            frame => {
                assert_eq!(frame, Frame::Text(format!(r#"42["big","{text}"]"#)));
                events += 1;
            }
        }
    }
    assert_eq!((events, pongs), (100, 1));
}

#[tokio::test]
async fn a_client_that_closes_is_answered_and_its_connection_ends() {
    let io = Server::new();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send_frame(0x88, &[0x03, 0xe8]).await;

    client.expect_close(Some(1000)).await;
    assert_eq!(reasons.next().await, "transport close");
}

#[test]
fn clients_of_one_runtime_are_written_to_when_another_has_ended() {
    let io = Server::new();
    let (joined, mut connected) = channel();
    io.on_connect(move |socket: Socket| joined.tell(socket.id()));
    // The first session's runtime drives the flusher.
    let first = runtime();
    let early = first.block_on(async {
        let client = Host::tcp(&io).await.joined().await;
        connected.next().await;
        client
    });
    let second = runtime();
    let mut client = second.block_on(async { Host::tcp(&io).await.joined().await });
    drop(early);
    first.shutdown_background();

    second.block_on(async {
        for number in 0..10 {
            io.emit("still", number);
            client.expect(&format!(r#"42["still",{number}]"#)).await;
        }
    });
}
