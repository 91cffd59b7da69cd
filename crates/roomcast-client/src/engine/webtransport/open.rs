//! The opening of a session: the connection, the settings, the request, its answer, the stream.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use quinn::{RecvStream, SendStream};
use roomcast_engineio::revision4::{StreamOpen, write_stream_header};
use roomcast_webtransport::quic::{Failure, Guarded, Parts, Streams};
use roomcast_webtransport::{
    CONTROL_STREAM, Field, UniStream, Violation, code, encode_headers, encode_stream_head,
    read_headers, read_uni_stream,
};

use super::WebTransport;
use crate::connect::{Connector, MAX_UNI_STREAMS};
use crate::engine::Options;
use crate::engine::cookies::Cookies;
use crate::error::TransportError;

/// Where a session is asked for, and how.
pub(crate) struct Question {
    pub(crate) connector: Connector,
    pub(crate) options: Arc<Options>,
    pub(crate) cookies: Option<Arc<Cookies>>,
    pub(crate) target: String,
}

impl WebTransport {
    /// Opens a session, and its stream with the first packet: for a new session of Engine.IO, or for
    /// that of this id.
    pub(crate) async fn open(
        question: Question,
        sid: Option<String>,
    ) -> Result<Self, TransportError> {
        let opening = open(&question, sid);
        let streams = tokio::time::timeout(OPEN_TIMEOUT, opening).await;
        let streams = streams.unwrap_or(Err(TransportError::RequestTimeout))?;
        Ok(Self::new(streams, question.options.max_message_bytes))
    }
}

async fn open(question: &Question, sid: Option<String>) -> Result<Streams, TransportError> {
    let guarded = question.connector.connect_quic().await?;
    let refused = |failure| TransportError::from(guarded.failed(failure));
    let (control, kept) = greet(&guarded).await.map_err(refused)?;
    let (request, mut capsules) = ask(&guarded, question).await.map_err(refused)?;
    let fields = read_answer(&mut capsules).await.map_err(refused)?;
    check(&fields, question.cookies.as_deref())?;
    let session_id = u64::from(request.id());
    let first = sid.map_or(StreamOpen::Session, |sid| StreamOpen::Upgrade(sid.into()));
    let stream = begin(&guarded, session_id, &first).await;
    let (send, recv) = stream.map_err(refused)?;
    Ok(Streams::new(Parts {
        guarded,
        send,
        recv,
        request,
        capsules,
        control,
        kept,
    }))
}

/// Says what this end can do, and waits until the server has.
///
/// Spec: RFC 9220, section 3: nothing may be asked for before.
async fn greet(guarded: &Guarded) -> Result<(SendStream, Vec<RecvStream>), Failure> {
    let mut control = guarded.connection().open_uni().await?;
    control.write_all(CONTROL_STREAM).await?;
    let mut kept = Vec::new();
    // More than these the server cannot open.
    for _ in 0..MAX_UNI_STREAMS {
        let mut stream = guarded.connection().accept_uni().await?;
        let found = read_uni_stream(&mut stream).await?;
        kept.push(stream);
        match found {
            UniStream::Control(settings) if settings.takes_sessions => return Ok((control, kept)),
            UniStream::Control(_) => break,
            UniStream::Other => {}
        }
    }
    let what = "the server takes no sessions of WebTransport";
    Err(Violation::new(what, code::SETTINGS_ERROR).into())
}

async fn ask(guarded: &Guarded, question: &Question) -> Result<(SendStream, RecvStream), Failure> {
    let mut headers = question.options.headers.clone();
    if let Some(cookies) = &question.cookies {
        cookies.add_to_encrypted(&mut headers);
    }
    let authority = question.connector.origin.quic_authority();
    let own = [
        (":method", "CONNECT"),
        (":protocol", "webtransport"),
        (":scheme", "https"),
        (":authority", &authority),
        (":path", &question.target),
        ("sec-webtransport-http3-draft02", "1"),
    ];
    let own = own.iter().map(|(name, value)| (*name, value.as_bytes()));
    let others = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let others = others.filter(|(name, _)| !OF_CONNECTIONS.contains(name));
    let (mut request, capsules) = guarded.connection().open_bi().await?;
    request
        .write_all(&encode_headers(own.chain(others)))
        .await?;
    Ok((request, capsules))
}

/// Reads the answer, behind others that only announce it.
async fn read_answer(stream: &mut RecvStream) -> Result<Vec<Field>, Failure> {
    for _ in 0..MAX_INTERIM {
        let fields = read_headers(stream).await?;
        if !matches!(status(&fields), Some(status) if status.is_informational()) {
            return Ok(fields);
        }
    }
    let what = "the server announces an answer for ever";
    Err(Violation::new(what, code::EXCESSIVE_LOAD).into())
}

fn status(fields: &[Field]) -> Option<StatusCode> {
    let (_, value) = fields.iter().find(|(name, _)| name == ":status")?;
    StatusCode::from_bytes(value).ok()
}

fn check(fields: &[Field], cookies: Option<&Cookies>) -> Result<(), TransportError> {
    if let Some(cookies) = cookies {
        let set = fields.iter().filter(|(name, _)| name == "set-cookie");
        let set = set.filter_map(|(_, value)| HeaderValue::from_bytes(value).ok());
        let set = set.map(|value| (http::header::SET_COOKIE, value));
        cookies.store(&set.collect::<HeaderMap>());
    }
    match status(fields) {
        Some(status) if status.is_success() => Ok(()),
        Some(status) => Err(TransportError::status(status, b"")),
        None => Err(TransportError::Session(
            "its answer has no status".to_owned(),
        )),
    }
}

async fn begin(
    guarded: &Guarded,
    session_id: u64,
    first: &StreamOpen<'_>,
) -> Result<(SendStream, RecvStream), Failure> {
    let (mut send, recv) = guarded.connection().open_bi().await?;
    let first = first.encode();
    let mut header = [0; 9];
    let header = write_stream_header(&mut header, false, first.len());
    let begin = [&encode_stream_head(session_id), header, first.as_bytes()].concat();
    send.write_all(&begin).await?;
    Ok((send, recv))
}

impl From<Failure> for TransportError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Broken(violation) => Self::Session(violation.to_string()),
            failure => Self::Connection(failure.to_string()),
        }
    }
}

/// Fields that HTTP/3 does not have, or that the request has under another name.
///
/// Spec: RFC 9114, section 4.2.
const OF_CONNECTIONS: [&str; 7] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Answers that only announce one.
const MAX_INTERIM: usize = 8;

/// How long the opening may take: where UDP does not pass, nothing else tells. Half of the default
/// for a whole attempt to connect, so that another transport can still be tried.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
