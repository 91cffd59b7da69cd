//! The options of one socket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use roomcast_socketio::client::{BufferLimits, Overflow, SocketOptions};
use roomcast_socketio::{Map, Value};
use serde::Serialize;

/// The options of one socket.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast_client::{SocketConfig, value};
///
/// # fn example(manager: roomcast_client::Manager) {
/// let config = SocketConfig::default()
///     .auth(value!({ "token": "secret" }))
///     .ack_timeout(Duration::from_secs(5));
/// let admin = manager.socket_with("/admin", config);
/// # }
/// ```
#[must_use]
#[derive(Clone, Debug, Default)]
pub struct SocketConfig {
    options: SocketOptions,
    auth: Auth,
}

impl SocketConfig {
    /// What the server's middleware gets to see as the handshake's `auth`: a struct, a map, or any other
    /// value that is an object in JSON. What is none counts as an empty object. Default: nothing.
    pub fn auth(self, auth: impl Serialize) -> Self {
        let empty = Self {
            auth: Auth::Object(Map::new()),
            ..self.clone()
        };
        self.try_auth(&auth).unwrap_or(empty)
    }

    /// A function that is asked for the `auth` at each connection, such as for a fresh token. CONNECT
    /// waits for it. If it fails or panics, the socket is refused with its message.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast_client::{SocketConfig, value};
    ///
    /// async fn token() -> Result<String, std::io::Error> {
    ///     Ok("secret".to_owned())
    /// }
    ///
    /// let config = SocketConfig::default()
    ///     .auth_with(async || token().await.map(|token| value!({ "token": token })));
    /// ```
    pub fn auth_with<F, A, E>(self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<A, E>> + Send + 'static,
        A: Serialize,
        E: ToString,
    {
        let ask = move || -> Asking {
            let asking = ask();
            Box::pin(async move {
                let auth = asking.await.map_err(|error| error.to_string())?;
                let auth = object(&auth).ok_or_else(|| "auth is no object".to_owned())?;
                Ok(Some(auth))
            })
        };
        Self {
            auth: Auth::Function(Arc::new(ask)),
            ..self
        }
    }

    /// How long to wait for an acknowledgement if an event names no time of its own. Default: any time.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.options.ack_timeout = Some(timeout);
        self
    }

    /// How often an event is sent again that was not acknowledged. With 1 or more, events wait in a
    /// queue and go one by one. Default 0: there is no queue.
    pub fn retries(mut self, retries: u32) -> Self {
        self.options.retries = retries;
        self
    }

    /// Limits on the events that wait for a connection. Default 100,000 packets and 100,000,000 bytes.
    pub fn send_buffer(mut self, limits: BufferLimits) -> Self {
        self.options.send_buffer = limits;
        self
    }

    /// What happens to an event for which there is no room: in the [send buffer](Self::send_buffer), or
    /// in the [outbox](crate::Builder::max_outbox) of a connection that takes less than is emitted. It
    /// is the counterpart of the server's `OutboxPolicy`. Default [`Overflow::Refuse`].
    pub fn when_full(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// How many acknowledgements may be awaited at the same time. Default 100,000.
    pub fn max_pending_acks(mut self, acks: usize) -> Self {
        self.options.max_pending_acks = acks;
        self
    }

    pub(crate) fn try_auth(self, auth: &impl Serialize) -> Option<Self> {
        Some(Self {
            auth: Auth::Object(object(auth)?),
            ..self
        })
    }

    pub(crate) fn into_parts(self) -> (SocketOptions, Auth) {
        (self.options, self.auth)
    }
}

/// Where the `auth` of a CONNECT comes from.
#[derive(Clone, Default)]
pub(crate) enum Auth {
    #[default]
    None,
    Object(Map),
    Function(Arc<dyn Fn() -> Asking + Send + Sync>),
}

/// An `auth` that is on its way.
pub(crate) type Asking = Pin<Box<dyn Future<Output = Result<Option<Map>, String>> + Send>>;

impl Auth {
    /// The `auth`, or what has to be waited for.
    pub(crate) fn ask(&self) -> Result<Option<Map>, Asking> {
        match self {
            Self::None => Ok(None),
            Self::Object(object) => Ok(Some(object.clone())),
            // Called where a panic of its own is caught.
            Self::Function(ask) => {
                let ask = Arc::clone(ask);
                Err(Box::pin(async move { ask().await }))
            }
        }
    }
}

impl fmt::Debug for Auth {
    /// It is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Object(_) => "Object(..)",
            Self::Function(_) => "Function(..)",
        })
    }
}

fn object(auth: &impl Serialize) -> Option<Map> {
    match Value::from_serialize(auth) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}
