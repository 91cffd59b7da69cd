//! The namespaces of one connection.

use smallvec::SmallVec;

use crate::{Packet, PacketKind, StateError};

/// Which namespaces one client connection has joined or is joining, with a value of the caller
/// for each, and what an incoming packet means in that state.
///
/// This is the server's side. Most connections use one namespace, so the list is searched from
/// the front.
///
/// # Example
///
/// ```
/// use roomcast_socketio::{Decoder, Namespaces, Step};
///
/// let mut decoder = Decoder::default();
/// let mut namespaces = Namespaces::default();
///
/// let connect = decoder.text("0/chat,")?.expect("no attachments");
/// assert_eq!(namespaces.route(&connect, 100)?, Step::Join);
/// namespaces.begin("/chat");
/// namespaces.complete("/chat", "the socket");
///
/// let event = decoder.text(r#"2/chat,["hello"]"#)?.expect("no attachments");
/// assert_eq!(namespaces.route(&event, 100)?, Step::Deliver(&"the socket"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Spec: Socket.IO protocol 5, "Connection to a namespace".
#[derive(Clone, Debug)]
pub struct Namespaces<T> {
    // Cost: most clients join one namespace, and mostly the main one: neither needs memory of its own.
    entries: SmallVec<[Entry<T>; 1]>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// `None` is the main namespace.
    name: Option<Box<str>>,
    /// `None` while middleware decides.
    socket: Option<T>,
}

impl<T> Entry<T> {
    fn new(namespace: &str, socket: Option<T>) -> Self {
        let name = (namespace != MAIN).then(|| namespace.into());
        Self { name, socket }
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(MAIN)
    }

    fn is(&self, namespace: &str) -> bool {
        match &self.name {
            Some(name) => **name == *namespace,
            None => namespace == MAIN,
        }
    }
}

/// The main namespace, which packets name by leaving the name out.
const MAIN: &str = "/";

/// What an incoming packet asks for.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must handle each case")]
pub enum Step<'n, T> {
    /// A CONNECT: look the namespace up and answer with CONNECT or CONNECT_ERROR.
    Join,
    /// An event or acknowledgement for this socket.
    Deliver(&'n T),
    /// A DISCONNECT: the socket leaves its namespace, and is to be [removed](Namespaces::remove).
    Leave,
}

impl<T> Default for Namespaces<T> {
    /// A connection that has joined nothing yet.
    fn default() -> Self {
        Self {
            entries: SmallVec::new(),
        }
    }
}

impl<T> Namespaces<T> {
    /// Says what `packet` means on a connection that may join `limit` namespaces at once.
    ///
    /// # Errors
    ///
    /// A [`StateError`] if the packet does not fit the state. The connection must be closed.
    pub fn route(&self, packet: &Packet<'_>, limit: usize) -> Result<Step<'_, T>, StateError> {
        let namespace = packet.namespace();
        let index = self.position(namespace);
        match (packet.kind(), index) {
            (PacketKind::ConnectError, _) => Err(StateError::ConnectError),
            (PacketKind::Connect, Some(_)) => Err(StateError::AlreadyJoined {
                namespace: namespace.to_owned(),
            }),
            (PacketKind::Connect, None) if self.entries.len() >= limit => {
                Err(StateError::TooManyNamespaces { limit })
            }
            (PacketKind::Connect, None) => Ok(Step::Join),
            (kind, index) => {
                let socket = index.and_then(|index| self.entries[index].socket.as_ref());
                match (kind, socket) {
                    (PacketKind::Disconnect, Some(_)) => Ok(Step::Leave),
                    (_, Some(socket)) => Ok(Step::Deliver(socket)),
                    (kind, None) => Err(StateError::NotJoined {
                        kind,
                        namespace: namespace.to_owned(),
                    }),
                }
            }
        }
    }

    /// Notes that the namespace is being joined: a second CONNECT for it is an error from now on,
    /// and so is any other packet until [`complete`](Self::complete).
    pub fn begin(&mut self, namespace: &str) {
        if self.position(namespace).is_none() {
            self.entries.push(Entry::new(namespace, None));
        }
    }

    /// Notes that the namespace is joined, whether or not [`begin`](Self::begin) came before.
    /// Returns the value that stood in its place.
    pub fn complete(&mut self, namespace: &str, socket: T) -> Option<T> {
        if let Some(index) = self.position(namespace) {
            return self.entries[index].socket.replace(socket);
        }
        self.entries.push(Entry::new(namespace, Some(socket)));
        None
    }

    /// Forgets the namespace, joined or being joined, because the server refused it or
    /// disconnected the socket.
    pub fn remove(&mut self, namespace: &str) -> Option<T> {
        let index = self.position(namespace)?;
        self.entries.remove(index).socket
    }

    /// The socket of a joined namespace.
    pub fn socket(&self, namespace: &str) -> Option<&T> {
        self.entries[self.position(namespace)?].socket.as_ref()
    }

    /// The socket of a joined namespace, to change it.
    pub fn socket_mut(&mut self, namespace: &str) -> Option<&mut T> {
        let index = self.position(namespace)?;
        self.entries[index].socket.as_mut()
    }

    /// Whether the namespace is being joined and not joined yet.
    pub fn is_joining(&self, namespace: &str) -> bool {
        self.position(namespace)
            .is_some_and(|index| self.entries[index].socket.is_none())
    }

    /// The joined namespaces with their sockets, in the order of their CONNECT packets.
    pub fn joined(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry.name(), entry.socket.as_ref()?)))
    }

    /// Forgets every namespace and gives the sockets of those that were joined, in the order of
    /// their CONNECT packets.
    pub fn drain(&mut self) -> impl Iterator<Item = (Box<str>, T)> {
        self.entries.drain(..).filter_map(|entry| {
            let name = entry.name.unwrap_or_else(|| MAIN.into());
            Some((name, entry.socket?))
        })
    }

    /// Whether no namespace is joined or being joined.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, namespace: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.is(namespace))
    }
}
