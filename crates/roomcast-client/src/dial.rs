//! Connections for programs that look at a server from below the client.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::address::Address;
use crate::connect::{Connector, Tls};
use crate::error::UrlError;

/// Opens connections to the server of a URL, as the client does. Not part of the API: it is for the
/// program `roomcast`.
#[derive(Clone, Debug)]
pub struct Dialer {
    connector: Connector,
    namespace: String,
    query: Vec<(String, String)>,
}

impl Dialer {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// [`UrlError`] if it cannot be used.
    pub fn new(url: &str, tls: Tls) -> Result<Self, UrlError> {
        let address = Address::parse(url)?;
        Ok(Self {
            connector: Connector {
                origin: address.origin,
                proxy: None,
                tls,
            },
            namespace: address.namespace,
            query: address.query,
        })
    }

    /// Opens a connection: TCP, and TLS if the URL says so.
    ///
    /// # Errors
    ///
    /// That of the name's lookup, of TCP or of TLS.
    pub async fn dial(
        &self,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static + use<>> {
        self.connector.connect().await
    }

    /// The value of the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        self.connector.origin.authority()
    }

    /// Tells whether connections are encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.connector.origin.is_secure
    }

    /// The namespace that the URL names, with its leading slash.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The parameters of the URL's query, decoded.
    #[must_use]
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }
}
