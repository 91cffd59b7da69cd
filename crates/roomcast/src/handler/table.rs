//! Tables of handlers, read without a lock and replaced as a whole when a handler is added.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;

use super::middleware::BoxMiddleware;
use super::{AnyHandler, Handler, Middleware};

/// Names one registration, for [`Namespace::off_handler`](crate::Namespace::off_handler) and
/// [`Socket::off_handler`](crate::Socket::off_handler).
///
/// # Example
///
/// ```
/// use roomcast::Server;
///
/// let io = Server::new();
/// let tick = io.on("tick", || println!("tick"));
/// io.off_handler(tick);
/// ```
///
/// Spec: features 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HandlerId(u64);

/// What a handler waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot<'a> {
    Event(&'a str),
    Any,
    AnyOutgoing,
    Connect,
    Disconnecting,
    Disconnect,
    Error,
    /// An event that another server has sent.
    ServerSide(&'a str),
}

/// Where a new handler stands among those of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Last,
}

#[derive(Clone)]
pub(crate) struct Entry {
    id: HandlerId,
    /// For `once`: whether it has been called.
    spent: Option<Arc<AtomicBool>>,
    handler: Arc<AnyHandler>,
}

impl Entry {
    /// The handler, unless it is a `once` handler that was called before.
    pub(crate) fn claim(&self) -> Option<&AnyHandler> {
        let is_spent = self
            .spent
            .as_ref()
            .is_some_and(|spent| spent.swap(true, Ordering::Relaxed));
        (!is_spent).then_some(&*self.handler)
    }

    pub(crate) fn is_once(&self) -> bool {
        self.spent.is_some()
    }

    pub(crate) fn id(&self) -> HandlerId {
        self.id
    }
}

/// All handlers of a namespace, or those that one socket has added for itself.
#[derive(Clone, Default)]
pub(crate) struct Table {
    /// Invariant: no list is empty, so names that are used once leave nothing behind.
    events: HashMap<Arc<str>, Vec<Entry>, foldhash::fast::RandomState>,
    any: Vec<Entry>,
    any_outgoing: Vec<Entry>,
    connect: Vec<Entry>,
    disconnecting: Vec<Entry>,
    disconnect: Vec<Entry>,
    error: Vec<Entry>,
    /// Invariant: as `events`.
    server_side: HashMap<Arc<str>, Vec<Entry>, foldhash::fast::RandomState>,
    connection_middleware: Vec<BoxMiddleware>,
    event_middleware: Vec<BoxMiddleware>,
    /// Nothing is added any more.
    is_closed: bool,
}

impl Table {
    pub(crate) fn entries(&self, slot: Slot<'_>) -> &[Entry] {
        match slot {
            Slot::Event(event) => self.events.get(event).map_or(&[], Vec::as_slice),
            Slot::Any => &self.any,
            Slot::AnyOutgoing => &self.any_outgoing,
            Slot::Connect => &self.connect,
            Slot::Disconnecting => &self.disconnecting,
            Slot::Disconnect => &self.disconnect,
            Slot::Error => &self.error,
            Slot::ServerSide(event) => self.server_side.get(event).map_or(&[], Vec::as_slice),
        }
    }

    pub(crate) fn connection_middleware(&self) -> &[BoxMiddleware] {
        &self.connection_middleware
    }

    pub(crate) fn event_middleware(&self) -> &[BoxMiddleware] {
        &self.event_middleware
    }

    fn entries_mut(&mut self, slot: Slot<'_>) -> &mut Vec<Entry> {
        match slot {
            Slot::Event(event) => self.events.entry(event.into()).or_default(),
            Slot::Any => &mut self.any,
            Slot::AnyOutgoing => &mut self.any_outgoing,
            Slot::Connect => &mut self.connect,
            Slot::Disconnecting => &mut self.disconnecting,
            Slot::Disconnect => &mut self.disconnect,
            Slot::Error => &mut self.error,
            Slot::ServerSide(event) => self.server_side.entry(event.into()).or_default(),
        }
    }

    fn remove(&mut self, id: HandlerId) {
        for events in [&mut self.events, &mut self.server_side] {
            events.retain(|_, entries| {
                entries.retain(|entry| entry.id != id);
                !entries.is_empty()
            });
        }
        for slot in [
            Slot::Any,
            Slot::AnyOutgoing,
            Slot::Connect,
            Slot::Disconnecting,
            Slot::Disconnect,
            Slot::Error,
        ] {
            self.entries_mut(slot).retain(|entry| entry.id != id);
        }
    }
}

impl<'a> Slot<'a> {
    /// What `event` means where the handlers of all sockets are added, as in JavaScript.
    pub(crate) fn of_namespace(event: &'a str) -> Self {
        match event {
            "connection" | "connect" => Self::Connect,
            event => Self::of_socket(event),
        }
    }

    /// What `event` means where handlers of one socket are added, as in JavaScript.
    pub(crate) fn of_socket(event: &'a str) -> Self {
        match event {
            "disconnecting" => Self::Disconnecting,
            "disconnect" => Self::Disconnect,
            event => Self::Event(event),
        }
    }
}

impl Slot<'_> {
    /// The event's name, or what stands for it in errors and logs.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Event(event) | Self::ServerSide(event) => event,
            Self::Any => "on_any",
            Self::AnyOutgoing => "on_any_outgoing",
            Self::Connect => "on_connect",
            Self::Disconnecting => "on_disconnecting",
            Self::Disconnect => "on_disconnect",
            Self::Error => "on_error",
        }
    }
}

/// Which handler runs on, or has failed, as reports need it: a [`Slot`] that owns its name.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A handler of errors, which is not told of its own.
    ErrorHandler,
    /// The event, or the hook's name.
    Other(Arc<str>),
}

impl Slot<'_> {
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Error => Origin::ErrorHandler,
            slot => Origin::Other(slot.name().into()),
        }
    }
}

/// A [`Table`] that is read often and changed seldom.
pub(crate) struct Listeners {
    table: ArcSwap<Table>,
    /// Something was added once.
    is_used: AtomicBool,
    /// A listener for outgoing events was added once.
    may_have_outgoing: AtomicBool,
}

impl Default for Listeners {
    /// Cost: sockets without handlers of their own share one empty table.
    fn default() -> Self {
        static EMPTY: LazyLock<Arc<Table>> = LazyLock::new(Arc::default);
        Self {
            is_used: AtomicBool::new(false),
            ..Self::inherit(Arc::clone(&EMPTY))
        }
    }
}

impl Listeners {
    /// Starts with the handlers of `table`.
    pub(crate) fn inherit(table: Arc<Table>) -> Self {
        Self {
            is_used: AtomicBool::new(true),
            may_have_outgoing: AtomicBool::new(!table.any_outgoing.is_empty()),
            table: ArcSwap::new(table),
        }
    }

    /// Whether somebody wants to see what is sent.
    ///
    /// Cost: a broadcast asks each receiver, and mostly reads one flag.
    pub(crate) fn has_outgoing(&self) -> bool {
        self.may_have_outgoing.load(Ordering::Acquire) && !self.table().any_outgoing.is_empty()
    }

    /// The table, if it was ever added to.
    ///
    /// Cost: most sockets have no handlers of their own; asking for them costs one flag.
    pub(crate) fn used_table(&self) -> Option<arc_swap::Guard<Arc<Table>>> {
        self.is_used.load(Ordering::Acquire).then(|| self.table())
    }

    pub(crate) fn table(&self) -> arc_swap::Guard<Arc<Table>> {
        self.table.load()
    }

    pub(crate) fn snapshot(&self) -> Arc<Table> {
        self.table.load_full()
    }

    pub(crate) fn add<S: 'static>(
        &self,
        slot: Slot<'_>,
        place: Place,
        handler: impl Handler<S>,
    ) -> HandlerId {
        self.insert(slot, place, None, roomcast_handler::erase(handler))
    }

    pub(crate) fn add_once<S: 'static>(
        &self,
        slot: Slot<'_>,
        handler: impl Handler<S>,
    ) -> HandlerId {
        self.insert(
            slot,
            Place::Last,
            Some(Arc::default()),
            roomcast_handler::erase(handler),
        )
    }

    pub(crate) fn add_connection_middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        let middleware = super::middleware::erase(middleware);
        self.update(|table| table.connection_middleware.push(Arc::clone(&middleware)));
    }

    pub(crate) fn add_event_middleware<S: 'static>(&self, middleware: impl Middleware<S>) {
        let middleware = super::middleware::erase(middleware);
        self.update(|table| table.event_middleware.push(Arc::clone(&middleware)));
    }

    pub(crate) fn remove(&self, id: HandlerId) {
        self.update(|table| table.remove(id));
    }

    pub(crate) fn clear(&self, slot: Slot<'_>) {
        self.update(|table| match slot {
            Slot::Event(event) => drop(table.events.remove(event)),
            Slot::ServerSide(event) => drop(table.server_side.remove(event)),
            slot => table.entries_mut(slot).clear(),
        });
    }

    /// Removes the handlers of all events; middleware and hooks stay.
    pub(crate) fn clear_events(&self) {
        self.update(|table| table.events.clear());
    }

    /// Forgets everything and takes nothing more: a handler may own the socket that owns it.
    pub(crate) fn close(&self) {
        static CLOSED: LazyLock<Arc<Table>> = LazyLock::new(|| {
            Arc::new(Table {
                is_closed: true,
                ..Table::default()
            })
        });
        self.table.store(Arc::clone(&CLOSED));
    }

    pub(crate) fn event_names(&self) -> Vec<String> {
        let table = self.table();
        table.events.keys().map(ToString::to_string).collect()
    }

    fn insert(
        &self,
        slot: Slot<'_>,
        place: Place,
        spent: Option<Arc<AtomicBool>>,
        handler: Arc<AnyHandler>,
    ) -> HandlerId {
        let id = HandlerId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let entry = Entry { id, spent, handler };
        self.update(|table| {
            let entries = table.entries_mut(slot);
            let index = if place == Place::First {
                0
            } else {
                entries.len()
            };
            entries.insert(index, entry.clone());
        });
        if slot == Slot::AnyOutgoing {
            self.may_have_outgoing.store(true, Ordering::Release);
        }
        id
    }

    fn update(&self, change: impl Fn(&mut Table)) {
        self.is_used.store(true, Ordering::Release);
        self.table.rcu(|table| {
            if table.is_closed {
                return Arc::clone(table);
            }
            let mut table = Table::clone(table);
            change(&mut table);
            Arc::new(table)
        });
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_handler_of_an_event_leaves_nothing_behind() {
        let listeners = Listeners::default();
        for number in 0..10 {
            let id = listeners.add_once(Slot::Event(&format!("reply-{number}")), || ());
            listeners.remove(id);
        }

        assert_eq!(listeners.table().events.len(), 0);
    }
}
