//! Events at the pace of their receivers, where what clients miss is kept. Spec: features N6, N8.

use std::sync::Barrier;
use std::time::Duration;

use futures_util::FutureExt as _;
use roomcast::recovery::Recovery;
use roomcast::{EmitError, OutboxPolicy, Server, ServerBuilder, Socket};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::support::{Host, Polling, Session, idle, socket};

/// A server whose outboxes hold this many events.
fn of_packets(count: u32, policy: OutboxPolicy, recovery: Recovery) -> ServerBuilder {
    Server::builder()
        .connection_state_recovery(recovery)
        .max_outbox(1_000_000, policy)
        .max_outbox_packets(count)
}

/// A client that polls once for each answer, and its socket.
async fn polling_client(io: &Server, host: &Host) -> (Polling, Socket) {
    let mut client = host.polling().await;
    client.send("40").await;
    let session = Session::connected(&client.next().await);
    let socket = socket(io, &session.id);
    (client, socket)
}

#[tokio::test(start_paused = true)]
async fn one_client_that_reads_nothing_holds_an_awaited_broadcast_up_for_a_limited_time() {
    for (ack_timeout, timeout, waited) in [
        (None, None, 10),
        (Some(4), None, 4),
        (Some(4), Some(2), 2),
        (None, Some(15), 15),
    ] {
        let builder = of_packets(2, OutboxPolicy::Error, Recovery::new());
        let io = match ack_timeout {
            Some(seconds) => builder.ack_timeout(Duration::from_secs(seconds)).build(),
            None => builder.build(),
        };
        let host = Host::memory(&io);
        let mut reader = host.websocket().await;
        Session::begin(&mut reader).await;
        let (_slow, sleeper) = polling_client(&io, &host).await;
        idle().await;
        sleeper.emit("fill", 1);
        sleeper.emit("fill", 2);
        let everyone = match timeout {
            Some(seconds) => io.timeout(Duration::from_secs(seconds)),
            None => io.except("nobody"),
        };
        let start = Instant::now();

        let delivery = everyone.emit_async("tick", 1).await.expect("it is sent");

        assert_eq!(delivery.late, [sleeper.id()]);
        assert_eq!(delivery.queued, 1);
        assert_eq!(start.elapsed(), Duration::from_secs(waited));
        assert!(reader.next_text().await.starts_with(r#"42["tick",1,"#));
    }
}

#[tokio::test(start_paused = true)]
async fn an_awaited_event_waits_no_longer_than_its_socket_lives() {
    let io = of_packets(1, OutboxPolicy::Disconnect, Recovery::new()).build();
    let host = Host::memory(&io);
    let (client, socket) = polling_client(&io, &host).await;
    idle().await;
    socket.emit("tick", 0);
    let mut single = std::pin::pin!(socket.emit_async("tick", 1));
    assert_eq!(single.as_mut().now_or_never(), None);
    let mut all = std::pin::pin!(io.emit_async("tick", 2));
    assert_eq!(all.as_mut().now_or_never(), None);
    let start = Instant::now();

    // The client leaves the namespace; its connection stays, and its outbox is full.
    client.send("41").await;

    assert_eq!(single.await, Err(EmitError::Disconnected));
    assert_eq!(all.await.map(|delivery| delivery.queued), Ok(0));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn of_many_threads_that_emit_at_once_no_more_go_on_than_half_of_the_outbox_holds() {
    let io = of_packets(8, OutboxPolicy::Disconnect, Recovery::new()).build();
    let host = Host::tcp(&io).await;
    let (_client, socket) = polling_client(&io, &host).await;
    let (runtime, barrier) = (Handle::current(), Barrier::new(32));
    // It takes a while to be encoded.
    let text = "x".repeat(100_000);

    let emit = || {
        let _guard = runtime.enter();
        barrier.wait();
        socket.emit_async("text", &text).now_or_never()
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(emit)).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results
            .map(|result| result.expect("it does not panic"))
            .collect()
    });

    let sent = results.iter().flatten().count();
    assert_eq!((sent, socket.conn().pending_packets()), (4, 4));
}

#[cfg(feature = "redb")]
mod on_disk {
    use std::sync::mpsc;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Wake};

    use futures_util::future::join_all;
    use roomcast::cluster::Hub;
    use roomcast::recovery::RedbLog;

    use super::*;
    use crate::support::{channel, packets, together, within};

    /// The thread that writes the log waits, until this is dropped.
    struct Held(#[expect(dead_code, reason = "its end is the sign")] mpsc::Sender<()>);

    /// Whoever wakes this waits.
    struct Stop {
        reached: mpsc::Sender<()>,
        open: Mutex<mpsc::Receiver<()>>,
    }

    impl Wake for Stop {
        fn wake(self: Arc<Self>) {
            // An error says that nobody waits for this any more.
            let _ = self.reached.send(());
            let _ = self.open.lock().expect("nobody panics here").recv();
        }
    }

    fn hold_log(io: &Server) -> Held {
        loop {
            let ((reached, is_reached), (opener, open)) = (mpsc::channel(), mpsc::channel());
            let open = Mutex::new(open);
            let waker = Arc::new(Stop { reached, open }).into();
            // Something to write, so that the wait has begun before it is over.
            io.to("nobody").emit("hold", ());
            let mut logged = Box::pin(tokio::task::unconstrained(io.logged()));
            let first = logged.as_mut().poll(&mut Context::from_waker(&waker));
            if first.is_pending() {
                is_reached.recv().expect("the log is written");
                return Held(opener);
            }
        }
    }

    /// The names and numbers of what waits for the client, without their offsets.
    async fn all(client: &Polling) -> Vec<String> {
        let packets = packets(&client.get().await);
        let heads = packets
            .iter()
            .map(|packet| packet[.."42[\"tick\",1".len()].to_owned());
        heads.collect()
    }

    fn server(folder: &tempfile::TempDir) -> Server {
        let log = RedbLog::open(folder.path().join("log.redb")).expect("the file is new");
        of_packets(4, OutboxPolicy::Disconnect, Recovery::new().log(log)).build()
    }

    #[tokio::test]
    async fn emit_async_waits_for_the_disk_so_the_next_sees_what_the_client_has_to_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;

        for number in 1..=2 {
            assert_eq!(socket.emit_async("tick", number).await, Ok(()));
            assert_eq!(socket.conn().pending_packets(), number);
        }
        let mut third = std::pin::pin!(socket.emit_async("tick", 3));
        assert_eq!(third.as_mut().now_or_never(), None);
        assert_eq!(all(&client).await, [r#"42["tick",1"#, r#"42["tick",2"#]);
        assert_eq!(third.await, Ok(()));
        assert_eq!(all(&client).await, [r#"42["tick",3"#]);
    }

    #[tokio::test]
    async fn an_awaited_broadcast_waits_for_the_disk_so_the_next_sees_what_clients_have_to_read() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;

        for number in 1..=2 {
            let delivery = io.emit_async("tick", number).await.expect("it is sent");
            assert_eq!(delivery.queued, 1);
            assert_eq!(socket.conn().pending_packets(), number);
        }
        let mut third = std::pin::pin!(io.emit_async("tick", 3));
        assert_eq!(third.as_mut().now_or_never(), None);
        assert_eq!(all(&client).await, [r#"42["tick",1"#, r#"42["tick",2"#]);
        assert_eq!(third.await.map(|delivery| delivery.queued), Ok(1));
        assert_eq!(all(&client).await, [r#"42["tick",3"#]);
    }

    /// What the client gets, six packets at last, in as many answers as it takes.
    async fn six(client: &Polling) -> Vec<String> {
        let mut got = Vec::new();
        while got.len() < 6 {
            got.extend(all(client).await);
        }
        got.sort();
        got
    }

    const TICKS: [&str; 6] = [
        r#"42["tick",1"#,
        r#"42["tick",2"#,
        r#"42["tick",3"#,
        r#"42["tick",4"#,
        r#"42["tick",5"#,
        r#"42["tick",6"#,
    ];

    #[tokio::test]
    async fn of_many_awaited_events_at_once_no_more_go_on_than_half_of_the_outbox_holds() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;
        let held = hold_log(&io);
        let mut emits: Vec<_> = (1..=6)
            .map(|number| Box::pin(socket.emit_async("tick", number)))
            .collect();
        for emit in &mut emits {
            assert_eq!(emit.as_mut().now_or_never(), None);
        }

        drop(held);
        io.logged().await.expect("the log is written");

        assert_eq!(socket.conn().pending_packets(), 2);
        let (results, got) = tokio::join!(join_all(emits), six(&client));
        assert_eq!(results, vec![Ok(()); 6]);
        assert_eq!(got, TICKS);
        assert!(socket.is_connected());
    }

    #[tokio::test]
    async fn of_many_awaited_broadcasts_at_once_no_more_go_on_than_half_of_an_outbox_holds() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;
        let held = hold_log(&io);
        let mut emits: Vec<_> = (1..=6)
            .map(|number| Box::pin(io.emit_async("tick", number)))
            .collect();
        for emit in &mut emits {
            assert_eq!(emit.as_mut().now_or_never(), None);
        }

        drop(held);
        io.logged().await.expect("the log is written");

        assert_eq!(socket.conn().pending_packets(), 2);
        let (results, got) = tokio::join!(join_all(emits), six(&client));
        let queued: Vec<_> = results
            .into_iter()
            .map(|sent| sent.map(|to| to.queued))
            .collect();
        assert_eq!(queued, vec![Ok(1); 6]);
        assert_eq!(got, TICKS);
        assert!(socket.is_connected());
    }

    #[tokio::test]
    async fn an_event_that_waits_for_room_in_the_log_is_shown_to_listeners_once() {
        let folder = tempfile::tempdir().expect("there is room");
        let io = server(&folder);
        let host = Host::tcp(&io).await;
        let (client, socket) = polling_client(&io, &host).await;
        let (teller, mut told) = channel();
        socket.on_any_outgoing(move |event: String| teller.tell(event));
        // What waits for a namespace that has ended waits like anything else, and is not written.
        let ended = io.of("/ended");
        io.delete_namespace("/ended");
        let held = hold_log(&io);
        ended.emit("fill", bytes::Bytes::from(vec![0; 64 * 1024 * 1024 + 1]));
        let mut single = std::pin::pin!(socket.emit_async("tick", 1));
        assert_eq!(single.as_mut().now_or_never(), None);
        let mut all_of_it = std::pin::pin!(io.emit_async("tock", 2));
        assert_eq!(all_of_it.as_mut().now_or_never(), None);
        assert_eq!(io.try_emit("full", ()), Err(EmitError::LogFull));

        drop(held);

        assert_eq!(single.await, Ok(()));
        assert_eq!(all_of_it.await.map(|delivery| delivery.queued), Ok(1));
        assert_eq!(told.so_far(), ["tick", "tock"]);
        assert_eq!(all(&client).await, [r#"42["tick",1"#, r#"42["tock",2"#]);
    }

    #[tokio::test]
    async fn an_event_of_another_server_for_which_the_log_has_no_room_is_counted_as_refused() {
        let folder = tempfile::tempdir().expect("there is room");
        let hub = Hub::new();
        let log = RedbLog::open(folder.path().join("messages.redb")).expect("a new file");
        let io = Server::builder()
            .connection_state_recovery(Recovery::new().log(log))
            .bus(hub.bus())
            .build();
        let other = Server::builder().bus(hub.bus()).build();
        together(&[io.clone(), other.clone()]).await;
        let ended = io.of("/ended");
        io.delete_namespace("/ended");
        let held = hold_log(&io);
        ended.emit("fill", bytes::Bytes::from(vec![0; 64 * 1024 * 1024 + 1]));

        other.emit("tick", 1);
        within("the event", async {
            while io.cluster_stats().refused == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;

        assert_eq!(io.cluster_stats().malformed, 0);
        drop(held);
    }
}
