//! A stream of events, for who prefers a loop to handlers.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use parking_lot::{Mutex, MutexGuard};
use roomcast_handler::AnyHandler;
use roomcast_socketio::client::BufferLimits;
use roomcast_socketio::{ArgError, Args, Event, Packet};
use serde::Serialize;

use super::{Socket, SocketState};
use crate::handler::{Ack, Call, Cause, ClientSide, HandlerId, Outcome, Place, Slot};

/// The events of a socket, one after the other: a [`Stream`], with a [`next`](Self::next) of its own.
///
/// It takes every event of the server from the moment on at which it was made, those that handlers get,
/// too, and through reconnections. It ends with the socket's manager: when the last handle of any of the
/// manager's sockets is gone and the manager is neither connected nor trying to be. A disconnect alone
/// does not end it. Dropping it ends the taking.
///
/// Events wait in it until they are taken, up to its limits. Beyond them the newest events are left out,
/// counted ([`missed`](Self::missed)) and logged: the connection goes on, since heartbeats and
/// acknowledgements come over it, too. An event that is left out is not answered.
///
/// # Example
///
/// ```
/// use roomcast_client::{ArgError, Event, Socket};
///
/// #[derive(Event)]
/// #[event(name = "moved")]
/// struct Moved { piece: String, to: (u8, u8) }
///
/// async fn follow(socket: Socket) -> Result<(), ArgError> {
///     let mut events = socket.events();
///     while let Some(event) = events.next().await {
///         match &*event.name() {
///             "news" => println!("{}", event.args().read::<String>()?),
///             "name?" => event.answer("Ada"),
///             Moved::NAME => {
///                 let Moved { piece, to } = event.parse()?;
///                 println!("{piece} to {to:?}");
///             }
///             other => println!("{other} with {} arguments", event.args().len()),
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// Spec: features 6.34.
#[must_use = "events are taken from it"]
pub struct Events {
    queue: Arc<Queue>,
    // It does not keep the socket alive.
    socket: Weak<SocketState>,
    handler: HandlerId,
}

/// An event of the server, with what it takes to answer it.
pub struct SocketEvent {
    packet: Packet<'static>,
    ack: Option<Ack>,
}

impl SocketEvent {
    /// The event's name.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        // A packet without a name is no event.
        let name = self.packet.event();
        name.map_or(Cow::Borrowed(""), |name| name.to_text().into_owned().into())
    }

    /// A reader of the event's arguments.
    #[must_use]
    pub fn args(&self) -> Args<'_> {
        self.packet.args()
    }

    /// Reads the event as a typed one. Its name is not looked at: that is `E::NAME`.
    ///
    /// # Errors
    ///
    /// [`ArgError`] if an argument is missing or of another type.
    pub fn parse<E: Event>(&self) -> Result<E, ArgError> {
        E::read(&mut self.args())
    }

    /// Tells whether the server waits for an answer.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        self.ack.is_some()
    }

    /// Answers, if the server waits for it and no handler has answered. A tuple is spread into several
    /// values, `()` is an answer without values.
    pub fn answer(self, args: impl Serialize) {
        if let Some(ack) = self.ack {
            ack.send(args);
        }
    }

    /// What answers the event later, if the server waits for it.
    #[must_use]
    pub fn into_ack(self) -> Option<Ack> {
        self.ack
    }
}

impl fmt::Debug for SocketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketEvent")
            .field("name", &self.name())
            .field("wants_answer", &self.wants_answer())
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// Returns the events of the server from now on as a stream. Up to 10,000 of them, of 10,000,000
    /// bytes together, wait to be taken; [`events_within`](Self::events_within) takes other limits.
    ///
    /// Example: [`Events`].
    pub fn events(&self) -> Events {
        self.events_within(BufferLimits::default())
    }

    /// As [`events`](Self::events), with limits of one's own on the events that wait to be taken.
    pub fn events_within(&self, limits: BufferLimits) -> Events {
        let queue = Arc::new(Queue {
            limits,
            state: Mutex::default(),
        });
        let inlet = Arc::new(Inlet(Arc::clone(&queue)));
        Events {
            queue,
            socket: Arc::downgrade(&self.state),
            handler: self.add(Slot::Any, Place::Last, inlet),
        }
    }
}

impl Events {
    /// Waits for the next event; `None` once the socket's manager is gone.
    ///
    /// # Cancel safety
    ///
    /// An event is not lost if the future is dropped.
    pub async fn next(&mut self) -> Option<SocketEvent> {
        poll_fn(|cx| self.queue.poll_pop(cx)).await
    }

    /// Returns how many events were left out so far because too many waited.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.state.lock().missed
    }
}

impl Stream for Events {
    type Item = SocketEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        self.queue.poll_pop(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.upgrade() {
            let removed = socket.table.lock().remove(self.handler);
            drop(removed);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.queue.state.lock();
        f.debug_struct("Events")
            .field("waiting", &state.waiting.len())
            .field("missed", &state.missed)
            .finish_non_exhaustive()
    }
}

/// Events that wait to be taken.
struct Queue {
    limits: BufferLimits,
    // Lock order: a leaf. No user's code is called under it.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<SocketEvent>,
    bytes: usize,
    missed: u64,
    /// Nothing comes any more.
    is_closed: bool,
    taker: Option<Waker>,
}

impl Queue {
    fn push(&self, event: SocketEvent) {
        let mut state = self.state.lock();
        let bytes = state.bytes.saturating_add(event.packet.weight());
        if state.waiting.len() >= self.limits.max_packets || bytes > self.limits.max_bytes {
            state.missed += 1;
            let missed = state.missed;
            drop(state);
            return tracing::warn!(missed, "an event is left out: nobody takes those that wait");
        }
        state.bytes = bytes;
        state.waiting.push_back(event);
        Self::wake(state);
    }

    fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        Self::wake(state);
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        let taker = state.taker.take();
        drop(state);
        if let Some(taker) = taker {
            taker.wake();
        }
    }

    fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        let mut state = self.state.lock();
        if let Some(event) = state.waiting.pop_front() {
            state.bytes -= event.packet.weight();
            return Poll::Ready(Some(event));
        }
        if state.is_closed {
            return Poll::Ready(None);
        }
        state.taker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// The handler that fills a queue. It goes with the socket's table.
struct Inlet(Arc<Queue>);

impl AnyHandler<ClientSide> for Inlet {
    fn call(&self, call: &mut Call<'_>) -> Result<Outcome, roomcast_handler::ArgumentError> {
        if let Cause::Event(packet) = call.context().cause {
            self.0.push(SocketEvent {
                packet: packet.clone().into_owned(),
                ack: Ack::wanted(call),
            });
        }
        Ok(Outcome::Done)
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.0.close();
    }
}
