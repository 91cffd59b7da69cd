//! Writing answers, as hyper writes them.

use std::cell::{Cell, RefCell};
use std::io;
use std::time::{Duration, SystemTime};

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, SEC_WEBSOCKET_ACCEPT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use roomcast_websocket::handshake::AcceptKey;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::engine::{Answer, Usual};

/// Writes an answer; tells whether it is the connection's last one, because it should be or because
/// the answer says so.
pub(super) async fn write(
    answer: &Answer,
    should_be_last: bool,
    stream: &mut TcpStream,
) -> io::Result<bool> {
    let says_close = says_close(answer.headers());
    let rest = with_scratch(|out| {
        put_line(out, answer.status());
        put_headers(out, answer.headers(), answer.body());
        if should_be_last && !says_close {
            out.extend_from_slice(CLOSE);
        }
        if needs_len(answer) {
            put_len(out, answer.body());
        }
        if !answer.headers().contains_key(DATE) {
            put_date(out, Instant::now());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(answer.body());
        write_now(out, stream)
    })?;
    stream.write_all(&rest).await?;
    Ok(should_be_last || says_close)
}

/// Writes an answer of the polling transport; tells when it was written.
pub(super) async fn write_usual(
    usual: &Usual,
    is_last: bool,
    stream: &mut TcpStream,
) -> io::Result<Instant> {
    // Cost: one look at the clock for the date and for who waits for the next request.
    let now = Instant::now();
    let rest = with_scratch(|out| {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-type: ");
        out.extend_from_slice(usual.content_type.as_bytes());
        out.extend_from_slice(b"\r\ncache-control: no-store\r\n");
        if is_last {
            out.extend_from_slice(CLOSE);
        }
        put_len(out, &usual.body);
        put_date(out, now);
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&usual.body);
        write_now(out, stream)
    })?;
    match rest.is_empty() {
        true => Ok(now),
        false => stream.write_all(&rest).await.map(|()| Instant::now()),
    }
}

/// An answer 101.
pub(super) enum SwitchHead {
    /// With nothing but the value of `Sec-WebSocket-Accept`.
    ///
    /// Cost: a map of headers is 0.3 µs of a handshake.
    Plain(AcceptKey),
    Full(Answer),
}

/// Writes the answer 101 and the first frames behind it; gives back what is left, which belongs in
/// front of all else.
///
/// COMPAT: the official server sends no `Date` with it.
pub(super) fn write_switch(switch: &SwitchHead, frames: &[u8], stream: &TcpStream) -> Vec<u8> {
    with_scratch(|out| {
        match switch {
            SwitchHead::Plain(accept) => {
                out.extend_from_slice(PLAIN_SWITCH);
                put_header(out, SEC_WEBSOCKET_ACCEPT.as_str(), accept.as_bytes());
            }
            SwitchHead::Full(answer) => {
                put_line(out, answer.status());
                put_headers(out, answer.headers(), &[]);
            }
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(frames);
        let rest = write_now(out, stream);
        // A connection that is broken now is broken when its session reads from it.
        rest.unwrap_or_default().to_vec()
    })
}

/// Writes what the connection takes now; gives back the rest.
fn write_now(out: &[u8], stream: &TcpStream) -> io::Result<Vec<u8>> {
    match stream.try_write(out) {
        Ok(written) => Ok(out[written..].to_vec()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(out.to_vec()),
        Err(error) => Err(error),
    }
}

fn put_line(out: &mut Vec<u8>, status: StatusCode) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("<none>").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes the headers; where one is a length, the length of `body` in its place.
fn put_headers(out: &mut Vec<u8>, headers: &HeaderMap, body: &[u8]) {
    for (name, value) in headers {
        if name == CONTENT_LENGTH {
            put_len(out, body);
        } else if name != TRANSFER_ENCODING {
            // No body is encoded, whatever the application says.
            put_header(out, name.as_str(), value.as_bytes());
        }
    }
}

fn put_header(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// SPEC: RFC 9110, 8.6: answers that never have a body need no length.
fn needs_len(answer: &Answer) -> bool {
    let is_bodiless = matches!(
        answer.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    !is_bodiless && !answer.headers().contains_key(CONTENT_LENGTH)
}

fn put_len(out: &mut Vec<u8>, body: &[u8]) {
    let mut number = body.len();
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789"[number % 10];
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(b"content-length: ");
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

/// The line of a date, as long as it is the right one.
struct DateLine {
    made_at: Instant,
    until: Instant,
    text: String,
}

impl DateLine {
    fn new(now: Instant) -> Self {
        let time = SystemTime::now();
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let into_second =
            Duration::from_nanos(since.map_or(0, |since| since.subsec_nanos()).into());
        Self {
            made_at: now,
            until: now + (Duration::from_secs(1) - into_second),
            text: format!("date: {}\r\n", httpdate::fmt_http_date(time)),
        }
    }

    fn is_right(&self, now: Instant) -> bool {
        (self.made_at..self.until).contains(&now)
    }
}

/// Cost: the text is made once in a second and thread.
fn put_date(out: &mut Vec<u8>, now: Instant) {
    thread_local! {
        static LINE: RefCell<Option<DateLine>> = const { RefCell::new(None) };
    }
    LINE.with_borrow_mut(|known| {
        if known.as_ref().is_none_or(|line| !line.is_right(now)) {
            *known = None;
        }
        let line = known.get_or_insert_with(|| DateLine::new(now));
        out.extend_from_slice(line.text.as_bytes());
    });
}

fn says_close(headers: &HeaderMap) -> bool {
    let says_close = |value: &HeaderValue| {
        let options = value.as_bytes().split(|&byte| byte == b',');
        options
            .into_iter()
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    headers.get_all(CONNECTION).iter().any(says_close)
}

/// Lends this thread's buffer for an answer, empty.
fn with_scratch<R>(write: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    thread_local! {
        static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let result = write(&mut scratch);
    if scratch.capacity() <= MAX_SCRATCH_BYTES {
        SCRATCH.set(scratch);
    }
    result
}

/// What a connection's last answer says.
const CLOSE: &[u8] = b"connection: close\r\n";

/// What an answer 101 begins with.
const PLAIN_SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";

/// What a thread keeps for its answers.
const MAX_SCRATCH_BYTES: usize = 64 * 1024;
