//! A WebSocket, opened to see how the server and what stands before it do that.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use http::header::{CONNECTION, HeaderName, UPGRADE};
use http::{Method, StatusCode};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomcast_websocket::deflate::{self, Config, Pool};
use roomcast_websocket::handshake::{Response, client_key};
use roomcast_websocket::{CloseCode, Connection, Event, Limits, OpCode, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::http::{Answer, Question, ask};
use super::look::{engine_error, unasked};
use super::{Finding, Target};

/// An open WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: TokioIo<Upgraded>,
    connection: Connection,
    unread: BytesMut,
    /// What was agreed about compression.
    pub(crate) extensions: Option<String>,
}

/// Why no packet came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    #[error("nothing came in {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the connection was closed")]
    Closed,
    #[error("{0}")]
    Broken(String),
}

impl From<io::Error> for Silence {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl WebSocket {
    /// Opens one: for the session with this sid, or for a new one.
    pub(crate) async fn open(
        target: &Target,
        sid: Option<&str>,
        cookies: &str,
    ) -> Result<Self, Finding> {
        let key = client_key(rand::random());
        let config = Config::default();
        let mut question = Question::new(Method::GET, "websocket")
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(HeaderName::from_static("sec-websocket-version"), "13")
            .header(HeaderName::from_static("sec-websocket-key"), &key)
            .header(EXTENSIONS, deflate::offer(&config))
            .cookies(cookies);
        if let Some(sid) = sid {
            question = question.sid(sid);
        }
        let answer = ask(target, &question).await;
        let answer = answer.map_err(|error| unasked(target, &error))?;
        let response = Response {
            status: answer.status.as_u16(),
            connection: answer.header(CONNECTION),
            upgrade: answer.header(UPGRADE),
            accept: answer.header("sec-websocket-accept"),
        };
        if let Err(error) = response.check(&key) {
            return Err(not_upgraded(&answer, &error.to_string()));
        }
        let extensions = answer.header(EXTENSIONS).map(str::to_owned);
        let agreement = deflate::accept(extensions.as_deref().unwrap_or_default(), &config);
        let agreement = agreement.map_err(|error| {
            Finding::new(format!(
                "the server's WebSocket extensions are wrong: {error}"
            ))
        })?;
        let limits = Limits::default()
            .with_max_frame_bytes(MAX_MESSAGE_BYTES)
            .with_max_message_bytes(MAX_MESSAGE_BYTES);
        let mut connection = Connection::new(Role::Client, limits);
        if let Some(agreement) = agreement {
            connection = connection.with_deflate(&agreement, &config, &Pool::new(0));
        }
        let Some(upgraded) = answer.upgraded else {
            return Err(Finding::new("the connection could not be taken over"));
        };
        Ok(Self {
            stream: TokioIo::new(upgraded),
            connection,
            unread: BytesMut::new(),
            extensions,
        })
    }

    /// Sends a packet.
    pub(crate) async fn send(&mut self, packet: &str) -> Result<(), Silence> {
        let mut out = BytesMut::new();
        let mask = rand::random();
        self.connection
            .send(OpCode::Text, packet.as_bytes(), mask, &mut out);
        self.write(&mut out).await
    }

    /// Waits for the next packet of text.
    pub(crate) async fn next(&mut self, limit: Duration) -> Result<String, Silence> {
        let packet = timeout(limit, self.receive()).await;
        packet.unwrap_or(Err(Silence::TimedOut(limit)))
    }

    /// Waits for a packet that begins with one of these; passes over others.
    pub(crate) async fn next_of(
        &mut self,
        starts: &[&str],
        limit: Duration,
    ) -> Result<String, Silence> {
        let waiting = async {
            loop {
                let packet = self.receive().await?;
                if starts.iter().any(|start| packet.starts_with(start)) {
                    return Ok(packet);
                }
            }
        };
        let packet = timeout(limit, waiting).await;
        packet.unwrap_or(Err(Silence::TimedOut(limit)))
    }

    /// Says goodbye, and waits for the answer for a moment.
    pub(crate) async fn close(mut self) {
        let mut out = BytesMut::new();
        let mask = rand::random();
        self.connection.close(CloseCode::NORMAL, "", mask, &mut out);
        let goodbye = async {
            self.write(&mut out).await?;
            loop {
                self.receive().await?;
            }
        };
        // It ends by the end of the connection, which is what is wanted.
        let _: Result<Result<(), Silence>, _> = timeout(CLOSE_TIMEOUT, goodbye).await;
    }

    async fn write(&mut self, out: &mut BytesMut) -> Result<(), Silence> {
        self.stream.write_all_buf(out).await?;
        Ok(self.stream.flush().await?)
    }

    async fn receive(&mut self) -> Result<String, Silence> {
        loop {
            let mut out = BytesMut::new();
            let decoded = self
                .connection
                .receive(&mut self.unread, rand::random(), &mut out)
                .map_err(|error| Silence::Broken(format!("broken WebSocket frame: {error}")))?;
            let consumed = decoded.consumed;
            let packet = match decoded.event {
                Some(Event::Text(text)) => Some(text.into_owned()),
                Some(Event::Close(_)) => return Err(Silence::Closed),
                _ => None,
            };
            let is_idle = consumed == 0;
            self.unread.advance(consumed);
            self.write(&mut out).await?;
            if let Some(packet) = packet {
                return Ok(packet);
            }
            if (is_idle || self.unread.is_empty())
                && self.stream.read_buf(&mut self.unread).await? == 0
            {
                return Err(Silence::Closed);
            }
        }
    }
}

/// The answer opens no WebSocket.
fn not_upgraded(answer: &Answer, error: &str) -> Finding {
    let said = match answer.excerpt() {
        text if text.is_empty() => String::new(),
        text => format!(": {text}"),
    };
    let finding = Finding::new(format!("no WebSocket: {error}{said}"));
    let code = match engine_error(&answer.body) {
        Some((code, _)) => Some(code),
        // COMPAT: the official server answers upgrades with the text alone.
        None => match &*answer.excerpt() {
            "Transport unknown" => Some(0),
            "Session ID unknown" => Some(1),
            _ => None,
        },
    };
    match (code, answer.status) {
        (Some(0), _) => finding.advise("the server's option `transports` leaves WebSocket out"),
        (Some(1), _) => finding.advise(
            "the session is unknown where the WebSocket arrives: several processes without sticky \
             sessions",
        ),
        (_, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => {
            finding.advise("the server, or a proxy before it, lets no WebSocket in")
        }
        _ => finding.advise(PROXY),
    }
}

const PROXY: &str = "a proxy that does not pass `Upgrade` on looks like this; in nginx: \
                     `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                     proxy_set_header Connection \"upgrade\";`";

const EXTENSIONS: HeaderName = HeaderName::from_static("sec-websocket-extensions");

const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

const MAX_MESSAGE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn advice(status: u16, body: &'static str) -> String {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
            took: Duration::ZERO,
            upgraded: None,
        };
        not_upgraded(&answer, "status").advice.unwrap()
    }

    #[test]
    fn refusals_of_the_server_are_told_from_those_of_a_proxy() {
        assert!(advice(400, "Transport unknown").contains("`transports`"));
        assert!(advice(400, r#"{"code":1,"message":"Session ID unknown"}"#).contains("sticky"));
        assert!(advice(403, "Forbidden").contains("lets no WebSocket in"));
        assert!(advice(400, "Bad request").contains("proxy_set_header Upgrade"));
        assert!(advice(200, "<html>").contains("proxy_set_header Upgrade"));
    }
}
