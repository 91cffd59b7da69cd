//! What another library's WebSocket must be able to do.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

/// A WebSocket of another library, which gives and takes whole messages.
///
/// It stands for what `wsEngine` is in JavaScript: implement it for the WebSocket of the HTTP server
/// that you have, and [`Accepted::carry`](super::Accepted::carry) makes a session of it. The
/// methods are those of a stream and a sink, so that most are one line. The library does the rest:
/// the handshake, frames, masks, compression, fragments, and answers to pings; pings and pongs are
/// not reported. `examples/other_websocket.rs` implements it for tokio-tungstenite.
///
/// All methods are called by the session's task. Whoever returns [`Poll::Pending`] wakes it when it
/// is worth while to ask again. A panic ends the session and harms no other.
///
/// # Example
///
/// Two channels, the smallest WebSocket there is:
///
/// ```
/// use std::io;
/// use std::task::{Context, Poll};
/// use roomcast::engine::{MessageSocket, ReceiveError, SocketMessage};
/// use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
///
/// struct Channels {
///     incoming: UnboundedReceiver<SocketMessage>,
///     outgoing: UnboundedSender<SocketMessage>,
/// }
///
/// impl MessageSocket for Channels {
///     fn poll_receive(
///         &mut self,
///         cx: &mut Context<'_>,
///     ) -> Poll<Option<Result<SocketMessage, ReceiveError>>> {
///         self.incoming.poll_recv(cx).map(|message| message.map(Ok))
///     }
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn start_send(&mut self, message: SocketMessage) -> io::Result<()> {
///         let sent = self.outgoing.send(message);
///         sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
///     }
///
///     fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
///         Poll::Ready(Ok(()))
///     }
/// }
/// ```
///
/// Spec: features 1.45.
pub trait MessageSocket: Send + 'static {
    /// Takes the next message of the client, in order; `None` where the connection has ended, also
    /// if that was without a close frame.
    ///
    /// It is not called while the session has enough to do: what the client sends waits with the
    /// library, which should not read on either. After [`SocketMessage::Close`] it is called until
    /// the connection has ended.
    ///
    /// Answers to the client's pings leave from here or from [`poll_flush`](Self::poll_flush), which
    /// is called after this one. How many of them may wait is for the library to limit, since
    /// nothing here knows of them: a client that sends pings and reads nothing must not fill the
    /// memory. A library without a limit is kept from reading: once it has reported a ping, wait for
    /// its flush before it is asked again.
    ///
    /// # Errors
    ///
    /// Why nothing more can be received, a [`ReceiveError`]. Unless the connection is lost, the
    /// client is told: the close frame leaves, and then this is called again until it gives `None`,
    /// for at most 10 s. Whatever the client still sends should be read and forgotten here, and the
    /// write half shut down: a connection that is dropped with unread bytes is reset, and the client
    /// may never see the close frame. A second error counts as `None`.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<SocketMessage, ReceiveError>>>;

    /// Waits until a message may be given to [`start_send`](Self::start_send).
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Takes a message over, which need not leave before [`poll_flush`](Self::poll_flush). It is
    /// called once for each [`poll_ready`](Self::poll_ready) that was ready.
    ///
    /// [`SocketMessage::Close`] begins the library's closing handshake, or is its answer; it is the
    /// last message. A library that has answered already may return an error, which changes nothing.
    fn start_send(&mut self, message: SocketMessage) -> io::Result<()>;

    /// Waits until all that was taken over, and all answers to pings, have left the process. It is
    /// called after messages were given or asked for, also if there were none. What has not left
    /// counts as waiting for the client, with the limits of
    /// [`max_outbox`](crate::engine::Builder::max_outbox); answers to pings do not.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// A whole message of a WebSocket. Example: [`MessageSocket`].
///
/// Spec: RFC 6455, sections 5.5.1 and 5.6.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 6455 has two kinds of messages, and a frame that ends them"
)]
pub enum SocketMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// A close frame.
    Close {
        /// Its code, if it has one: 1000 to 1003, 1007 to 1014, or 3000 to 4999.
        code: Option<u16>,
        /// Its text, mostly empty; at most 123 bytes. Without a code there is none.
        reason: String,
    },
}

/// Why a WebSocket can receive nothing more.
///
/// # Example
///
/// ```
/// use roomcast::engine::ReceiveError;
///
/// let lost = ReceiveError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
/// assert_eq!(lost.to_string(), "connection was lost: connection reset");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The client's message is larger than the library takes. The client is closed with 1009, as for
    /// one above [`max_http_buffer_size`](crate::engine::Builder::max_http_buffer_size). That is
    /// also the limit which
    /// [`DisconnectCause::Oversize`](crate::engine::DisconnectCause::Oversize) names, even if the
    /// library has a lower one.
    #[error("message is larger than the WebSocket takes")]
    TooLarge,
    /// The client's text is not UTF-8. The client is closed with 1007.
    #[error("text is not valid UTF-8")]
    NotUtf8,
    /// The client broke the rules of WebSockets; says which. It is closed with 1002.
    #[error("{0}")]
    Protocol(String),
    /// The connection ended without a close frame.
    #[error("connection was lost: {0}")]
    Lost(#[from] io::Error),
}
