//! Events as a stream.

use futures_util::StreamExt;
use roomcast::{Server, Socket as Peer};
use roomcast_client::{BufferLimits, Event, Events, Manager};

use crate::stub::StubServer;
use crate::support::{builder, connections, serve, soon};

#[derive(Event, Debug, PartialEq)]
#[event(name = "moved")]
struct Moved {
    piece: String,
    to: (u8, u8),
}

#[tokio::test]
async fn a_loop_takes_the_events_in_order_and_answers_them() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let mut events = socket.events();
    socket.on("both", || ());
    server.say(r#"42["news","one",2]"#).await;
    server.say(r#"42["moved","king",[4,0]]"#).await;
    server.say(r#"427["both"]"#).await;

    let news = soon(events.next()).await.expect("the socket lives");
    assert_eq!(news.name(), "news");
    let mut args = news.args();
    assert_eq!((args.read(), args.read()), (Ok("one"), Ok(2)));
    assert!(!news.wants_answer());
    let moved = soon(events.next()).await.expect("the socket lives");
    let king = Moved {
        piece: "king".to_owned(),
        to: (4, 0),
    };
    assert_eq!(
        (moved.name(), moved.parse()),
        (Moved::NAME.into(), Ok(king))
    );
    let both = soon(events.next()).await.expect("the socket lives");
    assert!(both.wants_answer());
    both.answer(("from the loop", 1));
    assert_eq!(server.hear().await, r#"437["from the loop",1]"#);
}

#[tokio::test]
async fn events_beyond_the_limits_are_left_out_and_counted() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let mut few = socket.events_within(BufferLimits {
        max_packets: 2,
        max_bytes: 1000,
    });
    let mut small = socket.events_within(BufferLimits {
        max_packets: 10,
        max_bytes: 2 * r#"/["n",1]"#.len(),
    });
    for number in 1..=4 {
        server.say(&format!(r#"42["n",{number}]"#)).await;
    }
    socket.on("end", || "seen");
    server.say(r#"420["end"]"#).await;
    assert_eq!(server.hear().await, r#"430["seen"]"#);

    for events in [&mut few, &mut small] {
        assert_eq!(events.missed(), 3);
        for number in 1..=2 {
            let event = soon(events.next()).await.expect("the socket lives");
            assert_eq!(event.args().read(), Ok(number));
        }
    }
    server.say(r#"42["n",5]"#).await;
    for events in [&mut few, &mut small] {
        let event = soon(events.next()).await.expect("the socket lives");
        assert_eq!(event.args().read(), Ok(5));
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_a_lost_connection_and_ends_with_its_socket() {
    let io = Server::new();
    io.on_connect(|peer: Peer| peer.emit("welcome", ()));
    let socket = builder(&serve(&io).await).build().expect("a plain URL");
    let (mut events, mut connected) = (socket.events(), connections(&socket));
    socket.connect();
    for _ in 0..2 {
        connected.next().await;
        let event = soon(StreamExt::next(&mut events)).await;
        assert_eq!(event.expect("the socket lives").name(), "welcome");
        socket.manager().drop_connection();
    }
    connected.next().await;
    assert!(soon(events.next()).await.is_some());
    socket.manager().close();
    drop(socket);

    assert!(soon(events.next()).await.is_none());
}

#[tokio::test]
async fn a_stream_that_is_dropped_takes_nothing_more() {
    let (mut server, socket) = StubServer::with_client(|builder| builder).await;
    let events: Events = socket.events();
    server.say(r#"421["left alone"]"#).await;
    drop(events);
    socket.on("end", |manager: Manager| manager.is_open());
    server.say(r#"422["end"]"#).await;
    assert_eq!(server.hear().await, "432[true]");
}
