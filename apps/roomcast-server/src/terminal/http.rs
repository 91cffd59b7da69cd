//! HTTP requests one by one, to look at a server from below the client.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::Target;

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    timeout: Duration,
}

/// What is asked of the server's Engine.IO path.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(http::HeaderName, String)>,
    pub(crate) body: Bytes,
}

/// What the server says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// From the request to the end of the answer.
    pub(crate) took: Duration,
    pub(crate) upgraded: Option<Upgraded>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("{0}")]
    Dial(io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("the request cannot be written: {0}")]
    Request(#[from] http::Error),
    #[error("nothing came in {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the answer has more than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the answer broke off: {0}")]
    Body(String),
}

impl Question {
    /// A request of this transport, of Engine.IO 4.
    pub(crate) fn new(method: Method, transport: &str) -> Self {
        Self {
            method,
            params: vec![("EIO", "4".to_owned()), ("transport", transport.to_owned())],
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn poll() -> Self {
        Self::new(Method::GET, "polling")
    }

    pub(crate) fn post(body: impl Into<Bytes>) -> Self {
        let mut post = Self::new(Method::POST, "polling");
        post.body = body.into();
        post.header(CONTENT_TYPE, "text/plain;charset=UTF-8")
    }

    pub(crate) fn sid(mut self, sid: &str) -> Self {
        self.params.push(("sid", sid.to_owned()));
        self
    }

    pub(crate) fn header(mut self, name: http::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends these cookies, if there are any.
    pub(crate) fn cookies(self, cookies: &str) -> Self {
        match cookies.is_empty() {
            true => self,
            false => self.header(COOKIE, cookies),
        }
    }

    fn request(&self, target: &Target) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.params);
        query.extend_pairs(&target.query);
        let uri = format!("{}?{}", target.path, query.finish());
        let mut request = Request::builder()
            .method(&self.method)
            .uri(uri)
            .header(HOST, target.dialer.authority())
            .header(ACCEPT, "*/*");
        for (name, value) in &target.headers {
            request = request.header(name, value);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(self.body.clone()))
    }
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> Result<Self, AskError> {
        let opening = async {
            let stream = target.dialer.dial().await.map_err(AskError::Dial)?;
            Ok(http1::handshake(TokioIo::new(stream)).await?)
        };
        let opened = timeout(target.timeout, opening).await;
        let (sender, driver) = opened.unwrap_or(Err(AskError::TimedOut(target.timeout)))?;
        // It ends with the sender, and what it fails with the sender tells.
        tokio::spawn(driver.with_upgrades());
        Ok(Self {
            sender,
            timeout: target.timeout,
        })
    }

    pub(crate) async fn ask(
        &mut self,
        target: &Target,
        question: &Question,
    ) -> Result<Answer, AskError> {
        self.ask_for(target, question, self.timeout).await
    }

    /// Asks with this much time for the answer.
    pub(crate) async fn ask_for(
        &mut self,
        target: &Target,
        question: &Question,
        limit: Duration,
    ) -> Result<Answer, AskError> {
        let request = question.request(target)?;
        let answered = timeout(limit, self.answer(request)).await;
        answered.unwrap_or(Err(AskError::TimedOut(limit)))
    }

    /// Tells whether another request can go over it.
    pub(crate) async fn is_kept(&mut self) -> bool {
        let ready = timeout(self.timeout, self.sender.ready()).await;
        matches!(ready, Ok(Ok(())))
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, AskError> {
        self.sender.ready().await?;
        let begun = Instant::now();
        let mut response = self.sender.send_request(request).await?;
        let status = response.status();
        let upgraded = match status {
            StatusCode::SWITCHING_PROTOCOLS => Some(hyper::upgrade::on(&mut response).await?),
            _ => None,
        };
        let (head, body) = response.into_parts();
        let body = match upgraded {
            Some(_) => Bytes::new(),
            None => {
                let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
                body.map_err(|error| cut(&*error))?.to_bytes()
            }
        };
        Ok(Answer {
            status,
            headers: head.headers,
            body,
            took: begun.elapsed(),
            upgraded,
        })
    }
}

impl Answer {
    /// The value of a header, if it is there and text.
    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    }

    /// The beginning of the body, on one line.
    pub(crate) fn excerpt(&self) -> String {
        excerpt(&self.body)
    }
}

/// Asks over a connection of its own.
pub(crate) async fn ask(target: &Target, question: &Question) -> Result<Answer, AskError> {
    Connection::open(target).await?.ask(target, question).await
}

/// The beginning of a text, on one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn cut(error: &(dyn std::error::Error + Send + Sync + 'static)) -> AskError {
    match error.is::<LengthLimitError>() {
        true => AskError::TooLarge,
        false => AskError::Body(error.to_string()),
    }
}

const MAX_BODY_BYTES: usize = 1 << 20;

const MAX_EXCERPT: usize = 120;
