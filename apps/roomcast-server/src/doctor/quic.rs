//! Sessions over WebTransport, where the server offers them.

use std::time::{Duration, Instant};

use roomcast_client::{ConfigError, ManagerEvent, OpenError, Transport};
use tokio::sync::mpsc::unbounded_channel;

use super::report::Check;
use crate::terminal::{Finding, Target};

/// What became of a session.
#[derive(Debug)]
pub(super) enum Attempt {
    Opened(Duration),
    Failed(OpenError),
    Mistake(ConfigError),
}

/// Opens a session over WebTransport alone, and closes it.
pub(super) async fn attempt(target: &Target) -> Attempt {
    let (builder, _) = target.client();
    let builder = builder.transports([Transport::WebTransport]);
    let manager = match builder.without_reconnection().manager() {
        Ok(manager) => manager,
        Err(mistake) => return Attempt::Mistake(mistake),
    };
    let (sender, mut events) = unbounded_channel();
    manager.on_event(move |event: &ManagerEvent| {
        // Nobody asks any more once one of them has decided.
        let _ = sender.send(event.clone());
    });
    let begun = Instant::now();
    manager.open();
    loop {
        match events.recv().await {
            Some(ManagerEvent::Open { .. }) => {
                let took = begun.elapsed();
                manager.close();
                return Attempt::Opened(took);
            }
            Some(ManagerEvent::Error(error)) => return Attempt::Failed(error),
            Some(_) => {}
            None => return Attempt::Failed(OpenError::Timeout),
        }
    }
}

/// Judges the attempt.
pub(super) fn check(attempt: &Attempt) -> Check {
    const NAME: &str = "quic";

    let failed = |reason: String| {
        let seen = format!("WebTransport is offered and does not open: {reason}");
        let advice = "does UDP reach the server at the URL's port, and is its certificate valid \
                      there? Clients go on by WebSocket, after they have tried";
        Check::warn(NAME, Finding::new(seen).advise(advice))
    };
    match attempt {
        Attempt::Opened(took) => Check::ok(
            NAME,
            format!("WebTransport opens in {} ms", took.as_millis()),
        ),
        Attempt::Failed(error) => failed(error.to_string()),
        Attempt::Mistake(error) => failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::Verdict;

    #[test]
    fn clients_can_do_without_webtransport() {
        let opened = check(&Attempt::Opened(Duration::from_millis(7)));
        assert_eq!(opened.verdict, Verdict::Ok);
        assert_eq!(opened.seen, "WebTransport opens in 7 ms");

        let failed = check(&Attempt::Failed(OpenError::Timeout));
        assert_eq!(failed.verdict, Verdict::Warn);
        assert_eq!(
            failed.seen,
            "WebTransport is offered and does not open: timeout"
        );
    }
}
