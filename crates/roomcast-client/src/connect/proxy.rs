//! A tunnel through an HTTP proxy.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Stream, Tls, tcp};
use crate::origin::Origin;

/// What every connection goes through.
#[derive(Clone, Debug)]
pub(crate) enum Proxy {
    Http(HttpProxy),
    /// Nothing: a server in memory.
    #[cfg(feature = "fuzzing")]
    Script(super::Script),
}

impl Proxy {
    /// `user_info` is the part of the proxy's URL before the `@`, decoded.
    pub(crate) fn new(origin: Origin, user_info: Option<&str>) -> Self {
        Self::Http(HttpProxy::new(origin, user_info))
    }

    pub(crate) async fn tunnel(&self, tls: &Tls, target: &Origin) -> io::Result<Stream> {
        match self {
            Self::Http(proxy) => proxy.tunnel(tls, target).await,
            #[cfg(feature = "fuzzing")]
            Self::Script(script) => script.connect().map(Stream::Scripted),
        }
    }
}

/// An HTTP proxy, through which every connection is tunnelled with `CONNECT`.
#[derive(Clone, Debug)]
pub(crate) struct HttpProxy {
    origin: Origin,
    /// The value of `Proxy-Authorization`.
    credentials: Option<String>,
}

impl HttpProxy {
    fn new(origin: Origin, user_info: Option<&str>) -> Self {
        Self {
            origin,
            credentials: user_info.map(|text| format!("Basic {}", STANDARD.encode(text))),
        }
    }

    async fn tunnel(&self, tls: &Tls, target: &Origin) -> io::Result<Stream> {
        let mut stream = tcp(&self.origin).await?;
        if self.origin.is_secure {
            stream = tls.wrap(stream, &self.origin.host).await?;
        }
        stream.write_all(self.request(target).as_bytes()).await?;
        let status = read_answer(&mut stream).await?;
        match status {
            200..=299 => Ok(stream),
            status => Err(io::Error::other(format!(
                "the proxy answered with status {status}"
            ))),
        }
    }

    fn request(&self, target: &Origin) -> String {
        let authority = target.authority_with_port();
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(credentials) = &self.credentials {
            request.extend(["Proxy-Authorization: ", credentials, "\r\n"]);
        }
        request.push_str("\r\n");
        request
    }
}

/// Reads the head of the answer, byte by byte: what follows belongs to the tunnel.
async fn read_answer(stream: &mut Stream) -> io::Result<u16> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD_BYTES {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut headers);
    answer.parse(&head).map_err(io::Error::other)?;
    answer
        .code
        .ok_or_else(|| io::Error::other("the proxy's answer has no status"))
}

const MAX_HEAD_BYTES: usize = 16 * 1024;
