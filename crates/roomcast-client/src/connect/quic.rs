//! Connections of QUIC, for WebTransport.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::select_ok;
use quinn::Endpoint;
use roomcast_webtransport::quic::Guarded;

use super::Connector;
use crate::error::TransportError;

impl Connector {
    /// Opens a connection to the server, by whichever of its addresses answers first.
    ///
    /// Invariant: what is given up is dropped, and with it its port and its connection.
    pub(crate) async fn connect_quic(&self) -> Result<Guarded, TransportError> {
        if self.proxy.is_some() {
            return Err(TransportError::NotThroughProxy);
        }
        let config = self.tls.quic();
        let config = config.map_err(|error| TransportError::Connection(error.to_string()))?;
        let host = self.origin.host.as_str();
        let addresses = tokio::net::lookup_host((host, self.origin.quic_port())).await?;
        let attempts = addresses.take(MAX_ADDRESSES).zip(0..);
        let attempts: Vec<_> = attempts
            .map(|(address, place)| Box::pin(attempt(address, place, config.clone(), host)))
            .collect();
        if attempts.is_empty() {
            return Err(TransportError::Connection("host has no address".to_owned()));
        }
        let (connection, _) = select_ok(attempts).await?;
        Ok(connection)
    }
}

/// Cost: a port for each connection, which is free when the connection has ended.
async fn attempt(
    address: SocketAddr,
    place: u32,
    config: quinn::ClientConfig,
    host: &str,
) -> Result<Guarded, TransportError> {
    tokio::time::sleep(HEAD_START * place).await;
    let local: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(local)?;
    let connecting = endpoint.connect_with(config, address, host);
    let refused = |error: String| TransportError::Connection(error);
    let connecting = connecting.map_err(|error| refused(error.to_string()))?;
    let connection = connecting.await;
    Ok(Guarded::new(
        connection.map_err(|error| refused(error.to_string()))?,
    ))
}

/// By how much an address is favoured over the next: a host may be reached by one of them only, and
/// UDP does not tell.
const HEAD_START: Duration = Duration::from_millis(250);

const MAX_ADDRESSES: usize = 8;
