//! A connection with as many waiting handlers as it may have. Spec: features N8.

use std::sync::Arc;

use roomcast::{Server, Socket};
use tokio::sync::Semaphore;

use crate::support::{
    Frame, Heard, Host, answering, channel, gate, idle, masked, pass, reasons, within,
};

/// A server with at most `limit` waiting handlers; those of `wait` tell their number and wait.
fn server(limit: usize) -> (Server, Arc<Semaphore>, Heard<u32>) {
    let io = Server::builder().max_waiting_handlers(limit).build();
    answering(&io);
    let gate = gate();
    let (teller, started) = channel();
    io.on("wait", {
        let gate = Arc::clone(&gate);
        async move |number: u32| {
            teller.tell(number);
            pass(&gate).await;
        }
    });
    (io, gate, started)
}

/// `ask` answers with what the client answers to `name`, or with the error.
fn asking(io: &Server) {
    io.on("ask", async |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("name", ()).await;
        answer.unwrap_or_else(|error| error.to_string())
    });
}

#[tokio::test(start_paused = true)]
async fn events_beyond_max_waiting_handlers_wait_until_one_has_ended() {
    let (io, gate, mut started) = server(2);
    let mut client = Host::memory(&io).joined().await;
    for number in 0..5 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
    }
    client.send(r#"421["alive"]"#).await;
    idle().await;
    assert_eq!(started.so_far(), [0, 1]);

    gate.add_permits(1);
    idle().await;
    assert_eq!(started.so_far(), [2]);
    gate.add_permits(4);
    client.expect(r#"431["yes"]"#).await;
    assert_eq!(started.so_far(), [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn the_packets_of_a_post_wait_too() {
    let (io, gate, mut started) = server(1);
    let client = Host::memory(&io).joined_polling().await;
    client
        .send("42[\"wait\",0]\x1e42[\"wait\",1]\x1e421[\"alive\"]")
        .await;
    idle().await;
    assert_eq!(started.so_far(), [0]);

    gate.add_permits(2);
    assert_eq!(client.get().await.text(), r#"431["yes"]"#);
    assert_eq!(started.so_far(), [1]);
}

#[tokio::test(start_paused = true)]
async fn the_only_handler_that_may_wait_gets_the_answer_of_its_own_socket() {
    let (io, _gate, _started) = server(1);
    asking(&io);
    let host = Host::memory(&io);

    let mut client = host.joined().await;
    client.send(r#"427["ask"]"#).await;
    client.send(r#"428["alive"]"#).await;
    client.expect(r#"420["name"]"#).await;
    client.send(r#"430["ada"]"#).await;
    client.expect(r#"437["ada"]"#).await;
    client.expect(r#"438["yes"]"#).await;

    let mut client = host.joined_polling().await;
    client.send("427[\"ask\"]\x1e428[\"alive\"]").await;
    client.expect(r#"421["name"]"#).await;
    client.send(r#"431["bob"]"#).await;
    client.expect(r#"437["bob"]"#).await;
    client.expect(r#"438["yes"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_handlers_wait_for_long_is_not_closed_by_the_heartbeat() {
    let (io, gate, mut started) = server(1);
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["wait",1]"#).await;

    for _ in 0..10 {
        client.expect("2").await;
        client.send("3").await;
    }
    assert_eq!(started.so_far(), [0]);
    gate.add_permits(2);
    client.expect_alive().await;
    assert_eq!(started.so_far(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_events_that_had_to_wait_keep_their_order() {
    let (io, gate, mut started) = server(1);
    let (teller, mut at_once) = channel();
    io.on("go", move |number: u32| teller.tell(number));
    let mut client = Host::memory(&io).joined().await;
    for number in 0..100 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
        client.send(&format!(r#"42["go",{number}]"#)).await;
    }

    for number in 0..100 {
        idle().await;
        assert_eq!(started.so_far(), [number]);
        assert_eq!(at_once.so_far(), Vec::from_iter(number.checked_sub(1)));
        gate.add_permits(1);
    }
    client.expect_alive().await;
    assert_eq!(at_once.so_far(), [99]);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_waits_behind_events_that_wait_and_a_connect_behind_it() {
    let (io, gate, mut started) = server(1);
    let mut reasons = reasons(&io);
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["wait",1]"#).await;
    client.send("41").await;
    client.send("40").await;
    client.send(r#"421["alive"]"#).await;
    idle().await;
    assert_eq!(started.so_far(), [0]);
    assert_eq!(reasons.so_far(), Vec::<String>::new());

    gate.add_permits(2);
    assert_eq!(reasons.next().await, "client namespace disconnect");
    assert_eq!(started.so_far(), [1]);
    assert!(client.next_text().await.starts_with(r#"40{"sid":"#));
    client.expect(r#"431["yes"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_ends_the_wait_for_an_answer_even_behind_events_that_wait() {
    let (io, _gate, _started) = server(1);
    io.on("hello", |socket: Socket| socket.emit("hello", ()));
    let (teller, mut heard) = channel();
    io.on("ask", async move |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("name", ()).await;
        teller.tell(answer.map_err(|error| error.to_string()));
    });
    let mut reasons = reasons(&io);
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["ask"]"#).await;
    client.expect(r#"420["name"]"#).await;

    client.send(r#"42["hello"]"#).await;
    client.send("41").await;
    let error = "the socket has been disconnected".to_owned();
    assert_eq!(heard.next().await, Err(error));
    client.expect(r#"42["hello"]"#).await;
    assert_eq!(reasons.next().await, "client namespace disconnect");
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_when_the_client_leaves_are_not_lost() {
    for farewell in ["41", "1"] {
        let (io, _gate, mut started) = server(1);
        let mut reasons = reasons(&io);
        let mut client = Host::memory(&io).joined().await;
        for number in 0..3 {
            client.send(&format!(r#"42["wait",{number}]"#)).await;
        }
        client.send(farewell).await;
        client.send_frame(0x88, &[]).await;

        let reason = reasons.next().await;
        let expected = match farewell {
            "41" => "client namespace disconnect",
            _ => "transport close",
        };
        assert_eq!(reason, expected);
        assert_eq!(started.so_far(), [0, 1, 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_wait_are_forgotten_when_the_server_closes_the_connection() {
    let (io, gate, mut started) = server(1);
    let mut reasons = reasons(&io);
    let mut client = Host::memory(&io).joined().await;
    for number in 0..3 {
        client.send(&format!(r#"42["wait",{number}]"#)).await;
    }
    idle().await;

    io.disconnect_sockets_and_close();
    assert_eq!(reasons.next().await, "server namespace disconnect");
    gate.add_permits(3);
    client.expect("41").await;
    client.expect_closed().await;
    assert_eq!(started.so_far(), [0]);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_packet_behind_events_that_wait_closes_after_them() {
    let (io, _gate, mut started) = server(1);
    let mut reasons = reasons(&io);
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["wait",0]"#).await;
    client.send(r#"42["wait",1]"#).await;
    client.send("42{}").await;

    assert_eq!(reasons.next().await, "forced close");
    assert_eq!(started.so_far(), [0, 1]);
}

/// Sends frames until the server reads no more for a while; gives how many bytes it took.
async fn flood(stream: &mut crate::support::Stream, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while taken < bytes.len() {
        tokio::select! {
            count = stream.write_some(&bytes[taken..]) => taken += count,
            () = idle() => break,
        }
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn a_client_is_read_no_more_when_a_megabyte_of_events_is_kept() {
    const MEGABYTE: usize = 1024 * 1024;
    const EVENT: usize = 100_000;
    let (io, gate, mut started) = server(1);
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["wait",0]"#).await;
    let blank = " ".repeat(EVENT);
    let events: Vec<u8> = (1..30)
        .flat_map(|number| masked(0x81, format!(r#"42["wait",{number},"{blank}"]"#).as_bytes()))
        .collect();

    let taken = flood(&mut client.stream, &events).await;
    // Beyond what is kept there is one event, and what was read or is on its way.
    let beyond = EVENT + 3 * 64 * 1024;
    assert!((MEGABYTE..MEGABYTE + beyond).contains(&taken), "{taken}");
    assert_eq!(started.so_far(), [0]);

    gate.add_permits(30);
    client.stream.write(&events[taken..]).await;
    client.expect_alive().await;
    assert_eq!(started.so_far(), Vec::from_iter(1..30));
}

#[tokio::test(start_paused = true)]
async fn many_small_events_are_kept_up_to_a_limit_too() {
    let (io, gate, mut started) = server(1);
    let mut client = Host::memory(&io).joined().await;
    let events = masked(0x81, br#"42["wait",7]"#).repeat(100_000);

    let taken = flood(&mut client.stream, &events).await;
    assert!(taken < events.len() / 2, "{taken}");
    assert_eq!(started.so_far(), [7]);

    gate.add_permits(100_000);
    client.stream.write(&events[taken..]).await;
    client.expect_alive().await;
    assert_eq!(started.so_far().len(), 99_999);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_connection_ends_a_wait_for_its_answer() {
    let (io, _gate, _started) = server(1);
    let (teller, mut heard) = channel();
    io.on("ask", async move |socket: Socket| {
        let answer = socket.emit_with_ack::<String>("name", ()).await;
        teller.tell(answer.map_err(|error| error.to_string()));
    });
    let mut client = Host::memory(&io).joined().await;
    client.send(r#"42["ask"]"#).await;
    client.send(r#"42["alive"]"#).await;
    client.expect(r#"420["name"]"#).await;

    client.send_frame(0x88, &[]).await;
    assert_eq!(
        within("the close frame", client.next()).await,
        Frame::Close(None)
    );
    let error = "the socket has been disconnected".to_owned();
    assert_eq!(heard.next().await, Err(error));
}
