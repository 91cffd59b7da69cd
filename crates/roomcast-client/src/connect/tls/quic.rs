//! TLS within QUIC, which is always that of rustls.

use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{TransportConfig, VarInt};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::version::TLS13;

use super::pinned::Pinned;
use super::{Tls, TlsError, rustls, unusable};

impl Tls {
    /// The settings of connections for WebTransport.
    pub(crate) fn quic(&self) -> Result<quinn::ClientConfig, TlsError> {
        self.made.quic.get_or_init(|| self.build_quic()).clone()
    }

    fn build_quic(&self) -> Result<quinn::ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(unusable)?;
        let builder = match self.hashes.is_empty() {
            true => rustls::verified(builder, self, provider)?,
            false => {
                let pinned = Pinned::new(self.hashes.clone(), provider);
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(pinned))
            }
        };
        let mut config = rustls::identified(builder, self)?;
        config.alpn_protocols = vec![b"h3".to_vec()];
        let crypto = QuicClientConfig::try_from(config).map_err(unusable)?;
        let mut config = quinn::ClientConfig::new(Arc::new(crypto));
        config.transport_config(Arc::new(transport()));
        Ok(config)
    }
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        // The heartbeat finds a server that is gone; before the session is open there is a time limit.
        .max_idle_timeout(None)
        // All streams in both directions are the client's.
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(MAX_UNI_STREAMS))
        .stream_receive_window(VarInt::from_u32(WINDOW_BYTES))
        .receive_window(VarInt::from_u32(WINDOW_BYTES))
        .send_window(u64::from(WINDOW_BYTES))
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES));
    transport
}

/// Control, two for header compression, and some that only test whether clients ignore them.
pub(crate) const MAX_UNI_STREAMS: u32 = 8;

/// Bytes on their way in each direction that the other side has not taken.
const WINDOW_BYTES: u32 = 1024 * 1024;

/// Servers need to know that datagrams are taken; nobody reads them.
const DATAGRAM_BYTES: usize = 4096;
