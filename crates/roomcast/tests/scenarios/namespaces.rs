//! Namespaces: plain ones, parents and their children. Spec: features 2.9–2.19 and 11, 21–23 and 30.

use std::sync::Arc;

use roomcast::{DisconnectReason, Namespace, Server, Socket, Value};
use tokio::sync::Semaphore;

use crate::support::{Heard, Host, answering, channel, idle};

/// A server with a parent of `/room-…` that answers as [`answering`] says.
fn server_with_rooms(io: Server) -> (Server, Namespace) {
    let parent = io
        .of_pattern("^/room-[0-9]+$")
        .expect("the pattern is valid");
    answering(&parent);
    (io, parent)
}

fn new_namespaces(io: &Server) -> Heard<String> {
    let (teller, heard) = channel();
    io.on_new_namespace(move |namespace| teller.tell(namespace.name().to_owned()));
    heard
}

fn names(io: &Server) -> Vec<String> {
    let mut names: Vec<_> = io.namespaces().iter().map(ToString::to_string).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_namespace_has_sockets_and_handlers_of_its_own() {
    let io = Server::new();
    io.on("who", || "main");
    io.of("admin").on("who", || "admin");
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let main = client.join("/").await;
    let admin = client.join("/admin").await;

    assert_ne!(main, admin);
    client.send(r#"42/admin,1["who"]"#).await;
    client.expect(r#"43/admin,1["admin"]"#).await;
    client.send(r#"421["who"]"#).await;
    client.expect(r#"431["main"]"#).await;
}

#[tokio::test]
async fn a_leading_slash_is_added() {
    let io = Server::new();

    assert_eq!(io.of("admin"), io.of("/admin"));
    assert_eq!(names(&io), ["/", "/admin"]);
}

/// Protocol revision 5 has no implicit connection to the main namespace.
#[tokio::test]
async fn the_main_namespace_is_joined_only_by_a_connect_packet() {
    let io = Server::new();
    answering(&io.of("/admin"));
    let (teller, mut connected) = channel();
    io.on_connect(move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/admin").await;
    client.send(r#"42/admin,1["alive"]"#).await;
    client.expect(r#"43/admin,1["yes"]"#).await;
    assert_eq!(connected.so_far(), []);
}

#[tokio::test]
async fn leaving_one_namespace_leaves_the_others_alone() {
    let io = Server::new();
    answering(&io);
    let (teller, mut reasons) = channel();
    io.of("/admin")
        .on_disconnect(move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/admin").await;

    client.send("41/admin,").await;
    assert_eq!(reasons.next().await, "client namespace disconnect");
    client.expect_alive().await;
}

#[tokio::test]
async fn a_namespace_that_was_left_can_be_joined_again_with_a_new_id() {
    let host = Host::tcp(&Server::new()).await;
    let mut client = host.websocket().await;
    let first = client.join("/").await;

    client.send("41").await;
    assert_ne!(client.join("/").await, first);
}

#[tokio::test]
async fn the_number_of_namespaces_of_one_connection_is_limited() {
    let (io, _) = server_with_rooms(Server::builder().max_namespaces(2).build());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/room-1").await;
    client.join("/room-2").await;

    client.send("40/room-3,").await;
    client.expect_closed().await;
}

#[tokio::test]
async fn the_number_of_namespaces_that_clients_make_is_limited() {
    let options = Server::builder().max_child_namespaces(2);
    let (io, _) = server_with_rooms(options.cleanup_empty_child_namespaces().build());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/room-1").await;
    client.join("/room-2").await;

    client.send("40/room-3,").await;
    client
        .expect(r#"44/room-3,{"message":"Invalid namespace"}"#)
        .await;
    let mut other = host.websocket().await;
    other.join("/room-1").await;
    client.send("41/room-2,").await;
    client.join("/room-3").await;
    assert_eq!(names(&io), ["/", "/room-1", "/room-3"]);
}

#[tokio::test]
async fn a_pattern_makes_namespaces_for_the_clients_that_ask() {
    let (io, _) = server_with_rooms(Server::new());
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/room-7").await;
    client.send(r#"42/room-7,1["alive"]"#).await;
    client.expect(r#"43/room-7,1["yes"]"#).await;
    client.send("40/room-x,").await;
    client
        .expect(r#"44/room-x,{"message":"Invalid namespace"}"#)
        .await;
}

#[tokio::test]
async fn a_function_sees_name_and_auth_and_decides() {
    let io = Server::new();
    let (teller, mut asked) = channel();
    io.of_fn(move |name: String, auth: Value| {
        teller.tell((name, auth.to_string()));
        std::future::ready(auth["token"] == "secret")
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send(r#"40/tenant,{"token":"wrong"}"#).await;
    client
        .expect(r#"44/tenant,{"message":"Invalid namespace"}"#)
        .await;
    client.send(r#"40/tenant,{"token":"secret"}"#).await;
    assert!(
        client
            .next_text()
            .await
            .starts_with(r#"40/tenant,{"sid":""#)
    );
    assert_eq!(
        asked.next().await,
        ("/tenant".to_owned(), r#"{"token":"wrong"}"#.to_owned())
    );
    assert_eq!(
        asked.next().await,
        ("/tenant".to_owned(), r#"{"token":"secret"}"#.to_owned())
    );
}

#[tokio::test]
async fn the_first_parent_that_takes_the_name_wins() {
    let io = Server::new();
    io.of_pattern("^/a")
        .expect("the pattern is valid")
        .on("who", || "first");
    io.of_pattern("^/ab")
        .expect("the pattern is valid")
        .on("who", || "second");
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/ab").await;

    client.send(r#"42/ab,1["who"]"#).await;
    client.expect(r#"43/ab,1["first"]"#).await;
}

/// 11, 30: both clients end up in the same namespace.
#[tokio::test]
async fn clients_that_race_for_a_new_namespace_share_it() {
    let io = Server::new();
    let gate = Arc::new(Semaphore::new(0));
    let (teller, mut asked) = channel();
    let parent = io.of_fn({
        let gate = Arc::clone(&gate);
        move |_: String, _: Value| {
            teller.tell(());
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.is_ok() }
        }
    });
    answering(&parent);
    let mut created = new_namespaces(&io);
    let host = Host::tcp(&io).await;
    let (mut one, mut other) = (host.websocket().await, host.websocket().await);
    one.send("40/new,").await;
    other.send("40/new,").await;
    asked.next().await;
    asked.next().await;

    gate.add_permits(2);
    assert!(one.next_text().await.starts_with("40/new,"));
    assert!(other.next_text().await.starts_with("40/new,"));
    assert_eq!(created.so_far(), ["/new"]);
    io.of("/new").emit("both", ());
    one.expect(r#"42/new,["both"]"#).await;
    other.expect(r#"42/new,["both"]"#).await;
}

#[tokio::test]
async fn a_connect_while_the_first_one_is_being_decided_closes() {
    let io = Server::new();
    io.of_fn(async |_: String, _: Value| std::future::pending::<bool>().await);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40/new,").await;
    client.send("40/new,").await;
    client.expect_closed().await;
}

#[tokio::test]
async fn a_parent_emits_to_all_its_children() {
    let (io, parent) = server_with_rooms(Server::new());
    let host = Host::tcp(&io).await;
    let (mut one, mut other, mut stranger) = (
        host.websocket().await,
        host.websocket().await,
        host.websocket().await,
    );
    one.join("/room-1").await;
    other.join("/room-2").await;
    stranger.join("/").await;

    parent.emit("all", 1);
    one.expect(r#"42/room-1,["all",1]"#).await;
    other.expect(r#"42/room-2,["all",1]"#).await;
    io.emit("main", ());
    stranger.expect(r#"42["main"]"#).await;
    assert!(parent.fetch_sockets().await.is_err());
    assert_eq!(parent.sockets_count(), 2);
}

#[tokio::test]
async fn a_parent_knows_the_sockets_and_rooms_of_all_its_children() {
    let (io, parent) = server_with_rooms(Server::new());
    parent.on_connect(|socket: Socket| socket.join("shared"));
    let host = Host::tcp(&io).await;
    let (mut one, mut other) = (host.websocket().await, host.websocket().await);
    let mut ids = [one.join("/room-1").await, other.join("/room-2").await];
    one.send(r#"42/room-1,1["alive"]"#).await;
    one.expect(r#"43/room-1,1["yes"]"#).await;
    other.send(r#"42/room-2,1["alive"]"#).await;
    other.expect(r#"43/room-2,1["yes"]"#).await;

    ids.sort();
    let sockets = parent.sockets();
    let mut found: Vec<_> = sockets
        .iter()
        .map(|socket| socket.id().to_string())
        .collect();
    found.sort();
    assert_eq!(found, ids);
    let mut rooms: Vec<_> = parent.rooms().iter().map(ToString::to_string).collect();
    rooms.sort();
    let mut expected = [&ids[..], &["shared".to_owned()]].concat();
    expected.sort();
    assert_eq!(rooms, expected);
    assert_eq!(parent.room_len("shared"), 2);
    assert_eq!(parent.room_len(&ids[0]), 1);
}

#[tokio::test]
async fn children_inherit_middleware_and_handlers() {
    let (io, parent) = server_with_rooms(Server::new());
    let (teller, mut connected) = channel();
    parent.on_connect(move |socket: Socket| teller.tell(socket.namespace().name().to_owned()));
    parent.middleware(|socket: Socket| match socket.namespace().name() {
        "/room-13" => Err("unlucky"),
        _ => Ok(()),
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/room-1").await;
    assert_eq!(connected.next().await, "/room-1");
    client.send("40/room-13,").await;
    client.expect(r#"44/room-13,{"message":"unlucky"}"#).await;
}

/// 11, 30: fixed in the official server 4.6.1.
#[tokio::test]
async fn a_child_that_the_server_makes_itself_has_its_parents_handlers() {
    let (io, parent) = server_with_rooms(Server::new());
    io.of("/room-5").on("own", || "own");
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/room-5").await;

    client.send(r#"42/room-5,1["alive"]"#).await;
    client.expect(r#"43/room-5,1["yes"]"#).await;
    client.send(r#"42/room-5,2["own"]"#).await;
    client.expect(r#"43/room-5,2["own"]"#).await;
    parent.emit("all", ());
    client.expect(r#"42/room-5,["all"]"#).await;
}

#[tokio::test]
async fn the_new_namespace_hook_is_told_each_name_once() {
    let (io, _) = server_with_rooms(Server::new());
    let mut created = new_namespaces(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.join("/room-1").await;
    client.join("/room-2").await;
    host.websocket().await.join("/room-1").await;
    io.of("/plain");
    io.of("/plain");
    assert_eq!(created.so_far(), ["/room-1", "/room-2", "/plain"]);
}

#[tokio::test]
async fn an_empty_child_is_removed_where_the_server_is_set_up_so() {
    let (io, parent) =
        server_with_rooms(Server::builder().cleanup_empty_child_namespaces().build());
    let (teller, mut gone) = channel();
    parent.on_disconnect(move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let (mut one, mut other) = (host.websocket().await, host.websocket().await);
    one.join("/room-1").await;
    other.join("/room-1").await;

    one.send("41/room-1,").await;
    gone.next().await;
    assert_eq!(names(&io), ["/", "/room-1"]);
    drop(other);
    gone.next().await;
    // The namespace goes when the handlers have run; the next packet is read later.
    one.join("/").await;
    while names(&io) != ["/"] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_empty_child_stays_by_default() {
    let (io, parent) = server_with_rooms(Server::new());
    let (teller, mut gone) = channel();
    parent.on_disconnect(move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/room-1").await;

    client.send("41/room-1,").await;
    gone.next().await;
    client.join("/").await;
    assert_eq!(names(&io), ["/", "/room-1"]);
}

/// 11, 30: fixed in the official server 4.7.2.
#[tokio::test]
async fn a_child_whose_only_client_is_refused_is_removed() {
    let (io, parent) =
        server_with_rooms(Server::builder().cleanup_empty_child_namespaces().build());
    parent.middleware(|| Err::<(), _>("never"));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;

    client.send("40/room-1,").await;
    client.expect(r#"44/room-1,{"message":"never"}"#).await;
    assert_eq!(names(&io), ["/"]);
}

#[tokio::test]
async fn a_plain_namespace_is_never_removed() {
    let io = Server::builder().cleanup_empty_child_namespaces().build();
    answering(&io.of("/plain"));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.join("/plain").await;

    client.send("41/plain,").await;
    client.join("/").await;
    assert_eq!(names(&io), ["/", "/plain"]);
}

/// A client that is still being asked about keeps its namespace: it must not join an orphan.
#[tokio::test]
async fn a_child_is_not_removed_while_a_client_is_on_its_way_in() {
    let (io, parent) =
        server_with_rooms(Server::builder().cleanup_empty_child_namespaces().build());
    let gate = Arc::new(Semaphore::new(1));
    let (teller, mut asked) = channel();
    parent.middleware({
        let gate = Arc::clone(&gate);
        async move || {
            teller.tell(());
            gate.acquire()
                .await
                .map(tokio::sync::SemaphorePermit::forget)
                .map_err(|error| error.to_string())
        }
    });
    let (teller, mut gone) = channel();
    parent.on_disconnect(move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let (mut first, mut second) = (host.websocket().await, host.websocket().await);
    first.join("/room-1").await;
    asked.next().await;
    second.send("40/room-1,").await;
    asked.next().await;
    first.send("41/room-1,").await;
    gone.next().await;
    first.join("/").await;

    gate.add_permits(1);
    assert!(second.next_text().await.starts_with("40/room-1,"));
    io.of("/room-1").emit("hello", ());
    second.expect(r#"42/room-1,["hello"]"#).await;
}

/// A panic in the function refuses the client that asked, and nobody else notices.
#[tokio::test]
async fn a_panicking_namespace_function_refuses_its_client_only() {
    let io = Server::new();
    answering(&io);
    io.of_fn(async |name: String, _: Value| {
        assert_ne!(name, "/bad", "a bug of the application");
        true
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send("40/bad,").await;
    assert!(client.next_text().await.starts_with("44/bad,"));
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_is_being_decided_joins_nothing() {
    let io = Server::new();
    let gate = Arc::new(Semaphore::new(0));
    io.of_fn({
        let gate = Arc::clone(&gate);
        move |_: String, _: Value| {
            let gate = Arc::clone(&gate);
            async move { gate.acquire().await.is_ok() }
        }
    });
    let (teller, mut connected) = channel();
    io.on_new_namespace(move |namespace| {
        let teller = teller.clone();
        namespace.on_connect(move || teller.tell(()));
    });
    let host = Host::memory(&io);
    let mut client = host.websocket().await;
    client.send("40/new,").await;
    idle().await;
    drop(client);
    idle().await;

    gate.add_permits(1);
    idle().await;
    assert_eq!(connected.so_far(), []);
    assert_eq!(io.of("/new").sockets_count(), 0);
    assert_eq!(io.engine().clients_count(), 0);
}

#[tokio::test]
async fn who_is_disconnected_is_no_longer_counted_when_its_handlers_are_told() {
    let io = Server::new();
    let (teller, mut counts) = channel();
    io.on_disconnect(move |io: Server| teller.tell((io.sockets_count(), io.sockets().len())));
    let host = Host::tcp(&io).await;
    let (mut leaving, mut staying) = (host.websocket().await, host.websocket().await);
    leaving.join("/").await;
    staying.join("/").await;

    leaving.send("41").await;

    assert_eq!(counts.next().await, (1, 1));
}
