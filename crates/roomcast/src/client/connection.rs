//! What the sockets of one client share.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::engine;
use crate::handler::BoxFuture;
use crate::server::Server;
use crate::socket::Socket;

/// One client's connection: its session, and what is to be done in the session's task.
pub(crate) struct Connection {
    server: Server,
    engine: engine::Socket,
    // Lock order: a leaf.
    commands: Mutex<VecDeque<Command>>,
}

/// What other tasks ask of the task that owns the client.
pub(crate) enum Command {
    /// The socket was disconnected by the server; its handlers are to be told.
    Disconnect(Socket),
    /// All sockets of the client are disconnected and the connection is closed.
    DisconnectAll,
    /// Drives work of a handler of this socket to its end.
    Drive(Socket, BoxFuture),
}

impl Connection {
    pub(crate) fn new(server: Server, engine: engine::Socket) -> Self {
        Self {
            server,
            engine,
            commands: Mutex::default(),
        }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn engine(&self) -> &engine::Socket {
        &self.engine
    }

    pub(crate) fn command(&self, command: Command) {
        self.commands.lock().push_back(command);
        self.engine.notify();
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        self.commands.lock().pop_front()
    }
}
