//! Certificates of servers and clients.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate with its key, and with the texts of both.
pub(crate) struct Issued {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

impl Issued {
    pub(crate) fn certificate_pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }
}

/// Signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = params("authority", -1..30);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            der: certificate.der().to_vec(),
            pem: pem("CERTIFICATE", certificate.der()),
            issuer: Issuer::new(params, key),
        }
    }

    /// Signs a certificate for this host.
    pub(crate) fn issue(&self, host: &str) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(host, -1..30).signed_by(&key, &self.issuer);
        Issued {
            certificate: certificate.expect("a certificate").der().to_vec(),
            key: key.serialize_der(),
        }
    }
}

/// A certificate for this host that nobody else has signed, valid between these days from now.
#[cfg(feature = "webtransport")]
pub(crate) fn self_signed(host: &str, days: std::ops::Range<i64>) -> Issued {
    let key = KeyPair::generate().expect("a key");
    let certificate = params(host, days).self_signed(&key);
    Issued {
        certificate: certificate.expect("a certificate").der().to_vec(),
        key: key.serialize_der(),
    }
}

fn params(host: &str, days: std::ops::Range<i64>) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
    // With one name for all, a certificate seems to be signed by itself.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, host);
    let day = |days: i64| {
        let distance = DAY * u32::try_from(days.unsigned_abs()).expect("some days");
        match days < 0 {
            true => SystemTime::now() - distance,
            false => SystemTime::now() + distance,
        }
    };
    params.not_before = day(days.start).into();
    params.not_after = day(days.end).into();
    params
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let text = lines.join("\n");
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}
