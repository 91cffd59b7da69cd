//! The upgrade of a polling session to a WebSocket, by probe.

use roomcast_engineio::Transport;

use super::polling::connect_packet;
use super::report::Check;
use crate::terminal::cookies::kept;
use crate::terminal::{Finding, Silence, Target, WebSocket, dismiss, look};

/// What became of the upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Upgrade {
    Done,
    NotOffered,
    /// There is no session, or no WebSocket for it.
    NotOpened(Finding),
    /// The WebSocket opens; what does not happen there, and why.
    Stuck(&'static str, String),
}

/// Opens a session by polling, moves it to a WebSocket, and joins the namespace there.
pub(super) async fn attempt(target: &Target) -> Upgrade {
    let opened = match look(target).await {
        Ok(opened) => opened,
        Err(finding) => return Upgrade::NotOpened(finding),
    };
    if !opened.handshake.upgrades.contains(&Transport::WebSocket) {
        dismiss(target, &opened.answer).await;
        return Upgrade::NotOffered;
    }
    let cookies = kept(&opened.answer.headers);
    let opening = WebSocket::open(target, Some(&opened.handshake.sid), &cookies).await;
    let mut socket = match opening {
        Ok(socket) => socket,
        Err(finding) => {
            dismiss(target, &opened.answer).await;
            return Upgrade::NotOpened(finding);
        }
    };
    match go_over(target, &mut socket).await {
        Ok(()) => {
            socket.close().await;
            Upgrade::Done
        }
        Err((step, silence)) => Upgrade::Stuck(step, silence.to_string()),
    }
}

/// SPEC: Engine.IO 4, "Upgrade".
async fn go_over(target: &Target, socket: &mut WebSocket) -> Result<(), (&'static str, Silence)> {
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

/// Judges the upgrade.
pub(super) fn check(upgrade: &Upgrade) -> Check {
    const NAME: &str = "upgrade";

    match upgrade {
        Upgrade::Done => Check::ok(NAME, "the session moved from polling to WebSocket"),
        Upgrade::NotOffered => Check::warn(
            NAME,
            Finding::new("the server offers none: clients stay on polling")
                .advise("the server's options `allowUpgrades` and `transports` say so"),
        ),
        Upgrade::NotOpened(finding) => Check::fail(NAME, finding.clone()),
        Upgrade::Stuck(step, silence) => Check::fail(
            NAME,
            Finding::new(format!("the WebSocket opens, but {step}: {silence}")).advise(
                "a proxy that opens WebSockets and does not pass their messages on looks like this",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    #[test]
    fn clients_can_do_without_an_upgrade_but_not_with_half_of_one() {
        let stuck = Upgrade::Stuck("the probe is not answered", "closed".to_owned());

        assert_eq!(check(&Upgrade::Done).verdict, Verdict::Ok);
        assert_eq!(check(&Upgrade::NotOffered).verdict, Verdict::Warn);
        assert_eq!(
            check(&Upgrade::NotOpened(Finding::new("no"))).verdict,
            Verdict::Fail
        );
        let seen = check(&stuck).seen;
        assert_eq!(
            seen,
            "the WebSocket opens, but the probe is not answered: closed"
        );
    }
}
