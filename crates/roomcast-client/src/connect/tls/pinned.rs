//! Servers that are known by the hash of their certificate, as browsers take them.

use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls13_signature};
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme,
};

use super::validity::Validity;

/// Takes certificates with one of these hashes.
///
/// Spec: W3C WebTransport, "Verify a certificate hash" and "custom certificate requirements".
#[derive(Debug)]
pub(super) struct Pinned {
    hashes: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub(super) fn new(hashes: Vec<[u8; 32]>, provider: Arc<CryptoProvider>) -> Self {
        Self { hashes, provider }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let hash: [u8; 32] = Sha256::digest(end_entity).into();
        if !self.hashes.contains(&hash) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let validity = Validity::of(end_entity).ok_or(CertificateError::BadEncoding)?;
        if now.as_secs() < validity.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if now.as_secs() > validity.not_after {
            return Err(CertificateError::Expired.into());
        }
        if validity.not_after.saturating_sub(validity.not_before) > MAX_VALIDITY.as_secs() {
            let what = "the certificate is valid for more than 14 days";
            return Err(Error::General(what.to_owned()));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // QUIC knows no such version.
        Err(PeerIncompatible::Tls13RequiredForQuic.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

const MAX_VALIDITY: Duration = Duration::from_secs(14 * 24 * 60 * 60);
