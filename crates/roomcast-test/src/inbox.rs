//! What came for one client and was not yet looked at.

use std::fmt;
use std::time::Duration;

use roomcast::SocketId;
use roomcast_socketio::Packet;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::connection::Arrival;
use crate::event::{Refused, Shown, values};

pub(crate) struct Inbox {
    arrivals: UnboundedReceiver<Arrival>,
    patience: Duration,
}

/// What comes next, if anything does.
pub(crate) enum Next {
    Connected {
        sid: SocketId,
    },
    Refused(Refused),
    Event(Packet<'static>),
    Ended(&'static str),
    /// Nothing came for this long.
    Nothing(Duration),
}

impl Inbox {
    pub(crate) fn new(arrivals: UnboundedReceiver<Arrival>, patience: Duration) -> Self {
        Self { arrivals, patience }
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.arrivals.is_closed()
    }

    pub(crate) async fn next(&mut self) -> Next {
        self.next_within(self.patience).await
    }

    pub(crate) async fn next_within(&mut self, time: Duration) -> Next {
        let arrival = tokio::time::timeout(time, self.arrivals.recv()).await;
        match arrival {
            Err(_) => Next::Nothing(time),
            // The end was told already, or the connection was over before the client joined.
            Ok(None) => Next::Ended("transport close"),
            Ok(Some(Arrival::Ended(reason))) => Next::Ended(reason),
            Ok(Some(Arrival::Event(packet))) => Next::Event(packet),
            Ok(Some(Arrival::Refused(payload))) => Next::Refused(Refused::new(&payload)),
            Ok(Some(Arrival::Connected(payload))) => {
                let sid = payload["sid"].as_str().and_then(|sid| sid.parse().ok());
                Next::Connected {
                    sid: sid.expect("a server's CONNECT has an id"),
                }
            }
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { sid } => write!(f, "the server connected the client again, as {sid}"),
            Self::Refused(refused) => write!(f, "the server refused the client: {refused}"),
            Self::Event(packet) => {
                let name = packet.event().map(|name| name.to_text().into_owned());
                let values = values(packet);
                write!(
                    f,
                    "\"{}\" {} came",
                    name.unwrap_or_default(),
                    Shown(&values)
                )
            }
            Self::Ended(reason) => write!(f, "the client was disconnected: {reason}"),
            Self::Nothing(patience) => write!(f, "nothing came for {patience:?}"),
        }
    }
}
