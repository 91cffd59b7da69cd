//! Functions that the application puts into the way of requests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;

use super::Builder;
use crate::engine::config::ConnectionError;
use crate::engine::request::Request;

impl<Kind> Builder<Kind> {
    /// Asks this function whether a client may open a session. `Err(None)` refuses with
    /// `Forbidden`, `Err(Some(text))` with the text: 403 and code 4, for a WebSocket 400.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .allow_request(async |request| match request.header("x-api-key") {
    ///         Some("secret") => Ok(()),
    ///         _ => Err(Some("key is missing".to_owned())),
    ///     })
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.27.
    pub fn allow_request<F, Fut>(mut self, allow: F) -> Self
    where
        F: Fn(Arc<Request>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Option<String>>> + Send + 'static,
    {
        self.config.allow_request = Some(Box::new(move |request| Box::pin(allow(request))));
        self
    }

    /// Asks this function about every request of the server's path, polls and upgrades included,
    /// before anything else looks at it: `engine.use` in JavaScript. The headers in `Ok` go onto
    /// the answer, whatever it is; `Err` is logged and refuses the request with code 3.
    ///
    /// With one, nobody is let in over WebTransport, as in the official server.
    ///
    /// Several are asked one after the other. Preflights and the client bundle are answered before.
    /// Tower middleware around the server does the same for whole responses.
    ///
    /// # Example
    ///
    /// ```
    /// use http::HeaderMap;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .request_middleware(async |request| {
    ///         if request.header("x-banned").is_some() {
    ///             return Err("banned".to_owned());
    ///         }
    ///         let mut headers = HeaderMap::new();
    ///         headers.insert("x-served-by", http::HeaderValue::from_static("roomcast"));
    ///         Ok(headers)
    ///     })
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.28.
    pub fn request_middleware<F, Fut>(mut self, middleware: F) -> Self
    where
        F: Fn(Arc<Request>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HeaderMap, String>> + Send + 'static,
    {
        let middleware = move |request| -> Pin<Box<dyn Future<Output = _> + Send>> {
            Box::pin(middleware(request))
        };
        self.config.middleware.push(Box::new(middleware));
        self
    }

    /// Makes the ids of sessions. They must be unique, and unguessable: who knows one can take the
    /// session over. `Err` refuses the client with code 3 and reaches
    /// [`on_connection_error`](Self::on_connection_error). Default: 20 random characters.
    ///
    /// # Example
    ///
    /// ```
    /// # fn random_text() -> String { "3b0c1d5e".to_owned() }
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .generate_id(async |_| Ok(format!("node-1-{}", random_text())))
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.30.
    pub fn generate_id<F, Fut>(mut self, generate: F) -> Self
    where
        F: Fn(Arc<Request>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, String>> + Send + 'static,
    {
        self.config.generate_id = Some(Box::new(move |request| Box::pin(generate(request))));
        self
    }

    /// Changes the headers of the first answer of each session.
    ///
    /// # Example
    ///
    /// ```
    /// use http::HeaderValue;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .on_initial_headers(|headers, request| {
    ///         if request.query("debug").is_some() {
    ///             headers.insert("x-node", HeaderValue::from_static("node-1"));
    ///         }
    ///     })
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.31.
    pub fn on_initial_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Request) + Send + Sync + 'static,
    ) -> Self {
        self.config.initial_headers = Some(Box::new(hook));
        self
    }

    /// Changes the headers of every answer of a session, the 101 of a WebSocket included.
    ///
    /// # Example
    ///
    /// ```
    /// use http::HeaderValue;
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .on_headers(|headers, _| {
    ///         headers.insert("x-frame-options", HeaderValue::from_static("deny"));
    ///     })
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.31.
    pub fn on_headers(
        mut self,
        hook: impl Fn(&mut HeaderMap, &Request) + Send + Sync + 'static,
    ) -> Self {
        self.config.headers = Some(Box::new(hook));
        self
    }

    /// Is told each request that was refused.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Server;
    ///
    /// let io = Server::builder()
    ///     .on_connection_error(|error| eprintln!("{}: {}", error.request.url(), error.refusal))
    ///     .build();
    /// ```
    ///
    /// Spec: features 1.32.
    pub fn on_connection_error(
        mut self,
        hook: impl Fn(&ConnectionError) + Send + Sync + 'static,
    ) -> Self {
        self.config.connection_error = Some(Box::new(hook));
        self
    }
}
