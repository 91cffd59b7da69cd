//! TLS, with the trust that the user chose.

#[cfg(feature = "native-tls")]
mod native;
#[cfg(feature = "webtransport")]
mod pinned;
#[cfg(feature = "webtransport")]
mod quic;
#[cfg(feature = "rustls")]
mod rustls;
#[cfg(feature = "webtransport")]
mod validity;

use std::fmt;
use std::io;
use std::sync::Arc;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use std::sync::OnceLock;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

#[cfg(feature = "webtransport")]
pub(crate) use self::quic::MAX_UNI_STREAMS;
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
    library: Option<TlsLibrary>,
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<Arc<Identity>>,
    verification: Verification,
    #[cfg(feature = "webtransport")]
    hashes: Vec<[u8; 32]>,
    #[cfg_attr(
        not(any(feature = "rustls", feature = "native-tls")),
        expect(dead_code, reason = "no library has settings")
    )]
    made: Arc<Made>,
}

/// Who does the encryption.
///
/// WebTransport is always encrypted by rustls: the platforms' libraries have no QUIC.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "native-tls")]
/// let tls = roomcast_client::Tls::default().by(roomcast_client::TlsLibrary::Native);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsLibrary {
    /// The library in Rust: the feature `rustls`. The default wherever it is there.
    #[cfg(feature = "rustls")]
    Rustls,
    /// The platform's: SChannel on Windows, Secure Transport on macOS, OpenSSL elsewhere. The feature
    /// `native-tls`.
    #[cfg(feature = "native-tls")]
    Native,
}

/// Settings of the libraries, made when the first connection needs them: reading the system's roots
/// takes milliseconds.
#[derive(Default)]
struct Made {
    #[cfg(feature = "rustls")]
    rustls: OnceLock<Result<Arc<tokio_rustls::rustls::ClientConfig>, TlsError>>,
    #[cfg(feature = "native-tls")]
    native: OnceLock<Result<tokio_native_tls::TlsConnector, TlsError>>,
    #[cfg(feature = "webtransport")]
    quic: OnceLock<Result<quinn::ClientConfig, TlsError>>,
}

#[cfg_attr(
    not(any(feature = "rustls", feature = "native-tls")),
    expect(dead_code, reason = "no library reads it")
)]
enum Identity {
    Pem(PemIdentity),
    #[cfg(feature = "native-tls")]
    Pkcs12 {
        der: Vec<u8>,
        password: String,
    },
}

/// A certificate with those that lead to its root, and its key.
#[cfg_attr(
    not(feature = "rustls"),
    expect(dead_code, reason = "the platform's library reads the texts itself")
)]
struct PemIdentity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    #[cfg(feature = "native-tls")]
    texts: (Vec<u8>, Vec<u8>),
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
    /// The client was built with neither of the features `rustls` and `native-tls`.
    #[error("this client was built without TLS")]
    NoLibrary,
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
            made: Arc::default(),
            ..self
        })
    }

    /// Shows the server this certificate, in the PEM format with those that lead to its root, and
    /// proves it by the key. [`TlsLibrary::Native`] takes keys of the form PKCS#8 only: `BEGIN PRIVATE
    /// KEY`.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if a text holds no certificate or no key.
    pub fn with_identity(self, certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let identity = PemIdentity {
            certificates: certificates(certificate)?,
            key: PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| TlsError::Pem(error.to_string()))?,
            #[cfg(feature = "native-tls")]
            texts: (certificate.to_vec(), key.to_vec()),
        };
        Ok(self.identified(Identity::Pem(identity)))
    }

    /// Shows the server the certificate in this PKCS#12 archive, and proves it by the key in it. For
    /// [`TlsLibrary::Native`] only; rustls refuses every connection then.
    #[cfg(feature = "native-tls")]
    #[must_use]
    pub fn with_pkcs12(self, archive: &[u8], password: &str) -> Self {
        self.identified(Identity::Pkcs12 {
            der: archive.to_vec(),
            password: password.to_owned(),
        })
    }

    /// Takes a server over WebTransport by the SHA-256 hash of its own certificate, if that is one of
    /// these, and whoever has signed it: `serverCertificateHashes` of browsers.
    ///
    /// As there, the certificate must be valid now and for no longer than 14 days in all, and its key
    /// one of the curve P-256. Other transports are not concerned.
    ///
    /// # Example
    ///
    /// ```
    /// # fn example(hash: [u8; 32]) {
    /// let tls = roomcast_client::Tls::default().with_server_certificate_hashes([hash]);
    /// # }
    /// ```
    #[cfg(feature = "webtransport")]
    #[must_use]
    pub fn with_server_certificate_hashes(
        self,
        hashes: impl IntoIterator<Item = [u8; 32]>,
    ) -> Self {
        Self {
            hashes: hashes.into_iter().collect(),
            made: Arc::default(),
            ..self
        }
    }

    /// Encrypts by this library. Default: rustls, if the client was built with it.
    #[must_use]
    pub fn by(self, library: TlsLibrary) -> Self {
        Self {
            library: Some(library),
            made: Arc::default(),
            ..self
        }
    }

    /// Accepts any certificate, and with it anybody who stands between client and server. For
    /// development only.
    #[must_use]
    pub fn danger_without_verification(self) -> Self {
        Self {
            verification: Verification::Off,
            made: Arc::default(),
            ..self
        }
    }

    pub(crate) async fn wrap(&self, stream: Stream, host: &str) -> io::Result<Stream> {
        match self.library() {
            #[cfg(feature = "rustls")]
            Some(TlsLibrary::Rustls) => rustls::wrap(self, stream, host).await,
            #[cfg(feature = "native-tls")]
            Some(TlsLibrary::Native) => native::wrap(self, stream, host).await,
            None => {
                tracing::debug!(host, ?stream, "there is no library for TLS");
                Err(io::Error::other(TlsError::NoLibrary))
            }
        }
    }

    fn library(&self) -> Option<TlsLibrary> {
        self.library.or(DEFAULT_LIBRARY)
    }

    fn identified(self, identity: Identity) -> Self {
        Self {
            identity: Some(Arc::new(identity)),
            made: Arc::default(),
            ..self
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("library", &self.library())
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

#[cfg(feature = "rustls")]
const DEFAULT_LIBRARY: Option<TlsLibrary> = Some(TlsLibrary::Rustls);
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
const DEFAULT_LIBRARY: Option<TlsLibrary> = Some(TlsLibrary::Native);
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
const DEFAULT_LIBRARY: Option<TlsLibrary> = None;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn unusable(error: impl fmt::Display) -> TlsError {
    TlsError::Unusable(error.to_string())
}
