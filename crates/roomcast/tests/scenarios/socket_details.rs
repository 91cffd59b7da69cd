//! What a socket tells of itself. Spec: features 2.33, 3.6, 3.9.

use roomcast::{DecodeError, DisconnectReason, Server, Socket, SocketError};

use crate::support::{Host, Request, WebSocket, channel, echo_server, socket};

#[tokio::test]
async fn sockets_of_one_client_have_ids_of_their_own_and_share_connection_and_request() {
    let io = Server::new();
    let (teller, mut sockets) = channel();
    for namespace in [io.of("/"), io.of("/other")] {
        let teller = teller.clone();
        namespace.on_connect(move |socket: Socket| teller.tell(socket));
    }
    let host = Host::tcp(&io).await;
    let target = host.target("EIO=4&transport=websocket&user=ada");
    let mut client = WebSocket::session(&host, Request::get(&target)).await;
    let ids = [client.join("/").await, client.join("/other").await];
    let [main, other] = [sockets.next().await, sockets.next().await];

    assert_eq!([main.id().as_str(), other.id().as_str()], ids);
    assert_ne!(main.id(), other.id());
    assert_eq!(main.namespace().name(), "/");
    assert_eq!(other.namespace(), &io.of("/other"));
    for socket in [&main, &other] {
        assert_eq!(socket.conn().sid(), client.sid);
        assert_eq!(socket.conn().request().url(), target);
        assert_eq!(socket.conn().request().query("user"), Some("ada"));
    }
}

#[tokio::test]
async fn a_socket_is_connected_until_it_is_disconnected() {
    let io = echo_server();
    let (teller, mut gone) = channel();
    io.on_disconnect(move || teller.tell(()));
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    assert_eq!(
        (socket.is_connected(), socket.is_disconnected()),
        (true, false)
    );

    client.send("41").await;
    gone.next().await;
    assert_eq!(
        (socket.is_connected(), socket.is_disconnected()),
        (false, true)
    );
    assert!(socket.rooms().is_empty());
}

#[tokio::test]
async fn an_invalid_packet_is_told_to_on_error_before_the_disconnection() {
    let io = Server::new();
    let (teller, mut told) = channel();
    for namespace in [io.of("/"), io.of("/other")] {
        let (error, end) = (teller.clone(), teller.clone());
        namespace.on_error(move |socket: Socket, found: SocketError| {
            let name = socket.namespace().name().to_owned();
            assert_eq!(found, SocketError::Packet(DecodeError::InvalidPayload));
            error.tell(format!("{name} error, connected {}", socket.is_connected()));
        });
        namespace.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
            end.tell(format!("{} {reason}", socket.namespace().name()));
        });
    }
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;
    client.join("/other").await;

    client.send("42{}").await;
    client.expect_closed().await;
    let mut errors = [told.next().await, told.next().await];
    errors.sort();
    let expected = ["/ error, connected true", "/other error, connected true"];
    assert_eq!(errors, expected);
    let mut ends = [told.next().await, told.next().await];
    ends.sort();
    assert_eq!(ends, ["/ forced close", "/other forced close"]);
}

#[tokio::test]
async fn send_is_the_event_message_of_a_socket_of_rooms_and_of_everyone() {
    let io = echo_server();
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    let id = client.join("/").await;
    let socket = socket(&io, &id);
    socket.join("room");

    socket.send("socket");
    io.to("room").send(("room", 2));
    io.send("everyone");
    client.expect(r#"42["message","socket"]"#).await;
    client.expect(r#"42["message","room",2]"#).await;
    client.expect(r#"42["message","everyone"]"#).await;
}
