//! TLS by rustls, with the trust that the user chose.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::Stream;

/// Whom the client trusts, and how it shows who it is. By default: the roots of the system.
///
/// # Example
///
/// ```
/// # fn example(pem: &[u8]) -> Result<(), roomcast_client::TlsError> {
/// use roomcast_client::Tls;
///
/// let own_root = Tls::default().with_roots(pem)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Tls {
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<Arc<Identity>>,
    verification: Verification,
    // Made when the first connection needs it: reading the system's roots takes milliseconds.
    config: Arc<OnceLock<Result<Arc<ClientConfig>, TlsError>>>,
}

struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Verification {
    #[default]
    On,
    Off,
}

/// Why certificates or a key cannot be used.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The text is not what it should be in the PEM format.
    #[error("not in the PEM format: {0}")]
    Pem(String),
    /// There is none in the text.
    #[error("no certificate in the text")]
    Empty,
    /// The certificate and the key do not belong together, or cannot be used.
    #[error("unusable: {0}")]
    Unusable(String),
}

impl Tls {
    /// Trusts these roots, in the PEM format, in place of the system's.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the text holds no certificate.
    pub fn with_roots(self, pem: &[u8]) -> Result<Self, TlsError> {
        Ok(Self {
            roots: Some(certificates(pem)?),
            config: Arc::default(),
            ..self
        })
    }

    /// Shows the server this certificate, in the PEM format with those that lead to its root, and
    /// proves it by the key.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if a text holds no certificate or no key.
    pub fn with_identity(self, certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let key = PrivateKeyDer::from_pem_slice(key);
        let identity = Identity {
            certificates: certificates(certificate)?,
            key: key.map_err(|error| TlsError::Pem(error.to_string()))?,
        };
        Ok(Self {
            identity: Some(Arc::new(identity)),
            config: Arc::default(),
            ..self
        })
    }

    /// Accepts any certificate, and with it anybody who stands between client and server. For
    /// development only.
    #[must_use]
    pub fn danger_without_verification(self) -> Self {
        Self {
            verification: Verification::Off,
            config: Arc::default(),
            ..self
        }
    }

    pub(crate) async fn wrap(&self, stream: Stream, host: &str) -> io::Result<Stream> {
        let config = self.config.get_or_init(|| self.build());
        let config = config.clone().map_err(io::Error::other)?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(config).connect(name, stream).await?;
        Ok(Stream::Secure(Box::new(stream)))
    }

    fn build(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match self.verification {
            Verification::On => builder.with_root_certificates(self.trusted()?),
            Verification::Off => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(NoVerification(provider))),
        };
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(identity.certificates.clone(), identity.key.clone_key())
                .map_err(unusable)?,
        };
        Ok(Arc::new(config))
    }

    fn trusted(&self) -> Result<RootCertStore, TlsError> {
        let mut store = RootCertStore::empty();
        match &self.roots {
            Some(roots) => {
                for root in roots {
                    store.add(root.clone()).map_err(unusable)?;
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                for error in &found.errors {
                    tracing::debug!(%error, "some of the system's roots cannot be read");
                }
                // A root that rustls does not know how to use is of no use to a server either.
                store.add_parsable_certificates(found.certs);
            }
        }
        Ok(store)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("has_own_roots", &self.roots.is_some())
            .field("has_identity", &self.identity.is_some())
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| TlsError::Pem(error.to_string()))?;
    if found.is_empty() {
        return Err(TlsError::Empty);
    }
    Ok(found)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is an argument of `map_err`"
)]
fn unusable(error: Error) -> TlsError {
    TlsError::Unusable(error.to_string())
}

/// Takes any certificate; signatures are still checked.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
