//! Answers to HTTP requests.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Response, StatusCode};
use roomcast_engineio::Refusal;

use super::config::Config;
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

/// An answer without a body.
pub(crate) fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

/// The answer to a poll.
pub(crate) fn payload(body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=UTF-8"),
    );
    answer
}

/// The answer to a POST whose packets were taken.
pub(crate) fn ok() -> Answer {
    let mut answer = Response::new(Bytes::from_static(b"ok"));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer
}

/// Adds what every answer of the polling transport carries.
pub(crate) fn finish_polling(
    mut answer: Answer,
    request: &Request,
    sid: Option<&str>,
    config: &Config,
) -> Answer {
    let headers = answer.headers_mut();
    // Old versions of that browser take a payload for a script injection.
    let agent = request.header(USER_AGENT.as_str());
    if agent.is_some_and(is_internet_explorer) {
        headers.insert("x-xss-protection", HeaderValue::from_static("0"));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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

fn is_internet_explorer(agent: &str) -> bool {
    agent.contains(";MSIE") || agent.contains("Trident/")
}
