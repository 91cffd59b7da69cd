//! The task of an accepted connection, from its first request to its end.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::head_timer::HEAD_TIMEOUT;
use super::request::{Asked, Wanted, empty_lines};
use super::{Front, Next, Outcome};
use crate::engine::SessionTask;
use crate::serve::layer::Layer;
use crate::serve::{foreign, rewound::Rewound};

/// The task of one accepted connection. It becomes the task of the session that is opened over it.
pub(in crate::serve) struct Connection(Phase);

#[expect(
    clippy::large_enum_variant,
    reason = "the large one is what a connection is for most of its life"
)]
enum Phase {
    /// Until the first request. In a box as the next one, so that the session keeps nothing of it.
    ///
    /// Cost: most WebSockets go from here to their session. What waits for requests at any time is
    /// four times as large.
    First(Pin<Box<dyn Future<Output = First> + Send>>),
    Http(Pin<Box<dyn Future<Output = Option<SessionTask>> + Send>>),
    Session(SessionTask),
}

/// What a connection begins with.
struct First {
    front: Front,
    /// Nothing if the server is being closed.
    next: Option<Next>,
    /// When the first request is late.
    late_at: Instant,
    held: TaskTrackerToken,
}

impl Connection {
    /// `held` is kept until the connection is a session or at its end.
    pub(in crate::serve) fn new(
        layer: Arc<Layer>,
        stream: TcpStream,
        address: SocketAddr,
        held: TaskTrackerToken,
    ) -> Self {
        let mut front = Front::new(layer, stream, address);
        Self(Phase::First(Box::pin(async move {
            let late_at = Instant::now() + HEAD_TIMEOUT;
            let next = front.first(late_at).await;
            First {
                front,
                next,
                late_at,
                held,
            }
        })))
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let next = match &mut self.0 {
                Phase::First(first) => ready!(first.as_mut().poll(cx)).go_on(),
                Phase::Http(http) => ready!(http.as_mut().poll(cx)).map(Phase::Session),
                Phase::Session(session) => return Pin::new(session).poll(cx),
            };
            match next {
                Some(phase) => self.0 = phase,
                None => return Poll::Ready(()),
            }
        }
    }
}

impl First {
    /// What the connection is next; nothing at its end.
    fn go_on(self) -> Option<Phase> {
        let Self {
            mut front,
            next,
            late_at,
            held,
        } = self;
        if let Some(Next::Request(Asked {
            wanted: Wanted::Other(request),
            ..
        })) = &next
            && let Some(switch) = front.layer.engine().switch_at_once(request)
        {
            return front.begin(switch).map(Phase::Session);
        }
        Some(Phase::Http(Box::pin(async move {
            let session = match front.serve(next, late_at).await {
                Outcome::Switched(switch) => front.begin(switch),
                Outcome::Foreign(first_by) => {
                    let skipped = empty_lines(&front.unread);
                    let unread = Bytes::from(front.unread).slice(skipped..);
                    let io = Rewound::new(front.stream, unread);
                    let (layer, address) = (&front.layer, front.address);
                    Box::pin(foreign::serve(layer, io, address, first_by)).await;
                    None
                }
                Outcome::End => {
                    // Invariant: whoever waits for the connections finds this one closed.
                    drop(front);
                    None
                }
            };
            drop(held);
            session
        })))
    }
}
