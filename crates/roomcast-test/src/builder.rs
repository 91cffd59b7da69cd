//! A client before it connects.

use std::net::SocketAddr;
use std::panic::Location;

use roomcast_socketio::encode_connect;
use serde::Serialize;

use crate::client::TestClient;
use crate::connection::Commands;
use crate::event::Refused;
use crate::handshake;
use crate::server::TestServer;

/// A client before it connects; made by [`TestServer::client`].
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use roomcast::{Server, Socket, value};
/// use roomcast_test::TestServer;
///
/// let io = Server::new();
/// io.on_connect(|socket: Socket| {
///     let handshake = socket.handshake();
///     let agent = handshake.headers().get("user-agent");
///     assert_eq!(agent.map(|agent| agent.as_bytes()), Some(&b"a test"[..]));
///     assert_eq!(handshake.query("room"), Some("red"));
///     assert_eq!(handshake.address().map(|address| address.port()), Some(50_000));
/// });
///
/// let server = TestServer::new(&io);
/// let client = server
///     .client()
///     .auth(value!({"token": "secret"}))
///     .header("user-agent", "a test")
///     .query("room=red")
///     .address(([192, 0, 2, 7], 50_000))
///     .connect("/")
///     .await;
/// assert!(client.is_connected());
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a client connects with `connect` or `connect_refused`"]
pub struct ClientBuilder {
    server: TestServer,
    /// The CONNECT's payload, encoded when it is known for which namespace.
    auth: Option<roomcast::Value>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) query: String,
    address: SocketAddr,
}

impl ClientBuilder {
    pub(crate) fn new(server: TestServer) -> Self {
        Self {
            server,
            auth: None,
            headers: Vec::new(),
            query: String::new(),
            address: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        }
    }

    /// Sets what the client sends as `auth`, an object. Default: nothing. Example: [`ClientBuilder`].
    ///
    /// # Panics
    ///
    /// If the value has no JSON form.
    #[track_caller]
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        let auth = roomcast::Value::from_serialize(&auth);
        self.auth = Some(auth.expect("the credentials have a JSON form"));
        self
    }

    /// Adds a header to the request that opens the connection. Example: [`ClientBuilder`].
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds parameters to the query, in their encoded form: `room=red&team=a%20b`.
    /// Example: [`ClientBuilder`].
    pub fn query(mut self, query: &str) -> Self {
        self.query.push('&');
        self.query.push_str(query);
        self
    }

    /// Sets the address that the server sees. Default: `127.0.0.1:40000`. Example:
    /// [`ClientBuilder`].
    pub fn address(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Connects to a namespace.
    ///
    /// # Panics
    ///
    /// If the client is refused, by the HTTP layer or by a middleware.
    #[track_caller]
    pub fn connect(self, namespace: &str) -> impl Future<Output = TestClient> + Send + use<> {
        let caller = Location::caller();
        self.connect_at(namespace, caller)
    }

    /// Connects to a namespace that must refuse the client, and gives the refusal.
    ///
    /// # Panics
    ///
    /// If the client is let in, or the connection itself is refused.
    #[track_caller]
    pub fn connect_refused(self, namespace: &str) -> impl Future<Output = Refused> + Send + use<> {
        let caller = Location::caller();
        let namespace = namespace.to_owned();
        async move {
            match self.join(&namespace, caller).await {
                Err(refused) => refused,
                Ok(_) => panic!("{caller}: the client was let into {namespace}"),
            }
        }
    }

    pub(crate) fn connect_at(
        self,
        namespace: &str,
        caller: &'static Location<'static>,
    ) -> impl Future<Output = TestClient> + Send + use<> {
        let namespace = namespace.to_owned();
        async move {
            match self.join(&namespace, caller).await {
                Ok(client) => client,
                Err(refused) => panic!("{caller}: {namespace} refused the client: {refused}"),
            }
        }
    }

    async fn join(
        self,
        namespace: &str,
        caller: &'static Location<'static>,
    ) -> Result<TestClient, Refused> {
        let stream = self.server.open(self.address);
        let opened = handshake::open(stream, self.server.path(), &self).await;
        let stream = match opened {
            Ok(stream) => stream,
            Err(answer) => panic!("{caller}: the connection was refused: {answer}"),
        };
        let connection = Commands::start(stream);
        let connect = connect_packet(namespace, self.auth.as_ref());
        TestClient::join(
            connection,
            namespace,
            connect,
            self.server.patience(),
            caller,
        )
        .await
    }
}

/// The CONNECT of a namespace, as text without the Engine.IO type.
pub(crate) fn connect_packet(namespace: &str, auth: Option<&roomcast::Value>) -> String {
    let mut packet = Vec::new();
    encode_connect(&mut packet, namespace, auth).expect("a value has a JSON form");
    String::from_utf8(packet).expect("the encoder writes UTF-8")
}
