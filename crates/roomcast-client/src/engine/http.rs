//! Requests of the polling transport, over connections that are kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;

use super::cookies::Cookies;
use crate::connect::Connector;
use crate::error::TransportError;

/// A client for the requests of one manager.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connector: Connector,
    headers: HeaderMap,
    cookies: Option<Arc<Cookies>>,
    max_body_bytes: usize,
    timeout: Option<Duration>,
    /// Connections on which nothing is under way: polling needs two.
    // Lock order: a leaf.
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl HttpClient {
    pub(crate) fn new(
        connector: Connector,
        options: &super::Options,
        cookies: Option<Arc<Cookies>>,
    ) -> Self {
        Self(Arc::new(Inner {
            connector,
            headers: options.headers.clone(),
            cookies,
            max_body_bytes: options.max_message_bytes,
            timeout: options.request_timeout,
            idle: Mutex::default(),
        }))
    }

    /// `GET`, and the body of the answer.
    pub(crate) async fn get(self, target: String) -> Result<Bytes, TransportError> {
        self.run(Method::GET, target, Bytes::new()).await
    }

    /// `POST` of a payload.
    pub(crate) async fn post(self, target: String, body: Bytes) -> Result<Bytes, TransportError> {
        self.run(Method::POST, target, body).await
    }

    async fn run(
        &self,
        method: Method,
        target: String,
        body: Bytes,
    ) -> Result<Bytes, TransportError> {
        let asking = self.ask(method, target, body);
        match self.0.timeout {
            None => asking.await,
            Some(timeout) => {
                let answer = tokio::time::timeout(timeout, asking).await;
                answer.unwrap_or(Err(TransportError::RequestTimeout))
            }
        }
    }

    async fn ask(
        &self,
        method: Method,
        target: String,
        body: Bytes,
    ) -> Result<Bytes, TransportError> {
        let mut request = self.request(method, target, body)?;
        loop {
            let mut connection = self.connection().await?;
            match connection.connection.try_send_request(request).await {
                Ok(answer) => return self.read(connection.connection, answer).await,
                // A kept connection that the server has closed meanwhile.
                Err(mut error) if connection.is_used => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(TransportError::http(&error.into_error())),
                },
                Err(error) => return Err(TransportError::http(&error.into_error())),
            }
        }
    }

    async fn read(
        &self,
        connection: SendRequest<Full<Bytes>>,
        answer: Response<Incoming>,
    ) -> Result<Bytes, TransportError> {
        let (parts, body) = answer.into_parts();
        if let Some(cookies) = &self.0.cookies {
            cookies.store(&parts.headers);
        }
        let body = Limited::new(body, self.0.max_body_bytes).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => TransportError::TooLarge {
                limit: self.0.max_body_bytes,
            },
            false => TransportError::Connection(error.to_string()),
        })?;
        let body = body.to_bytes();
        if !connection.is_closed() {
            self.keep(connection);
        }
        match parts.status {
            StatusCode::OK => Ok(body),
            // COMPAT: every other success counts too; a redirection is refused, not followed.
            status if status.is_success() => Ok(body),
            status => Err(TransportError::status(status, &body)),
        }
    }

    fn keep(&self, connection: SendRequest<Full<Bytes>>) {
        let mut idle = self.0.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    async fn connection(&self) -> Result<Taken, TransportError> {
        loop {
            let kept = self.0.idle.lock().pop();
            let Some(mut connection) = kept else { break };
            // It is ready soon, or closed: its answer has been read to the end.
            if connection.ready().await.is_ok() {
                return Ok(Taken {
                    connection,
                    is_used: true,
                });
            }
        }
        let stream = self.0.connector.connect().await?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| TransportError::http(&error))?;
        // It ends with the last handle, or with the server's end.
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "an HTTP connection broke");
            }
        });
        Ok(Taken {
            connection,
            is_used: false,
        })
    }

    fn request(
        &self,
        method: Method,
        target: String,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, TransportError> {
        let mut headers = HeaderMap::new();
        let host = HeaderValue::try_from(self.0.connector.origin.authority());
        headers.insert(HOST, host.map_err(|_| TransportError::Host)?);
        headers.insert("accept", HeaderValue::from_static("*/*"));
        if method == Method::POST {
            headers.insert(CONTENT_TYPE, TEXT);
        }
        headers.extend(self.0.headers.clone());
        if let Some(cookies) = &self.0.cookies {
            cookies.add_to(&mut headers);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.try_into().map_err(|_| TransportError::Target)?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

struct Taken {
    connection: SendRequest<Full<Bytes>>,
    /// It has carried a request before.
    is_used: bool,
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

const MAX_IDLE: usize = 2;
