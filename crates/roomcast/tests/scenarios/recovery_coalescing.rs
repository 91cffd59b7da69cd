//! Events that replace one another, for clients that come back. Spec: features 2.38, N8.

use roomcast::Server;
use roomcast::recovery::Recovery;

use crate::support::{Host, Session, answering, reasons};

fn server() -> Server {
    let io = Server::builder()
        .connection_state_recovery(Recovery::new())
        .build();
    answering(&io);
    io
}

#[tokio::test]
async fn an_event_that_replaces_another_comes_behind_those_between_so_none_is_lost() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.expect_alive().await;
    let socket = io.sockets().remove(0);
    socket.coalesce("EUR").emit("price", 1);
    socket.emit("order", "paid");
    io.coalesce("EUR").emit("price", 2);

    assert_eq!(session.next(&mut client).await, r#"42["order","paid"]"#);
    // The connection breaks before the price arrives.
    drop(client);
    reasons.next().await;
    let mut client = session.resume(&host).await;

    assert_eq!(session.next(&mut client).await, r#"42["price",2]"#);
}

#[tokio::test]
async fn a_client_that_comes_back_gets_each_value_behind_its_last_event_also_those_replaced() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut reasons = reasons(&io);
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.expect_alive().await;
    let socket = io.sockets().remove(0);
    socket.coalesce("EUR").emit("price", 1);
    socket.coalesce("EUR").emit("price", 2);
    socket.emit("order", "paid");
    io.coalesce("EUR").emit("price", 3);
    assert_eq!(socket.conn().pending_packets(), 2);
    // Nothing of it arrives.
    drop(client);
    reasons.next().await;
    for number in 4..=5 {
        socket.coalesce("EUR").emit("price", number);
    }

    let mut client = session.resume(&host).await;

    for packet in [
        r#"42["price",1]"#,
        r#"42["price",2]"#,
        r#"42["order","paid"]"#,
        r#"42["price",3]"#,
        r#"42["price",4]"#,
        r#"42["price",5]"#,
    ] {
        assert_eq!(session.next(&mut client).await, packet);
    }
    client.expect_alive().await;
}

#[tokio::test]
async fn an_event_that_is_replaced_again_and_again_waits_once() {
    let io = server();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.expect_alive().await;
    let socket = io.sockets().remove(0);
    socket.emit("first", ());
    for number in 0..200 {
        socket.coalesce("EUR").emit("price", number);
        socket.coalesce("USD").emit("dollars", number);
    }

    assert_eq!(socket.conn().pending_packets(), 3);
    assert_eq!(session.next(&mut client).await, r#"42["first"]"#);
    assert_eq!(session.next(&mut client).await, r#"42["price",199]"#);
    assert_eq!(session.next(&mut client).await, r#"42["dollars",199]"#);
    client.expect_alive().await;
    assert_eq!(io.engine().outbox_counts().coalesced, 398);
}
