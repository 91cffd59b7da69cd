//! The server's part in HTTP/3: one request, its answer, the session's stream and its end.
//!
//! What the client says on its control stream and on those of its header compression changes
//! nothing here: they are left unread, and flow control bounds what waits there.

use std::time::Duration;

use quinn::{RecvStream, SendStream};
use roomcast_webtransport::quic::{Failure, Guarded, Parts, SessionError, Streams, finish};
use roomcast_webtransport::{
    CONTROL_STREAM, Field, Violation, code, read_headers, read_stream_head,
};

/// A request for a session that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    control: SendStream,
    answer: SendStream,
    capsules: RecvStream,
    fields: Vec<Field>,
}

impl Asked {
    /// Greets the client and reads its request.
    pub(super) async fn read(guarded: &Guarded) -> Result<Self, Failure> {
        let asked = Self::read_from(guarded).await;
        asked.map_err(|failure| guarded.failed(failure))
    }

    async fn read_from(guarded: &Guarded) -> Result<Self, Failure> {
        let mut control = guarded.connection().open_uni().await?;
        control.write_all(CONTROL_STREAM).await?;
        let (answer, mut capsules) = guarded.connection().accept_bi().await?;
        let fields = read_headers(&mut capsules).await?;
        let asked = Self {
            control,
            answer,
            capsules,
            fields,
        };
        let is = |name, value: &str| asked.field(name) == Some(value);
        if is(":method", "CONNECT") && is(":protocol", "webtransport") && is(":scheme", "https") {
            return Ok(asked);
        }
        let what = "request asks for no session of WebTransport";
        Err(Violation::new(what, code::REQUEST_REJECTED).into())
    }

    /// A field of the request as text.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(known, _)| known == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The header fields, without those that stand for the request line.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let headers = self
            .fields
            .iter()
            .filter(|(name, _)| !name.starts_with(':'));
        headers.map(|(name, value)| (name.as_bytes(), value.as_slice()))
    }

    /// Refuses the session, and waits until the client knows.
    pub(super) async fn refuse(mut self, refusal: Status) -> Result<(), Failure> {
        self.answer.write_all(refusal.headers()).await?;
        finish(&mut self.answer).await;
        Ok(())
    }

    /// Opens the session, and waits for the client's stream.
    pub(super) async fn accept(mut self, guarded: Guarded) -> Result<Streams, Failure> {
        let stream = self.accept_stream(&guarded).await;
        let (send, recv) = stream.map_err(|failure| guarded.failed(failure))?;
        Ok(Streams::new(Parts {
            guarded,
            send,
            recv,
            request: self.answer,
            capsules: self.capsules,
            control: self.control,
            kept: Vec::new(),
        }))
    }

    async fn accept_stream(
        &mut self,
        guarded: &Guarded,
    ) -> Result<(SendStream, RecvStream), Failure> {
        self.answer.write_all(Status::Ok.headers()).await?;
        let session_id = u64::from(self.capsules.id());
        let (send, mut recv) = guarded.connection().accept_bi().await?;
        read_stream_head(&mut recv, session_id).await?;
        Ok((send, recv))
    }
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Forbidden,
    NotFound,
}

impl Status {
    /// The whole frame: the one field `:status`, by its number in the static table.
    fn headers(self) -> &'static [u8] {
        match self {
            Self::Ok => b"\x01\x03\0\0\xd9",
            Self::NotFound => b"\x01\x03\0\0\xdb",
            Self::Forbidden => b"\x01\x04\0\0\xff\x05",
        }
    }
}

/// Lets everything that was written arrive, then ends the session. With `is_last_word` it says so in
/// what was written, and the client gets time to read it.
///
/// A client that does not follow is cut after [`CLOSE_TIMEOUT`].
pub(crate) async fn close(mut streams: Streams, is_last_word: bool) {
    let farewell = async {
        streams.finish().await;
        // The end of the session may not come before that is read either: a browser drops the rest
        // then. Who ends the session itself has read all.
        let read_time = if is_last_word {
            READ_TIME
        } else {
            Duration::ZERO
        };
        let its_end = std::future::poll_fn(|cx| streams.poll_end(cx));
        if tokio::time::timeout(read_time, its_end).await.is_err() {
            streams.end().await?;
        }
        // To a client that has yet to see how the session ended, the end of the connection would be an
        // error.
        let _ = tokio::time::timeout(READ_TIME, streams.closed()).await;
        Ok::<(), SessionError>(())
    };
    if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await {
        tracing::debug!(%error, "the connection ended before the session of WebTransport");
    }
}

/// What the client's program gets to read the last packets before the session ends, and then to see
/// that it ended.
const READ_TIME: Duration = Duration::from_secs(1);
/// How long the end of a session may take.
pub(crate) const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
