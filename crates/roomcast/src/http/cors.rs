//! Cross-origin resource sharing: which pages of other origins may read the server's answers.

use std::{borrow::Cow, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_LENGTH, ORIGIN, VARY,
    },
};

use super::{
    head::{Header, RequestHead, text},
    origin::{CorsOrigin, Grant, PatternError},
    vary::add_to_vary,
};

/// The cross-origin rules of a server; without any, browsers refuse other origins' polling.
///
/// Works as the npm package `cors` does, header by header. It covers polling and the client
/// bundle. A WebSocket is no part of CORS: browsers open one to any origin.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use roomcast::{Cors, CorsOrigin, Server};
///
/// let vite = Cors::origin("http://localhost:5173").methods(["GET", "POST"]).credentials();
///
/// let sites = Cors::origins(["https://app.example", "https://admin.example"])
///     .max_age(Duration::from_secs(600));
///
/// let customers = Cors::dynamic(async |origin: Option<String>| match origin {
///     Some(origin) if origin.ends_with(".example") => origin.into(),
///     _ => CorsOrigin::disabled(),
/// });
///
/// let io = Server::builder().cors(sites).build();
/// ```
///
/// Spec: WHATWG Fetch, "CORS protocol"; features 1.25.
#[derive(Clone, Debug)]
#[must_use]
pub struct Cors {
    origin: OriginSource,
    methods: HeaderValue,
    /// `None` reflects the headers that the preflight asks for.
    allowed_headers: Option<HeaderValue>,
    exposed_headers: Option<HeaderValue>,
    sends_credentials: bool,
    max_age: Option<HeaderValue>,
    preflight: PreflightPolicy,
}

#[derive(Clone)]
enum OriginSource {
    Fixed(CorsOrigin),
    Function(Arc<OriginFunction>),
}

type OriginFunction = dyn Fn(Option<String>) -> OriginFuture + Send + Sync;
type OriginFuture = Pin<Box<dyn Future<Output = CorsOrigin> + Send>>;

#[derive(Clone, Copy, Debug)]
enum PreflightPolicy {
    Answer(StatusCode),
    Continue,
}

/// What the rules say about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CorsAnswer {
    /// The request goes on; these headers belong on whatever answers it, errors and 101 too
    /// (see [`merge_headers`](super::vary::merge_headers)).
    Continue(HeaderMap),
    /// A preflight is answered with this status, these headers and no body.
    Preflight(StatusCode, HeaderMap),
    /// The request is refused: 400, code 3, context `MIDDLEWARE_FAILURE`; the client bundle is
    /// served all the same.
    Refused,
}

impl Cors {
    /// Allows any origin: `Access-Control-Allow-Origin: *`.
    ///
    /// Browsers refuse `*` together with [`credentials`](Self::credentials).
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, Server};
    ///
    /// let io = Server::builder().cors(Cors::any()).build();
    /// ```
    pub fn any() -> Self {
        Self::origin("*")
    }

    /// Allows one origin, named in every answer whoever asks, so that browsers refuse the others.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, Server};
    ///
    /// let io = Server::builder().cors(Cors::origin("http://localhost:5173")).build();
    /// ```
    pub fn origin(origin: impl Into<CorsOrigin>) -> Self {
        Self::with(OriginSource::Fixed(origin.into()))
    }

    /// Allows a list of origins; the one that asks is echoed if it is listed.
    ///
    /// Items are texts, or [`CorsOrigin`]s where texts and patterns are mixed. `"*"` is no wildcard
    /// here: use [`Cors::any`].
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::origins(["https://app.example", "https://admin.example"]);
    /// ```
    pub fn origins<T: Into<CorsOrigin>>(origins: impl IntoIterator<Item = T>) -> Self {
        Self::origin(CorsOrigin::list(origins))
    }

    /// Allows the origins that match a regular expression, see [`CorsOrigin::pattern`].
    ///
    /// # Errors
    ///
    /// [`PatternError`] if `text` is not a regular expression.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::pattern(r"^https://([a-z]+\.)?app\.example$")?;
    /// # Ok::<(), roomcast::PatternError>(())
    /// ```
    pub fn pattern(text: &str) -> Result<Self, PatternError> {
        CorsOrigin::pattern(text).map(Self::origin)
    }

    /// Allows any origin, by echoing the one that asks (`origin: true` in JavaScript).
    ///
    /// With [`credentials`](Self::credentials) every page on the web acts in its visitor's name.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::mirror();
    /// ```
    pub fn mirror() -> Self {
        Self::origin(CorsOrigin::mirror())
    }

    /// Allows origins by an asynchronous function, called for each HTTP request with its `Origin`
    /// header.
    ///
    /// The function gets `None` if there is no such header or if it is not ASCII.
    /// [`CorsOrigin::refused`] refuses the request itself.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::{Cors, CorsOrigin};
    ///
    /// let cors = Cors::dynamic(async |origin: Option<String>| match origin {
    ///     Some(origin) if origin.ends_with(".app.example") => origin.into(),
    ///     _ => CorsOrigin::disabled(),
    /// });
    /// ```
    pub fn dynamic<F, Answer, Origin>(function: F) -> Self
    where
        F: Fn(Option<String>) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Origin> + Send + 'static,
        Origin: Into<CorsOrigin>,
    {
        let boxed = move |origin| -> OriginFuture {
            let answer = function(origin);
            Box::pin(async move { answer.await.into() })
        };
        Self::with(OriginSource::Function(Arc::new(boxed)))
    }

    /// Sets the methods that a preflight allows. Default: `GET,HEAD,PUT,PATCH,POST,DELETE`.
    ///
    /// # Panics
    ///
    /// If a text cannot stand in a header: only visible ASCII can.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::origin("https://app.example")
    ///     .methods(["GET", "POST"])
    ///     .allowed_headers(["x-api-key"])
    ///     .exposed_headers(["x-node"])
    ///     .credentials()
    ///     .max_age(Duration::from_secs(600));
    /// ```
    #[track_caller]
    pub fn methods<T: AsRef<str>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.methods = comma_list(methods);
        self
    }

    /// Sets the request headers that a preflight allows. Default: those it asks for. Example:
    /// [`methods`](Self::methods).
    ///
    /// # Panics
    ///
    /// If a text cannot stand in a header: only visible ASCII can.
    #[track_caller]
    pub fn allowed_headers<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.allowed_headers = Some(comma_list(names));
        self
    }

    /// Sets the answer's headers that the page may read. Default: those that browsers always show.
    /// Example: [`methods`](Self::methods).
    ///
    /// # Panics
    ///
    /// If a text cannot stand in a header: only visible ASCII can.
    #[track_caller]
    pub fn exposed_headers<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.exposed_headers = Some(comma_list(names));
        self
    }

    /// Allows requests with cookies (`withCredentials` in the client). Default: not allowed.
    /// Example: [`methods`](Self::methods).
    pub fn credentials(mut self) -> Self {
        self.sends_credentials = true;
        self
    }

    /// Sets how long a browser keeps the answer to a preflight, in whole seconds, a fraction cut
    /// off. Default: not said. Example: [`methods`](Self::methods).
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age.as_secs().into());
        self
    }

    /// Lets a preflight go on to the server with the headers set, instead of answering it. The
    /// server itself refuses the method, so this is for whatever stands in front of it.
    ///
    /// # Example
    ///
    /// ```
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::any().preflight_continue();
    /// ```
    pub fn preflight_continue(mut self) -> Self {
        self.preflight = PreflightPolicy::Continue;
        self
    }

    /// Sets the status that answers a preflight. Default: 204. Undoes
    /// [`preflight_continue`](Self::preflight_continue).
    ///
    /// # Example
    ///
    /// ```
    /// use http::StatusCode;
    /// use roomcast::Cors;
    ///
    /// let cors = Cors::any().options_success_status(StatusCode::OK); // for very old browsers
    /// ```
    pub fn options_success_status(mut self, status: StatusCode) -> Self {
        self.preflight = PreflightPolicy::Answer(status);
        self
    }

    /// Judges one request, before anything else looks at it.
    pub(crate) async fn answer(&self, request: &RequestHead) -> CorsAnswer {
        let origin = self.origin_for(request).await;
        let asked = request.header_value(&ORIGIN);
        let mut headers = match origin.grant(asked.as_ref()) {
            Grant::Disabled => return CorsAnswer::Continue(HeaderMap::new()),
            Grant::Refused => return CorsAnswer::Refused,
            Grant::Any => {
                HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))])
            }
            Grant::Origin(granted) => origin_headers(granted.as_ref()),
        };
        if self.sends_credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        if request.method() != Method::OPTIONS {
            set(
                &mut headers,
                ACCESS_CONTROL_EXPOSE_HEADERS,
                self.exposed_headers.as_ref(),
            );
            return CorsAnswer::Continue(headers);
        }
        self.add_preflight_headers(&mut headers, request);
        match self.preflight {
            PreflightPolicy::Continue => CorsAnswer::Continue(headers),
            PreflightPolicy::Answer(status) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                CorsAnswer::Preflight(status, headers)
            }
        }
    }

    /// Whether these rules allow the request's `Origin`, for the check of WebSockets. A request
    /// without one is not from a page, so it is allowed; [`is_same_origin`] is a question of its
    /// own.
    pub(crate) async fn allows_origin(&self, request: &RequestHead) -> bool {
        match request.header_value(&ORIGIN) {
            Some(asked) => self.origin_for(request).await.allows(&asked),
            None => true,
        }
    }

    fn with(origin: OriginSource) -> Self {
        Self {
            origin,
            methods: HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE"),
            allowed_headers: None,
            exposed_headers: None,
            sends_credentials: false,
            max_age: None,
            preflight: PreflightPolicy::Answer(StatusCode::NO_CONTENT),
        }
    }

    async fn origin_for(&self, request: &RequestHead) -> Cow<'_, CorsOrigin> {
        match &self.origin {
            OriginSource::Fixed(origin) => Cow::Borrowed(origin),
            OriginSource::Function(function) => {
                let asked = request.header_text(ORIGIN.as_str());
                Cow::Owned(function(asked.map(str::to_owned)).await)
            }
        }
    }

    fn add_preflight_headers(&self, headers: &mut HeaderMap, request: &RequestHead) {
        set(headers, ACCESS_CONTROL_ALLOW_METHODS, Some(&self.methods));
        let asked;
        let allowed = match &self.allowed_headers {
            Some(listed) => Some(listed),
            None => {
                let name = HeaderValue::from_static("Access-Control-Request-Headers");
                add_to_vary(headers, &name);
                asked = request.header_value(&ACCESS_CONTROL_REQUEST_HEADERS);
                asked.as_ref()
            }
        };
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        set(headers, ACCESS_CONTROL_MAX_AGE, self.max_age.as_ref());
        set(
            headers,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            self.exposed_headers.as_ref(),
        );
    }
}

/// As [`Cors::origin`].
impl From<&str> for Cors {
    fn from(origin: &str) -> Self {
        Self::origin(origin)
    }
}

impl fmt::Debug for OriginSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(origin) => origin.fmt(f),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}

/// Whether the request comes from a page of the host that it asks: the `Origin` without its scheme
/// is the `Host`. Behind a proxy this holds only if the proxy hands the `Host` on.
pub(crate) fn is_same_origin(request: &RequestHead) -> bool {
    let host = request
        .authority()
        .or_else(|| request.all(Header::HOST).next().and_then(text));
    let origin = request
        .all(Header::ORIGIN)
        .next()
        .and_then(text)
        .and_then(|origin| origin.split_once("://"));
    match (origin, host) {
        (Some((_scheme, origin)), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn origin_headers(granted: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, ACCESS_CONTROL_ALLOW_ORIGIN, granted);
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers
}

/// COMPAT: the npm package sends no header whose value is empty.
fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&HeaderValue>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        headers.insert(name, value.clone());
    }
}

#[track_caller]
fn comma_list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> HeaderValue {
    let items: Vec<T> = items.into_iter().collect();
    let texts: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    let text = texts.join(",");
    match HeaderValue::from_str(&text) {
        Ok(value) => value,
        Err(_) => panic!("{text:?} cannot stand in a header"),
    }
}

#[cfg(test)]
mod tests;
