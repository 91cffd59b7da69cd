//! What a user may choose.

use std::time::Duration;

use crate::{Limits, Parser};

/// What a manager is made with.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Options {
    /// How packets become messages; the server must use the same. Default [`Parser::Text`].
    pub parser: Parser,
    /// Reconnection and connection timeout, which may change while the manager runs.
    pub settings: Settings,
    /// Limits on each packet of the server.
    pub limits: Limits,
    /// Limits on the events that a server sends before it has confirmed a namespace, for each
    /// namespace. A server that sends more is a [parse error](super::CloseReason::ParseError).
    /// Default 10,000 packets and 10,000,000 bytes.
    pub receive_buffer: BufferLimits,
    /// How many bytes of events may wait while the connection takes them more slowly than they are
    /// emitted; one event larger than that still leaves if no other waits. What the sockets do with
    /// more is their [`overflow`](SocketOptions::overflow). Events that have waited for the
    /// connection in a send buffer are not refused a second time.
    ///
    /// Acknowledgements are never left out. They may take as many bytes again; at the next one the
    /// connection is closed with [`Description::OutboxFull`](super::Description::OutboxFull).
    /// Default 100,000,000.
    pub max_outbox: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parser: Parser::default(),
            settings: Settings::default(),
            limits: Limits::default(),
            receive_buffer: BufferLimits::default(),
            max_outbox: 100_000_000,
        }
    }
}

/// How a manager connects again. May be changed while it runs.
///
/// # Example
///
/// ```
/// use roomcast_socketio::client::Settings;
///
/// let settings = Settings::default();
/// assert!(settings.reconnection);
/// assert_eq!(settings.reconnection_attempts, None);
/// assert_eq!(settings.reconnection_delay.as_millis(), 1000);
/// assert_eq!(settings.reconnection_delay_max.as_millis(), 5000);
/// assert_eq!(settings.randomization_factor, 0.5);
/// assert_eq!(settings.timeout.map(|timeout| timeout.as_millis()), Some(20_000));
/// ```
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether a lost connection, or one that could not be opened, is tried again. Default `true`.
    pub reconnection: bool,
    /// After how many attempts to give up; `None` for never. Default `None`.
    pub reconnection_attempts: Option<u32>,
    /// How long to wait before the first attempt; the delay doubles with each one. Default 1 s.
    pub reconnection_delay: Duration,
    /// The longest delay. Default 5 s.
    pub reconnection_delay_max: Duration,
    /// How far a delay may lie from the plain one, as a part of it: 0 to 1. Default 0.5.
    pub randomization_factor: f64,
    /// How long an attempt may take; `None` for any time. Default 20 s.
    pub timeout: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reconnection: true,
            reconnection_attempts: None,
            reconnection_delay: Duration::from_secs(1),
            reconnection_delay_max: Duration::from_secs(5),
            randomization_factor: 0.5,
            timeout: Some(Duration::from_secs(20)),
        }
    }
}

/// What a socket is made with.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct SocketOptions {
    /// How long to wait for an acknowledgement if an event names no time of its own; `None` for any
    /// time. Default `None`.
    pub ack_timeout: Option<Duration>,
    /// How often an event is sent again that was not acknowledged. With 1 or more, events wait in a
    /// queue and go one by one. Default 0: there is no queue.
    pub retries: u32,
    /// Limits on the events that wait for a connection, and on the queue of `retries`. Default
    /// 100,000 packets and 100,000,000 bytes.
    pub send_buffer: BufferLimits,
    /// What happens to events beyond `send_buffer` or [`Options::max_outbox`]. Default
    /// [`Overflow::Refuse`]. The queue of `retries` always refuses.
    pub overflow: Overflow,
    /// How many acknowledgements may be awaited at the same time. Default 100,000.
    pub max_pending_acks: usize,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            ack_timeout: None,
            retries: 0,
            send_buffer: BufferLimits {
                max_packets: 100_000,
                max_bytes: 100_000_000,
            },
            overflow: Overflow::Refuse,
            max_pending_acks: 100_000,
        }
    }
}

/// How much may wait in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimits {
    /// The largest number of packets.
    pub max_packets: usize,
    /// The largest sum of the packets, attachments included, in bytes.
    pub max_bytes: usize,
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self {
            max_packets: 10_000,
            max_bytes: 10_000_000,
        }
    }
}

impl BufferLimits {
    /// Whether one more packet of `added` bytes fits to those that wait.
    pub(super) fn has_room(&self, packets: usize, bytes: usize, added: usize) -> bool {
        packets < self.max_packets && bytes.saturating_add(added) <= self.max_bytes
    }

    /// Whether what waits takes no more than this part of the limits.
    pub(super) fn is_within(&self, packets: usize, bytes: usize, part: usize) -> bool {
        packets <= self.max_packets / part && bytes <= self.max_bytes / part
    }
}

/// What happens to an event for which there is no room: in the send buffer, where events wait for a
/// connection, or in the outbox, where they wait until a connection takes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth way")]
pub enum Overflow {
    /// The emitter gets [`EmitError::BufferFull`](super::EmitError::BufferFull) or
    /// [`EmitError::OutboxFull`](super::EmitError::OutboxFull).
    #[default]
    Refuse,
    /// The events that have waited longest make room.
    DropOldest,
    /// The new event goes nowhere.
    DropNewest,
}
