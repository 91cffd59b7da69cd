//! Where a server is.

use std::fmt;

/// Scheme, host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) is_secure: bool,
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// `host:port`, with brackets around an IPv6 address.
    pub(crate) fn authority_with_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// The value of the header `Host`: without the port if it is that of the scheme.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.is_secure { 443 } else { 80 };
        match self.port == usual {
            true => self.bracketed(),
            false => self.authority_with_port(),
        }
    }

    /// The port of WebTransport, which is always encrypted.
    ///
    /// COMPAT: engine.io-client 6.6 asks `https://` at the URL's port, or at 443 if that is the one of
    /// `http://`.
    #[cfg(feature = "webtransport")]
    pub(crate) fn quic_port(&self) -> u16 {
        match (self.is_secure, self.port) {
            (false, 80) => 443,
            (_, port) => port,
        }
    }

    /// The authority of a request over WebTransport.
    #[cfg(feature = "webtransport")]
    pub(crate) fn quic_authority(&self) -> String {
        let secure = Self {
            is_secure: true,
            host: self.host.clone(),
            port: self.quic_port(),
        };
        secure.authority()
    }

    fn bracketed(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}
