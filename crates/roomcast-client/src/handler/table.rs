//! The handlers of one socket, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::AnyHandler;

/// Names one handler, to remove it. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HandlerId(u64);

/// What a handler waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot<'a> {
    Event(&'a str),
    Any,
    AnyOutgoing,
    Connect,
    ConnectError,
    Disconnect,
    Error,
}

/// Where a new handler stands among those of its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Last,
}

impl<'a> Slot<'a> {
    /// What `event` means where handlers are added, as in JavaScript.
    pub(crate) fn of(event: &'a str) -> Self {
        match event {
            "connect" => Self::Connect,
            "connect_error" => Self::ConnectError,
            "disconnect" => Self::Disconnect,
            event => Self::Event(event),
        }
    }
}

impl Slot<'_> {
    /// The event's name, or what stands for it in reports.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Event(event) => event,
            Self::Any => "on_any",
            Self::AnyOutgoing => "on_any_outgoing",
            Self::Connect => "on_connect",
            Self::ConnectError => "on_connect_error",
            Self::Disconnect => "on_disconnect",
            Self::Error => "on_error",
        }
    }
}

/// Handlers of one thing, in order. A clone is what they were at that time, and is cheap.
pub(crate) struct List<L>(Arc<Vec<Entry<L>>>);

pub(crate) struct Entry<L> {
    id: HandlerId,
    /// For `once`: whether it was called.
    spent: Option<Arc<AtomicBool>>,
    handler: L,
}

impl<L> Entry<L> {
    /// The handler, unless it is one for a single call and was called.
    pub(crate) fn claim(&self) -> Option<&L> {
        let spent = self.spent.as_ref();
        let is_spent = spent.is_some_and(|spent| spent.swap(true, Ordering::Relaxed));
        (!is_spent).then_some(&self.handler)
    }

    /// Its id, if it is for a single call.
    pub(crate) fn once(&self) -> Option<HandlerId> {
        self.spent.as_ref().map(|_| self.id)
    }
}

impl<L: Clone> List<L> {
    pub(crate) fn push(&mut self, handler: L) -> HandlerId {
        let entry = Entry::new(handler, None);
        let id = entry.id;
        Arc::make_mut(&mut self.0).push(entry);
        id
    }

    pub(crate) fn push_once(&mut self, handler: L) -> HandlerId {
        let entry = Entry::new(handler, Some(Arc::default()));
        let id = entry.id;
        Arc::make_mut(&mut self.0).push(entry);
        id
    }

    pub(crate) fn prepend(&mut self, handler: L) -> HandlerId {
        let entry = Entry::new(handler, None);
        let id = entry.id;
        Arc::make_mut(&mut self.0).insert(0, entry);
        id
    }

    pub(crate) fn remove(&mut self, id: HandlerId) -> Option<Entry<L>> {
        let place = self.0.iter().position(|entry| entry.id == id)?;
        Some(Arc::make_mut(&mut self.0).remove(place))
    }
}

impl<L> List<L> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry<L>> {
        self.0.iter()
    }

    pub(crate) fn ids(&self) -> Vec<HandlerId> {
        self.0.iter().map(|entry| entry.id).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<L> Entry<L> {
    fn new(handler: L, spent: Option<Arc<AtomicBool>>) -> Self {
        Self {
            id: HandlerId(NEXT_ID.fetch_add(1, Ordering::Relaxed)),
            spent,
            handler,
        }
    }
}

impl<L> Default for List<L> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<L> Clone for List<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L: Clone> Clone for Entry<L> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            spent: self.spent.clone(),
            handler: self.handler.clone(),
        }
    }
}

/// All handlers of a socket.
#[derive(Default)]
pub(crate) struct Table {
    /// Invariant: no list is empty, so names that are used once leave nothing behind.
    events: HashMap<Box<str>, List<AnyHandler>>,
    any: List<AnyHandler>,
    any_outgoing: List<AnyHandler>,
    connect: List<AnyHandler>,
    connect_error: List<AnyHandler>,
    disconnect: List<AnyHandler>,
    error: List<AnyHandler>,
}

impl Table {
    pub(crate) fn list(&self, slot: Slot<'_>) -> List<AnyHandler> {
        match slot {
            Slot::Event(event) => self.events.get(event).cloned().unwrap_or_default(),
            Slot::Any => self.any.clone(),
            Slot::AnyOutgoing => self.any_outgoing.clone(),
            Slot::Connect => self.connect.clone(),
            Slot::ConnectError => self.connect_error.clone(),
            Slot::Disconnect => self.disconnect.clone(),
            Slot::Error => self.error.clone(),
        }
    }

    pub(crate) fn list_mut(&mut self, slot: Slot<'_>) -> &mut List<AnyHandler> {
        match slot {
            Slot::Event(event) => self.events.entry(event.into()).or_default(),
            Slot::Any => &mut self.any,
            Slot::AnyOutgoing => &mut self.any_outgoing,
            Slot::Connect => &mut self.connect,
            Slot::ConnectError => &mut self.connect_error,
            Slot::Disconnect => &mut self.disconnect,
            Slot::Error => &mut self.error,
        }
    }

    pub(crate) fn take(&mut self, slot: Slot<'_>) -> List<AnyHandler> {
        match slot {
            Slot::Event(event) => self.events.remove(event).unwrap_or_default(),
            slot => std::mem::take(self.list_mut(slot)),
        }
    }

    /// Takes the handlers of all events.
    pub(crate) fn take_events(&mut self) -> HashMap<Box<str>, List<AnyHandler>> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn remove(&mut self, id: HandlerId) -> Option<Entry<AnyHandler>> {
        let mut lists = self.events.values_mut();
        let mut removed = lists.find_map(|list| list.remove(id));
        self.events.retain(|_, list| !list.is_empty());
        for slot in [
            Slot::Any,
            Slot::AnyOutgoing,
            Slot::Connect,
            Slot::ConnectError,
            Slot::Disconnect,
            Slot::Error,
        ] {
            removed = removed.or_else(|| self.list_mut(slot).remove(id));
        }
        removed
    }
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_handler_of_an_event_leaves_nothing_behind() {
        let mut table = Table::default();
        for number in 0..10 {
            let slot = Slot::Event("reply");
            let id = table
                .list_mut(slot)
                .push_once(roomcast_handler::erase(move || assert!(number < 10)));
            table.remove(id);
        }
        assert!(table.events.is_empty());
    }
}
