//! The headers of a connection's last ordinary request, which the next one mostly repeats.

use http::Method;

use super::request::literal_len;
use crate::engine::{Asks, Config, Plain, USUAL_START};

/// Headers that need not be read again.
///
/// Cost: a client says the same of itself with each poll. To see that it does takes a tenth of what
/// it takes to read it.
#[derive(Debug, Default)]
pub(super) struct Known(Option<Box<Headers>>);

#[derive(Debug, Default)]
struct Headers {
    /// From behind the request line up to the empty line, with it.
    text: Vec<u8>,
    content_length: usize,
    accept_encoding: Option<Box<[u8]>>,
}

impl Known {
    /// Notes the headers of a request that was ordinary and is not its connection's last one: they
    /// say nothing that matters but these two. `head` is the whole of its head.
    pub(super) fn note(
        &mut self,
        head: &[u8],
        (method, target): (&Method, &str),
        content_length: usize,
        accept_encoding: Option<&[u8]>,
    ) {
        let line = [method.as_str(), " ", target, LINE_END];
        let text = line
            .iter()
            .try_fold(head, |rest, part| rest.strip_prefix(part.as_bytes()));
        let Some(text) = text.filter(|text| text.len() <= MAX_BYTES) else {
            self.0 = None;
            return;
        };
        let known = self.0.get_or_insert_default();
        // Cost: where POSTs differ in their lengths the memory is used again.
        known.text.clear();
        known.text.extend_from_slice(text);
        known.content_length = content_length;
        if known.accept_encoding.as_deref() != accept_encoding {
            known.accept_encoding = accept_encoding.map(Box::from);
        }
    }

    /// The request at the front of `bytes`, and how long its head is; `None` if there is anything to
    /// read in it but its query.
    ///
    /// Invariant: what is read here is read in the same way by [`parse`](super::request::parse).
    pub(super) fn read<'h>(
        &'h self,
        bytes: &'h [u8],
        config: &Config,
    ) -> Option<(Plain<'h>, usize)> {
        let known = self.0.as_ref()?;
        let (is_poll, rest) = match bytes.strip_prefix(b"GET ") {
            Some(rest) => (true, rest),
            None => (false, bytes.strip_prefix(b"POST ")?),
        };
        // Invariant: the path is literal, or no request on it would have been ordinary.
        let rest = rest.strip_prefix(config.path.as_bytes())?;
        let query = rest.strip_prefix(b"?")?;
        let usual = match query.starts_with(USUAL_START.as_bytes()) {
            true => USUAL_START.len(),
            false => 0,
        };
        let query_len = usual + literal_len(&query[usual..]);
        let (query, rest) = query.split_at(query_len);
        if query_len > MAX_BYTES {
            return None;
        }
        let rest = rest.strip_prefix(LINE_END.as_bytes())?;
        let behind = rest.strip_prefix(&known.text[..])?;
        let asks = match is_poll {
            true if known.content_length > 0 => return None,
            true => Asks::Poll(known.accept_encoding.as_deref()),
            false => Asks::Post(None, behind.get(..known.content_length)?),
        };
        let plain = Plain {
            asks,
            query,
            user_agent: None,
        };
        Some((plain, bytes.len() - behind.len()))
    }
}

const LINE_END: &str = " HTTP/1.1\r\n";

/// Longer headers are read each time.
const MAX_BYTES: usize = 2 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: &str = "Host: a\r\nAccept-Encoding: gzip\r\nContent-Length: 0\r\n\r\n";

    /// What is known after a GET with these headers, without its line and the empty line.
    fn known(headers: &str) -> Known {
        let mut known = Known::default();
        let target = "/engine.io/?EIO=4&transport=polling&sid=a";
        let head = format!("GET {target}{LINE_END}{headers}");
        let accepted = headers.contains("gzip").then_some(&b"gzip"[..]);
        let body_len = if headers.contains("Content-Length: 3") {
            3
        } else {
            0
        };
        known.note(head.as_bytes(), (&Method::GET, target), body_len, accepted);
        known
    }

    /// The query, what is asked and how long the head is.
    fn read(known: &Known, request: &str) -> Option<(String, String, usize)> {
        let (plain, len) = known.read(request.as_bytes(), &Config::default())?;
        assert_eq!(plain.user_agent, None);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let asks = match plain.asks {
            Asks::Poll(accepted) => format!("poll {}", accepted.map_or_else(String::new, text)),
            Asks::Post(content_type, body) => {
                assert_eq!(content_type, None);
                format!("post {}", text(body))
            }
        };
        Some((text(plain.query), asks, len))
    }

    #[test]
    fn a_request_with_the_same_headers_is_read_by_its_line() {
        let known = known(HEADERS);
        for (line, query, asks) in [
            ("GET /engine.io/?sid=b", "sid=b", "poll gzip"),
            ("GET /engine.io/?", "", "poll gzip"),
            (
                "GET /engine.io/?EIO=4&transport=polling&t=x&sid=b",
                "EIO=4&transport=polling&t=x&sid=b",
                "poll gzip",
            ),
            ("POST /engine.io/?sid=b", "sid=b", "post "),
        ] {
            let head = format!("{line}{LINE_END}{HEADERS}");
            let found = (query.to_owned(), asks.to_owned(), head.len());

            assert_eq!(read(&known, &head), Some(found.clone()), "{line}");
            assert_eq!(read(&known, &format!("{head}GET /")), Some(found), "{line}");
            for end in 0..head.len() {
                assert_eq!(read(&known, &head[..end]), None, "{line} cut at {end}");
            }
        }
    }

    #[test]
    fn a_body_is_as_long_as_the_headers_say() {
        let headers = "Content-Length: 3\r\n\r\n";
        let known = known(headers);
        let post = format!("POST /engine.io/?sid=b{LINE_END}{headers}");

        let found = ("sid=b".to_owned(), "post abc".to_owned(), post.len());
        assert_eq!(read(&known, &format!("{post}abcd")), Some(found));
        assert_eq!(read(&known, &format!("{post}ab")), None);
        let get = format!("GET /engine.io/?sid=b{LINE_END}{headers}abc");
        assert_eq!(read(&known, &get), None, "a GET has no body");
    }

    #[test]
    fn anything_else_has_to_be_read() {
        let known = known(HEADERS);
        for head in [
            format!(
                "GET /engine.io/?sid=b{LINE_END}{}",
                HEADERS.replace('a', "b")
            ),
            format!("GET /engine.io/?sid=b{LINE_END}X: y\r\n{HEADERS}"),
            format!("GET /engine.io/?sid=b HTTP/1.0\r\n{HEADERS}"),
            format!("GET /engine.io/?sid=b  HTTP/1.1\r\n{HEADERS}"),
            format!("GET /engine.io/?sid=b HTTP/1.1\n{HEADERS}"),
            format!("\r\nGET /engine.io/?sid=b{LINE_END}{HEADERS}"),
            format!("GET /engine.io/?sid=%62{LINE_END}{HEADERS}"),
            format!("GET /engine.io/?sid=é{LINE_END}{HEADERS}"),
            format!("GET /engine.io/x?sid=b{LINE_END}{HEADERS}"),
            format!("GET /other/?sid=b{LINE_END}{HEADERS}"),
            format!("get /engine.io/?sid=b{LINE_END}{HEADERS}"),
            format!("OPTIONS /engine.io/?sid=b{LINE_END}{HEADERS}"),
            format!(
                "GET /engine.io/?{}{LINE_END}{HEADERS}",
                "b".repeat(MAX_BYTES + 1)
            ),
        ] {
            assert_eq!(read(&known, &head), None, "{head:?}");
        }
    }

    #[test]
    fn long_headers_and_unusual_lines_are_not_kept() {
        let get = format!("GET /engine.io/?sid=b{LINE_END}");
        let long = format!("X: {}\r\n\r\n", "y".repeat(MAX_BYTES));
        assert_eq!(read(&known(&long), &format!("{get}{long}")), None);

        let mut known = known(HEADERS);
        let target = "/engine.io/?sid=b";
        let head = format!("\r\nGET {target}{LINE_END}{HEADERS}");
        known.note(head.as_bytes(), (&Method::GET, target), 0, None);
        assert_eq!(read(&known, &format!("{get}{HEADERS}")), None);
    }
}
