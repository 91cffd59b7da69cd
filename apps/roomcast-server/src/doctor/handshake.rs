//! The handshake: by polling, and by WebSocket alone.

use roomcast_engineio::{Handshake, Packet, revision4};

use super::polling::{Joined, connect_packet, joined};
use super::report::Check;
use crate::terminal::{Finding, Opened, Target, WebSocket};

/// A session that was opened by WebSocket, and joined the namespace.
pub(super) struct Direct {
    pub(super) socket: WebSocket,
    pub(super) handshake: Handshake<'static>,
    pub(super) joined: Joined,
}

/// Opens a session by WebSocket, and joins the namespace.
pub(super) async fn direct(target: &Target) -> Result<Direct, Finding> {
    let mut socket = WebSocket::open(target, None, "").await?;
    let packet = socket.next(target.timeout).await;
    let packet = packet.map_err(|silence| {
        Finding::new(format!(
            "the WebSocket opens, but no handshake comes: {silence}"
        ))
        .advise("a proxy that opens WebSockets and does not pass their messages on looks like this")
    })?;
    let handshake = match revision4::decode_text(&packet) {
        Ok(Packet::Open(json)) => Handshake::decode(json).ok().map(Handshake::into_owned),
        _ => None,
    };
    let Some(handshake) = handshake else {
        return Err(Finding::new(format!(
            "what comes is no handshake: {packet}"
        )));
    };
    Ok(Direct {
        joined: join(target, &mut socket).await,
        socket,
        handshake,
    })
}

async fn join(target: &Target, socket: &mut WebSocket) -> Joined {
    let answer = match socket.send(&connect_packet(target)).await {
        Ok(()) => socket.next_of(&["40", "44"], target.timeout).await,
        Err(silence) => Err(silence),
    };
    let joined = answer.ok().and_then(|packet| joined(&packet));
    joined.unwrap_or(Joined::Unanswered)
}

/// Judges the handshake by polling. A server may have WebSocket only.
pub(super) fn check(polling: &Result<Opened, Finding>, direct: &Result<Direct, Finding>) -> Check {
    const NAME: &str = "handshake";
    match polling {
        Ok(opened) => {
            let handshake = &opened.handshake;
            let upgrades: Vec<_> = handshake.upgrades.iter().map(|one| one.as_str()).collect();
            let upgrades = match upgrades.is_empty() {
                true => "none".to_owned(),
                false => upgrades.join(", "),
            };
            let max_payload = handshake.max_payload;
            let max_payload =
                max_payload.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
            Check::ok(
                NAME,
                format!(
                    "Engine.IO 4 in {} ms; upgrades: {upgrades}; maxPayload: {max_payload}",
                    opened.answer.took.as_millis()
                ),
            )
        }
        Err(finding) if matches!(direct, Ok(direct) if direct.joined != Joined::WithoutId) => {
            Check::warn(
                NAME,
                Finding::new(format!("not by polling: {}", finding.seen))
                    .advise("clients connect with `transports: [\"websocket\"]` only"),
            )
        }
        Err(finding) => Check::fail(NAME, finding.clone()),
    }
}

/// Judges WebSocket without polling. A server may have polling only.
pub(super) fn check_websocket(direct: &Result<Direct, Finding>, has_polling: bool) -> Check {
    const NAME: &str = "websocket";
    match direct {
        Ok(_) => Check::ok(NAME, "a session opens without polling"),
        Err(finding) if has_polling => Check::warn(NAME, finding.clone()),
        // What to do was told with the handshake.
        Err(finding) => Check::fail(NAME, Finding::new(&*finding.seen)),
    }
}

/// Judges compression: both ways are fine.
pub(super) fn check_compression(direct: &Direct) -> Check {
    const NAME: &str = "compression";
    match &direct.socket.extensions {
        Some(extensions) => Check::ok(NAME, format!("agreed for WebSocket: {extensions}")),
        None => Check::ok(
            NAME,
            "off for WebSocket: the server does not agree to permessage-deflate",
        ),
    }
}
