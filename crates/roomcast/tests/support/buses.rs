//! Buses that subscribe to rooms, or count their nodes without names, over a hub.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use roomcast::cluster::{
    Body, Bus, BusError, BusFuture, Counting, Hub, Inbox, LocalBus, Message, NodeId, Port, Profile,
    PublishError, Response, RoomChange, RoomInterest,
};
use tokio::sync::Semaphore;

use super::{gate, pass};

/// A bus that subscribes to rooms: of broadcasts to one room it delivers those it is subscribed to.
#[derive(Clone)]
pub(crate) struct Dynamic {
    inner: LocalBus,
    interest: RoomInterest,
    rooms: Arc<Mutex<HashSet<String>>>,
    /// The broker confirms a change when it is let through.
    pub(crate) confirm: Arc<Semaphore>,
}

impl Dynamic {
    pub(crate) fn new(hub: &Hub, interest: RoomInterest) -> Self {
        Self {
            inner: hub.bus(),
            interest,
            rooms: Arc::default(),
            confirm: gate(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.rooms.lock().expect("nobody panics with it")
    }

    pub(crate) fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<_> = self.lock().iter().cloned().collect();
        rooms.sort();
        rooms
    }
}

impl Bus for Dynamic {
    fn profile(&self) -> Profile {
        Profile::default().rooms(self.interest)
    }

    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
        let (inbox, bus) = (port.inbox.clone(), self.clone());
        let inbox = Inbox::new(move |received| match received {
            Ok(message) => {
                let is_heard = match &message.body {
                    Body::Broadcast {
                        options,
                        request: None,
                        ..
                    } => match &options.rooms[..] {
                        [room] => bus.lock().contains(&**room),
                        _ => true,
                    },
                    _ => true,
                };
                if is_heard {
                    inbox.deliver(message);
                }
            }
            Err(error) => inbox.reject(error),
        });
        self.inner.open(Port::new(port.node, port.namespace, inbox))
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        self.inner.publish(messages)
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        self.inner.respond(responses)
    }

    fn change_rooms(&self, change: RoomChange) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            pass(&self.confirm).await;
            let mut rooms = self.lock();
            rooms.extend(change.subscribe.iter().map(ToString::to_string));
            for room in change.unsubscribe {
                rooms.remove(&*room);
            }
            Ok(())
        })
    }

    fn close<'a>(&'a self, node: &'a NodeId, namespace: &'a str) -> BusFuture<'a, ()> {
        self.inner.close(node, namespace)
    }
}

/// A bus that knows the number of its nodes, or nothing, and not their names.
#[derive(Clone)]
pub(crate) struct Counted(pub(crate) LocalBus, pub(crate) Result<usize, BusError>);

impl Bus for Counted {
    fn profile(&self) -> Profile {
        Profile::default().counting(Counting::Subscribers)
    }

    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
        self.0.open(port)
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        self.0.publish(messages)
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        self.0.respond(responses)
    }

    fn count_nodes<'a>(&'a self, _namespace: &'a str) -> BusFuture<'a, Result<usize, BusError>> {
        Box::pin(async { self.1.clone() })
    }

    fn close<'a>(&'a self, node: &'a NodeId, namespace: &'a str) -> BusFuture<'a, ()> {
        self.0.close(node, namespace)
    }
}
