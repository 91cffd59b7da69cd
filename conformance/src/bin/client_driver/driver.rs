//! What the suite knows by name.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use roomcast_client::{Ack, Client, HandlerId, Manager, Socket, Value};
use tokio::sync::oneshot;

use crate::reports;

/// What the suite knows by name. Commands come from stdin, and from hooks in the managers' tasks.
#[derive(Default)]
pub(crate) struct Driver {
    pub(crate) client: Client,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    sequence: u64,
    managers: Vec<NamedManager>,
    sockets: HashMap<String, NamedSocket>,
    listeners: HashMap<String, HandlerId>,
    answers: HashMap<u64, Ack>,
    auth_requests: HashMap<u64, oneshot::Sender<Value>>,
}

#[derive(Clone)]
pub(crate) struct NamedManager {
    pub(crate) name: String,
    pub(crate) manager: Manager,
    pub(crate) connects_sockets: bool,
}

#[derive(Clone)]
pub(crate) struct NamedSocket {
    pub(crate) socket: Socket,
    /// Callbacks without a time limit of their own have one.
    pub(crate) has_ack_limit: bool,
}

impl Driver {
    fn next_number(&self) -> u64 {
        let mut known = self.known.lock();
        known.sequence += 1;
        known.sequence
    }

    /// The manager under its name, which is given to it if it has none.
    pub(crate) fn name_manager(&self, manager: Manager, connects_sockets: bool) -> NamedManager {
        let mut known = self.known.lock();
        let found = known.managers.iter().find(|known| known.manager == manager);
        if let Some(found) = found {
            return found.clone();
        }
        known.sequence += 1;
        let name = format!("m{}", known.sequence);
        reports::watch_manager(&name, &manager);
        let named = NamedManager {
            name,
            manager,
            connects_sockets,
        };
        known.managers.push(named.clone());
        named
    }

    pub(crate) fn manager(&self, command: &Value) -> Result<NamedManager, String> {
        let known = self.known.lock();
        let name = command["manager"].as_str().unwrap_or_default();
        let found = known.managers.iter().find(|known| known.name == name);
        found
            .cloned()
            .ok_or_else(|| format!("unknown manager {name}"))
    }

    /// Forgets a manager with its sockets.
    pub(crate) fn forget(&self, manager: &Manager) {
        let mut known = self.known.lock();
        known.managers.retain(|known| known.manager != *manager);
        known
            .sockets
            .retain(|_, known| known.socket.manager() != *manager);
    }

    /// Gives a socket its name, unless it has one: then that is returned.
    pub(crate) fn name_socket(&self, name: &str, socket: NamedSocket) -> String {
        let mut known = self.known.lock();
        let mut names = known.sockets.iter();
        if let Some((name, _)) = names.find(|(_, known)| known.socket == socket.socket) {
            return name.clone();
        }
        reports::watch_socket(name, &socket.socket);
        known.sockets.insert(name.to_owned(), socket);
        name.to_owned()
    }

    pub(crate) fn socket(&self, command: &Value) -> Result<NamedSocket, String> {
        let known = self.known.lock();
        let name = command["socket"].as_str().unwrap_or_default();
        let found = known.sockets.get(name);
        found
            .cloned()
            .ok_or_else(|| format!("unknown socket {name}"))
    }

    pub(crate) fn remember_listener(&self, command: &Value, id: HandlerId) {
        if let Some(name) = command["listener"].as_str() {
            self.known.lock().listeners.insert(name.to_owned(), id);
        }
    }

    pub(crate) fn listener(&self, command: &Value) -> Option<HandlerId> {
        let name = command["listener"].as_str()?;
        self.known.lock().listeners.get(name).copied()
    }

    /// Keeps what answers an event, and gives it a number.
    pub(crate) fn keep_answer(&self, ack: Ack) -> u64 {
        let number = self.next_number();
        self.known.lock().answers.insert(number, ack);
        number
    }

    /// What answers an event, once.
    pub(crate) fn answer(&self, command: &Value) -> Option<Ack> {
        let number = command["ack"].as_u64()?;
        self.known.lock().answers.remove(&number)
    }

    /// A request for `auth`, with its number.
    pub(crate) fn request_auth(&self) -> (u64, oneshot::Receiver<Value>) {
        let (sender, receiver) = oneshot::channel();
        let number = self.next_number();
        self.known.lock().auth_requests.insert(number, sender);
        (number, receiver)
    }

    pub(crate) fn auth_request(&self, command: &Value) -> Option<oneshot::Sender<Value>> {
        let number = command["request"].as_u64()?;
        self.known.lock().auth_requests.remove(&number)
    }

    pub(crate) fn close_all(self: &Arc<Self>) {
        let managers = self.known.lock().managers.clone();
        for NamedManager { manager, .. } in managers {
            manager.close();
        }
    }
}
