//! What happens on a session, for those who want to see it.
//!
//! Most sessions have no listener: they pay the check of one byte, and no memory.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use roomcast_engineio::revision4::decode_text;
use roomcast_engineio::{CloseReason, Packet, Transport};

use super::cause::DisconnectCause;
use super::frame::Frame;
use super::socket::Socket;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionEvent<'e> {
    Packet(&'e Packet<'e>),
    PacketCreate(&'e Packet<'e>),
    Flush,
    Drain,
    Heartbeat,
    Upgrading(Transport),
    Upgrade(Transport),
    Close(CloseReason, &'e DisconnectCause),
}

/// Kinds of events, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const PACKET: Self = Self(1);
    pub(crate) const PACKET_CREATE: Self = Self(1 << 1);
    pub(crate) const FLUSH: Self = Self(1 << 2);
    pub(crate) const DRAIN: Self = Self(1 << 3);
    pub(crate) const HEARTBEAT: Self = Self(1 << 4);
    pub(crate) const UPGRADING: Self = Self(1 << 5);
    pub(crate) const UPGRADE: Self = Self(1 << 6);
    pub(crate) const CLOSE: Self = Self(1 << 7);
    /// What a packet of the client may be to somebody.
    pub(crate) const RECEIVED: Self = Self(Self::PACKET.0 | Self::HEARTBEAT.0);
    /// Both ends of a write.
    pub(crate) const WRITE: Self = Self(Self::FLUSH.0 | Self::DRAIN.0);

    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    pub(crate) fn is_among(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

impl SessionEvent<'_> {
    fn kind(&self) -> Kinds {
        match self {
            Self::Packet(_) => Kinds::PACKET,
            Self::PacketCreate(_) => Kinds::PACKET_CREATE,
            Self::Flush => Kinds::FLUSH,
            Self::Drain => Kinds::DRAIN,
            Self::Heartbeat => Kinds::HEARTBEAT,
            Self::Upgrading(_) => Kinds::UPGRADING,
            Self::Upgrade(_) => Kinds::UPGRADE,
            Self::Close(..) => Kinds::CLOSE,
        }
    }
}

/// A function that is told events of one kind.
#[derive(Clone)]
pub(crate) struct Listener {
    kind: Kinds,
    call: Arc<dyn Fn(SessionEvent<'_>) + Send + Sync>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Listener").field(&self.kind).finish()
    }
}

/// Events of the session, as `socket.conn.on(…)` in JavaScript.
///
/// A listener is called where the event happens: in the session's task, in that of a flusher or of the clock, or
/// where something is emitted. It must not block, and may send. Its panic is logged and harms nobody.
/// All of them are dropped when the session is over, so they may own the session.
///
/// Spec: features 1.48.
impl Socket {
    /// Calls `listener` for each packet of the client, heartbeats included.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::engine::Packet;
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| {
    ///     socket.conn().on_packet(|packet| {
    ///         if let Packet::Text(text) = packet {
    ///             println!("{} bytes came", text.len());
    ///         }
    ///     });
    /// });
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_packet(&self, listener: impl Fn(&Packet<'_>) + Send + Sync + 'static) {
        self.listen(Kinds::PACKET, move |event| {
            if let SessionEvent::Packet(packet) = event {
                listener(packet);
            }
        });
    }

    /// Calls `listener` for each packet that was queued for the client: `packetCreate` in
    /// JavaScript. The attachments of an event are packets of their own.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.conn().on_packet_create(|packet| println!("to be sent: {packet:?}"));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_packet_create(&self, listener: impl Fn(&Packet<'_>) + Send + Sync + 'static) {
        self.listen(Kinds::PACKET_CREATE, move |event| {
            if let SessionEvent::PacketCreate(packet) = event {
                listener(packet);
            }
        });
    }

    /// Calls `listener` when packets that wait are about to be handed to the transport.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// let conn = socket.conn().clone();
    /// socket.conn().on_flush(move || println!("{} bytes leave", conn.pending_bytes()));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_flush(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listen(Kinds::FLUSH, move |_| listener());
    }

    /// Calls `listener` when the transport has taken everything that it was handed.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.conn().on_drain(|| println!("the client keeps up"));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_drain(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listen(Kinds::DRAIN, move |_| listener());
    }

    /// Calls `listener` when the client has answered a heartbeat.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.conn().on_heartbeat(|| println!("it lives"));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_heartbeat(&self, listener: impl Fn() + Send + Sync + 'static) {
        self.listen(Kinds::HEARTBEAT, move |_| listener());
    }

    /// Calls `listener` when the client begins to change to another transport.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.conn().on_upgrading(|transport| println!("it tries {}", transport.as_str()));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48.
    pub fn on_upgrading(&self, listener: impl Fn(Transport) + Send + Sync + 'static) {
        self.listen(Kinds::UPGRADING, move |event| {
            if let SessionEvent::Upgrading(transport) = event {
                listener(transport);
            }
        });
    }

    /// Calls `listener` when the client has changed to another transport.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Server, Socket};
    ///
    /// let io = Server::new();
    /// io.on_connect(|socket: Socket| {
    ///     println!("over {}", socket.conn().transport().as_str()); // polling
    ///     socket.conn().on_upgrade(|transport| println!("now {}", transport.as_str())); // websocket
    /// });
    /// ```
    ///
    /// Spec: features 1.49.
    pub fn on_upgrade(&self, listener: impl Fn(Transport) + Send + Sync + 'static) {
        self.listen(Kinds::UPGRADE, move |event| {
            if let SessionEvent::Upgrade(transport) = event {
                listener(transport);
            }
        });
    }

    /// Calls `listener` when the session is over, once, with the official reason and with what was
    /// behind it.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(socket: roomcast::Socket) {
    /// socket.conn().on_close(|reason, cause| println!("{reason}: {cause}"));
    /// # }
    /// ```
    ///
    /// Spec: features 1.48, N9.
    pub fn on_close(
        &self,
        listener: impl Fn(CloseReason, &DisconnectCause) + Send + Sync + 'static,
    ) {
        self.listen(Kinds::CLOSE, move |event| {
            if let SessionEvent::Close(reason, cause) = event {
                listener(reason, cause);
            }
        });
    }

    fn listen(&self, kind: Kinds, call: impl Fn(SessionEvent<'_>) + Send + Sync + 'static) {
        let call = Arc::new(call);
        if self.mailbox().add_listener(Listener { kind, call }) {
            self.watch(kind);
        }
    }

    /// Tells the listeners, where there are any of this kind.
    #[inline]
    pub(crate) fn tell(&self, event: SessionEvent<'_>) {
        if self.watches(event.kind()) {
            self.tell_listeners(event);
        }
    }

    #[cold]
    fn tell_listeners(&self, event: SessionEvent<'_>) {
        // Invariant: called without the lock; listeners may send and may add listeners.
        let listeners = self.mailbox().listeners();
        let kind = event.kind();
        for listener in listeners.iter().filter(|listener| listener.kind == kind) {
            let call = AssertUnwindSafe(|| (listener.call)(event));
            if std::panic::catch_unwind(call).is_err() {
                tracing::error!(?kind, "a listener of a session panicked");
            }
        }
    }

    /// Tells that what waits is about to be written, and whether anything is.
    pub(crate) fn tell_flush(&self) -> bool {
        if self.pending_packets() > 0 {
            self.tell(SessionEvent::Flush);
        }
        self.pending_bytes() > 0
    }

    /// Tells the listeners of packets that were queued.
    #[cold]
    pub(crate) fn tell_created(&self, frames: &[Frame]) {
        for frame in frames {
            let packet = match frame.is_binary() {
                true => Ok(Packet::Binary(frame.payload().into())),
                false => {
                    let text = std::str::from_utf8(frame.payload());
                    decode_text(text.expect("the encoder writes UTF-8"))
                }
            };
            // What the server has encoded is a packet.
            if let Ok(packet) = packet {
                self.tell(SessionEvent::PacketCreate(&packet));
            }
        }
    }
}
