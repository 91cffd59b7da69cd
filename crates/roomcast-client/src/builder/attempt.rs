//! What one attempt to connect does differently.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::prepared::replace_parameters;
use crate::address::Address;
use crate::engine;
use crate::error::ConfigError;

/// Where and how one attempt connects. What is not said here is as the [`Builder`](crate::Builder) and
/// its URL say.
///
/// # Example
///
/// ```
/// use roomcast_client::Attempt;
///
/// let attempt = Attempt::default()
///     .url("https://eu.example.com")
///     .header("authorization", "Bearer secret")
///     .query("region", "eu");
/// ```
///
/// Spec: features 6.13.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Attempt {
    address: Option<Address>,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    mistake: Option<ConfigError>,
}

impl Attempt {
    /// Connects to the server of this URL, with the parameters of its query in place of those of the same
    /// name. Its path counts for nothing: namespaces stay.
    ///
    /// Cookies of another server are not sent there.
    pub fn url(mut self, url: &str) -> Self {
        match Address::parse(url) {
            Ok(address) => self.address = Some(address),
            Err(error) => drop(self.mistake.get_or_insert(ConfigError::Url(error))),
        }
        self
    }

    /// Sets a header of each request, in place of those of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => drop(self.headers.append(name, value)),
            _ => {
                let name = name.to_owned();
                self.mistake.get_or_insert(ConfigError::Header { name });
            }
        }
        self
    }

    /// Sets a parameter of the query of each request, in place of those of the same name.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers are written without a `&`"
    )]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// The engine of this attempt: `usual` if nothing is different.
    pub(crate) fn engine(self, usual: &engine::Shared) -> Result<engine::Shared, ConfigError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        if self.address.is_none() && self.headers.is_empty() && self.query.is_empty() {
            return Ok(usual.clone());
        }
        let (mut origin, mut query) = (usual.connector.origin.clone(), Vec::new());
        if let Some(address) = self.address {
            origin = address.origin;
            query = address.query;
        }
        replace_parameters(&mut query, self.query);
        let change = |options: &mut engine::Options| {
            replace_parameters(&mut options.query, query.clone());
            // Of several values of one name all count, in place of all that were there.
            for name in self.headers.keys() {
                options.headers.remove(name);
            }
            for (name, value) in &self.headers {
                options.headers.append(name, value.clone());
            }
        };
        Ok(usual.elsewhere(origin, change))
    }
}

/// What is asked before each attempt.
#[derive(Clone)]
pub(crate) struct AttemptFunction(Arc<dyn Fn() -> Attempting + Send + Sync>);

/// An attempt that is on its way.
pub(crate) type Attempting = Pin<Box<dyn Future<Output = Result<Attempt, String>> + Send>>;

impl AttemptFunction {
    pub(super) fn new<F, E>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Attempt, E>> + Send + 'static,
        E: ToString,
    {
        Self(Arc::new(move || {
            let asking = ask();
            Box::pin(async move { asking.await.map_err(|error| error.to_string()) })
        }))
    }

    pub(crate) fn ask(&self) -> Attempting {
        // Called where a panic of its own is caught.
        let ask = Arc::clone(&self.0);
        Box::pin(async move { ask().await })
    }
}

impl fmt::Debug for AttemptFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptFunction(..)")
    }
}
