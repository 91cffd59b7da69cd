//! Answers to HTTP requests.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Response, StatusCode};
use roomcast_engineio::Refusal;

use super::config::Config;
use super::dialect::Content;
use super::request::Request;

pub(crate) type Answer = Response<Bytes>;

/// What a refused polling request gets.
pub(crate) fn refuse(refusal: &Refusal) -> Answer {
    let mut answer = Response::new(Bytes::from(refusal.to_json()));
    *answer.status_mut() =
        StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// What a refused upgrade gets, instead of 101.
pub(crate) fn refuse_upgrade(refusal: &Refusal) -> Answer {
    let mut answer = Response::new(Bytes::from(refusal.message().to_owned()));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}

/// What a request gets whose head is above the limit.
pub(crate) fn head_too_long() -> Answer {
    status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
}

/// An answer without a body.
pub(crate) fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

/// An answer of the polling transport with nothing but the usual headers: the type of its content,
/// and that it must not be stored.
///
/// Cost: written without a map of headers, which is 0.2 µs of a poll.
pub(crate) struct Usual {
    pub(crate) content_type: &'static str,
    /// Cost: a `Bytes` of what was encoded is a block of memory more.
    pub(crate) body: Cow<'static, [u8]>,
}

impl Usual {
    /// The answer to a poll.
    pub(super) fn packets(body: Vec<u8>, content: Content) -> Self {
        let content_type = match content {
            Content::Text => "text/plain; charset=UTF-8",
            Content::Binary => "application/octet-stream",
        };
        Self {
            content_type,
            body: body.into(),
        }
    }

    /// The answer to a poll of a client that loads scripts.
    ///
    /// The official server says `text/plain`, which browsers do not run where sniffing is forbidden.
    pub(super) fn script(script: String) -> Self {
        Self {
            content_type: "text/javascript; charset=UTF-8",
            body: script.into_bytes().into(),
        }
    }

    /// The answer to a POST whose packets were taken.
    pub(super) fn taken() -> Self {
        Self {
            content_type: "text/html",
            body: b"ok".into(),
        }
    }
}

impl From<Usual> for Answer {
    fn from(usual: Usual) -> Self {
        let mut answer = Self::new(match usual.body {
            Cow::Borrowed(body) => Bytes::from_static(body),
            Cow::Owned(body) => body.into(),
        });
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(usual.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

/// Whether [`finish_polling`] adds nothing to an answer behind the first one.
pub(super) fn is_usual(request: &Request, config: &Config) -> bool {
    config.headers.is_none() && !is_internet_explorer(request)
}

/// Adds what every answer of the polling transport carries.
pub(crate) fn finish_polling(
    mut answer: Answer,
    request: &Request,
    sid: Option<&str>,
    config: &Config,
) -> Answer {
    let headers = answer.headers_mut();
    if is_internet_explorer(request) {
        headers.insert("x-xss-protection", HeaderValue::from_static("0"));
    }
    if let (Some(sid), Some(cookie)) = (sid, &config.cookie) {
        headers.append(http::header::SET_COOKIE, cookie.header_value(sid));
    }
    call_hooks(headers, request, || sid.is_some(), config);
    answer
}

/// Lets the application change the headers of an answer.
pub(crate) fn call_hooks(
    headers: &mut HeaderMap,
    request: &Request,
    is_initial: impl FnOnce() -> bool,
    config: &Config,
) {
    if let Some(hook) = &config.initial_headers
        && is_initial()
    {
        hook(headers, request);
    }
    if let Some(hook) = &config.headers {
        hook(headers, request);
    }
}

/// Old versions of that browser take a payload for a script injection.
fn is_internet_explorer(request: &Request) -> bool {
    let agent = request.header(USER_AGENT.as_str());
    agent.is_some_and(names_internet_explorer)
}

pub(super) fn names_internet_explorer(agent: &str) -> bool {
    agent.contains(";MSIE") || agent.contains("Trident/")
}
