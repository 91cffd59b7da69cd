//! The certificate of a server for WebTransport.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

/// A certificate chain with its private key.
///
/// # Example
///
/// For a public host, from the files of its authority; for development, one that no authority has
/// signed and whose hash the page is given:
///
/// ```no_run
/// use roomcast::webtransport::Certificate;
///
/// let certificate = Certificate::from_pem_files("fullchain.pem", "privkey.pem")?;
///
/// let certificate = Certificate::self_signed(["localhost", "127.0.0.1"])?;
/// println!("{:?}", certificate.sha256()); // for `serverCertificateHashes`
/// # Ok::<(), roomcast::webtransport::CertificateError>(())
/// ```
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// Reads two PEM files: the chain, the server's own certificate first, and the private key.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or holds no such thing.
    ///
    /// Example: [`Certificate`].
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| CertificateError::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            })
        };
        Self::from_pem(&read(chain.as_ref())?, &read(key.as_ref())?)
    }

    /// Reads the texts of PEM files: the chain, the server's own certificate first, and the private
    /// key.
    ///
    /// # Errors
    ///
    /// If one of them holds no such thing.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::webtransport::Certificate;
    ///
    /// let refused = Certificate::from_pem(b"nothing", b"nothing");
    /// assert_eq!(refused.unwrap_err().to_string(), "chain holds no certificate");
    /// ```
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| CertificateError::NoCertificate(format!(": {error}")))?;
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate(String::new()));
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| CertificateError::NoKey(error.to_string()))?;
        Ok(Self { chain, key })
    }

    /// Makes a certificate that no authority has signed, for these host names and addresses. It is
    /// valid from an hour ago for 13 days: browsers take up to 14 days of a certificate that they
    /// know by its [hash](Self::sha256).
    ///
    /// # Errors
    ///
    /// If a name is no host name.
    ///
    /// Example: [`Certificate`].
    pub fn self_signed(
        names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, CertificateError> {
        let failed = |error: rcgen::Error| CertificateError::Name(error.to_string());
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut params = rcgen::CertificateParams::new(names).map_err(failed)?;
        let now = SystemTime::now();
        params.not_before = (now - CLOCK_SKEW).into();
        params.not_after = (now + SELF_SIGNED_FOR).into();
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self {
            chain: vec![certificate.into()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    /// Returns the SHA-256 hash of the server's own certificate, by which a page may know it.
    /// Example: [`Certificate`].
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let own = self.chain.first().expect("a chain is never empty");
        Sha256::digest(own).into()
    }

    /// The settings of TLS with this certificate.
    pub(super) fn into_tls(self) -> Result<rustls::ServerConfig, CertificateError> {
        let provider = rustls::crypto::ring::default_provider();
        let mut tls = rustls::ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|tls| {
                tls.with_no_client_auth()
                    .with_single_cert(self.chain, self.key)
            })
            .map_err(|error| CertificateError::Unusable(error.to_string()))?;
        tls.alpn_protocols = vec![b"h3".to_vec()];
        Ok(tls)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

/// Why a certificate cannot be used.
///
/// Example: [`Certificate::from_pem`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    #[expect(missing_docs, reason = "the fields say what they are")]
    Unreadable { path: PathBuf, reason: String },
    /// The text of the chain holds no certificate; says what was found instead, if anything.
    #[error("chain holds no certificate{0}")]
    NoCertificate(String),
    /// The text of the key holds no private key; says what was found instead.
    #[error("no private key: {0}")]
    NoKey(String),
    /// Key and certificate do not belong together, or are of a kind that is not known.
    #[error("certificate cannot be used: {0}")]
    Unusable(String),
    /// A name is neither a host name nor an address.
    #[error("no certificate can be made: {0}")]
    Name(String),
}

/// For clients whose clocks are late.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);
const SELF_SIGNED_FOR: Duration = Duration::from_secs(13 * 24 * 60 * 60);
