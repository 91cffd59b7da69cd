//! The head of a request, in the form in which its session keeps it.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

pub(crate) use super::field_names::Header;
use super::field_names::{self, UNKNOWN};

/// The head of an HTTP request in one block of bytes.
///
/// Cost: the headers that hyper gives are slices of its read buffer; a session that kept them would
/// keep 8 kB. Here it keeps their own length, and a map is made for those that ask for one.
#[derive(Clone)]
pub(crate) struct RequestHead {
    /// Authority, path with query, then each header: the number of its name, or the name in lower
    /// case with its length, and the value with its length.
    block: Box<[u8]>,
    target_len: u32,
    authority_len: u16,
    /// That of [`METHODS`] with this number; any other is the header [`METHOD_NAME`].
    method: u8,
    unpacked: OnceLock<Box<Unpacked>>,
}

/// What is made of a head for those that ask for all of it.
#[derive(Clone)]
struct Unpacked {
    method: Method,
    headers: HeaderMap,
    /// Names and values of the query, decoded.
    parameters: Vec<(String, String)>,
}

impl RequestHead {
    /// Keeps the head of a request that came through hyper.
    pub(crate) fn of(parts: &Parts) -> Self {
        let authority = parts.uri.authority().map_or("", Authority::as_str);
        let target = parts.uri.path_and_query();
        let target = target.map_or_else(|| parts.uri.path(), http::uri::PathAndQuery::as_str);
        Self::new(&parts.method, authority, target, || {
            let headers = parts.headers.iter();
            headers.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
        })
    }

    /// Bytes of a head in any version of HTTP: of its target, and of its headers' names and values.
    pub(crate) fn len_of(parts: &Parts) -> usize {
        let target = parts.uri.path_and_query();
        let target_len = target.map_or(0, |target| target.as_str().len());
        let headers = parts.headers.iter();
        let headers_len: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        target_len + headers_len
    }

    /// Keeps what was read: `headers` walks over names, in any case, and their values.
    pub(crate) fn new<'h, H: Iterator<Item = (&'h [u8], &'h [u8])>>(
        method: &Method,
        authority: &str,
        target: &str,
        headers: impl FnOnce() -> H,
    ) -> Self {
        // No host has so long a name.
        let (authority, authority_len) = match u16::try_from(authority.len()) {
            Ok(len) => (authority, len),
            Err(_) => ("", 0),
        };
        let mut block = Vec::with_capacity(USUAL_LEN);
        block.extend_from_slice(authority.as_bytes());
        block.extend_from_slice(target.as_bytes());
        let known = METHODS.iter().position(|known| known == method);
        for (name, value) in headers() {
            put_field(&mut block, name, value);
        }
        if known.is_none() {
            put_field(
                &mut block,
                METHOD_NAME.as_bytes(),
                method.as_str().as_bytes(),
            );
        }
        Self {
            // Cost: exactly what it needs; growing by size and shrinking again would cost as much.
            block: Box::from(&*block),
            target_len: short(target.len()),
            authority_len,
            method: known
                .and_then(|at| u8::try_from(at).ok())
                .unwrap_or(u8::MAX),
            unpacked: OnceLock::new(),
        }
    }

    pub(crate) fn method(&self) -> &Method {
        let known = METHODS.get(usize::from(self.method));
        known.unwrap_or_else(|| &self.unpacked().method)
    }

    /// The host that the request line names, as that of HTTP/2 does.
    pub(crate) fn authority(&self) -> Option<&str> {
        let authority = self.text_at(0, self.authority_len.into());
        (!authority.is_empty()).then_some(authority)
    }

    /// Path and query as they came.
    pub(crate) fn target(&self) -> &str {
        self.text_at(self.authority_len.into(), self.target_len)
    }

    pub(crate) fn path(&self) -> &str {
        self.halves().0
    }

    /// What is behind the `?`.
    pub(crate) fn query(&self) -> &str {
        self.halves().1
    }

    fn halves(&self) -> (&str, &str) {
        let target = self.target();
        // Cost: paths are short; a plain loop takes a fourth of the time of a search.
        match target.bytes().position(|byte| byte == b'?') {
            Some(at) => (&target[..at], &target[at + 1..]),
            None => (target, ""),
        }
    }

    /// A parameter of the query, decoded; of a repeated one the last value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let query = self.query();
        // Nothing to decode: the usual case.
        if !query.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
            let parameters = query.rsplit('&').filter(|parameter| !parameter.is_empty());
            let mut parameters =
                parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
            return parameters
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value);
        }
        let mut parameters = self.parameters().iter().rev();
        parameters
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.unpacked().parameters
    }

    /// The first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.values(name).next()
    }

    /// The first header of this name, if it is visible ASCII.
    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        text(self.header(name)?)
    }

    /// The first header of this name, for use in an answer.
    pub(crate) fn header_value(&self, name: &HeaderName) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.header(name.as_str())?).ok()
    }

    pub(crate) fn has(&self, header: Header) -> bool {
        self.all(header).next().is_some()
    }

    /// For each of these, all headers of the name, those that are visible ASCII, joined by commas.
    pub(crate) fn joined<const N: usize>(&self, headers: [Header; N]) -> [Option<Cow<'_, str>>; N] {
        let mut all = [const { None }; N];
        for field in self.fields() {
            if let Some(at) = headers.iter().position(|known| known.code() == field.code)
                && let Some(value) = text(field.value)
            {
                join(&mut all[at], value);
            }
        }
        all
    }

    /// All headers of this name, in any case.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let code = field_names::code_of(name.as_bytes()).unwrap_or(UNKNOWN);
        self.fields()
            .filter(move |field| {
                field.code == code
                    && (code != UNKNOWN || field.name.eq_ignore_ascii_case(name.as_bytes()))
            })
            .map(|field| field.value)
    }

    /// All headers of this name.
    pub(crate) fn all(&self, header: Header) -> impl Iterator<Item = &[u8]> {
        self.fields()
            .filter(move |field| field.code == header.code())
            .map(|field| field.value)
    }

    /// The headers as a map, made at the first call.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.unpacked().headers
    }

    fn unpacked(&self) -> &Unpacked {
        self.unpacked.get_or_init(|| {
            let fields = self.fields().filter_map(|field| {
                let known = field_names::name_of(field.code);
                let name = known.map_or(field.name, str::as_bytes);
                let name = HeaderName::from_bytes(name).ok()?;
                Some((name, HeaderValue::from_bytes(field.value).ok()?))
            });
            let parameters = form_urlencoded::parse(self.query().as_bytes());
            let method = self
                .header_text(METHOD_NAME)
                .and_then(|method| method.parse().ok());
            Box::new(Unpacked {
                method: method.unwrap_or_default(),
                headers: fields.collect(),
                parameters: parameters.into_owned().collect(),
            })
        })
    }

    fn fields(&self) -> Fields<'_> {
        let start = u32::from(self.authority_len) + self.target_len;
        Fields(&self.block[start as usize..])
    }

    fn text_at(&self, start: u32, len: u32) -> &str {
        let bytes = &self.block[start as usize..(start + len) as usize];
        std::str::from_utf8(bytes).expect("it was copied from a text")
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", self.method())
            .field("target", &self.target())
            .field("headers", self.headers())
            .finish_non_exhaustive()
    }
}

/// A header of a block.
struct Field<'b> {
    code: u8,
    /// Of a header that has no number.
    name: &'b [u8],
    value: &'b [u8],
}

/// Walks over the headers of a block.
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Field<'b>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&code, rest) = self.0.split_first()?;
        self.0 = rest;
        let name = match code {
            UNKNOWN => self.take()?,
            _ => &[],
        };
        let value = self.take()?;
        Some(Field { code, name, value })
    }
}

impl<'b> Fields<'b> {
    /// Bytes that stand behind their length.
    #[inline]
    fn take(&mut self) -> Option<&'b [u8]> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let mut len = usize::from(*first);
        if len >= 0x80 {
            len = self.long(len & 0x7f)?;
        }
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// A length whose first seven bits are `low`.
    #[cold]
    fn long(&mut self, low: usize) -> Option<usize> {
        let mut len = low;
        for shift in [7, 14, 21, 28] {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            len |= usize::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                break;
            }
        }
        Some(len)
    }
}

fn put_field(block: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    if let Some(code) = field_names::code_of(name) {
        block.push(code);
    } else {
        block.push(UNKNOWN);
        put_len(block, name.len());
        let start = block.len();
        block.extend_from_slice(name);
        block[start..].make_ascii_lowercase();
    }
    put_len(block, value.len());
    block.extend_from_slice(value);
}

fn join<'v>(joined: &mut Option<Cow<'v, str>>, value: &'v str) {
    match joined {
        None => *joined = Some(Cow::Borrowed(value)),
        Some(joined) => {
            let joined = joined.to_mut();
            joined.push_str(", ");
            joined.push_str(value);
        }
    }
}

/// Seven bits of the length in each byte, the low ones first; all but the last have the eighth set.
fn put_len(block: &mut Vec<u8>, len: usize) {
    let mut rest = short(len);
    while rest >= 0x80 {
        block.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    block.push((rest & 0x7f) as u8);
}

/// A header's value as text: visible ASCII, spaces and tabs.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    // Cost: without an early end the loop runs on many bytes at once.
    let is_text = |byte: u8| (byte == b'\t') | (b' '..0x7f).contains(&byte);
    let is_all = value.iter().fold(true, |all, &byte| all & is_text(byte));
    is_all.then(|| std::str::from_utf8(value).expect("ASCII is UTF-8"))
}

fn short(len: usize) -> u32 {
    u32::try_from(len).expect("no HTTP server takes a head of 4 GiB")
}

/// The methods of handshakes, and those that are refused mostly.
static METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::OPTIONS,
    Method::CONNECT,
    Method::HEAD,
    Method::PUT,
    Method::DELETE,
];

/// Most heads are no longer, in bytes.
const USUAL_LEN: usize = 1000;

/// Stands for a header, and no header has this name.
const METHOD_NAME: &str = ":method";

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn head() -> RequestHead {
        let request = Request::get("https://a.example/chat/?room=a+b&room=%C3%A9&empty&x=1")
            .header("X-Tag", "one")
            .header("x-tag", "two")
            .header("Origin", b"caf\xe9".as_slice())
            .header("host", "b.example");
        RequestHead::of(&request.body(()).expect("a request").into_parts().0)
    }

    #[test]
    fn the_request_line_comes_back_in_its_parts() {
        let head = head();

        assert_eq!(head.method(), Method::GET);
        assert_eq!(head.authority(), Some("a.example"));
        assert_eq!(head.path(), "/chat/");
        assert_eq!(head.query(), "room=a+b&room=%C3%A9&empty&x=1");
        assert_eq!(head.target(), "/chat/?room=a+b&room=%C3%A9&empty&x=1");
    }

    #[test]
    fn headers_are_found_in_any_case_and_in_their_order() {
        let head = head();

        assert_eq!(head.header_text("X-TAG"), Some("one"));
        assert!(head.values("x-Tag").eq([b"one", b"two"]));
        assert_eq!(head.header("origin"), Some(&b"caf\xe9"[..]));
        assert_eq!(head.header_text("origin"), None);
        assert_eq!(head.header("x-ta"), None);
    }

    #[test]
    fn known_headers_are_joined_in_one_walk() {
        let fields: [(&[u8], &[u8]); 6] = [
            (b"Connection", b"keep-alive"),
            (b"x-connection", b"a"),
            (b"UPGRADE", b"websocket"),
            (b"connection", b"caf\xe9"),
            (b"connection", b"Upgrade"),
            (b"Origin", b""),
        ];
        let head = RequestHead::new(&Method::GET, "", "/", || fields.into_iter());

        let wanted = [Header::UPGRADE, Header::CONNECTION, Header::HOST];
        let [upgrade, connection, host] = head.joined(wanted);
        assert_eq!(upgrade.as_deref(), Some("websocket"));
        assert_eq!(connection.as_deref(), Some("keep-alive, Upgrade"));
        assert_eq!(host, None);
        assert!(head.has(Header::ORIGIN) && !head.has(Header::SEC_WEBSOCKET_KEY));
    }

    #[test]
    fn a_method_that_is_seldom_comes_back_and_is_no_header() {
        for method in ["PATCH", "PROPFIND", "GET", "DELETE"] {
            let method: Method = method.parse().expect("a method");
            let head = RequestHead::new(&method, "", "/", || {
                std::iter::once((&b"Host"[..], &b"a"[..]))
            });

            assert_eq!(head.method(), method);
            assert_eq!(head.headers().len(), 1);
            assert_eq!(head.header("host"), Some(&b"a"[..]));
        }
    }

    #[test]
    fn names_and_values_of_any_length_come_back() {
        for len in [0, 1, 127, 128, 129, 16_383, 16_384, 100_000] {
            let (name, value) = ("n".repeat(len + 1), "v".repeat(len));
            let head = RequestHead::new(&Method::GET, "", "/", || {
                let first = (name.as_bytes(), value.as_bytes());
                [first, (&b"Sec-WebSocket-Key"[..], &b"k"[..])].into_iter()
            });

            assert_eq!(head.header(&name), Some(value.as_bytes()));
            assert_eq!(head.header_text("sec-websocket-key"), Some("k"));
        }
    }

    #[test]
    fn the_map_holds_what_came() {
        let head = head();

        let names: Vec<_> = head.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-tag", "origin", "host"]);
        assert_eq!(head.headers().get_all("x-tag").iter().count(), 2);
        assert_eq!(head.headers()["origin"].as_bytes(), b"caf\xe9");
    }

    #[test]
    fn parameters_are_decoded_and_the_last_of_a_name_counts() {
        let head = head();

        assert_eq!(head.parameter("room"), Some("é"));
        assert_eq!(head.parameter("empty"), Some(""));
        assert_eq!(head.parameter("x"), Some("1"));
        assert_eq!(head.parameter("y"), None);
    }

    #[test]
    fn parameters_without_escapes_read_the_same_without_being_decoded() {
        for query in ["", "a=1&a=2", "&&a", "a==b&", "b=1&=2", "a"] {
            let target = format!("/?{query}");
            let head = RequestHead::new(&Method::GET, "", &target, std::iter::empty);

            for name in ["a", "b", ""] {
                let mut decoded = head.parameters().iter().rev();
                let decoded = decoded.find(|(key, _)| key == name);
                assert_eq!(
                    head.parameter(name),
                    decoded.map(|(_, value)| value.as_str()),
                    "{name:?} in {query:?}"
                );
            }
        }
    }
}
