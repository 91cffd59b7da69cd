//! TLS by the platform's library.

use std::io;

use native_tls::Protocol;
use tokio_native_tls::TlsConnector;

use super::{Identity, Stream, Tls, TlsError, Verification, unusable};

pub(super) async fn wrap(tls: &Tls, stream: Stream, host: &str) -> io::Result<Stream> {
    let connector = tls.made.native.get_or_init(|| build(tls));
    let connector = connector.clone().map_err(io::Error::other)?;
    let stream = connector.connect(host, stream).await;
    Ok(Stream::Native(Box::new(stream.map_err(io::Error::other)?)))
}

fn build(tls: &Tls) -> Result<TlsConnector, TlsError> {
    let mut builder = native_tls::TlsConnector::builder();
    // As rustls, which knows no older one.
    builder.min_protocol_version(Some(Protocol::Tlsv12));
    if let Some(roots) = &tls.roots {
        builder.disable_built_in_roots(true);
        for root in roots {
            let root = native_tls::Certificate::from_der(root).map_err(unusable)?;
            builder.add_root_certificate(root);
        }
    }
    if let Some(identity) = tls.identity.as_deref() {
        builder.identity(read(identity)?);
    }
    if tls.verification == Verification::Off {
        builder
            .danger_accept_invalid_certs(true)
            .danger_accept_invalid_hostnames(true);
    }
    Ok(builder.build().map_err(unusable)?.into())
}

fn read(identity: &Identity) -> Result<native_tls::Identity, TlsError> {
    let identity = match identity {
        Identity::Pem(identity) => {
            let (certificates, key) = &identity.texts;
            native_tls::Identity::from_pkcs8(certificates, key)
        }
        Identity::Pkcs12 { der, password } => native_tls::Identity::from_pkcs12(der, password),
    };
    identity.map_err(unusable)
}
