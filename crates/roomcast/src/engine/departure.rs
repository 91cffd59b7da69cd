//! Knowing when a message was handed to the transport.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// Stands in the queue behind a message, or behind all that was queued so far, and goes with it from
/// transport to transport.
#[derive(Debug)]
pub(crate) struct Mark {
    sender: Option<oneshot::Sender<()>>,
    purpose: Purpose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// For the message before it.
    Message,
    /// For all that is before it.
    Everything,
    /// The message was dropped.
    Void,
}

impl Mark {
    /// A mark for one message.
    pub(crate) fn of_message() -> (Self, Departure) {
        Self::new(Purpose::Message)
    }

    /// A mark for all that waits.
    pub(crate) fn of_everything() -> (Self, Departure) {
        Self::new(Purpose::Everything)
    }

    fn new(purpose: Purpose) -> (Self, Departure) {
        let (sender, passed) = oneshot::channel();
        let mark = Self {
            sender: Some(sender),
            purpose,
        };
        (mark, Departure(passed))
    }

    /// The message before it was dropped.
    pub(crate) fn give_up(&mut self) {
        if self.purpose == Purpose::Message {
            self.purpose = Purpose::Void;
        }
    }

    /// All that is before it was handed over.
    pub(crate) fn pass(&mut self) {
        let sender = self.sender.take();
        if let Some(sender) = sender.filter(|_| self.purpose != Purpose::Void) {
            // Nobody waits any more.
            let _ = sender.send(());
        }
    }
}

/// Waits until a message was handed to the transport: to the kernel for a WebSocket, to the answer
/// of a poll for polling. Whether the client has read it is not known.
///
/// It survives an upgrade: what waits when the transport changes leaves over the new one.
/// [`Socket::send_noted`](super::Socket::send_noted) and
/// [`Socket::flushed`](super::Socket::flushed) give it. It may be dropped at any time.
///
/// # Example
///
/// ```
/// use roomcast::engine::{Message, Socket};
///
/// async fn say_last_word(socket: &Socket) {
///     match socket.send_noted(Message::Text("good night".into())).await {
///         Ok(()) => println!("it has left"),
///         Err(error) => println!("{error}"),
///     }
/// }
/// ```
///
/// Spec: features 1.50.
#[must_use = "it is waited for with `.await`"]
#[derive(Debug)]
pub struct Departure(oneshot::Receiver<()>);

impl Departure {
    /// Of a message that was not taken.
    pub(crate) fn never() -> Self {
        Self(oneshot::channel().1)
    }
}

impl Future for Departure {
    type Output = Result<(), NeverLeft>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let passed = Pin::new(&mut self.0).poll(cx);
        passed.map(|passed| passed.map_err(|_| NeverLeft))
    }
}

/// A message that will not be sent: its session is over, or it was dropped while it waited.
///
/// # Example
///
/// ```
/// # use roomcast::engine::{NeverLeft, Socket};
/// async fn finish(socket: &Socket) -> Result<(), NeverLeft> {
///     socket.send_text("done");
///     socket.flushed().await
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeverLeft;

impl fmt::Display for NeverLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was never handed to the transport")
    }
}

impl std::error::Error for NeverLeft {}
