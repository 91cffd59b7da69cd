//! Reading the head of a request, and telling which ones are served here.

use std::mem::MaybeUninit;
use std::sync::Arc;

use http::Method;
use httparse::Status;

use super::known::Known;
use crate::engine::{Asks, BYTES, Config, Ordinary, Peer, Plain, Request, USUAL_START};
use crate::http::head::RequestHead;

/// A request that is served here.
pub(super) struct Asked {
    pub(super) wanted: Wanted,
    /// Of what is still to be read.
    pub(super) content_length: u64,
    /// The client wants the connection to be closed behind the answer.
    pub(super) is_last: bool,
}

pub(super) enum Wanted {
    Ordinary(Ordinary),
    Other(Arc<Request>),
}

pub(super) enum Parsed {
    /// A request, and how many bytes of it were taken: its head, and the body of an ordinary one.
    Request(Asked, usize),
    /// The beginning of a head, behind this many bytes of empty lines.
    Partial(usize),
    /// A head above the limit.
    TooLong,
    /// Something for hyper: another path, version or method, an encoded body, or no HTTP at all.
    Foreign,
}

impl Parsed {
    /// An ordinary request of `len` bytes.
    fn ordinary(ordinary: Ordinary, is_last: bool, len: usize) -> Self {
        let asked = Asked {
            wanted: Wanted::Ordinary(ordinary),
            content_length: 0,
            is_last,
        };
        Self::Request(asked, len)
    }
}

/// Reads the head at the front of `bytes`, unless it is `known`. `ordinary` says whether a request is
/// one.
pub(super) fn parse(
    bytes: &[u8],
    peer: Peer,
    config: &Config,
    known: &mut Known,
    ordinary: impl Fn(&Plain<'_>) -> Option<Ordinary>,
) -> Parsed {
    let max_bytes = config.max_head_bytes;
    if let Some((plain, len)) = known.read(bytes, config)
        && len <= max_bytes
        && let Some(ordinary) = ordinary(&plain)
    {
        return Parsed::ordinary(ordinary, false, len + plain.body_len());
    }
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let len = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(Status::Complete(len)) if len <= max_bytes => len,
        Ok(Status::Complete(len)) if len - empty_lines(bytes) <= max_bytes => len,
        Ok(Status::Complete(_)) => return Parsed::TooLong,
        Ok(Status::Partial) => {
            let skipped = empty_lines(bytes);
            return match bytes.len() - skipped < max_bytes {
                true => Parsed::Partial(skipped),
                false => Parsed::TooLong,
            };
        }
        Err(_) => return Parsed::Foreign,
    };
    let Some(line) = Line::of(&request, config) else {
        return Parsed::Foreign;
    };
    let Some(fields) = Fields::of(request.headers) else {
        return Parsed::Foreign;
    };
    let content_length = fields.content_length.unwrap_or(0);
    if line.method != Method::POST && content_length > 0 {
        return Parsed::Foreign;
    }
    let is_last = fields.is_last;
    if let Some(plain) = plain(&line, &fields, &bytes[len..])
        && let Some(ordinary) = ordinary(&plain)
    {
        // A GET is ordinary whatever it says of a body, a POST of bytes is not.
        if !is_last && fields.content_type != Some(BYTES) {
            let target = (&line.method, line.target);
            let accepted = fields.accept_encoding;
            known.note(&bytes[..len], target, plain.body_len(), accepted);
        }
        return Parsed::ordinary(ordinary, is_last, len + plain.body_len());
    }
    let head = RequestHead::new(&line.method, "", line.target, || {
        let headers = request.headers.iter();
        headers.map(|header| (header.name.as_bytes(), header.value))
    });
    let asked = Asked {
        wanted: Wanted::Other(Arc::new(Request::with_peer(head, peer))),
        content_length,
        is_last,
    };
    Parsed::Request(asked, len)
}

/// Whether a head may end behind the first `searched` bytes: there is an empty line.
pub(super) fn may_end(bytes: &[u8], searched: usize) -> bool {
    let bytes = &bytes[searched.saturating_sub(3)..];
    let mut ends = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    ends.any(|(at, _)| matches!(bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

/// How many bytes in front are empty lines, which belong to no head.
///
/// SPEC: RFC 9112, 2.2. COMPAT: Node.js skips any number of them, too.
pub(super) fn empty_lines(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] = rest {
        rest = behind;
    }
    bytes.len() - rest.len()
}

/// What a request line says.
struct Line<'h> {
    method: Method,
    target: &'h str,
    /// What is behind the `?`.
    query: &'h str,
    /// The path is the server's own, without anything behind it, and nothing in the query is encoded.
    is_plain: bool,
}

impl<'h> Line<'h> {
    /// The line of a request that may be served here.
    fn of(request: &httparse::Request<'_, 'h>, config: &Config) -> Option<Self> {
        if request.version? != 1 {
            return None;
        }
        let method = match request.method? {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "OPTIONS" => Method::OPTIONS,
            _ => return None,
        };
        let target = request.path?;
        if !target.starts_with('/') || target.len() > MAX_TARGET_BYTES {
            return None;
        }
        // Cost: mostly the path is the one that is expected, and need not be searched for.
        let expected = target.strip_prefix(config.path.as_str());
        if let Some(query) = expected.and_then(|rest| rest.strip_prefix('?')) {
            // Cost: how the queries of clients begin is known.
            let rest = query.strip_prefix(USUAL_START).unwrap_or(query);
            let kind = kind_of(&config.path)? & kind_of(rest)?;
            return Some(Self {
                method,
                target,
                query,
                is_plain: kind & LITERAL != 0,
            });
        }
        kind_of(target)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        config.serves(path).then_some(Self {
            method,
            target,
            query,
            is_plain: false,
        })
    }
}

/// What the headers say that matters here.
#[derive(Default)]
struct Fields<'h> {
    content_length: Option<u64>,
    is_last: bool,
    has_upgrade: bool,
    content_type: Option<&'h [u8]>,
    user_agent: Option<&'h [u8]>,
    accept_encoding: Option<&'h [u8]>,
}

impl<'h> Fields<'h> {
    /// Of a repeated header the first counts, as anywhere. Nothing if hyper is to look at them.
    fn of(headers: &[httparse::Header<'h>]) -> Option<Self> {
        let mut fields = Self::default();
        for header in headers {
            let name = header.name.as_bytes();
            let value = header.value;
            // Cost: the length tells most names apart.
            match name.len() {
                6 if is(name, b"expect") => return None,
                7 if is(name, b"upgrade") => fields.has_upgrade = true,
                10 if is(name, b"connection") => fields.is_last |= names_close(value),
                10 if is(name, b"user-agent") => {
                    fields.user_agent = fields.user_agent.or(Some(value))
                }
                12 if is(name, b"content-type") => {
                    fields.content_type = fields.content_type.or(Some(value));
                }
                14 if is(name, b"content-length") => {
                    if fields.content_length.is_some() {
                        return None;
                    }
                    fields.content_length = Some(number(value)?);
                }
                15 if is(name, b"accept-encoding") => {
                    fields.accept_encoding = fields.accept_encoding.or(Some(value));
                }
                17 if is(name, b"transfer-encoding") => return None,
                _ => {}
            }
        }
        Some(fields)
    }
}

/// The request as one that may be ordinary; of a POST the whole body must be there.
fn plain<'h>(line: &Line<'h>, fields: &Fields<'h>, behind: &'h [u8]) -> Option<Plain<'h>> {
    if !line.is_plain || fields.has_upgrade {
        return None;
    }
    let asks = if line.method == Method::GET {
        Asks::Poll(fields.accept_encoding)
    } else if line.method == Method::POST {
        let len = usize::try_from(fields.content_length.unwrap_or(0)).ok()?;
        Asks::Post(fields.content_type, behind.get(..len)?)
    } else {
        return None;
    };
    Some(Plain {
        asks,
        query: line.query.as_bytes(),
        user_agent: fields.user_agent,
    })
}

/// What all bytes of a path, a query or both are, if there is nothing that hyper might refuse.
fn kind_of(text: &str) -> Option<u8> {
    let all = |all, byte: u8| all & KINDS[usize::from(byte)];
    let kind = text.bytes().fold(PLAIN | LITERAL, all);
    (kind & PLAIN != 0).then_some(kind)
}

/// How many bytes in front may stand in a query, each for itself.
pub(super) fn literal_len(bytes: &[u8]) -> usize {
    let is_literal = |byte: &u8| KINDS[usize::from(*byte)] & LITERAL != 0;
    // Cost: without an end within eight bytes they are looked at in half the instructions.
    let (eights, _) = bytes.as_chunks::<8>();
    let whole = eights.iter().take_while(|eight| {
        let all = |all, byte| all & is_literal(byte);
        eight.iter().fold(true, all)
    });
    let front = 8 * whole.count();
    let end = bytes[front..].iter().position(|byte| !is_literal(byte));
    end.map_or(bytes.len(), |behind| front + behind)
}

/// Whether a token is `known`, which is in lower case.
///
/// Cost: without an early end the compiler compares many bytes at once.
fn is<const N: usize>(token: &[u8], known: &[u8; N]) -> bool {
    // Of the bytes of tokens only letters become letters, and only a hyphen a hyphen.
    let differs = |all, (byte, known): (&u8, &u8)| all | ((byte | 0x20) ^ known);
    token.len() == N && token.iter().zip(known).fold(0, differs) == 0
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

/// A byte that may stand in a target.
const PLAIN: u8 = 1;

/// A byte that stands for itself in a query.
const LITERAL: u8 = 2;

static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'%' | b'+' => PLAIN,
            b'!' | b'$' | b'&'..=b'/' | b':' | b';' | b'=' | b'?' | b'@' | b'_' | b'~' => {
                PLAIN | LITERAL
            }
            letter if letter.is_ascii_alphanumeric() => PLAIN | LITERAL,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Of one request; hyper takes a few more.
const MAX_HEADERS: usize = 64;

/// Of the request line; hyper decides about longer ones.
const MAX_TARGET_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: &str = "GET /engine.io/?EIO=4 HTTP/1.1\r\nHost: a\r\n\r\n";

    fn parse_it(text: &str) -> Parsed {
        let peer = Peer::new(([192, 0, 2, 7], 50_000).into());
        let (config, mut known) = (Config::default(), Known::default());
        parse(text.as_bytes(), peer, &config, &mut known, |_| None)
    }

    fn parsed(text: &str) -> &'static str {
        match parse_it(text) {
            Parsed::Request(..) => "request",
            Parsed::Partial(_) => "partial",
            Parsed::TooLong => "too long",
            Parsed::Foreign => "foreign",
        }
    }

    fn asked(text: &str) -> (Asked, usize) {
        match parse_it(text) {
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
        let Wanted::Other(request) = asked.wanted else {
            panic!("no session is known");
        };
        let head = request.head();
        assert_eq!(head.method(), Method::POST);
        assert_eq!(head.target(), "/engine.io/?a=%20");
        assert_eq!(head.header("host"), Some(&b"b"[..]));
        assert_eq!(head.header("x"), Some("é".as_bytes()));
    }

    #[test]
    fn empty_lines_belong_to_no_head() {
        for (bytes, len) in [
            ("", 0),
            ("\n", 1),
            ("\r", 0),
            ("\r\n", 2),
            ("\n\n\r\n\r", 4),
            ("\r\r\n", 0),
            ("\nGET\n\n", 1),
        ] {
            assert_eq!(empty_lines(bytes.as_bytes()), len, "{bytes:?}");
        }
    }

    #[test]
    fn a_head_is_as_long_as_the_limit_without_empty_lines_in_front_and_no_longer() {
        let peer = Peer::new(([192, 0, 2, 7], 50_000).into());
        let text = format!("\r\n\n{POLL}");
        for (max_head_bytes, end, expected) in [
            (POLL.len(), text.len(), "request"),
            (POLL.len(), text.len() - 1, "partial 3"),
            (POLL.len(), 3, "partial 3"),
            (POLL.len() - 1, text.len(), "too long"),
            (POLL.len() - 1, text.len() - 1, "too long"),
            (POLL.len() - 1, text.len() - 2, "partial 3"),
        ] {
            let config = Config {
                max_head_bytes,
                ..Config::default()
            };
            let (bytes, mut known) = (&text.as_bytes()[..end], Known::default());
            let parsed = parse(bytes, peer, &config, &mut known, |_| None);
            let found = match parsed {
                Parsed::Request(..) => "request".to_owned(),
                Parsed::Partial(skipped) => format!("partial {skipped}"),
                Parsed::TooLong => "too long".to_owned(),
                Parsed::Foreign => "foreign".to_owned(),
            };
            assert_eq!(found, expected, "{max_head_bytes} bytes, cut at {end}");
        }
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
