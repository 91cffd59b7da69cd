//! Reading the head of a request, and telling which ones are served here.

use std::mem::MaybeUninit;

use http::Method;
use httparse::Status;

use crate::engine::Config;
use crate::http::head::RequestHead;

/// A request that is served here.
pub(super) struct Asked {
    pub(super) head: RequestHead,
    pub(super) content_length: u64,
    /// The client wants the connection to be closed behind the answer.
    pub(super) is_last: bool,
}

pub(super) enum Parsed {
    /// A request, and the length of its head in bytes.
    Request(Asked, usize),
    Partial,
    /// Something for hyper: another path, version or method, an encoded body, or no HTTP at all.
    Foreign,
}

/// Reads the head at the front of `bytes`.
pub(super) fn parse(bytes: &[u8], config: &Config) -> Parsed {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let len = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Foreign,
    };
    match asked(&request, config) {
        Some(asked) => Parsed::Request(asked, len),
        None => Parsed::Foreign,
    }
}

/// Whether a head may end behind the first `searched` bytes: there is an empty line.
pub(super) fn may_end(bytes: &[u8], searched: usize) -> bool {
    let bytes = &bytes[searched.saturating_sub(3)..];
    let mut ends = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    ends.any(|(at, _)| matches!(bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

fn asked(request: &httparse::Request<'_, '_>, config: &Config) -> Option<Asked> {
    if request.version? != 1 {
        return None;
    }
    let method = match request.method? {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "OPTIONS" => Method::OPTIONS,
        _ => return None,
    };
    let target = request.path.filter(|target| is_plain(target))?;
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    if !config.serves(path) {
        return None;
    }
    let mut content_length = None;
    let mut is_last = false;
    for header in &*request.headers {
        let is = |name| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            if content_length.is_some() {
                return None;
            }
            content_length = Some(number(header.value)?);
        } else if is("connection") {
            is_last |= names_close(header.value);
        } else if is("transfer-encoding") || is("expect") {
            return None;
        }
    }
    let content_length = content_length.unwrap_or(0);
    if method != Method::POST && content_length > 0 {
        return None;
    }
    let head = RequestHead::new(&method, "", target, || {
        let headers = request.headers.iter();
        headers.map(|header| (header.name.as_bytes(), header.value))
    });
    Some(Asked {
        head,
        content_length,
        is_last,
    })
}

/// Whether a target consists of a path and a query with nothing that hyper might refuse.
fn is_plain(target: &str) -> bool {
    let plain = |all, byte: u8| all & PLAIN[usize::from(byte)];
    target.starts_with('/') && target.len() <= MAX_TARGET_BYTES && target.bytes().fold(true, plain)
}

fn number(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn names_close(connection: &[u8]) -> bool {
    connection
        .split(|&byte| byte == b',')
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// The bytes of a plain target.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(
                byte as u8,
                b'!' | b'$' | b'%' | b'&'..=b'/' | b':' | b';' | b'=' | b'?'
            )
            || matches!(byte as u8, b'@' | b'_' | b'~');
        byte += 1;
    }
    plain
};

/// Of one request; hyper takes a few more.
const MAX_HEADERS: usize = 64;

/// Of the request line; hyper decides about longer ones.
const MAX_TARGET_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: &str = "GET /engine.io/?EIO=4 HTTP/1.1\r\nHost: a\r\n\r\n";

    fn parsed(text: &str) -> &'static str {
        match parse(text.as_bytes(), &Config::default()) {
            Parsed::Request(..) => "request",
            Parsed::Partial => "partial",
            Parsed::Foreign => "foreign",
        }
    }

    fn asked(text: &str) -> (Asked, usize) {
        match parse(text.as_bytes(), &Config::default()) {
            Parsed::Request(asked, len) => (asked, len),
            _ => panic!("no request: {text:?}"),
        }
    }

    #[test]
    fn a_request_below_the_path_is_read_up_to_its_body() {
        let (asked, len) = asked(
            "POST /engine.io/?a=%20 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\nX: é\r\n\r\nabcGET",
        );

        assert_eq!(len, 70);
        assert_eq!(asked.content_length, 3);
        assert!(!asked.is_last);
        assert_eq!(asked.head.method(), Method::POST);
        assert_eq!(asked.head.target(), "/engine.io/?a=%20");
        assert_eq!(asked.head.header("host"), Some(&b"b"[..]));
        assert_eq!(asked.head.header("x"), Some("é".as_bytes()));
    }

    #[test]
    fn every_truncation_waits_for_more() {
        for end in 0..POLL.len() {
            assert_eq!(parsed(&POLL[..end]), "partial", "cut at {end}");
        }
        assert_eq!(parsed(POLL), "request");
    }

    #[test]
    fn what_is_not_for_this_server_or_unusual_is_foreign() {
        let with = |header: &str| POLL.replace("Host: a", header);
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET /engine.iox HTTP/1.1\r\n\r\n",
            "GET /engine.io/ HTTP/1.0\r\n\r\n",
            "PUT /engine.io/ HTTP/1.1\r\n\r\n",
            "GET http://a/engine.io/ HTTP/1.1\r\n\r\n",
            "GET /engine.io/#a HTTP/1.1\r\n\r\n",
            "GET /engine.io/?é HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\x16\x03\x01\x02",
            &with("Transfer-Encoding: chunked"),
            &with("Expect: 100-continue"),
            &with("Content-Length: 1"),
            &with("Content-Length: +0"),
            &with("Content-Length: 0\r\ncontent-length: 0"),
            &with("Content-Length: 99999999999999999999"),
            &with(&vec!["a: b"; 65].join("\r\n")),
        ] {
            assert_eq!(parsed(text), "foreign", "{text:?}");
        }
    }

    #[test]
    fn close_is_found_among_the_options_of_a_connection() {
        for (value, is_last) in [
            ("close", true),
            ("keep-alive, Close", true),
            ("keep-alive", false),
            ("closed", false),
        ] {
            let text = POLL.replace("Host: a", &format!("Connection: {value}"));
            assert_eq!(asked(&text).0.is_last, is_last, "{value}");
        }
    }

    #[test]
    fn the_end_of_a_head_is_found_wherever_the_pieces_were_cut() {
        for text in ["a: b\r\n\r\n", "a: b\n\n", "a: b\n\r\n"] {
            for searched in 0..text.len() {
                assert!(may_end(text.as_bytes(), searched), "{text:?} {searched}");
            }
        }
        assert!(!may_end(b"a: b\r\nc: d\r\n", 0));
        assert!(!may_end(b"", 0));
    }
}
