//! Where the acknowledgement of one event goes. Only the first answer leaves.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomcast_socketio::AckId;
use serde::Serialize;

use crate::cluster::ServerReply;
use crate::socket::Socket;

/// Whether an event has been answered, while its handlers are called.
///
/// Cost: only handlers that answer later make it a shared flag.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    is_answered: Cell<bool>,
    shared: OnceCell<Arc<AtomicBool>>,
}

impl Answered {
    fn share(&self) -> Arc<AtomicBool> {
        let shared = || Arc::new(AtomicBool::new(self.is_answered.get()));
        Arc::clone(self.shared.get_or_init(shared))
    }

    /// Whether the caller is the first to answer.
    fn claim(&self) -> bool {
        match self.shared.get() {
            Some(shared) => !shared.swap(true, Ordering::Relaxed),
            None => !self.is_answered.replace(true),
        }
    }
}

/// The way of an answer, for a handler that is being called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Responder<'a> {
    asker: Asker<'a>,
    request: Option<(AckId, Claim<'a>)>,
}

/// Who gets the answer.
#[derive(Clone, Copy, Debug)]
enum Asker<'a> {
    Client(&'a Socket),
    Server(&'a ServerReply),
}

#[derive(Clone, Copy, Debug)]
enum Claim<'a> {
    Local(&'a Answered),
    Shared(&'a Arc<AtomicBool>),
}

/// The way of an answer, for one who answers later or elsewhere.
#[derive(Debug)]
pub(crate) struct OwnedResponder {
    asker: OwnedAsker,
    request: Option<(AckId, Arc<AtomicBool>)>,
}

#[derive(Debug)]
enum OwnedAsker {
    Client(Socket),
    Server(ServerReply),
}

impl<'a> Responder<'a> {
    /// For an event with this acknowledgement id. Whoever handles the event answers through the
    /// same `answered`.
    pub(crate) fn new(socket: &'a Socket, id: Option<AckId>, answered: &'a Answered) -> Self {
        Self {
            asker: Asker::Client(socket),
            request: id.map(|id| (id, Claim::Local(answered))),
        }
    }

    /// For an event that another server has sent.
    pub(crate) fn server_side(reply: &'a ServerReply, answered: &'a Answered) -> Self {
        let request = reply.is_wanted().then(|| AckId::from(0));
        Self {
            asker: Asker::Server(reply),
            request: request.map(|id| (id, Claim::Local(answered))),
        }
    }

    /// Where no answer is wanted.
    pub(crate) fn nobody(socket: &'a Socket) -> Self {
        Self {
            asker: Asker::Client(socket),
            request: None,
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.request.is_some()
    }

    pub(crate) fn to_owned(self) -> OwnedResponder {
        OwnedResponder {
            asker: match self.asker {
                Asker::Client(socket) => OwnedAsker::Client(socket.clone()),
                Asker::Server(reply) => OwnedAsker::Server(reply.clone()),
            },
            request: self.request.map(|(id, claim)| match claim {
                Claim::Local(answered) => (id, answered.share()),
                Claim::Shared(shared) => (id, Arc::clone(shared)),
            }),
        }
    }

    /// Sends the acknowledgement, unless none is wanted or one was sent.
    pub(crate) fn send<T: Serialize + ?Sized>(&self, args: &T) {
        let Some((id, claim)) = self.request else {
            return;
        };
        let is_first = match claim {
            Claim::Local(answered) => answered.claim(),
            Claim::Shared(shared) => !shared.swap(true, Ordering::Relaxed),
        };
        if !is_first {
            return;
        }
        match self.asker {
            Asker::Client(socket) => socket.send_ack(id, args),
            Asker::Server(reply) => reply.send(args),
        }
    }
}

impl OwnedResponder {
    pub(crate) fn lend(&self) -> Responder<'_> {
        Responder {
            asker: match &self.asker {
                OwnedAsker::Client(socket) => Asker::Client(socket),
                OwnedAsker::Server(reply) => Asker::Server(reply),
            },
            request: self
                .request
                .as_ref()
                .map(|(id, shared)| (*id, Claim::Shared(shared))),
        }
    }
}
