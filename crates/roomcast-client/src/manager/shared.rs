//! What the handles of a manager and its task share.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Instant, SystemTime};

use parking_lot::{Mutex, MutexGuard};
use roomcast_engineio::{Handshake, Transport};
use roomcast_socketio::client::{self, AckError, AckToken, LinkState, SocketKey};
use roomcast_socketio::{Packet, Parser};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{ManagerEvent, task};
use crate::builder::AttemptFunction;
use crate::client::UpgradeMemory;
use crate::engine;
use crate::error::{ConfigError, ConnectError, NotConnected, NotFlushed, TransportError};
use crate::handler::List;
use crate::socket::SocketState;

/// All that is decided without I/O.
pub(crate) type Core = client::Manager<TransportError>;

/// What waits for an acknowledgement.
pub(crate) type AckWaiter = Box<dyn FnOnce(Result<&Packet<'_>, AckError>) + Send>;

pub(crate) type ManagerListener = Arc<dyn Fn(&ManagerEvent) + Send + Sync>;

pub(crate) type PacketListener = Arc<dyn Fn(&Packet<'_>) + Send + Sync>;

/// What the handles of a manager and its task share.
///
/// The task runs while there is something to do or to wait for, and is started again by the call
/// that makes it needed: a manager that rests costs no task, and dropping its last handle is enough.
pub(crate) struct Shared {
    /// How engines are opened.
    pub(crate) engine: engine::Shared,
    /// Who says where and how each attempt connects, if somebody does.
    pub(crate) attempts: Option<AttemptFunction>,
    pub(crate) upgrade_memory: Arc<UpgradeMemory>,
    parser: Parser,
    pub(crate) max_waiting_handlers: usize,
    /// No user's code is called under it.
    state: Mutex<State>,
    // Lock order: a leaf.
    pub(crate) listeners: Mutex<List<ManagerListener>>,
    // Lock order: a leaf.
    pub(crate) packet_listeners: Mutex<List<PacketListener>>,
    /// How many handles of `blocking` hold a manager that is theirs.
    // Lock order: before `state`.
    pub(crate) holders: Option<Mutex<usize>>,
}

/// Where the task of a manager runs.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) runtime: Handle,
    /// It is the thread of `blocking`, and stays so. Otherwise it becomes the runtime of whoever connects.
    pub(crate) is_blocking: bool,
}

impl Home {
    /// The runtime of the caller.
    pub(crate) fn here() -> Result<Self, ConfigError> {
        let runtime = Handle::try_current().map_err(|_| ConfigError::NoRuntime)?;
        Ok(Self {
            runtime,
            is_blocking: false,
        })
    }
}

/// What the lock of a manager guards.
pub(crate) struct State {
    pub(crate) core: Core,
    pub(crate) sockets: HashMap<SocketKey, Arc<SocketState>>,
    pub(crate) acks: HashMap<AckToken, (SocketKey, AckWaiter)>,
    pub(crate) link: Link,
    /// The user wants the engine closed under the manager.
    pub(crate) wants_drop: bool,
    pub(crate) flushes: Vec<Flush>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) awaited: Vec<Awaited>,
    /// Why sockets were not connected when they were to be the last time.
    pub(crate) failures: HashMap<SocketKey, ConnectError>,
    runner: Runner,
    /// Where the task runs.
    runtime: Handle,
    /// The task was dropped with its runtime.
    pub(crate) has_lost_runtime: bool,
}

/// Somebody who waits until all of a socket has left.
pub(crate) struct Flush {
    pub(crate) socket: SocketKey,
    pub(crate) done: oneshot::Sender<Result<(), NotFlushed>>,
}

/// Somebody who waits until a socket is connected.
pub(crate) struct Awaited {
    pub(crate) socket: SocketKey,
    pub(crate) done: oneshot::Sender<Result<(), NotConnected>>,
}

/// Somebody who waits for room for an event of a socket.
pub(crate) struct Waiting {
    socket: SocketKey,
    has_room: oneshot::Sender<()>,
}

/// What the task has last seen of its engine.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) transport: Option<Transport>,
    pub(crate) handshake: Option<Arc<Handshake<'static>>>,
    pub(crate) is_writable: bool,
    pub(crate) expiry: Option<Expiry>,
    /// Somebody has found that the heartbeat's time is over.
    pub(crate) has_expired: bool,
}

/// When the server is taken for dead, on the clock that stands still while the machine sleeps, and on
/// the one that goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub(crate) deadline: Instant,
    pub(crate) wall_deadline: Option<SystemTime>,
}

/// Whether the task runs.
enum Runner {
    Idle,
    /// It is being polled, or about to be.
    Running,
    Waiting(Waker),
}

enum Poke {
    Start(Handle),
    Wake(Waker),
}

impl Link {
    pub(super) fn state(&mut self, now: Instant) -> LinkState {
        let is_past = |expiry: Expiry| {
            let wall = expiry.wall_deadline;
            expiry.deadline <= now || wall.is_some_and(|wall| wall < SystemTime::now())
        };
        self.has_expired |= self.expiry.is_some_and(is_past);
        LinkState {
            is_writable: self.is_writable,
            has_expired: self.has_expired,
        }
    }
}

impl State {
    /// Emits, and says what is known of the link. Takes the waiter if there is something to wait for:
    /// what it has captured is the user's, and is not to be dropped here.
    pub(crate) fn emit(
        &mut self,
        now: Instant,
        socket: SocketKey,
        emission: client::Emission,
        waiter: &mut Option<AckWaiter>,
    ) -> Result<Option<AckToken>, client::EmitError> {
        let link = self.link.state(now);
        let token = self.core.emit(now, socket, emission, link)?;
        if let Some(token) = token
            && let Some(waiter) = waiter.take()
        {
            self.acks.insert(token, (socket, waiter));
        }
        if self.core.has_outputs() || self.core.has_packets() {
            // Invariant: a volatile event does not leave behind others.
            self.link.is_writable = false;
        }
        Ok(token)
    }

    /// Emits as soon as no more than half of the room is taken: now, or not before what is returned is
    /// ready.
    pub(crate) fn emit_or_wait(
        &mut self,
        now: Instant,
        socket: SocketKey,
        emission: &mut Option<client::Emission>,
    ) -> Result<Result<(), client::EmitError>, oneshot::Receiver<()>> {
        if let Some(emission) = emission.take_if(|_| self.core.is_within(socket, 2)) {
            return Ok(self.emit(now, socket, emission, &mut None).map(|_| ()));
        }
        let (has_room, room) = oneshot::channel();
        self.waiting.retain(|waiting| !waiting.has_room.is_closed());
        self.waiting.push(Waiting { socket, has_room });
        Err(room)
    }

    /// Takes out who waits for room and has it: more than three quarters are free.
    pub(crate) fn with_room(&mut self) -> Vec<oneshot::Sender<()>> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let core = &self.core;
        let served = |waiting: &mut Waiting| core.is_within(waiting.socket, 4);
        let served = self.waiting.extract_if(.., served);
        served.map(|waiting| waiting.has_room).collect()
    }

    /// Somebody waits until all of a socket has left. Returns those who do not wait any more, to be
    /// dropped without the lock.
    pub(crate) fn flush(&mut self, flush: Flush) -> Vec<Flush> {
        let gone = |flush: &mut Flush| flush.done.is_closed();
        let gone = self.flushes.extract_if(.., gone).collect();
        self.flushes.push(flush);
        gone
    }

    /// Somebody waits until a socket is connected. Returns those who do not wait any more, to be dropped
    /// without the lock.
    pub(crate) fn await_connection(&mut self, awaited: Awaited) -> Vec<Awaited> {
        let gone = |awaited: &mut Awaited| awaited.done.is_closed();
        let gone = self.awaited.extract_if(.., gone).collect();
        self.awaited.push(awaited);
        gone
    }

    /// Takes out who waits for a connection that is there, or does not come, or who does not wait any
    /// more.
    ///
    /// Invariant: it is called when nothing is left to be told, so that the reason is known.
    pub(crate) fn settled(&mut self) -> Vec<(Awaited, Result<(), NotConnected>)> {
        let (mut settled, mut waiting) = (Vec::new(), Vec::new());
        for awaited in std::mem::take(&mut self.awaited) {
            let key = awaited.socket;
            // The server will not say anything else.
            let is_old = matches!(self.failures.get(&key), Some(ConnectError::OldServer));
            let is_tried = self.core.is_active(key) && !self.core.is_closed() && !is_old;
            if self.core.is_connected(key) {
                settled.push((awaited, Ok(())));
            } else if is_tried && !awaited.done.is_closed() {
                waiting.push(awaited);
            } else {
                let failure = self.failures.get(&key).cloned();
                let failure = failure.map_or(NotConnected::Disconnected, NotConnected::Failed);
                settled.push((awaited, Err(failure)));
            }
        }
        self.awaited = waiting;
        settled
    }

    /// Whether the task has something to do now.
    pub(crate) fn has_work(&self) -> bool {
        self.core.has_outputs() || self.wants_drop || self.link.has_expired
    }

    /// Whether somebody is to be told of something that the task finds out.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.flushes.is_empty() || !self.awaited.is_empty()
    }

    /// Whether the task has gone with its runtime while it waited for this time.
    fn is_lost(&self, due: Option<Instant>) -> bool {
        due.is_some() && matches!(self.runner, Runner::Idle)
    }

    /// The task waits for this to be woken.
    pub(crate) fn wait(&mut self, waker: &Waker) {
        self.runner = Runner::Waiting(waker.clone());
    }

    /// The task ends.
    pub(crate) fn rest(&mut self) {
        self.runner = Runner::Idle;
    }

    fn poke(&mut self) -> Option<Poke> {
        match std::mem::replace(&mut self.runner, Runner::Running) {
            Runner::Idle => Some(Poke::Start(self.runtime.clone())),
            Runner::Running => None,
            Runner::Waiting(waker) => Some(Poke::Wake(waker)),
        }
    }
}

impl Shared {
    pub(crate) fn new(
        engine: engine::Shared,
        attempts: Option<AttemptFunction>,
        core: Core,
        upgrade_memory: Arc<UpgradeMemory>,
        max_waiting_handlers: usize,
        home: Home,
    ) -> Arc<Self> {
        Arc::new(Self {
            max_waiting_handlers,
            engine,
            attempts,
            upgrade_memory,
            parser: core.parser().clone(),
            state: Mutex::new(State {
                core,
                sockets: HashMap::new(),
                acks: HashMap::new(),
                link: Link::default(),
                wants_drop: false,
                flushes: Vec::new(),
                waiting: Vec::new(),
                awaited: Vec::new(),
                failures: HashMap::new(),
                runner: Runner::Idle,
                runtime: home.runtime,
                has_lost_runtime: false,
            }),
            listeners: Mutex::default(),
            packet_listeners: Mutex::default(),
            holders: home.is_blocking.then(Mutex::default),
        })
    }

    pub(crate) fn parser(&self) -> &Parser {
        &self.parser
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Changes something, and sees to it that the task does what follows from it.
    pub(crate) fn update<R>(self: &Arc<Self>, change: impl FnOnce(&mut State, Instant) -> R) -> R {
        let mut state = self.state.lock();
        let timeout = state.core.next_timeout();
        let result = change(&mut state, engine::now());
        let due = state.core.next_timeout();
        let is_needed =
            state.has_work() || state.is_awaited() || due != timeout || state.is_lost(due);
        if is_needed && state.has_lost_runtime {
            self.move_to_caller(&mut state);
        }
        let poke = if is_needed { state.poke() } else { None };
        drop(state);
        match poke {
            Some(Poke::Wake(waker)) => waker.wake(),
            Some(Poke::Start(runtime)) => {
                runtime.spawn(task::run(Arc::clone(self)));
            }
            None => {}
        }
        result
    }

    /// From now on the task runs on the runtime of the caller, if there is one.
    ///
    /// Invariant: that of a blocking manager never does, since its caller may hold up the runtime.
    pub(crate) fn move_here(&self) {
        self.move_to_caller(&mut self.state.lock());
    }

    fn move_to_caller(&self, state: &mut State) {
        if self.holders.is_none()
            && let Ok(runtime) = Handle::try_current()
        {
            state.runtime = runtime;
            state.has_lost_runtime = false;
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("server", &self.engine.connector.origin.to_string())
            .finish_non_exhaustive()
    }
}
