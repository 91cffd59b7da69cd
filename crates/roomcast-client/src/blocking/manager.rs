//! One connection to a server.

use std::ops::Deref;

use roomcast_handler::{ArgumentError, via};

use super::Socket;
use super::hold::Hold;
use crate::handler::{Call, ClientSide};
use crate::manager;
use crate::socket::SocketConfig;

/// One connection to a server, as [`crate::Manager`], whose methods it has. Cheap to clone; usable from
/// any thread.
///
/// When the last handle of the connection is dropped, be it a manager or a socket, it is closed.
///
/// # Example
///
/// ```no_run
/// # fn example() -> Result<(), roomcast_client::ConfigError> {
/// let chat = roomcast_client::blocking::connect("http://localhost:3000/chat")?;
/// let admin = chat.manager().socket("/admin");
/// admin.connect();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Manager(Hold);

impl Manager {
    pub(super) fn new(manager: manager::Manager) -> Self {
        Self(Hold::new(manager))
    }

    /// Returns the socket of a namespace, which is made if there is none. It is not connected by that.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Socket {
        self.socket_with(namespace, SocketConfig::default())
    }

    /// Returns the socket of a namespace, which is made with `config` if there is none. It is not
    /// connected by that.
    #[must_use]
    pub fn socket_with(&self, namespace: &str, config: SocketConfig) -> Socket {
        Socket::new(self.0.manager().socket_with(namespace, config))
    }
}

impl Deref for Manager {
    type Target = manager::Manager;

    fn deref(&self) -> &manager::Manager {
        self.0.manager()
    }
}

impl PartialEq for Manager {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Manager {}

/// For handlers of a blocking socket.
impl roomcast_handler::FromCall<ClientSide, via::Context> for Manager {
    fn from_call(call: &mut Call<'_>) -> Result<Self, ArgumentError> {
        Socket::from_call(call).map(|socket| socket.manager())
    }
}
