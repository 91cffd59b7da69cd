//! Options that can be used.

use http::HeaderName;
use roomcast_engineio::Transport;
use roomcast_socketio::client::Options;

use super::{AttemptFunction, Builder};
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
        let mut query = address.query;
        replace_parameters(&mut query, self.query);
        let engine = engine::Options {
            path: with_slash(&self.path, self.has_trailing_slash),
            query,
            ..self.engine
        };
        check(&engine)?;
        let mut of_transports = Vec::new();
        for (transport, options) in self.of_transports {
            let options = options.over(&engine, self.has_trailing_slash)?;
            check(&options)?;
            of_transports.push((transport, options));
        }
        Ok(Prepared {
            key: Key {
                origin: address.origin.clone(),
                path: self.path.clone(),
                is_blocking: home.is_blocking,
            },
            namespace: address.namespace,
            engine,
            of_transports,
            attempts: self.attempts,
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
    of_transports: Vec<(Transport, engine::Options)>,
    attempts: Option<AttemptFunction>,
    core: Options,
    pub(super) socket: SocketConfig,
    max_waiting_handlers: usize,
    home: Home,
}

impl Prepared {
    pub(super) fn manager(self) -> Manager {
        let core = Core::new(self.core, rand::random());
        let mut engine = engine::Shared::new(self.connector, self.engine);
        for (transport, options) in self.of_transports {
            engine.set_options_of(transport, options);
        }
        let memory = self.client.upgrade_memory().clone();
        Manager(Shared::new(
            engine,
            self.attempts,
            core,
            memory,
            self.max_waiting_handlers,
            self.home,
        ))
    }
}

/// Checks what is written into the head of requests as it is.
fn check(options: &engine::Options) -> Result<(), ConfigError> {
    if options
        .path
        .bytes()
        .any(|byte| byte <= b' ' || byte == 0x7f)
    {
        let path = options.path.clone();
        return Err(ConfigError::Path { path });
    }
    // The name of a header is a token, as that of a protocol is.
    let is_token = |text: &String| HeaderName::from_bytes(text.as_bytes()).is_ok();
    match options.protocols.iter().find(|name| !is_token(name)) {
        None => Ok(()),
        Some(protocol) => Err(ConfigError::Protocol {
            protocol: protocol.clone(),
        }),
    }
}

/// The path of requests. SPEC: that of the root is `/`, with a slash behind it or without.
pub(super) fn with_slash(path: &str, has_trailing_slash: bool) -> String {
    match has_trailing_slash || path.is_empty() {
        true => format!("{path}/"),
        false => path.to_owned(),
    }
}

/// Adds parameters to a query, in place of those of the same name.
pub(crate) fn replace_parameters(
    query: &mut Vec<(String, String)>,
    parameters: Vec<(String, String)>,
) {
    query.retain(|(name, _)| !parameters.iter().any(|(own, _)| own == name));
    query.extend(parameters);
    query.retain(|(name, _)| !PROTOCOL_PARAMETERS.contains(&name.as_str()));
}

/// What the client itself says in the query of each request.
const PROTOCOL_PARAMETERS: [&str; 3] = ["EIO", "transport", "sid"];
