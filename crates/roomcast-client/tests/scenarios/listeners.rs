//! Who is called, in which order, and what a failing listener does.

use roomcast::{Server, Socket as Peer};
use roomcast_client::{BoxFuture, Call, ManagerEvent};

use crate::support::{builder, manager_events, notes, serve};

/// A server that sends each of the events to a client that is ready for them.
fn sending(events: &'static [&'static str]) -> Server {
    let io = Server::new();
    io.on("ready", move |peer: Peer| {
        for event in events {
            peer.emit(event, ());
        }
    });
    io
}

#[tokio::test]
async fn listeners_are_called_in_order_those_of_any_event_first() {
    let io = sending(&["a", "a", "end"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let noting = |name: &'static str| {
        let note = note.clone();
        move |call: &Call<'_>| note(format!("{name} {}", call.event()))
    };
    socket.on("a", noting("first"));
    socket.once("a", noting("once"));
    let removed = socket.on("a", noting("removed"));
    socket.on_any(noting("any"));
    socket.prepend_any(noting("before any"));
    socket.on_any_outgoing(noting("outgoing"));
    socket.on("end", noting("end"));
    socket.off_listener(removed);
    socket.emit("ready", ());
    socket.connect();

    let expected = [
        "outgoing ready",
        "before any a",
        "any a",
        "first a",
        "once a",
        "before any a",
        "any a",
        "first a",
        "before any end",
        "any end",
        "end end",
    ];
    for line in expected {
        assert_eq!(noted.next().await, line);
    }
}

#[tokio::test]
async fn a_listener_that_panics_is_reported_and_the_connection_lives() {
    let io = sending(&["bad", "bad later", "good"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let mut events = manager_events(&socket.manager());
    let (note, mut noted) = notes();
    socket.on("bad", |_: &Call<'_>| -> BoxFuture { panic!("on purpose") });
    socket.on("bad later", |_: &Call<'_>| -> BoxFuture {
        Box::pin(async {
            tokio::task::yield_now().await;
            panic!("later");
        })
    });
    socket.on("good", move |call: &Call<'_>| {
        note(call.socket().is_connected())
    });
    socket.emit("ready", ());
    socket.connect();

    assert!(noted.next().await);
    let mut panics = Vec::new();
    while panics.len() < 2 {
        if let ManagerEvent::ListenerPanicked {
            listener, message, ..
        } = events.next().await
        {
            panics.push(format!("{listener}: {message}"));
        }
    }
    assert_eq!(panics, ["bad: on purpose", "bad later: later"]);
    assert!(socket.is_connected());
}

#[tokio::test]
async fn a_listener_that_waits_does_not_hold_up_the_next() {
    let io = sending(&["slow", "quick"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    let (release, released) = tokio::sync::watch::channel(false);
    let note_slow = note.clone();
    socket.on("slow", move |_: &Call<'_>| -> BoxFuture {
        let (note, mut released) = (note_slow.clone(), released.clone());
        note("slow starts");
        Box::pin(async move {
            released
                .wait_for(|released| *released)
                .await
                .expect("it is released");
            note("slow ends");
        })
    });
    socket.on("quick", move |_: &Call<'_>| note("quick"));
    socket.emit("ready", ());
    socket.connect();

    assert_eq!(noted.next().await, "slow starts");
    assert_eq!(noted.next().await, "quick");
    release.send(true).expect("somebody waits");
    assert_eq!(noted.next().await, "slow ends");
}

#[tokio::test]
async fn a_listener_may_call_anything() {
    let io = sending(&["go"]);
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (note, mut noted) = notes();
    socket.on("go", move |call: &Call<'_>| {
        let socket = call.socket();
        socket.on("late", |_: &Call<'_>| ());
        socket.off("go");
        socket.emit("more", ());
        socket
            .manager()
            .change_settings(|settings| settings.reconnection = false);
        socket.disconnect();
        note((socket.is_connected(), socket.is_active()));
    });
    socket.emit("ready", ());
    socket.connect();

    assert_eq!(noted.next().await, (false, false));
}
