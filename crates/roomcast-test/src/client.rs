//! A connected client.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use roomcast::{SocketId, Value};
use roomcast_socketio::{AckId, Decoder, Header, Spread, encode_disconnect, encode_event};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::builder::connect_packet;
use crate::connection::{Commands, Reading};
use crate::event::{Event, Refused, Shown, values};
use crate::inbox::{Inbox, Next};

/// A client in one namespace; made by [`TestServer::connect`](crate::TestServer::connect).
///
/// It answers heartbeats by itself. What the server sends is kept in order until the test looks at
/// it. With the last client of a connection the connection ends, as when a browser tab is closed.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use roomcast::{Server, Socket};
/// use roomcast_test::TestServer;
///
/// let io = Server::new();
/// io.on("join", |socket: Socket, room: String| socket.join(room));
/// io.on("add", |a: u32, b: u32| a + b);
///
/// let server = TestServer::new(&io);
/// let mut client = server.connect("/").await;
/// client.emit("join", "red");
/// assert_eq!(client.emit_with_ack::<u32>("add", (20, 22)).await, 42);
///
/// io.to("red").emit("score", (3, 1));
/// let (ours, theirs): (u32, u32) = client.expect_event("score").await.args();
/// assert_eq!((ours, theirs), (3, 1));
///
/// io.disconnect_sockets();
/// assert_eq!(client.expect_disconnect().await, "io server disconnect");
/// # }
/// ```
#[must_use = "a client that is dropped hangs up"]
pub struct TestClient {
    namespace: String,
    id: SocketId,
    inbox: Inbox,
    commands: Commands,
    next_ack: AtomicU64,
    patience: Duration,
}

impl TestClient {
    pub(crate) async fn join(
        commands: Commands,
        namespace: &str,
        connect: String,
        patience: Duration,
        caller: &'static Location<'static>,
    ) -> Result<Self, Refused> {
        let mut inbox = Inbox::new(commands.join(namespace, connect), patience);
        match inbox.next().await {
            Next::Connected { sid } => Ok(Self {
                namespace: namespace.to_owned(),
                id: sid,
                inbox,
                commands,
                next_ack: AtomicU64::new(0),
                patience,
            }),
            Next::Refused(refused) => Err(refused),
            other => panic!("{caller}: expected to connect to {namespace}, but {other}"),
        }
    }

    /// Returns the id under which the server knows the client in this namespace.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(io: roomcast::Server, client: roomcast_test::TestClient) {
    /// let socket = io.socket(client.id()).expect("it is connected");
    /// assert!(socket.rooms().is_empty());
    /// # }
    /// ```
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.id.clone()
    }

    /// Returns the name of the namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Tells whether the client is in its namespace still, as far as the server's bytes have come.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inbox.is_open()
    }

    /// Joins another namespace over the same connection, with `auth` or `()`.
    ///
    /// # Panics
    ///
    /// If the client is refused.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let io = roomcast::Server::new();
    /// io.of("/admin");
    /// let client = roomcast_test::TestServer::new(&io).connect("/").await;
    /// let admin = client.connect("/admin", ()).await;
    /// assert_ne!(admin.id(), client.id());
    /// # }
    /// ```
    #[track_caller]
    pub fn connect<'a>(&'a self, namespace: &'a str, auth: impl Serialize) -> Waiting<'a, Self> {
        let caller = Location::caller();
        let auth = Value::from_serialize(&auth).expect("the credentials have a JSON form");
        let connect = connect_packet(namespace, (!auth.is_null()).then_some(&auth));
        Box::pin(async move {
            let joined = Self::join(
                self.commands.clone(),
                namespace,
                connect,
                self.patience,
                caller,
            );
            match joined.await {
                Ok(client) => client,
                Err(refused) => panic!("{caller}: {namespace} refused the client: {refused}"),
            }
        })
    }

    /// Sends an event. A tuple is several arguments. Example: [`TestClient`].
    ///
    /// # Panics
    ///
    /// If the event cannot be encoded.
    #[track_caller]
    pub fn emit(&self, event: &str, args: impl Serialize) {
        let (text, attachments) = encoded(&self.namespace, None, event, &args);
        self.commands.send(text, attachments);
    }

    /// Sends an event and waits for the answer: a tuple takes several values, any other type the
    /// first. The future needs not be awaited at once, or in this task. Example: [`TestClient`].
    ///
    /// # Panics
    ///
    /// If the event cannot be encoded; when awaited: if no answer comes in time or before the end of
    /// the connection, or it is not of this type.
    #[track_caller]
    pub fn emit_with_ack<T: DeserializeOwned + 'static>(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Waiting<'static, T> {
        let caller = Location::caller();
        let id = AckId::from(self.next_ack.fetch_add(1, Ordering::Relaxed));
        let (text, attachments) = encoded(&self.namespace, Some(id), event, &args);
        let answered = self.commands.ask(&self.namespace, id, text, attachments);
        let (patience, event) = (self.patience, event.to_owned());
        Box::pin(async move {
            let packet = match tokio::time::timeout(patience, answered).await {
                Ok(Ok(packet)) => packet,
                Ok(Err(_)) => {
                    panic!("{caller}: the connection ended before \"{event}\" was answered")
                }
                Err(_) => panic!("{caller}: nobody answered \"{event}\""),
            };
            let answer = match Spread::<T>::is_tuple() {
                true => packet.data().unwrap_or_else(|| packet.args().read()),
                false => packet.args().read(),
            };
            answer.unwrap_or_else(|error| {
                let values = values(&packet);
                panic!(
                    "{caller}: the answer {} to \"{event}\": {error}",
                    Shown(&values)
                )
            })
        })
    }

    /// Sends a Socket.IO packet as it is, such as one that no official client sends.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let io = roomcast::Server::new();
    /// let mut client = roomcast_test::TestServer::new(&io).connect("/").await;
    /// client.send_packet("2[");
    /// assert_eq!(client.expect_disconnect().await, "transport close");
    /// # }
    /// ```
    pub fn send_packet(&self, packet: &str) {
        self.commands.send(packet.to_owned(), Vec::new());
    }

    /// Waits for the next event, which must be this one with these arguments. A tuple is several
    /// arguments. Example: [`TestServer`](crate::TestServer).
    ///
    /// # Panics
    ///
    /// If anything else comes, or nothing.
    #[track_caller]
    pub fn expect(&mut self, event: &str, args: impl Serialize) -> Waiting<'_, ()> {
        let caller = Location::caller();
        let (event, expected) = (event.to_owned(), list(&args));
        Box::pin(async move {
            let found = self.event_at(caller, &event, Some(&expected)).await;
            assert!(
                found.name() == event && found.values() == expected,
                "{caller}: expected \"{event}\" {}, but {found:?} came",
                Shown(&expected)
            );
        })
    }

    /// Waits for the next event, which must have this name. Example: [`TestClient`].
    ///
    /// # Panics
    ///
    /// If anything else comes, or nothing.
    #[track_caller]
    pub fn expect_event(&mut self, event: &str) -> impl Future<Output = Event> + Send + use<'_> {
        let caller = Location::caller();
        let event = event.to_owned();
        async move {
            let found = self.event_at(caller, &event, None).await;
            assert!(
                found.name() == event,
                "{caller}: expected \"{event}\", but {found:?} came"
            );
            found
        }
    }

    /// Waits for the next event, whatever it is.
    ///
    /// # Panics
    ///
    /// If the client is disconnected instead, or nothing comes.
    ///
    /// # Example
    ///
    /// ```
    /// # async fn example(mut client: roomcast_test::TestClient) {
    /// let event = client.next().await;
    /// println!("{} {:?}", event.name(), event.values());
    /// # }
    /// ```
    #[expect(clippy::should_implement_trait, reason = "it waits")]
    #[track_caller]
    pub fn next(&mut self) -> impl Future<Output = Event> + Send + use<'_> {
        let caller = Location::caller();
        async move { self.event_at(caller, "any event", None).await }
    }

    /// Waits this long, in which nothing may come. On a paused clock that takes no time.
    ///
    /// # Panics
    ///
    /// If an event comes, or the client is disconnected.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::Duration;
    /// # async fn example(mut client: roomcast_test::TestClient) {
    /// client.expect_nothing_for(Duration::from_secs(5)).await;
    /// # }
    /// ```
    #[track_caller]
    pub fn expect_nothing_for(
        &mut self,
        time: Duration,
    ) -> impl Future<Output = ()> + Send + use<'_> {
        let caller = Location::caller();
        async move {
            match self.inbox.next_within(time).await {
                Next::Nothing(_) => {}
                next => panic!("{caller}: expected nothing, but {next}"),
            }
        }
    }

    /// Waits for the end and returns its reason, in the words of the official client:
    /// `io server disconnect`, `transport close` or `parse error`. Example: [`TestClient`].
    ///
    /// # Panics
    ///
    /// If an event comes first, or the client stays connected.
    #[track_caller]
    pub fn expect_disconnect(&mut self) -> impl Future<Output = &'static str> + Send + use<'_> {
        let caller = Location::caller();
        async move {
            match self.inbox.next().await {
                Next::Ended(reason) => reason,
                next => panic!("{caller}: expected a disconnection, but {next}"),
            }
        }
    }

    /// Leaves the namespace: the server's reason is `client namespace disconnect`.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let io = roomcast::Server::new();
    /// let server = roomcast_test::TestServer::new(&io);
    /// let client = server.connect("/").await;
    /// client.disconnect();
    /// server.settle().await;
    /// assert_eq!(io.sockets_count(), 0);
    /// # }
    /// ```
    pub fn disconnect(self) {
        let mut packet = Vec::new();
        encode_disconnect(&mut packet, &self.namespace);
        let packet = String::from_utf8(packet).expect("the encoder writes UTF-8");
        self.commands.leave(&self.namespace, packet);
    }

    /// Breaks the connection without a word, all its namespaces with it: the server's reason is
    /// `transport close`.
    pub fn cut(self) {
        self.commands.cut();
    }

    /// Stops reading, heartbeats included: for tests of slow readers and lost connections.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// # use std::time::Duration;
    /// let io = roomcast::Server::new();
    /// let client = roomcast_test::TestServer::new(&io).connect("/").await;
    /// client.stop_reading();
    /// tokio::time::sleep(Duration::from_secs(60)).await;
    /// assert_eq!(io.sockets_count(), 0); // ping timeout
    /// # }
    /// ```
    pub fn stop_reading(&self) {
        self.commands.set_reading(Reading::Stopped);
    }

    /// Reads again after [`Self::stop_reading`].
    pub fn resume_reading(&self) {
        self.commands.set_reading(Reading::Goes);
    }

    async fn event_at(
        &mut self,
        caller: &'static Location<'static>,
        name: &str,
        args: Option<&[Value]>,
    ) -> Event {
        match self.inbox.next().await {
            Next::Event(packet) => Event::new(packet, self.commands.clone()),
            other => {
                let args = args.map(|args| format!(" {}", Shown(args)));
                let args = args.unwrap_or_default();
                panic!("{caller}: expected \"{name}\"{args}, but {other}")
            }
        }
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// A future that does not borrow the arguments that it was made with.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[track_caller]
fn encoded(
    namespace: &str,
    ack: Option<AckId>,
    event: &str,
    args: &impl Serialize,
) -> (String, Vec<Bytes>) {
    let mut text = Vec::new();
    match encode_event(&mut text, Header { namespace, ack }, event, args) {
        Ok(attachments) => (
            String::from_utf8(text).expect("the encoder writes UTF-8"),
            attachments,
        ),
        Err(error) => panic!("\"{event}\" cannot be encoded: {error}"),
    }
}

/// Arguments as they arrive.
#[track_caller]
fn list(args: &impl Serialize) -> Vec<Value> {
    let (text, attachments) = encoded("/", None, "expected", args);
    let mut decoder = Decoder::default();
    let mut packet = decoder
        .text(&text)
        .expect("it was encoded right")
        .map(|packet| packet.into_owned());
    for attachment in attachments {
        packet = decoder
            .binary_owned(attachment)
            .expect("it was encoded right");
    }
    values(&packet.expect("all attachments are there"))
}
