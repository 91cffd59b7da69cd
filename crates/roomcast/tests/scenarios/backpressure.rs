//! Clients that read too slowly, or never. Spec: features N8, as far as it is a limit.

use roomcast::{OutboxPolicy, Server, Socket};

use crate::support::{Frame, Host, answering, idle, reasons, socket};

const LIMIT: usize = 100_000;

fn server(policy: OutboxPolicy) -> Server {
    let io = Server::builder().max_outbox(LIMIT, policy).build();
    answering(&io);
    io
}

/// Emits to a client that does not read until its outbox is over the limit; gives the number of
/// events that were taken.
async fn fill(socket: &Socket) -> u32 {
    let text = "x".repeat(1000);
    for number in 0..10_000 {
        if socket.try_emit("fill", (number, &text)).is_err() {
            return number;
        }
        idle().await;
    }
    panic!("the outbox has no limit");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_closed_with_outbox_full() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut neighbour = host.joined().await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);

    fill(&socket).await;
    assert_eq!(reasons.next().await, "outbox full");
    neighbour.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_polls_is_closed_with_outbox_full() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);

    let taken = fill(&socket).await;
    assert_eq!(reasons.next().await, "outbox full");
    assert!(
        (90..=110).contains(&taken),
        "{taken} events of about 1000 bytes were taken"
    );
    client.expect_gone().await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_closes_the_slow_receiver_only() {
    let io = server(OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let host = Host::memory(&io);
    let mut reader = host.joined().await;
    let _slow = host.joined_polling().await;
    let text = "x".repeat(1000);

    for number in 0..200 {
        io.emit("all", (number, &text));
        assert!(
            reader
                .next_text()
                .await
                .starts_with(&format!(r#"42["all",{number},"#))
        );
    }
    assert_eq!(reasons.so_far(), ["outbox full"]);
    reader.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn drop_newest_leaves_events_out_and_keeps_the_client() {
    let io = server(OutboxPolicy::DropNewest);
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let taken = fill(&socket).await;
    assert!(socket.try_emit("dropped", ()).is_err());

    for number in 0..taken {
        assert!(
            client
                .next_text()
                .await
                .starts_with(&format!(r#"42["fill",{number},"#))
        );
    }
    idle().await;
    socket.emit("again", ());
    client.expect(r#"42["again"]"#).await;
}

/// The limit is checked before a message is queued: one that is larger than the limit still leaves.
#[tokio::test(start_paused = true)]
async fn one_message_larger_than_the_limit_leaves() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let large = "x".repeat(3 * LIMIT);

    socket(&io, &id).emit("large", &large);
    assert_eq!(
        client.next().await,
        Frame::Text(format!(r#"42["large","{large}"]"#))
    );
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn pending_bytes_rise_and_fall_with_the_outbox() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);

    socket.emit("event", "x".repeat(1000));
    assert!(socket.conn().pending_bytes() >= 1000);
    client.next().await;
    idle().await;
    assert_eq!(socket.conn().pending_bytes(), 0);
}

/// A ping of the session itself is sent whatever the outbox holds.
#[tokio::test]
async fn a_flood_of_websocket_pings_costs_no_memory_beyond_the_limit() {
    let io = server(OutboxPolicy::Disconnect);
    let host = Host::tcp(&io).await;
    let mut neighbour = host.joined().await;
    let mut client = host.joined().await;
    let pings = crate::support::masked(0x89, &[0; 125]).repeat(1000);

    // The client never reads its pongs: sooner or later the server stops reading, or hangs up.
    let flood = async {
        for _ in 0..1000 {
            if !client.stream.try_write(&pings).await {
                break;
            }
        }
    };
    // Whether the server hangs up or stops reading, memory stays bounded and others are served.
    tokio::select! {
        () = flood => {}
        () = neighbour.expect_alive() => {}
    }
    neighbour.expect_alive().await;
}
