//! Byte streams to a server: TCP, through a proxy if there is one, with TLS if the URL says so.

mod proxy;
#[cfg(feature = "webtransport")]
mod quic;
#[cfg(feature = "fuzzing")]
mod script;
mod stream;
mod tls;

use std::io;

use tokio::net::TcpStream;

pub(crate) use proxy::Proxy;
#[cfg(feature = "fuzzing")]
pub(crate) use script::Script;
pub(crate) use stream::Stream;
#[cfg(feature = "webtransport")]
pub(crate) use tls::MAX_UNI_STREAMS;
pub use tls::{Tls, TlsError, TlsLibrary};

use crate::origin::Origin;

/// How the connections of a manager are opened.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) origin: Origin,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) tls: Tls,
}

impl Connector {
    /// Opens a connection to the server.
    pub(crate) async fn connect(&self) -> io::Result<Stream> {
        let stream = match &self.proxy {
            Some(proxy) => proxy.tunnel(&self.tls, &self.origin).await?,
            None => tcp(&self.origin).await?,
        };
        match self.origin.is_secure {
            true => self.tls.wrap(stream, &self.origin.host).await,
            false => Ok(stream),
        }
    }
}

async fn tcp(origin: &Origin) -> io::Result<Stream> {
    let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await?;
    // Batches are written at once; waiting for more would only delay them.
    stream.set_nodelay(true)?;
    Ok(Stream::Plain(stream))
}
