//! What a full outbox does with events: for all clients, for one, and for one event. Spec: features N8, 1.53.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use roomcast::engine::OutboxCounts;
use roomcast::recovery::Recovery;
use roomcast::{EmitError, OutboxPolicy, Server, Socket};

use crate::support::{
    Frame, Heard, Host, Polling, answering, channel, gate, idle, packets, pass, reasons, socket,
};

/// A client that polls once for each answer, and its socket: what is emitted between two polls waits.
async fn waiting_client(io: &Server) -> (Polling, Socket) {
    let mut client = Host::memory(io).polling().await;
    let id = client.join("/").await;
    idle().await;
    let socket = socket(io, &id);
    (client, socket)
}

/// A server whose outboxes hold this many events.
fn of_packets(count: u32, policy: OutboxPolicy) -> Server {
    let io = Server::builder()
        .max_outbox(1_000_000, policy)
        .max_outbox_packets(count)
        .build();
    answering(&io);
    io
}

/// Everything that waits for the client.
async fn all(client: &Polling) -> Vec<String> {
    packets(&client.get().await)
}

fn counts(io: &Server) -> (u64, u64, u64, u64) {
    let OutboxCounts {
        dropped,
        coalesced,
        refused,
        disconnected,
        ..
    } = io.engine().outbox_counts();
    (dropped, coalesced, refused, disconnected)
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_keeps_the_newest_events_within_the_number_of_packets() {
    let io = of_packets(3, OutboxPolicy::DropOldest);
    let (client, socket) = waiting_client(&io).await;

    for number in 0..10 {
        assert_eq!(socket.try_emit("tick", number), Ok(()));
    }

    assert_eq!(socket.conn().pending_packets(), 3);
    assert_eq!(
        all(&client).await,
        [r#"42["tick",7]"#, r#"42["tick",8]"#, r#"42["tick",9]"#]
    );
    assert_eq!(counts(&io), (7, 0, 0, 0));
    assert_eq!(socket.conn().pending_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_keeps_the_newest_events_within_the_number_of_bytes() {
    let io = Server::builder()
        .max_outbox(3000, OutboxPolicy::DropOldest)
        .build();
    let (client, socket) = waiting_client(&io).await;
    let text = "x".repeat(990);

    for number in 0..100 {
        socket.emit("fill", (number, &text));
        // One event may be larger than what is left of the limit.
        assert!(socket.conn().pending_bytes() <= 3000 + 1020);
    }

    let kept = all(&client).await;
    assert_eq!(kept.len(), 3);
    for (packet, number) in kept.iter().zip(97..) {
        assert_eq!(*packet, format!(r#"42["fill",{number},"{text}"]"#));
    }
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_drops_an_event_with_all_of_its_attachments() {
    let io = of_packets(2, OutboxPolicy::DropOldest);
    let (client, socket) = waiting_client(&io).await;
    let file = |byte: u8| (Bytes::from(vec![byte; 3]), Bytes::from(vec![byte; 3]));

    for number in 1..=4 {
        socket.emit("file", file(number));
    }

    let placeholders = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    let header = format!(r#"452-["file",{placeholders}]"#);
    assert_eq!(
        all(&client).await,
        [&header, "bAwMD", "bAwMD", &header, "bBAQE", "bBAQE"]
    );
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_never_drops_acknowledgements_nor_the_protocols_own_packets() {
    let io = of_packets(2, OutboxPolicy::DropOldest);
    io.of("/other");
    let (client, socket) = waiting_client(&io).await;
    socket.emit("first", ());
    client.send("421[\"alive\"]\x1e40/other,").await;
    for number in 0..5 {
        socket.emit("tick", number);
    }
    client.send(r#"422["alive"]"#).await;
    idle().await;

    let kept = all(&client).await;
    assert_eq!(kept[0], r#"431["yes"]"#);
    assert!(kept[1].starts_with("40/other,"), "{kept:?}");
    assert_eq!(kept[2..], [r#"42["tick",4]"#, r#"432["yes"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_no_acknowledgement_is_disconnected_under_every_policy() {
    for policy in [
        OutboxPolicy::DropOldest,
        OutboxPolicy::DropNewest,
        OutboxPolicy::Error,
    ] {
        let io = Server::builder().max_outbox(10_000, policy).build();
        io.on("large", || "x".repeat(1000));
        let mut reasons = reasons(&io);
        let (client, socket) = waiting_client(&io).await;

        let mut asked = 0;
        while socket.is_connected() {
            client.post(r#"421["large"]"#).await;
            idle().await;
            asked += 1;
            assert!(asked < 100, "acknowledgements have no limit");
        }
        assert_eq!(reasons.next().await, "outbox full");
        // The limit, and as much again.
        assert_eq!(asked, 20, "{policy:?}");
    }
}

/// The kernel's buffers fill first; what they do not take stays in the server, in reach.
#[tokio::test]
async fn a_websocket_that_blocks_gets_the_newest_events_when_it_reads_again() {
    const LIMIT: usize = 1_000_000;
    let io = Server::builder()
        .max_outbox(LIMIT, OutboxPolicy::DropOldest)
        .build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    let text = "x".repeat(10_000);

    let mut last = 0;
    while counts(&io).0 < 500 {
        socket.emit("big", (last, &text));
        last += 1;
        assert!(socket.conn().pending_bytes() <= 3 * LIMIT);
        if last % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }

    let mut seen = Vec::new();
    while seen.last() != Some(&(last - 1)) {
        let packet = client.next_text().await;
        let number = packet
            .strip_prefix(r#"42["big","#)
            .and_then(|rest| rest.strip_suffix(&format!(r#","{text}"]"#)))
            .expect("events are whole");
        seen.push(number.parse::<u64>().expect("it is a number"));
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.len() as u64 + counts(&io).0, last);
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn the_policy_error_tells_the_emitter_and_keeps_what_waits() {
    let io = of_packets(2, OutboxPolicy::Error);
    let (client, socket) = waiting_client(&io).await;

    assert_eq!(socket.try_emit("tick", 0), Ok(()));
    assert_eq!(socket.try_emit("tick", 1), Ok(()));
    assert_eq!(socket.try_emit("tick", 2), Err(EmitError::Full));
    socket.emit("tick", 3);
    assert_eq!(EmitError::Full.to_string(), "the outbox is full");

    assert_eq!(all(&client).await, [r#"42["tick",0]"#, r#"42["tick",1]"#]);
    assert_eq!(socket.try_emit("tick", 4), Ok(()));
    assert_eq!(counts(&io), (0, 0, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_with_the_policy_error_says_that_a_receiver_missed_it() {
    let io = of_packets(1, OutboxPolicy::Error);
    let host = Host::memory(&io);
    let mut reader = host.joined().await;
    let (slow, _) = waiting_client(&io).await;

    assert_eq!(io.try_emit("tick", 0), Ok(()));
    reader.expect(r#"42["tick",0]"#).await;
    idle().await;
    assert_eq!(io.try_emit("tick", 1), Err(EmitError::Full));

    reader.expect(r#"42["tick",1]"#).await;
    assert_eq!(all(&slow).await, [r#"42["tick",0]"#]);
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_one_event_stands_above_the_policy_of_its_client() {
    let io = of_packets(2, OutboxPolicy::Disconnect);
    let (client, socket) = waiting_client(&io).await;
    socket.emit("tick", 0);
    socket.emit("tick", 1);

    let newest = socket.when_full(OutboxPolicy::DropNewest);
    assert_eq!(newest.try_emit("tick", 2), Err(EmitError::Dropped));
    let refused = socket.when_full(OutboxPolicy::Error);
    assert_eq!(refused.try_emit("tick", 3), Err(EmitError::Full));
    let oldest = socket.when_full(OutboxPolicy::DropOldest);
    assert_eq!(oldest.try_emit("tick", 4), Ok(()));
    io.when_full(OutboxPolicy::DropOldest).emit("tick", 5);

    assert_eq!(all(&client).await, [r#"42["tick",4]"#, r#"42["tick",5]"#]);
    assert!(socket.is_connected());
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_one_client_stands_above_that_of_the_server() {
    let io = of_packets(2, OutboxPolicy::Disconnect);
    let mut reasons = reasons(&io);
    let (client, socket) = waiting_client(&io).await;
    let (_other, other) = waiting_client(&io).await;
    let conn = socket.conn();
    conn.set_max_outbox(1_000_000, OutboxPolicy::DropNewest);
    conn.set_max_outbox_packets(4);

    for number in 0..6 {
        io.emit("tick", number);
    }

    assert_eq!(reasons.next().await, "outbox full");
    assert!(other.is_disconnected());
    let last = r#"42["tick",3]"#;
    assert_eq!(all(&client).await.last().map(String::as_str), Some(last));
    assert_eq!(counts(&io), (2, 0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_with_a_key_takes_the_place_of_the_one_that_waits() {
    let io = Server::new();
    let (client, socket) = waiting_client(&io).await;

    socket.coalesce("EUR").emit("price", ("EUR", 1));
    socket.emit("news", "rain");
    socket.coalesce("USD").emit("price", ("USD", 1));
    io.coalesce("EUR").emit("price", ("EUR", 2));
    socket.coalesce("EUR").emit("price", ("EUR", 3));

    assert_eq!(socket.conn().pending_packets(), 3);
    assert_eq!(
        all(&client).await,
        [
            r#"42["price","EUR",3]"#,
            r#"42["news","rain"]"#,
            r#"42["price","USD",1]"#,
        ]
    );
    assert_eq!(counts(&io), (0, 2, 0, 0));

    // What has left is not replaced.
    socket.coalesce("EUR").emit("price", ("EUR", 4));
    assert_eq!(all(&client).await, [r#"42["price","EUR",4]"#]);
    assert_eq!(socket.conn().pending_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_with_a_key_replaces_attachments_too() {
    let io = Server::new();
    let (client, socket) = waiting_client(&io).await;
    let frame = |byte: u8| Bytes::from(vec![byte; 3]);

    socket.coalesce("frame").emit("frame", frame(1));
    socket.coalesce("other").emit("other", 1);
    socket.coalesce("frame").emit("frame", (frame(2), frame(3)));
    socket.coalesce("other").emit("other", 2);
    socket.coalesce("frame").emit("frame", "none");
    socket.coalesce("other").emit("other", 3);

    assert_eq!(
        all(&client).await,
        [r#"42["frame","none"]"#, r#"42["other",3]"#]
    );
    assert_eq!(socket.conn().pending_bytes(), 0);
}

/// What an outbox of 10,000 bytes holds after three keys were renewed by 6,000 bytes each: the third
/// would begin beyond the limit.
#[tokio::test(start_paused = true)]
async fn an_event_with_a_key_that_grows_beyond_the_limit_meets_the_policy() {
    let long = "x".repeat(6_000);
    let long_of = |key: &str| format!(r#"42["value","{key}","{long}"]"#);
    let kept = r#"42["value","c",1]"#.to_owned();
    for (policy, result, waits, counted) in [
        (
            OutboxPolicy::DropNewest,
            Err(EmitError::Dropped),
            vec![long_of("a"), long_of("b"), kept.clone()],
            (1, 2, 0, 0),
        ),
        (
            OutboxPolicy::Error,
            Err(EmitError::Full),
            vec![long_of("a"), long_of("b"), kept],
            (0, 2, 1, 0),
        ),
        (
            OutboxPolicy::DropOldest,
            Ok(()),
            vec![long_of("b"), long_of("c")],
            (1, 3, 0, 0),
        ),
        (
            OutboxPolicy::Disconnect,
            Err(EmitError::Disconnected),
            vec![],
            (0, 2, 0, 1),
        ),
    ] {
        let io = Server::builder().max_outbox(10_000, policy).build();
        let (client, socket) = waiting_client(&io).await;
        for key in ["a", "b", "c"] {
            socket.coalesce(key).emit("value", (key, 1));
        }

        let renew = |key: &str| socket.coalesce(key).try_emit("value", (key, &long));
        assert_eq!([renew("a"), renew("b")], [Ok(()), Ok(())]);
        assert_eq!(renew("c"), result);
        assert_eq!(counts(&io), counted);
        if policy != OutboxPolicy::Disconnect {
            assert_eq!(all(&client).await, waits);
            assert_eq!(socket.conn().pending_bytes(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_with_a_key_that_shrinks_is_within_every_limit() {
    let io = Server::builder()
        .max_outbox(100, OutboxPolicy::Disconnect)
        .build();
    let (client, socket) = waiting_client(&io).await;
    socket.emit("fill", "x".repeat(50));
    socket.coalesce("key").emit("value", "x".repeat(200));

    assert_eq!(socket.coalesce("key").try_emit("value", 1), Ok(()));
    assert_eq!(all(&client).await[1], r#"42["value",1]"#);
    assert_eq!(socket.conn().pending_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_volatile_event_waits_for_no_room() {
    let recovering = Server::builder()
        .connection_state_recovery(Recovery::new())
        .max_outbox_packets(2)
        .build();
    for io in [of_packets(2, OutboxPolicy::Disconnect), recovering] {
        let mut client = Host::memory(&io).polling().await;
        client.send("40").await;
        client.next().await;
        idle().await;
        let socket = io.sockets().remove(0);
        socket.emit("fill", ());

        let sent = socket.volatile().emit_async("tick", 1).now_or_never();
        assert_eq!(sent, Some(Err(EmitError::Dropped)));
        let sent = io.volatile().emit_async("tick", 1).now_or_never();
        let delivery = sent.expect("nobody is waited for");
        let delivery = delivery.expect("the event can be sent");
        assert_eq!((delivery.queued, delivery.late), (0, vec![socket.id()]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_of_one_namespace_means_nothing_in_another() {
    let io = Server::new();
    io.of("/other");
    let mut client = Host::memory(&io).polling().await;
    client.join("/").await;
    client.join("/other").await;
    idle().await;

    io.coalesce("key").emit("here", 1);
    io.of("/other").coalesce("key").emit("there", 1);
    io.coalesce("key").emit("here", 2);

    assert_eq!(
        all(&client).await,
        [r#"42["here",2]"#, r#"42/other,["there",1]"#]
    );
}

#[tokio::test(start_paused = true)]
async fn dropping_and_replacing_thousands_of_events_loses_none_of_the_others() {
    let io = of_packets(500, OutboxPolicy::DropOldest);
    let (client, socket) = waiting_client(&io).await;
    let keys: Vec<_> = (0..100).map(|key| format!("key {key}")).collect();

    for round in 0..20 {
        for (number, key) in keys.iter().enumerate() {
            socket.coalesce(key).emit("value", (number, round));
            socket.emit("plain", (number, round));
        }
    }

    // A value is renewed where it stands, so it grows old as if it were not.
    let kept = all(&client).await;
    assert_eq!(kept.len(), 500);
    let values = kept.iter().filter(|packet| packet.contains("value"));
    let mut latest = vec![None; 100];
    for value in values {
        let (number, round) = value
            .strip_prefix(r#"42["value","#)
            .and_then(|rest| rest.strip_suffix("]")?.split_once(','))
            .expect("events are whole");
        assert_eq!(round, "19", "{value} is not the latest");
        let number: usize = number.parse().expect("it is a number");
        assert_eq!(latest[number].replace(round), None, "{value} twice");
    }
    let plain: Vec<_> = kept
        .iter()
        .filter(|packet| packet.contains("plain"))
        .collect();
    let first = 2000 - plain.len();
    let expected = (first..2000).map(|at| format!(r#"42["plain",{},{}]"#, at % 100, at / 100));
    assert!(plain.into_iter().eq(&expected.collect::<Vec<_>>()));
    assert_eq!(socket.conn().pending_bytes(), 0);
    let (dropped, coalesced, ..) = counts(&io);
    assert_eq!(dropped + coalesced + 500, 4000);
}

#[tokio::test(start_paused = true)]
async fn emit_async_fills_half_of_the_outbox_and_waits_until_a_quarter_is_taken() {
    let io = of_packets(4, OutboxPolicy::Disconnect);
    let (client, socket) = waiting_client(&io).await;
    let (teller, mut told) = channel();
    let emitter = socket.clone();
    tokio::spawn(async move {
        for number in 0..6 {
            let result = emitter.emit_async("tick", number).await;
            teller.tell((number, result));
        }
    });
    idle().await;

    for first in [0, 2, 4] {
        assert_eq!(told.so_far(), [(first, Ok(())), (first + 1, Ok(()))]);
        let expected = [first, first + 1].map(|number| format!(r#"42["tick",{number}]"#));
        assert_eq!(all(&client).await, expected);
        idle().await;
    }
    assert!(socket.is_connected());
}

#[tokio::test(start_paused = true)]
async fn emit_async_gives_up_when_the_client_is_gone() {
    let io = of_packets(1, OutboxPolicy::Disconnect);
    let (client, socket) = waiting_client(&io).await;
    let waiting = |number: u32| {
        let socket = socket.clone();
        let (teller, told) = channel();
        tokio::spawn(async move { teller.tell(socket.emit_async("tick", number).await) });
        told
    };
    socket.emit("tick", 0);
    let mut first = waiting(1);
    idle().await;
    assert_eq!(first.so_far(), []);

    // The client leaves the namespace; its connection stays.
    client.send("41").await;
    assert_eq!(first.next().await, Err(EmitError::Disconnected));
    let mut late = waiting(2);
    assert_eq!(late.next().await, Err(EmitError::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn emit_async_gives_up_when_the_connection_ends() {
    let io = of_packets(1, OutboxPolicy::Disconnect);
    let (client, socket) = waiting_client(&io).await;
    socket.emit("tick", 0);
    let (teller, mut told) = channel();
    tokio::spawn(async move { teller.tell(socket.emit_async("tick", 1).await) });
    idle().await;

    client.send("1").await;
    assert_eq!(told.next().await, Err(EmitError::Disconnected));
}

#[tokio::test(start_paused = true)]
async fn emit_async_with_a_timeout_says_that_there_was_no_room() {
    let io = of_packets(1, OutboxPolicy::Disconnect);
    let (client, socket) = waiting_client(&io).await;
    socket.emit("tick", 0);

    let patient = socket.timeout(Duration::from_secs(2));
    assert_eq!(patient.emit_async("tick", 1).await, Err(EmitError::Full));
    assert_eq!(all(&client).await, [r#"42["tick",0]"#]);
}

/// The session goes on reading and writing while its handler waits, however few handlers may.
#[tokio::test(start_paused = true)]
async fn emit_async_in_a_handler_of_the_same_socket_does_not_hold_itself_up() {
    let io = Server::builder()
        .max_outbox_packets(2)
        .max_waiting_handlers(1)
        .build();
    io.on("download", async |socket: Socket, count: u32| {
        for number in 0..count {
            if socket.emit_async("part", number).await.is_err() {
                return "gone";
            }
        }
        "done"
    });
    let host = Host::memory(&io);
    let mut client = host.polling().await;
    client.join("/").await;

    client.send(r#"427["download",50]"#).await;
    for number in 0..50 {
        client.expect(&format!(r#"42["part",{number}]"#)).await;
    }
    client.expect(r#"437["done"]"#).await;
}

#[tokio::test]
async fn emit_async_sends_as_fast_as_a_websocket_reads() {
    const LIMIT: usize = 400_000;
    let io = Server::builder()
        .max_outbox(LIMIT, OutboxPolicy::Disconnect)
        .build();
    io.on("download", async |socket: Socket, count: u32| {
        let text = "x".repeat(10_000);
        let mut most = 0;
        for number in 0..count {
            if socket.emit_async("part", (number, &text)).await.is_err() {
                return None;
            }
            most = most.max(socket.conn().pending_bytes());
        }
        Some(most <= LIMIT / 2 + 10_100)
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"427["download",2000]"#).await;
    let text = "x".repeat(10_000);
    for number in 0..2000 {
        client
            .expect(&format!(r#"42["part",{number},"{text}"]"#))
            .await;
    }
    assert_eq!(client.next().await, Frame::Text("437[true]".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_awaited_broadcast_says_who_has_it_who_is_gone_and_who_is_late() {
    let io = of_packets(1, OutboxPolicy::Disconnect);
    let host = Host::memory(&io);
    let mut reader = host.joined().await;
    let (reading, _) = waiting_client(&io).await;
    let (leaving, leaver) = waiting_client(&io).await;
    let (_late, sleeper) = waiting_client(&io).await;
    io.emit("fill", ());
    reader.expect(r#"42["fill"]"#).await;
    idle().await;

    let opening = gate();
    let passage = std::sync::Arc::clone(&opening);
    let (teller, mut told) = channel();
    let server = io.clone();
    tokio::spawn(async move {
        let sending = server.timeout(Duration::from_secs(5));
        let sending = sending.emit_async("tick", 1);
        pass(&passage).await;
        teller.tell(sending.await);
    });
    opening.add_permits(1);
    reader.expect(r#"42["tick",1]"#).await;
    assert_eq!(all(&reading).await, [r#"42["fill"]"#]);
    assert_eq!(all(&reading).await, [r#"42["tick",1]"#]);
    leaving.send("41").await;

    let delivery = told.next().await.expect("the event can be sent");
    assert_eq!(delivery.queued, 2);
    assert_eq!(delivery.gone, [leaver.id()]);
    assert_eq!(delivery.late, [sleeper.id()]);
    assert!(!delivery.is_complete());
}

#[tokio::test(start_paused = true)]
async fn a_slow_socket_costs_its_neighbours_nothing() {
    let io = of_packets(2, OutboxPolicy::DropOldest);
    let host = Host::memory(&io);
    let mut reader = host.joined().await;
    let (slow, _) = waiting_client(&io).await;
    let mut heard: Heard<String> = reasons(&io);

    for number in 0..10 {
        io.emit("tick", number);
        reader.expect(&format!(r#"42["tick",{number}]"#)).await;
        idle().await;
    }

    assert_eq!(all(&slow).await, [r#"42["tick",8]"#, r#"42["tick",9]"#]);
    assert_eq!(heard.so_far(), Vec::<String>::new());
}
