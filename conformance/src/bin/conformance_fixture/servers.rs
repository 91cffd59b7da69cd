//! The twelve servers with their options.

use std::time::Duration;

use roomcast::engine::{Bare, Builder, Engine, Message, Socket};
use roomcast::recovery::Recovery;
use roomcast::{
    ClientBundle, Cookie, Cors, HttpCompression, Parser, SameSite, Server, ServerBuilder, Transport,
};

use crate::{Served, client_app, common};

/// In the order of their ports.
pub(crate) fn all() -> Vec<Served> {
    vec![
        socket_io(builder()),
        socket_io(fast(builder())),
        socket_io(compat()),
        socket_io(recovery()),
        socket_io(builder().parser(Parser::MessagePack)),
        engine_echo(fast(Engine::builder()).allow_eio3()),
        socket_io(limits()),
        socket_io(polling_only()),
        socket_io(builder().transports([Transport::WebSocket])),
        Served::SocketIo(client_app::server()),
        client_engine(),
        engine_echo(fast(Engine::builder())),
    ]
}

fn socket_io(builder: ServerBuilder) -> Served {
    let io = builder.build();
    common::install(&io);
    Served::SocketIo(io)
}

fn builder() -> ServerBuilder {
    let builder = Server::builder();
    let (Some(version), files) = (
        roomcast_client_bundle::VERSION,
        roomcast_client_bundle::files(),
    ) else {
        return builder;
    };
    match ClientBundle::from_files(version, files.iter().copied()) {
        Ok(bundle) => builder.client_bundle(bundle),
        Err(error) => {
            eprintln!("no client bundle: {error}");
            builder
        }
    }
}

fn fast<Kind>(builder: Builder<Kind>) -> Builder<Kind> {
    builder
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
}

fn compat() -> ServerBuilder {
    builder()
        .allow_eio3()
        .ping_interval(Duration::from_secs(1))
        .ping_timeout(Duration::from_secs(1))
        .cookie(Cookie::default())
        .cors(Cors::origins(["http://allowed.example", "http://also.example"]).credentials())
}

fn recovery() -> ServerBuilder {
    let recovery = Recovery::new().max_disconnection_duration(Duration::from_millis(1500));
    builder()
        .cors(Cors::any())
        .connection_state_recovery(recovery)
}

fn limits() -> ServerBuilder {
    Server::builder()
        .path("/rt/v1")
        .max_http_buffer_size(10_000)
        .connect_timeout(Duration::from_millis(500))
        .upgrade_timeout(Duration::from_millis(500))
        .http_compression(HttpCompression::off())
        .per_message_deflate()
        .cleanup_empty_child_namespaces()
        .allow_request(async |request| match request.header("x-deny") {
            Some(message) => Err(Some(message.to_owned())),
            None if request.query("deny") == Some("1") => Err(None),
            None => Ok(()),
        })
}

fn polling_only() -> ServerBuilder {
    let cookie = Cookie::new("sticky").expect("the name is legal");
    builder().transports([Transport::Polling]).cookie(
        cookie
            .readable_by_scripts()
            .same_site(SameSite::Strict)
            .max_age(Duration::from_secs(60)),
    )
}

fn engine_echo(builder: Builder<Bare>) -> Served {
    let echo = |_: &Socket| |socket: &Socket, message: Message<'_>| socket.send(message);
    Served::Engine(builder.build(echo))
}

/// The application of the official engine client's own tests.
fn client_engine() -> Served {
    let cookies = [
        "1=1; Max-Age=86400",
        "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
        "3=3; Max-Age=0",
        "4=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    ];
    let engine = Engine::builder()
        .ping_interval(Duration::from_millis(500))
        .max_http_buffer_size(100)
        .allow_request(async |request| {
            if request.query("deny").is_some() {
                Err(None)
            } else {
                Ok(())
            }
        })
        .on_initial_headers(move |headers, _| {
            for cookie in cookies {
                headers.append("set-cookie", http::HeaderValue::from_static(cookie));
            }
        })
        .build(|socket: &Socket| {
            socket.send_text("hi");
            |socket: &Socket, message: Message<'_>| match &message {
                Message::Text(text) if text == "give binary" => {
                    socket.send_binary(&[0, 1, 2, 3, 4])
                }
                Message::Text(text) if text == "give utf8" => {
                    socket.send_text("пойду спать всем спокойной ночи");
                }
                _ => socket.send(message),
            }
        });
    Served::Engine(engine)
}
