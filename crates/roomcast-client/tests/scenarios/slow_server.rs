//! A server that does not read what it is sent, or later.

use std::time::Duration;

use bytes::Bytes;
use roomcast_client::{Ack, EmitError, NotFlushed, Overflow, Refusal};

use crate::stub::StubServer;
use crate::support::{builder, notes, soon};

/// More than a few of these fill the buffers of the system.
const CHUNK: usize = 1 << 20;

fn chunk(number: u32) -> (u32, Bytes) {
    (number, Bytes::from(vec![7; CHUNK]))
}

/// Reads events of [`chunk`] until one ends the row.
async fn hear_chunks(server: &mut StubServer) -> Vec<u32> {
    let mut chunks = Vec::new();
    loop {
        let event = server.hear().await;
        if event == r#"42["end"]"# {
            return chunks;
        }
        let number = event.strip_prefix(r#"451-["chunk","#).expect("a chunk");
        let (number, _) = number.split_once(',').expect("more arguments");
        chunks.push(number.parse().expect("a number"));
        assert_eq!(server.hear().await, format!("{CHUNK} bytes"));
    }
}

#[tokio::test]
async fn events_beyond_the_outbox_are_refused_until_the_server_reads() {
    let (mut server, socket) = StubServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
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

    let reading = tokio::spawn(async move { hear_chunks(&mut server).await });
    soon(socket.flushed()).await.expect("it is connected");
    socket.emit("end", ());
    let read = soon(reading).await.expect("no panic");
    assert_eq!(read, (0..accepted).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_awaits_each_event_is_not_faster_than_the_server() {
    let (mut server, socket) = StubServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
    let sending = tokio::spawn(async move {
        for number in 0..40 {
            socket.emit_async("chunk", chunk(number)).await?;
        }
        socket.emit_async("end", ()).await
    });

    let read = soon(hear_chunks(&mut server)).await;
    assert_eq!(read, (0..40).collect::<Vec<_>>());
    assert_eq!(soon(sending).await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn a_wait_for_room_can_be_limited() {
    let (_server, socket) = StubServer::with_client(|builder| builder.max_outbox(CHUNK)).await;
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
    let (mut server, socket) = StubServer::with_client(|builder| {
        builder
            .max_outbox(2 * CHUNK + 1000)
            .when_full(Overflow::DropOldest)
    })
    .await;
    let (note, mut asked) = notes::<Ack>();
    socket.on("?", note);
    server.say(r#"427["?"]"#).await;
    let ack = asked.next().await;
    let count = 60;
    for number in 0..count / 2 {
        socket.emit("chunk", chunk(number));
    }
    ack.send("here");
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

#[tokio::test]
async fn who_disconnects_can_wait_until_all_has_left() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    for number in 0..30 {
        socket.emit("chunk", chunk(number));
    }
    socket.emit("end", ());
    socket.disconnect();
    let mut flushed = Box::pin(socket.flushed());
    assert!(futures_util::poll!(&mut flushed).is_pending());

    let reading = tokio::spawn(async move { hear_chunks(&mut server).await.len() });
    assert_eq!(soon(flushed).await, Ok(()));
    assert_eq!(soon(reading).await.expect("no panic"), 30);
}

#[tokio::test]
async fn what_is_lost_while_the_connection_closes_is_told() {
    let (server, socket) = StubServer::with_client(|builder| builder).await;
    for number in 0..30 {
        socket.emit("chunk", chunk(number));
    }
    socket.disconnect();
    let mut flushed = Box::pin(socket.flushed());
    assert!(futures_util::poll!(&mut flushed).is_pending());
    tokio::task::yield_now().await;
    drop(server);

    assert_eq!(soon(flushed).await, Err(NotFlushed));
}

#[tokio::test]
async fn a_server_that_reads_nothing_keeps_no_closing_connection_for_ever() {
    let (_server, socket) = StubServer::with_client(|builder| builder).await;
    for number in 0..30 {
        socket.emit("chunk", chunk(number));
    }
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    socket.disconnect();

    assert_eq!(socket.flushed().await, Err(NotFlushed));
    // On the paused clock.
    assert_eq!(start.elapsed().as_secs(), 30);
}
