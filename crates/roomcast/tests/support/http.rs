//! Requests and answers of HTTP/1.1, as bytes.

use super::Stream;

/// A request, one for each connection.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            line: format!("{method} {target} HTTP/1.1"),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = body.len().to_string();
        let mut request = Self::new("POST", target).header("content-length", &length);
        request.body = body;
        request
    }

    /// The headers that ask for a WebSocket; the key is that of RFC 6455.
    pub(crate) fn upgrade(self) -> Self {
        self.header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts `body` behind the head without a word about its length.
    pub(crate) fn raw_body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\nhost: localhost\r\n", self.line);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.headers.iter().any(|(name, _)| name == "connection") {
            text += "connection: close\r\n";
        }
        text += "\r\n";
        [text.as_bytes(), &self.body].concat()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Reads an answer and its body.
    pub(crate) async fn read(stream: &mut Stream) -> Self {
        let mut response = Self::read_head(stream).await.expect("the server answers");
        response.body = if response.header("transfer-encoding") == Some("chunked") {
            read_chunks(stream).await
        } else if let Some(length) = response.header("content-length") {
            let length = length.parse().expect("a length is a number");
            stream
                .read_exact(length)
                .await
                .expect("the body is whole")
                .to_vec()
        } else if response.status == 304 || response.status == 204 || response.status == 101 {
            Vec::new()
        } else {
            stream.read_to_end().await.to_vec()
        };
        response
    }

    /// Reads an answer's head; `None` if the server hangs up instead.
    pub(crate) async fn read_head(stream: &mut Stream) -> Option<Self> {
        let head = stream.read_until(b"\r\n\r\n").await?;
        let head = std::str::from_utf8(&head).expect("a head is text");
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().expect("a head has a first line");
        let status = line.strip_prefix("HTTP/1.1 ").expect("the version is 1.1");
        let headers = lines.map(|line| {
            let (name, value) = line
                .split_once(": ")
                .expect("a header has a name and a value");
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Some(Self {
            status: status[..3].parse().expect("a status is a number"),
            headers: headers.collect(),
            body: Vec::new(),
        })
    }

    /// The first header of this name, given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// Status and body, for comparing both at once.
    pub(crate) fn summary(&self) -> (u16, &str) {
        (self.status, self.text())
    }
}

async fn read_chunks(stream: &mut Stream) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = stream
            .read_until(b"\r\n")
            .await
            .expect("a chunk has a length");
        let line = std::str::from_utf8(&line).expect("a length is text").trim();
        let length = usize::from_str_radix(line, 16).expect("a length is a number");
        let chunk = stream
            .read_exact(length + 2)
            .await
            .expect("a chunk is whole");
        if length == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
