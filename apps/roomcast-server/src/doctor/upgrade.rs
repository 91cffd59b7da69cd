//! The upgrade of a polling session to a WebSocket, by probe.

use roomcast_engineio::Transport;

use super::polling::connect_packet;
use super::report::Check;
use super::websocket::{Silence, WebSocket};
use crate::terminal::cookies::kept;
use crate::terminal::{Finding, Target, look};

const NAME: &str = "upgrade";

/// Opens a session by polling, moves it to a WebSocket, and joins the namespace there.
pub(super) async fn check(target: &Target) -> Check {
    let opened = match look(target).await {
        Ok(opened) => opened,
        Err(finding) => return Check::fail(NAME, finding),
    };
    if !opened.handshake.upgrades.contains(&Transport::WebSocket) {
        return Check::warn(
            NAME,
            Finding::new("the server offers none: clients stay on polling")
                .advise("the server's options `allowUpgrades` and `transports` say so"),
        );
    }
    let cookies = kept(&opened.answer.headers);
    let opening = WebSocket::open(target, Some(&opened.handshake.sid), &cookies).await;
    let mut socket = match opening {
        Ok(socket) => socket,
        Err(finding) => return Check::fail(NAME, finding),
    };
    match moved(target, &mut socket).await {
        Ok(()) => {
            socket.close().await;
            Check::ok(NAME, "the session moved from polling to WebSocket")
        }
        Err((step, silence)) => Check::fail(
            NAME,
            Finding::new(format!("the WebSocket opens, but {step}: {silence}")).advise(
                "a proxy that opens WebSockets and does not pass their messages on looks like this",
            ),
        ),
    }
}

/// SPEC: Engine.IO 4, "Upgrade".
async fn moved(target: &Target, socket: &mut WebSocket) -> Result<(), (&'static str, Silence)> {
    const PROBE: &str = "the probe is not answered";
    const JOIN: &str = "the session does not go on there";

    let limit = target.timeout;
    let probe = |silence| (PROBE, silence);
    socket.send("2probe").await.map_err(probe)?;
    socket.next_of(&["3probe"], limit).await.map_err(probe)?;
    let join = |silence| (JOIN, silence);
    socket.send("5").await.map_err(join)?;
    socket.send(&connect_packet(target)).await.map_err(join)?;
    socket.next_of(&["40", "44"], limit).await.map_err(join)?;
    Ok(())
}
