//! The fixture application on socketioxide.
use axum::serve::ListenerExt;
use serde::Deserialize;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
};
use std::time::Duration;

#[derive(Deserialize)]
struct RoomMsg {
    room: String,
    payload: String,
}

async fn serve() {
    let env = |k: &str, d: u64| {
        std::env::var(k)
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(d)
    };
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_millis(env("PING_INTERVAL", 25_000)))
        .ping_timeout(Duration::from_millis(env("PING_TIMEOUT", 20_000)))
        .max_payload(10_000_000)
        .build_layer();

    io.ns("/", async |s: SocketRef| {
        s.on(
            "echo",
            async |Data(v): Data<rmpv::Value>, ack: AckSender| {
                ack.send(&v).ok();
            },
        );
        s.on("broadcast", async |io: SocketIo, Data(v): Data<String>| {
            io.emit("b", &v).await.ok();
        });
        s.on(
            "join",
            async |s: SocketRef, Data(r): Data<String>, ack: AckSender| {
                s.join(r);
                ack.send(&()).ok();
            },
        );
        s.on(
            "leave",
            async |s: SocketRef, Data(r): Data<String>, ack: AckSender| {
                s.leave(r);
                ack.send(&()).ok();
            },
        );
        s.on("room", async |s: SocketRef, Data(m): Data<RoomMsg>| {
            s.to(m.room).emit("r", &m.payload).await.ok();
        });
        s.on(
            "private",
            async |io: SocketIo, Data((sid, v)): Data<(String, String)>| {
                // a socket is not in a room named after its own id here, so the socket is looked up
                if let Some(s) = sid.parse().ok().and_then(|sid| io.get_socket(sid)) {
                    s.emit("p", &v).ok();
                }
            },
        );
    });

    let app = axum::Router::new().layer(layer);
    let l = tokio::net::TcpListener::bind(("127.0.0.1", env("PORT", 42100) as u16))
        .await
        .unwrap();
    let l = l.tap_io(|s| {
        s.set_nodelay(true).ok();
    });
    axum::serve(l, app).await.unwrap();
}

fn main() {
    let rt = if std::env::var("RT").as_deref() == Ok("current") {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    };
    rt.unwrap().block_on(serve());
}
