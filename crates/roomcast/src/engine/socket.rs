//! The handle of one session, held by everyone but its task.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use bytes::Bytes;
use roomcast_engineio::{CloseReason, Transport};
use roomcast_websocket::OpCode;

use super::draft::Draft;
use super::flusher::{self, Flusher, Round};
use super::frame::Frame;
use super::mailbox::{Input, Mailbox, SendOptions, Sent};
use super::{Message, Request};

/// One Engine.IO session of the server; cheap to clone, usable from any thread.
///
/// # Example
///
/// ```
/// use roomcast::engine::{Engine, Message, Socket};
///
/// let engine = Engine::new(|socket: &Socket| {
///     println!("{} by {}", socket.request().url(), socket.transport().as_str());
///     socket.send_text("welcome");
///     |socket: &Socket, message: Message<'_>| match message {
///         Message::Text(text) if text == "bye" => socket.close(),
///         message => socket.send(message),
///     }
/// });
/// ```
///
/// Spec: Engine.IO protocol 4, "Protocol"; features 1.49.
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    sid: Box<str>,
    request: Arc<Request>,
    mailbox: Mailbox,
    flusher: Arc<Flusher>,
    /// The transport in use, as [`Transport`] orders them; written by the session's task alone.
    transport: AtomicU8,
    /// The application has closed the session: what the peer still sends is ignored.
    is_closing: AtomicBool,
}

impl Socket {
    pub(crate) fn new(
        sid: Box<str>,
        request: Arc<Request>,
        mailbox: Mailbox,
        flusher: Arc<Flusher>,
        transport: Transport,
    ) -> Self {
        let socket = Self(Arc::new(Inner {
            sid,
            request,
            mailbox,
            flusher,
            transport: AtomicU8::new(0),
            is_closing: AtomicBool::new(false),
        }));
        socket.set_transport(transport);
        socket
    }

    /// Returns the session's id. It is a secret between this client and the server: who knows it
    /// can take the session over.
    ///
    /// # Example
    ///
    /// ```
    /// # use roomcast::engine::Socket;
    /// # fn example(sessions: &mut std::collections::HashMap<String, Socket>, socket: &Socket) {
    /// sessions.insert(socket.sid().to_owned(), socket.clone());
    /// # }
    /// ```
    ///
    /// Spec: features 2.5.
    #[must_use]
    pub fn sid(&self) -> &str {
        &self.0.sid
    }

    /// Returns the request that opened the session. Example: [`Request`].
    #[must_use]
    pub fn request(&self) -> &Arc<Request> {
        &self.0.request
    }

    /// Returns the transport in use; it changes from polling to another when the client upgrades.
    /// Example: [`Socket`].
    ///
    /// Spec: features 1.49.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.0.transport.load(Ordering::Relaxed) {
            WEBSOCKET => Transport::WebSocket,
            WEBTRANSPORT => Transport::WebTransport,
            _ => Transport::Polling,
        }
    }

    /// Sends a message. It is dropped if the session is over. Example: [`Socket`].
    pub fn send(&self, message: Message<'_>) {
        match message {
            Message::Text(text) => {
                self.send_frames(&[Frame::message(&text)], SendOptions::default())
            }
            Message::Binary(bytes) => {
                self.send_frames(&[Frame::binary(&bytes)], SendOptions::default())
            }
        };
    }

    /// Sends text. It is dropped if the session is over. Example: [`Message`].
    pub fn send_text(&self, text: &str) {
        self.send(Message::Text(text.into()));
    }

    /// Sends bytes. They are dropped if the session is over. Example: [`Message`].
    pub fn send_binary(&self, bytes: &[u8]) {
        self.send(Message::Binary(bytes.into()));
    }

    /// Closes the session once everything that was sent has left. The reason is
    /// [`CloseReason::ForcedClose`]. What the client still sends is ignored. Example: [`Socket`].
    ///
    /// Spec: features 1.47.
    pub fn close(&self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
        self.0.mailbox.tell(Input::Close);
    }

    /// Counts the bytes that wait to be sent, their WebSocket headers included.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket, frame: &[u8]) {
    /// if socket.pending_bytes() < 64 * 1024 {
    ///     socket.send_binary(frame); // the client keeps up
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.0.mailbox.pending_bytes()
    }

    /// Tells whether the transport would take a message at once.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: &roomcast::engine::Socket, frame: &[u8]) {
    /// if socket.is_writable() {
    ///     socket.send_binary(frame);
    /// }
    /// # }
    /// ```
    ///
    /// Spec: features 2.25.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.0.mailbox.is_writable()
    }

    pub(crate) fn send_frames(&self, frames: &[Frame], options: SendOptions) -> Sent {
        let sent = self.0.mailbox.send(frames, options);
        self.flushed(sent)
    }

    /// Sends the frames together with those of the other receivers of `round`.
    pub(crate) fn send_in(&self, round: &mut Round, frames: &[Frame], options: SendOptions) {
        if self.0.mailbox.send(frames, options) == Sent::MustFlush {
            round.add(self);
        }
    }

    /// Sends a message that no other session gets: a packet and its attachments.
    pub(crate) fn send_own(
        &self,
        packet: Draft,
        opcode: OpCode,
        attachments: &[Bytes],
        options: SendOptions,
    ) -> Sent {
        let sent = self
            .0
            .mailbox
            .send_own(packet, opcode, attachments, options);
        self.flushed(sent)
    }

    fn flushed(&self, sent: Sent) -> Sent {
        if sent != Sent::MustFlush {
            return sent;
        }
        flusher::list(self.clone());
        Sent::Queued
    }

    pub(crate) fn flusher(&self) -> &Arc<Flusher> {
        &self.0.flusher
    }

    /// Ends the session at once; what is queued is discarded.
    pub(crate) fn discard(&self, reason: CloseReason) {
        self.0.mailbox.tell(Input::Discard(reason));
    }

    /// Makes the session's task call its application.
    pub(crate) fn notify(&self) {
        self.0.mailbox.notify();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.0.is_closing.load(Ordering::Relaxed)
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    pub(crate) fn set_transport(&self, transport: Transport) {
        let transport = match transport {
            Transport::WebSocket => WEBSOCKET,
            Transport::WebTransport => WEBTRANSPORT,
            _ => POLLING,
        };
        self.0.transport.store(transport, Ordering::Relaxed);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

const POLLING: u8 = 0;
const WEBSOCKET: u8 = 1;
const WEBTRANSPORT: u8 = 2;
