//! What the sockets of one client share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::engine::{self, DisconnectCause};
use crate::handler::BoxFuture;
use crate::server::Server;
use crate::socket::Socket;

/// One client's connection: its session, and what is to be done in the session's task.
pub(crate) struct Connection {
    server: Server,
    engine: engine::Socket,
    /// Something may be in `commands`.
    has_commands: AtomicBool,
    /// The server has disconnected all sockets and closes the connection, soon if not now.
    is_dismissed: AtomicBool,
    /// The task has ended. Changed with the lock of `commands` only.
    ///
    /// Invariant: no commands then. They hold sockets, which hold this connection: kept any longer,
    /// they would keep each other for ever.
    is_over: AtomicBool,
    // Lock order: a leaf.
    #[expect(
        clippy::box_collection,
        reason = "there is hardly ever one, and each client pays for the list"
    )]
    commands: Mutex<Option<Box<VecDeque<Command>>>>,
}

/// What other tasks ask of the task that owns the client.
pub(crate) enum Command {
    /// The socket was disconnected by the server; its handlers are to be told.
    Disconnect(Socket, DisconnectCause),
    /// All sockets of the client are disconnected and the connection is closed.
    DisconnectAll,
    /// The client joins the main namespace, as those of Engine.IO 3 do without a packet.
    JoinMain,
    /// The client has come back over another connection: its sockets here are disconnected. Who
    /// waits is told when their handlers were called.
    TakeOver(Socket, oneshot::Sender<()>),
    /// Drives work of a handler of this socket to its end.
    Drive(Socket, BoxFuture),
}

impl Connection {
    pub(crate) fn new(server: Server, engine: engine::Socket) -> Self {
        Self {
            server,
            engine,
            has_commands: AtomicBool::new(false),
            is_dismissed: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            commands: Mutex::new(None),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn engine(&self) -> &engine::Socket {
        &self.engine
    }

    /// The connection and all its sockets are to end, whatever else ends it first.
    pub(crate) fn dismiss(&self) {
        self.is_dismissed.store(true, Ordering::Release);
    }

    pub(crate) fn is_dismissed(&self) -> bool {
        self.is_dismissed.load(Ordering::Acquire)
    }

    /// Asks the task that owns the client; where it has ended, nothing happens.
    pub(crate) fn command(&self, command: Command) {
        let mut commands = self.commands.lock();
        if self.is_over.load(Ordering::Relaxed) {
            // Invariant: dropped without the lock, as in `close_commands`.
            drop(commands);
            return;
        }
        commands.get_or_insert_default().push_back(command);
        self.has_commands.store(true, Ordering::Release);
        drop(commands);
        self.engine.notify();
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        // Cost: asked after each message, and there is hardly ever one.
        if !self.has_commands.load(Ordering::Acquire) {
            return None;
        }
        let mut commands = self.commands.lock();
        let next = commands.as_mut().and_then(|queue| queue.pop_front());
        if next.is_none() {
            self.has_commands.store(false, Ordering::Release);
            *commands = None;
        }
        next
    }

    /// Takes no more commands, and drops those that nobody will carry out.
    pub(crate) fn close_commands(&self) {
        let mut commands = self.commands.lock();
        self.is_over.store(true, Ordering::Relaxed);
        let left = commands.take();
        drop(commands);
        // Invariant: dropped without the lock: what a handler holds may ask for something more.
        drop(left);
    }
}
