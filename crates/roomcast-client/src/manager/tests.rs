//! A machine that has slept, where the clock of timers stood still and the other one went on; who waits, and
//! does not any more.

use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt as _;
use roomcast::Server;
use roomcast_socketio::client::{DisconnectReason, LinkState};
use tokio::sync::mpsc::unbounded_channel;

use super::shared::{Expiry, Link};
use crate::Client;

#[test]
fn the_time_of_the_heartbeat_is_over_when_it_is_on_either_clock() {
    let (now, hour) = (Instant::now(), Duration::from_secs(3600));
    let (past, future) = (SystemTime::UNIX_EPOCH, SystemTime::now() + hour);
    let cases = [
        (now + hour, Some(future), false),
        (now + hour, None, false),
        (now, Some(future), true),
        (now + hour, Some(past), true),
    ];
    for (deadline, wall_deadline, has_expired) in cases {
        let mut link = Link {
            expiry: Some(Expiry {
                deadline,
                wall_deadline,
            }),
            is_writable: true,
            ..Link::default()
        };
        let state = LinkState {
            is_writable: true,
            has_expired,
        };
        assert_eq!(link.state(now), state, "{link:?}");
    }
}

#[tokio::test]
async fn what_is_emitted_after_a_sleep_goes_over_the_next_connection() {
    let io = Server::new();
    let (note, mut noted) = unbounded_channel();
    io.on("after", move |peer: roomcast::Socket| {
        note.send(peer.id()).expect("the test reads");
    });
    let listening = io.listen("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listening.local_addr().expect("it is bound"));
    tokio::spawn(listening.run());
    let socket = Client::new()
        .builder(&url)
        .reconnection_delay(Duration::from_millis(10))
        .build()
        .expect("a plain URL");
    let (note, mut connected) = unbounded_channel();
    socket.on_connect(move |socket: crate::Socket| {
        note.send(socket.id()).expect("the test reads");
    });
    let (note, mut reasons) = unbounded_channel();
    socket.on_disconnect(move |reason: DisconnectReason| {
        note.send(reason).expect("the test reads");
    });
    socket.connect();
    let first = connected.recv().await.expect("it connects");

    let slept = Expiry {
        deadline: Instant::now() + Duration::from_secs(3600),
        wall_deadline: Some(SystemTime::UNIX_EPOCH),
    };
    // Invariant: the manager's task does not run before the test waits.
    socket.shared().lock().link.expiry = Some(slept);
    socket.emit("after", ());

    let reason = reasons.recv().await;
    assert_eq!(reason, Some(DisconnectReason::PingTimeout));
    let second = connected.recv().await.expect("it connects again");
    assert_ne!(first, second);
    let seen = noted.recv().await.expect("it comes");
    assert_eq!(second.as_deref(), Some(seen.to_string().as_str()));
}

#[tokio::test]
async fn who_does_not_wait_any_more_is_forgotten() {
    let socket = Client::new()
        .builder("http://127.0.0.1:9")
        .build()
        .expect("a plain URL");
    let (note, mut happens) = unbounded_channel();
    socket.manager().on_event(move |_| {
        // The test is over after the first.
        let _ = note.send(());
    });
    socket.connect();
    for _ in 0..100 {
        assert_eq!(socket.connected().now_or_never(), None);
        assert_eq!(socket.flushed().now_or_never(), None);
    }
    let waiting = || {
        let state = socket.shared().lock();
        (state.awaited.len(), state.flushes.len())
    };
    assert_eq!(waiting(), (1, 1));

    happens.recv().await.expect("the first attempt fails");
    assert_eq!(waiting(), (0, 0));
}
