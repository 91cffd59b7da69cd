//! Who is online, told to everyone when it changes.

use std::sync::Arc;
use std::time::Duration;

use roomcast::Server;
use serde::Serialize;
use tokio::sync::Notify;

use super::person::Member;

/// Knows whether something has changed since everyone was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence(Arc<Notify>);

impl Presence {
    /// Somebody came, went, or has another name or other rooms.
    pub(super) fn changed(&self) {
        self.0.notify_one();
    }

    /// Tells everyone after each change, for ever.
    ///
    /// Changes within a [`PAUSE`] are told together: a thousand clients that come at once cause a
    /// few events for each and not a thousand.
    pub(super) async fn announce(self, io: Server) {
        loop {
            self.0.notified().await;
            io.emit("presence", State::of(&io));
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[derive(Debug, Serialize)]
struct State {
    people: Vec<Member>,
    count: usize,
}

impl State {
    fn of(io: &Server) -> Self {
        let sockets = io.sockets();
        Self {
            people: sockets.iter().take(MAX_PEOPLE).map(Member::of).collect(),
            count: sockets.len(),
        }
    }
}

/// The shortest time between two events.
const PAUSE: Duration = Duration::from_millis(50);

/// The most people who are named.
const MAX_PEOPLE: usize = 200;
