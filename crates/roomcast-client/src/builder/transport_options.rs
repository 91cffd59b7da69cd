//! Options that hold for one transport.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::per_message_deflate::PerMessageDeflate;
use super::plain_path;
use super::prepared::{replace_parameters, with_slash};
use crate::engine::{self, Timestamps};
use crate::error::ConfigError;

/// Options for one transport. What is not said here is as the [`Builder`](crate::Builder) says.
///
/// Example: [`Builder::transport_options`](crate::Builder::transport_options).
///
/// Spec: features 6.5.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct TransportOptions {
    headers: Option<HeaderMap>,
    query: Vec<(String, String)>,
    path: Option<String>,
    protocols: Option<Vec<String>>,
    request_timeout: Option<Duration>,
    timestamps: Option<Timestamps>,
    timestamp_param: Option<String>,
    forces_base64: bool,
    deflate: Option<Option<PerMessageDeflate>>,
    mistake: Option<ConfigError>,
}

impl TransportOptions {
    /// Adds a header to each request of the transport. Those of the builder are left out there, as in the
    /// official client.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => {
                let headers = self.headers.get_or_insert_default();
                headers.append(name, value);
            }
            _ => {
                let name = name.to_owned();
                self.mistake.get_or_insert(ConfigError::Header { name });
            }
        }
        self
    }

    /// Adds a parameter to the query of each request of the transport. It replaces one of the same name;
    /// the others stay. (In the official client the protocol's own parameters would go, too, and no
    /// server would understand the request.)
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers are written without a `&`"
    )]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// As [`Builder::path`](crate::Builder::path).
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(plain_path(path));
        self
    }

    /// As [`Builder::protocols`](crate::Builder::protocols).
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protocols = Some(protocols.into_iter().map(Into::into).collect());
        self
    }

    /// As [`Builder::request_timeout`](crate::Builder::request_timeout).
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout);
        self
    }

    /// Adds a parameter with a fresh value to the requests of the transport.
    pub fn timestamp_requests(mut self) -> Self {
        self.timestamps = Some(Timestamps::Always);
        self
    }

    /// Adds no parameter with a fresh value to the requests of the transport.
    pub fn without_timestamps(mut self) -> Self {
        self.timestamps = Some(Timestamps::Never);
        self
    }

    /// As [`Builder::timestamp_param`](crate::Builder::timestamp_param).
    pub fn timestamp_param(mut self, name: &str) -> Self {
        self.timestamp_param = Some(name.to_owned());
        self
    }

    /// As [`Builder::force_base64`](crate::Builder::force_base64).
    pub fn force_base64(mut self) -> Self {
        self.forces_base64 = true;
        self
    }

    /// As [`Builder::per_message_deflate`](crate::Builder::per_message_deflate).
    pub fn per_message_deflate(mut self, settings: PerMessageDeflate) -> Self {
        self.deflate = Some(Some(settings));
        self
    }

    /// As [`Builder::without_compression`](crate::Builder::without_compression).
    pub fn without_compression(mut self) -> Self {
        self.deflate = Some(None);
        self
    }

    /// These options in place of some of the general ones.
    pub(super) fn over(
        self,
        general: &engine::Options,
        has_trailing_slash: bool,
    ) -> Result<engine::Options, ConfigError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let general = general.clone();
        let mut query = general.query;
        replace_parameters(&mut query, self.query);
        let path = self.path.map(|path| with_slash(&path, has_trailing_slash));
        let deflate = self
            .deflate
            .map(|deflate| deflate.map(PerMessageDeflate::into_config));
        Ok(engine::Options {
            path: path.unwrap_or(general.path),
            query,
            headers: self.headers.unwrap_or(general.headers),
            protocols: self.protocols.unwrap_or(general.protocols),
            request_timeout: self.request_timeout.or(general.request_timeout),
            timestamps: self.timestamps.unwrap_or(general.timestamps),
            timestamp_param: self.timestamp_param.unwrap_or(general.timestamp_param),
            forces_base64: self.forces_base64 || general.forces_base64,
            deflate: deflate.unwrap_or(general.deflate),
            ..general
        })
    }
}
