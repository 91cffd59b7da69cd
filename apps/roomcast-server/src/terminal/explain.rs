//! Why there is no connection, and what to do about it.

use roomcast_client::{ConnectError, Transport};

use super::look::POLLING_IS_OFF;
use super::{Finding, Target, WebSocket, dismiss, look};

/// Why a socket could not be connected that has begun with this transport. If it never reached a
/// server of its protocol, the server is looked at once more: so the cause is told by its kind, and
/// not guessed from a text.
pub(crate) async fn explain(error: &ConnectError, target: &Target, first: Transport) -> Finding {
    match error {
        ConnectError::Open(cause) => look_again(&cause.to_string(), target, first).await,
        ConnectError::OldServer => Finding::new("the server speaks Socket.IO 2")
            .advise("update it to 3 or 4, or use a client of version 2"),
        ConnectError::Refused { message, .. } => refused(message, target),
        error => Finding::new(error.to_string()),
    }
}

async fn look_again(cause: &str, target: &Target, first: Transport) -> Finding {
    let has_no_polling = |finding: &Finding| finding.advice.as_deref() == Some(POLLING_IS_OFF);
    match look(target).await {
        // That is fine for a client that wants none.
        Err(finding) if first == Transport::Polling || !has_no_polling(&finding) => return finding,
        Err(_) => {}
        Ok(opened) => dismiss(target, &opened.answer).await,
    }
    if first == Transport::WebSocket
        && let Err(finding) = WebSocket::open(target, None, "").await
    {
        return finding;
    }
    let host = target.dialer.authority();
    Finding::new(format!("{host} could not be connected: {cause}"))
        .advise("the server answers now; `roomcast doctor` tells what works")
}

/// The server does not let the client into the namespace.
fn refused(message: &str, target: &Target) -> Finding {
    let namespace = &target.namespace;
    let finding = Finding::new(format!(
        "the server refuses namespace {namespace}: {message}"
    ));
    let is_path = namespace.trim_matches('/') == target.path.trim_matches('/');
    match message {
        "Invalid namespace" if is_path => finding.advise(
            "the path of a Socket.IO URL is the namespace: leave it out, --path says where the \
             server listens",
        ),
        "Invalid namespace" => {
            finding.advise("the server has no such namespace: --namespace says which")
        }
        _ => finding.advise("the server's middleware says so: it may want --auth or a --header"),
    }
}
