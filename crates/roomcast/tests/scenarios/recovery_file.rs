//! What a file holds of namespaces that end, and of sockets that are sent away. Spec: features 2.38,
//! 2.39, 2.41.

use std::path::Path;

use roomcast::recovery::{History, LogError, Recovery, RedbLog};
use roomcast::{DisconnectCause, DisconnectReason, Refusal, Server, Socket};

use crate::support::{Host, Session, answering, channel, within};

fn server(path: &Path) -> Server {
    let log = RedbLog::open(path).expect("the file is a log or new");
    let io = Server::builder()
        .connection_state_recovery(Recovery::new().log(log))
        .build();
    answering(&io);
    io
}

/// Ends the server and waits until its file is closed.
async fn end(io: Server, path: &Path) {
    io.close().await;
    drop(io);
    let closed = async {
        while matches!(RedbLog::open(path), Err(LogError::InUse { .. })) {
            tokio::task::yield_now().await;
        }
    };
    within("the file to be closed", closed).await;
}

#[tokio::test]
async fn a_namespace_that_is_made_again_has_a_log_of_its_own() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let old = io.of("/a");
    for number in 0..20 {
        old.to("red").emit("old", number);
    }
    io.logged().await.expect("it is written");
    io.delete_namespace("/a");
    old.to("red").emit("late", 1);
    let new = io.of("/a");
    new.to("red").emit("new", 1);
    old.to("red").emit("late", 2);
    io.logged().await.expect("it is written");
    drop((old, new));
    end(io, &path).await;

    let io = server(&path);
    let past = io.of("/a").history("red", History::last(100));
    let names: Vec<_> = past.iter().map(|event| event.event()).collect();
    assert_eq!(names, ["new"]);
}

#[tokio::test]
async fn who_was_in_a_deleted_namespace_gets_no_session_in_another_after_restarts() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let (teller, mut heard) = channel();
    let deleted = io.of("/a");
    deleted.on_connect(|socket: Socket| socket.join("secret"));
    deleted.on_disconnect(move |reason: DisconnectReason| teller.tell(reason));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send("40/a,").await;
    let session = Session::connected(&client.next_text().await.replace("/a,", ""));
    drop(client);
    heard.next().await;
    drop(deleted);
    io.delete_namespace("/a");
    drop(host);
    end(io, &path).await;
    // Another namespace comes into the file.
    let io = server(&path);
    io.of("/b").emit("first", 1);
    end(io, &path).await;

    let io = server(&path);
    io.of("/b")
        .middleware(|_: Socket| Err::<(), _>(Refusal::new("admins only")));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client
        .send(&session.claim().replacen("40", "40/b,", 1))
        .await;
    client.expect(r#"44/b,{"message":"admins only"}"#).await;
}

#[tokio::test]
async fn the_sockets_of_a_deleted_namespace_are_awaited_no_longer() {
    let io = Server::builder()
        .connection_state_recovery(Recovery::new())
        .build();
    let (teller, mut heard) = channel();
    io.of("/a")
        .on_disconnect(move |socket: Socket| teller.tell(socket));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send("40/a,").await;
    client.next_text().await;
    drop(client);
    let socket = heard.next().await;
    assert!(socket.try_emit("kept", 1).is_ok());

    io.delete_namespace("/a");

    assert!(socket.try_emit("lost", 1).is_err());
}

#[tokio::test]
async fn a_claim_that_cannot_be_leaves_the_session_in_the_file() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let mut session = Session::begin(&mut client).await;
    client.send(r#"42["echo",0]"#).await;
    session.next(&mut client).await;
    client.send("1").await;
    drop((client, host));
    end(io, &path).await;
    let mut claim = session.clone();
    let offset = session.offset.as_deref().expect("an event was received");
    claim.offset = Some(format!("{}zz", &offset[..12]));

    let io = server(&path);
    claim.fail_to_resume(&Host::tcp(&io).await).await;
    end(io, &path).await;

    let io = server(&path);
    let host = Host::tcp(&io).await;
    session.resume(&host).await.expect_alive().await;
}

#[tokio::test]
async fn who_is_sent_away_does_not_come_back_by_hanging_up_first() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = folder.path().join("messages.redb");
    let io = server(&path);
    io.on("kick", |socket: Socket| {
        socket.emit("bye", ());
        socket.disconnect();
    });
    io.on("close", |socket: Socket| {
        socket.emit("bye", ());
        socket.disconnect_and_close();
    });
    let (teller, mut heard) = channel();
    io.on_disconnect(move |reason: DisconnectReason, cause: DisconnectCause| {
        teller.tell((reason, cause));
    });
    let host = Host::tcp(&io).await;
    for event in ["kick", "close"] {
        let mut client = host.websocket().await;
        let session = Session::begin(&mut client).await;
        client.send(&format!(r#"42["{event}"]"#)).await;
        drop(client);

        let ends = heard.next().await;
        let reason = DisconnectReason::ServerNamespaceDisconnect;
        assert_eq!(ends, (reason, DisconnectCause::Application), "{event}");
        session.fail_to_resume(&host).await;
        // That client is gone, too.
        heard.next().await;
    }
}
