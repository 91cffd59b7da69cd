//! Listeners of what is sent may use the rooms, also where what is sent is kept. Spec: features 2.38.

use roomcast::recovery::{History, Recovery, Retries};
use roomcast::{Server, Socket};

use crate::support::{Host, Session, WebSocket, answering, reasons};

/// A server whose clients, once they have joined `/side`, are listened to: the listener takes the
/// lock of the rooms, to read them and to emit.
fn server(recovery: Recovery) -> Server {
    let io = Server::builder()
        .connection_state_recovery(recovery.deduplicate(Retries::of_clients(3)))
        .build();
    answering(&io);
    io.on("count", || 1);
    io.on("join", |socket: Socket| {
        socket.join_with_history("red", History::last(9));
        socket.send_history("red", History::last(1));
    });
    let of_listener = io.clone();
    io.of("/side").on_connect(move |socket: Socket| {
        let io = of_listener.clone();
        socket.conn().on_packet_create(move |_| {
            let sockets = io.rooms().len();
            io.to("nobody").emit("created", sockets);
        });
    });
    io
}

/// A connection that is listened to.
async fn listened_to(host: &Host) -> WebSocket {
    let mut client = host.websocket().await;
    client.send("40/side,").await;
    let connect = client.next_text().await;
    assert!(connect.starts_with("40/side,{"), "{connect}");
    client
}

async fn get_everything(io: &Server) {
    let host = Host::tcp(io).await;
    let mut reasons = reasons(io);
    io.to("red").emit("past", 1);

    let mut client = listened_to(&host).await;
    let mut session = Session::begin(&mut client).await;
    io.sockets()[0].emit("alone", 1);
    assert_eq!(session.next(&mut client).await, r#"42["alone",1]"#);
    io.emit("all", 1);
    assert_eq!(session.next(&mut client).await, r#"42["all",1]"#);
    client.send(r#"42["join"]"#).await;
    assert_eq!(session.next(&mut client).await, r#"42["past",1]"#);
    assert_eq!(session.next(&mut client).await, r#"42["past",1]"#);
    client.send(r#"420["count"]"#).await;
    let mark = client.next_text().await;
    assert!(mark.ends_with(r#".1"]"#), "{mark} is no mark");
    client.expect("430[1]").await;
    drop(client);
    assert_eq!(reasons.next().await, "transport close");
    io.emit("missed", 1);

    let mut client = listened_to(&host).await;
    client.send(&session.claim()).await;
    client.expect(&session.given_back()).await;
    assert_eq!(session.next(&mut client).await, r#"42["missed",1]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_of_packets_may_emit_and_look_at_rooms_whatever_is_sent() {
    get_everything(&server(Recovery::new())).await;
}

#[cfg(feature = "redb")]
#[tokio::test(flavor = "multi_thread")]
async fn with_a_file_too_a_listener_of_packets_may_emit_and_look_at_rooms() {
    use roomcast::recovery::RedbLog;

    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = RedbLog::open(folder.path().join("log.redb")).expect("the file is new");

    get_everything(&server(Recovery::new().log(log))).await;
}
