//! The head of an HTTP/1.1 message, for the programs that speak WebSocket without an HTTP library.

use std::io;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The first line and the headers of a request or an answer.
#[derive(Clone, Debug)]
pub struct HttpHead {
    text: String,
}

impl HttpHead {
    /// Reads a head of at most 16 KiB; also gives the bytes that came behind it.
    ///
    /// # Errors
    ///
    /// The reader's own; `InvalidData` if the head is too long or not UTF-8; `UnexpectedEof` if it
    /// ends before its empty line.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Self, BytesMut)> {
        let mut buf = BytesMut::with_capacity(4096);
        loop {
            if let Some(at) = buf.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = buf.split_to(at + 4);
                let text = str::from_utf8(&head).map_err(io::Error::other)?.to_owned();
                return Ok((Self { text }, buf));
            }
            if buf.len() > MAX_BYTES {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if stream.read_buf(&mut (&mut buf).limit(MAX_BYTES)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// A word of the first line: method, path, version; or version, status, reason.
    #[must_use]
    pub fn word(&self, index: usize) -> &str {
        let line = self.text.lines().next().unwrap_or_default();
        line.split(' ').nth(index).unwrap_or_default()
    }

    /// The values of a header, joined by commas; `None` if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self
            .text
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'));
        let values: Vec<&str> = lines
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

const MAX_BYTES: usize = 16 * 1024;
