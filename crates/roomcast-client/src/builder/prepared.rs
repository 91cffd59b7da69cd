//! Options that can be used.

use roomcast_socketio::client::Options;

use super::Builder;
use crate::address::Address;
use crate::client::{Client, Key};
use crate::connect::{Connector, Proxy};
use crate::engine;
use crate::error::ConfigError;
use crate::manager::{Core, Home, Manager, Shared};
use crate::socket::SocketConfig;

impl Builder {
    pub(super) fn prepare(self, home: Result<Home, ConfigError>) -> Result<Prepared, ConfigError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let address = Address::parse(&self.url).map_err(ConfigError::Url)?;
        let proxy = self.proxy.as_deref().map(Address::parse).transpose();
        let proxy = proxy.map_err(ConfigError::Proxy)?;
        let proxy = proxy.map(|proxy| Proxy::new(proxy.origin, proxy.user_info.as_deref()));
        let home = home?;
        let slash = if self.has_trailing_slash { "/" } else { "" };
        let mut query = address.query;
        query.retain(|(name, _)| !self.query.iter().any(|(own, _)| own == name));
        query.extend(self.query);
        query.retain(|(name, _)| !PROTOCOL_PARAMETERS.contains(&name.as_str()));
        Ok(Prepared {
            key: Key {
                origin: address.origin.clone(),
                path: self.path.clone(),
                is_blocking: home.is_blocking,
            },
            namespace: address.namespace,
            engine: engine::Options {
                path: format!("{}{slash}", self.path),
                query,
                ..self.engine
            },
            connector: Connector {
                origin: address.origin,
                proxy,
                tls: self.tls,
            },
            home,
            client: self.client,
            is_shared: self.is_shared,
            core: self.core,
            socket: self.socket,
            max_waiting_handlers: self.max_waiting_handlers,
        })
    }
}

/// Options that can be used.
pub(super) struct Prepared {
    pub(super) client: Client,
    pub(super) key: Key,
    pub(super) namespace: String,
    pub(super) is_shared: bool,
    connector: Connector,
    engine: engine::Options,
    core: Options,
    pub(super) socket: SocketConfig,
    max_waiting_handlers: usize,
    home: Home,
}

impl Prepared {
    pub(super) fn manager(self) -> Manager {
        let core = Core::new(self.core, rand::random());
        let engine = engine::Shared::new(self.connector, self.engine);
        let memory = self.client.upgrade_memory().clone();
        Manager(Shared::new(
            engine,
            core,
            memory,
            self.max_waiting_handlers,
            self.home,
        ))
    }
}

/// What the client itself says in the query of each request.
const PROTOCOL_PARAMETERS: [&str; 3] = ["EIO", "transport", "sid"];
