//! A bus within one process.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::{self, EngineBus, EngineInbox, EnginePort, Unsent};
use crate::{
    Bus, BusError, BusFuture, Encoding, Extras, Inbox, Message, NodeId, Port, PublishError,
    Response,
};

/// Joins servers of one process to a cluster: for tests, and for a program that runs several.
///
/// # Example
///
/// ```
/// use roomcast_cluster::Hub;
///
/// let hub = Hub::new();
/// let (red, blue) = (hub.bus(), hub.bus()); // one for each server
/// ```
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    ports: Mutex<Vec<(Arc<Node>, Port)>>,
    engines: Mutex<Vec<(Arc<Node>, EnginePort)>>,
    encoding: Option<Encoding>,
}

impl Hub {
    /// Makes a hub that hands messages on as they are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a hub that writes each message and reads it again, so that what arrives is what an
    /// official adapter would have carried. Binary makes a message MessagePack, whatever is chosen.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_cluster::{Encoding, Hub};
    ///
    /// let hub = Hub::encoding(Encoding::Json);
    /// ```
    #[must_use]
    pub fn encoding(encoding: Encoding) -> Self {
        Self(Arc::new(Shared {
            encoding: Some(encoding),
            ..Shared::default()
        }))
    }

    /// Makes the bus of one more server. Example: [`Hub`].
    #[must_use]
    pub fn bus(&self) -> LocalBus {
        LocalBus {
            hub: self.clone(),
            node: Arc::default(),
        }
    }

    /// Hands a message to whom it is for. Invariant: no lock is held then.
    fn deliver(&self, from: &Arc<Node>, to: Option<&NodeId>, message: &Message) {
        let receivers: Vec<_> = lock(&self.0.ports)
            .iter()
            .filter(|(node, port)| {
                !Arc::ptr_eq(node, from)
                    && port.namespace == message.namespace
                    && to.is_none_or(|to| port.node == *to)
            })
            .map(|(node, port)| (Arc::clone(node), port.inbox.clone()))
            .collect();
        for (node, inbox) in receivers {
            node.receive(Held::Message(inbox, self.carried(message)));
        }
    }

    /// Hands a message of an engine to whom it is for. Invariant: no lock is held then.
    fn deliver_engine(&self, from: &Arc<Node>, message: &engine::Message) {
        let to = message.to.as_ref();
        let receivers: Vec<_> = lock(&self.0.engines)
            .iter()
            .filter(|(node, port)| !Arc::ptr_eq(node, from) && to.is_none_or(|to| port.node == *to))
            .map(|(node, port)| (Arc::clone(node), port.inbox.clone()))
            .collect();
        for (node, inbox) in receivers {
            let message = match self.0.encoding {
                // The official engine has this one encoding.
                Some(_) => engine::Message::decode(message.encode().into()),
                None => Ok(message.clone()),
            };
            match message {
                Ok(message) => node.receive(Held::Engine(inbox, message)),
                Err(error) => inbox.reject(error),
            }
        }
    }

    /// The message as it arrives.
    fn carried(&self, message: &Message) -> Message {
        let Some(encoding) = self.0.encoding else {
            return message.clone();
        };
        let encoding = match message.body.has_binary() {
            true => Encoding::MessagePack,
            false => encoding,
        };
        let payload = encoding.encode(&message.to_value(Extras::Omitted));
        Message::decode(payload.into(), &message.namespace).unwrap_or_else(|_| message.clone())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("ports", &lock(&self.ports).len())
            .field("engines", &lock(&self.engines).len())
            .finish()
    }
}

/// The bus of one server on a [`Hub`]. A copy of it, kept by a test, is the handle for faults.
///
/// # Example
///
/// ```
/// use roomcast_cluster::{Hub, LocalBus};
///
/// let bus: LocalBus = Hub::new().bus();
/// bus.hold(); // what others send waits …
/// bus.restore(); // … and arrives now
/// bus.break_link(); // publishing fails and is tried again after `restore`
/// bus.cut(); // the node is gone, and nobody is told
/// ```
#[derive(Clone, Debug)]
pub struct LocalBus {
    hub: Hub,
    node: Arc<Node>,
}

#[derive(Debug, Default)]
struct Node {
    link: Mutex<Link>,
}

#[derive(Debug, Default)]
struct Link {
    state: State,
    /// What arrived while it was held back.
    held: VecDeque<Held>,
    /// Who waits for a broken link.
    waiting: Vec<Waker>,
}

/// A message, and where it goes.
#[derive(Debug)]
enum Held {
    Message(Inbox, Message),
    Engine(EngineInbox, engine::Message),
}

impl Held {
    fn deliver(self) {
        match self {
            Self::Message(inbox, message) => inbox.deliver(message),
            Self::Engine(inbox, message) => inbox.deliver(message),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Up,
    Held,
    Broken,
    Cut,
}

impl LocalBus {
    /// Loses the node without a word: what it sends and what is sent to it is gone, and the others
    /// learn it by its silence.
    pub fn cut(&self) {
        self.node.become_(State::Cut);
    }

    /// Breaks the connection in both directions: publishing fails, and what others send is lost.
    pub fn break_link(&self) {
        self.node.become_(State::Broken);
    }

    /// Holds back what others send.
    pub fn hold(&self) {
        self.node.become_(State::Held);
    }

    /// Ends any fault. What was held back is delivered by the caller, in its order.
    pub fn restore(&self) {
        loop {
            let mut link = lock(&self.node.link);
            let Some(held) = link.held.pop_front() else {
                link.state = State::Up;
                let waiting = std::mem::take(&mut link.waiting);
                drop(link);
                waiting.into_iter().for_each(Waker::wake);
                return;
            };
            drop(link);
            held.deliver();
        }
    }

    /// Whether messages leave, or an error.
    fn passes(&self) -> Result<bool, BusError> {
        match lock(&self.node.link).state {
            State::Up | State::Held => Ok(true),
            State::Cut => Ok(false),
            State::Broken => Err(BusError::Unavailable {
                cause: "the link is broken".to_owned(),
            }),
        }
    }
}

impl Node {
    fn become_(&self, state: State) {
        lock(&self.link).state = state;
    }

    fn receive(&self, arrived: Held) {
        let mut link = lock(&self.link);
        match link.state {
            State::Cut | State::Broken => {}
            State::Held => link.held.push_back(arrived),
            State::Up => {
                drop(link);
                arrived.deliver();
            }
        }
    }

    fn poll_ready(&self, cx: &Context<'_>) -> Poll<()> {
        let mut link = lock(&self.link);
        if link.state != State::Broken {
            return Poll::Ready(());
        }
        link.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

impl Bus for LocalBus {
    fn open(&self, port: Port) -> BusFuture<'_, Result<(), BusError>> {
        let opened = self.passes().map(|_| {
            lock(&self.hub.0.ports).push((Arc::clone(&self.node), port));
        });
        Box::pin(async { opened })
    }

    fn publish(&self, messages: Vec<Message>) -> BusFuture<'_, Result<(), PublishError>> {
        Box::pin(async move {
            for (index, message) in messages.iter().enumerate() {
                match self.passes() {
                    Ok(true) => self.hub.deliver(&self.node, None, message),
                    Ok(false) => {}
                    Err(cause) => {
                        return Err(PublishError::new(cause, messages[index..].to_vec()));
                    }
                }
            }
            Ok(())
        })
    }

    fn respond(&self, responses: Vec<Response>) -> BusFuture<'_, Result<(), BusError>> {
        Box::pin(async move {
            for response in &responses {
                if self.passes()? {
                    self.hub
                        .deliver(&self.node, response.to.as_ref(), &response.message);
                }
            }
            Ok(())
        })
    }

    fn ready(&self) -> BusFuture<'_, ()> {
        Box::pin(poll_fn(|cx| self.node.poll_ready(cx)))
    }

    fn close<'a>(&'a self, node: &'a NodeId, namespace: &'a str) -> BusFuture<'a, ()> {
        lock(&self.hub.0.ports)
            .retain(|(_, port)| port.node != *node || &*port.namespace != namespace);
        Box::pin(async {})
    }
}

impl EngineBus for LocalBus {
    fn open(&self, port: EnginePort) -> BusFuture<'_, Result<(), BusError>> {
        let opened = self.passes().map(|_| {
            lock(&self.hub.0.engines).push((Arc::clone(&self.node), port));
        });
        Box::pin(async { opened })
    }

    fn publish<'a>(&'a self, messages: &'a [engine::Message]) -> BusFuture<'a, Result<(), Unsent>> {
        Box::pin(async move {
            for (sent, message) in messages.iter().enumerate() {
                match self.passes() {
                    Ok(true) => self.hub.deliver_engine(&self.node, message),
                    Ok(false) => {}
                    Err(cause) => return Err(Unsent::new(cause, sent)),
                }
            }
            Ok(())
        })
    }

    fn ready(&self) -> BusFuture<'_, ()> {
        Box::pin(poll_fn(|cx| self.node.poll_ready(cx)))
    }

    fn close<'a>(&'a self, node: &'a NodeId) -> BusFuture<'a, ()> {
        lock(&self.hub.0.engines).retain(|(_, port)| port.node != *node);
        Box::pin(async {})
    }
}

/// Nothing panics while one of these locks is held.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
