//! Lists what was queued for many sessions once, when the work that queued it is over.

use std::cell::RefCell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::engine::frame::Frame;
use crate::engine::socket::Socket;

/// Receivers of one broadcast that something was queued for, listed together when it is over.
#[derive(Default)]
pub(crate) struct Round {
    sockets: SmallVec<[Socket; 2]>,
    /// Packets that listeners are told of, once nothing is locked any more.
    created: Vec<(Socket, Vec<Frame>)>,
}

impl Round {
    pub(in crate::engine) fn add(&mut self, socket: &Socket) {
        // Cost: moved once, where they are gathered anyway.
        if let Some(socket) = gathered(socket.clone()) {
            self.sockets.push(socket);
        }
    }

    pub(in crate::engine) fn note_created(&mut self, socket: &Socket, frames: &[Frame]) {
        self.created.push((socket.clone(), frames.to_vec()));
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        if !self.sockets.is_empty() {
            list_each(&mut self.sockets.drain(..).collect());
        }
        for (socket, frames) in self.created.drain(..) {
            socket.tell_created(&frames);
        }
    }
}

/// Lists one session.
pub(in crate::engine) fn list(socket: Socket) {
    if let Some(socket) = gathered(socket) {
        list_each(&mut vec![socket]);
    }
}

/// Gives the session back if this thread does not gather what it lists.
#[inline]
fn gathered(socket: Socket) -> Option<Socket> {
    GATHERED.with_borrow_mut(|gathered| {
        if gathered.is_on {
            gathered.sockets.push(socket);
            return None;
        }
        Some(socket)
    })
}

/// Does `work`, and lists then what it has queued for others.
///
/// What the handlers of a session send in answer to all messages of one read leaves together, even
/// if another thread could begin with the first of it at once.
pub(in crate::engine) fn gather<R>(work: impl FnOnce() -> R) -> R {
    GATHERED.with_borrow_mut(|gathered| gathered.is_on = true);
    let _end = Gathering;
    work()
}

/// Lists what was gathered when it is dropped, also in a panic.
struct Gathering;

impl Drop for Gathering {
    fn drop(&mut self) {
        let sockets = GATHERED.with_borrow_mut(|gathered| {
            gathered.is_on = false;
            // Cost: most sessions have queued nothing for others.
            (!gathered.sockets.is_empty()).then(|| std::mem::take(&mut gathered.sockets))
        });
        if let Some(mut sockets) = sockets {
            list_each(&mut sockets);
            // The list, empty now, is used again.
            GATHERED.with_borrow_mut(|gathered| gathered.sockets = sockets);
        }
    }
}

/// What the session that this thread polls has queued for others.
struct Gathered {
    /// A session is being polled.
    is_on: bool,
    sockets: Vec<Socket>,
}

thread_local! {
    static GATHERED: RefCell<Gathered> = const {
        RefCell::new(Gathered {
            is_on: false,
            sockets: Vec::new(),
        })
    };
}

/// Lists sessions with the flushers of their servers, and empties the list; mostly it is one server.
fn list_each(sockets: &mut Vec<Socket>) {
    while let Some(flusher) = sockets.first().map(|socket| Arc::clone(socket.flusher())) {
        let is_own = |socket: &Socket| Arc::ptr_eq(socket.flusher(), &flusher);
        if sockets.iter().all(is_own) {
            return flusher.list(sockets);
        }
        let (mut own, others) = sockets.drain(..).partition(is_own);
        flusher.list(&mut own);
        *sockets = others;
    }
}
