//! The HTTP of the server's own listener: requests below its path are served here, all others by
//! hyper.
//!
//! Cost: hyper takes 8 kB for each connection, which an upgrade leaves behind, and about 6 µs for
//! each handshake. Here a connection that waits has no buffer, but for the headers of its last
//! poll (2 kB at most); a WebSocket's first frames leave together with the answer 101.

mod awaited;
mod body;
mod connection;
mod head_timer;
mod known;
mod request;
mod response;

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use self::awaited::Awaited;
use self::body::Incoming;
pub(super) use self::connection::Connection;
use self::head_timer::HeadTimer;
use self::known::Known;
use self::request::{Asked, Parsed, Wanted};
use self::response::SwitchHead;
use super::layer::Layer;
use crate::engine::{
    Carrier, Ordinary, Peer, Reply, Request, SessionTask, Shared, Switch, WebSocket, head_too_long,
    read_buffer,
};

/// A connection that speaks HTTP/1.1.
struct Front {
    layer: Arc<Layer>,
    stream: TcpStream,
    address: SocketAddr,
    /// What was read and belongs to no request yet.
    unread: Vec<u8>,
    /// Bytes of `unread` that are known not to end a head.
    searched: usize,
    awaited: Awaited,
    known: Known,
}

/// What comes next on a connection.
enum Next {
    Request(Asked),
    /// What only hyper serves.
    Foreign,
    /// A head above the limit.
    TooLong,
    End,
}

/// What an exchange leaves.
enum Step {
    /// A connection for the next request, answered at this time.
    Next(Instant),
    End,
    /// A connection whose request was not read to its end.
    Abandoned,
    Switched(Switch),
}

/// What a conversation comes to.
enum Outcome {
    Switched(Switch),
    /// hyper goes on; until this time it must have read a request.
    Foreign(Instant),
    End,
}

impl Front {
    fn new(layer: Arc<Layer>, stream: TcpStream, address: SocketAddr) -> Self {
        Self {
            layer,
            stream,
            address,
            unread: Vec::new(),
            searched: 0,
            awaited: Awaited::default(),
            known: Known::default(),
        }
    }

    /// Waits for the first request, or until the server is closed.
    async fn first(&mut self, late_at: Instant) -> Option<Next> {
        let layer = Arc::clone(&self.layer);
        let sleep = pin!(tokio::time::sleep_until(late_at));
        let mut timer = HeadTimer::new(late_at, sleep);
        until_closing(layer.engine(), |cx| self.poll_next(&mut timer, cx)).await
    }

    /// Serves requests, of which the first may be there; it is late at this time.
    async fn serve(&mut self, first: Option<Next>, late_at: Instant) -> Outcome {
        let layer = Arc::clone(&self.layer);
        let mut conversation = pin!(self.converse(first, late_at));
        let outcome = until_closing(layer.engine(), |cx| conversation.as_mut().poll(cx));
        match outcome.await {
            Some(outcome) => outcome,
            None => {
                let rest = tokio::time::timeout(LAST_ANSWERS, conversation);
                rest.await.unwrap_or(Outcome::End)
            }
        }
    }

    async fn converse(&mut self, mut first: Option<Next>, late_at: Instant) -> Outcome {
        let sleep = pin!(tokio::time::sleep_until(late_at));
        let mut timer = HeadTimer::new(late_at, sleep);
        loop {
            let next = match first.take() {
                Some(next) => next,
                None => poll_fn(|cx| self.poll_next(&mut timer, cx)).await,
            };
            let asked = match next {
                Next::Request(asked) => asked,
                Next::Foreign => return Outcome::Foreign(timer.late_at()),
                Next::TooLong => {
                    Box::pin(self.refuse()).await;
                    return Outcome::End;
                }
                Next::End => return Outcome::End,
            };
            let step = match asked.wanted {
                Wanted::Ordinary(ordinary) => self.exchange_ordinary(ordinary, asked.is_last).await,
                // Cost: what answers is large, and in here it would be a part of each waiting
                // connection.
                Wanted::Other(request) => {
                    let exchange = self.exchange_any(request, asked.content_length, asked.is_last);
                    Box::pin(exchange).await
                }
            };
            match step {
                Ok(Step::Next(answered_at)) => timer.restart(answered_at),
                Ok(Step::Switched(switch)) => return Outcome::Switched(switch),
                Ok(Step::Abandoned) => {
                    Box::pin(self.leave()).await;
                    return Outcome::End;
                }
                Ok(Step::End) => return Outcome::End,
                Err(error) => {
                    tracing::debug!(%error, "a connection broke");
                    return Outcome::End;
                }
            }
        }
    }

    fn poll_next(&mut self, timer: &mut HeadTimer<'_>, cx: &mut Context<'_>) -> Poll<Next> {
        if let Poll::Ready(next) = self.poll_request(cx) {
            return Poll::Ready(next);
        }
        if self.unread.is_empty() && self.layer.engine().is_closing() {
            return Poll::Ready(Next::End);
        }
        ready!(timer.poll_late(cx));
        tracing::debug!(address = %self.address, "a connection asked for nothing");
        Poll::Ready(Next::End)
    }

    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(next) = self.take_request() {
            return Poll::Ready(next);
        }
        if self.awaited.goes_on(&self.stream) {
            return Poll::Pending;
        }
        let len = self.layer.engine().config().read_buffer_bytes;
        loop {
            let next = ready!(read_buffer::with_len(len, |buf| {
                let mut buf = ReadBuf::new(buf);
                let read = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
                self.awaited.note(&read);
                Poll::Ready(match (ready!(read), buf.filled()) {
                    // A reset is an ordinary end: no request was lost.
                    (Err(_), _) | (Ok(()), []) => Some(Next::End),
                    (Ok(()), read) => self.take_from(read),
                })
            }));
            if let Some(next) = next {
                return Poll::Ready(next);
            }
        }
    }

    /// Takes a request out of what was just read, or keeps it.
    fn take_from(&mut self, read: &[u8]) -> Option<Next> {
        if self.unread.is_empty() {
            match parse(&self.layer, self.address, read, &mut self.known) {
                Parsed::Request(asked, len) => {
                    self.unread.extend_from_slice(&read[len..]);
                    return Some(Next::Request(asked));
                }
                Parsed::Foreign => {
                    self.unread.extend_from_slice(read);
                    return Some(Next::Foreign);
                }
                Parsed::Partial(skipped) => {
                    self.unread.extend_from_slice(&read[skipped..]);
                    self.searched = self.unread.len();
                    return None;
                }
                Parsed::TooLong => return Some(Next::TooLong),
            }
        }
        self.unread.extend_from_slice(read);
        self.take_request()
    }

    /// Takes a request out of what is kept.
    fn take_request(&mut self) -> Option<Next> {
        let len = self.unread.len();
        let searched = std::mem::replace(&mut self.searched, len);
        if searched == len {
            return None;
        }
        // Invariant: time is linear in what is read, however small the pieces: a head is parsed when
        // it began, when it may have ended, and when it may be too long. No more than one empty line
        // stands in front of what is kept, or the second one would be an end again and again.
        let is_due = searched == 0
            || len >= self.layer.engine().config().max_head_bytes
            || request::may_end(&self.unread, searched);
        if !is_due {
            return None;
        }
        match parse(&self.layer, self.address, &self.unread, &mut self.known) {
            Parsed::Request(asked, len) => {
                self.drop_front(len);
                self.searched = 0;
                Some(Next::Request(asked))
            }
            Parsed::Foreign => Some(Next::Foreign),
            Parsed::Partial(skipped) => {
                self.drop_front(skipped);
                self.searched = self.unread.len();
                None
            }
            Parsed::TooLong => Some(Next::TooLong),
        }
    }

    /// Drops bytes that were taken, and the room that they had.
    fn drop_front(&mut self, len: usize) {
        if len > 0 {
            self.unread = self.unread.split_off(len);
        }
    }

    async fn exchange_ordinary(&mut self, ordinary: Ordinary, is_last: bool) -> io::Result<Step> {
        let Self {
            layer,
            stream,
            unread,
            searched,
            awaited,
            ..
        } = self;
        *searched = 0;
        let engine = layer.engine();
        let reply = {
            let mut reply = pin!(engine.reply_ordinary(ordinary));
            poll_fn(|cx| match reply.as_mut().poll(cx) {
                Poll::Ready(reply) => Poll::Ready(Some(reply)),
                Poll::Pending => poll_hang_up(stream, unread, awaited, cx).map(|()| None),
            })
            .await
        };
        let is_last = is_last || engine.is_closing();
        match reply {
            Some(Ok(usual)) => {
                let answered_at = response::write_usual(&usual, is_last, stream).await?;
                match is_last {
                    true => finish(stream, is_last, true).await,
                    false => Ok(Step::Next(answered_at)),
                }
            }
            Some(Err(answer)) => {
                let is_last = response::write(&answer, is_last, stream).await?;
                finish(stream, is_last, true).await
            }
            // Invariant: that the future is dropped tells the session.
            None => Ok(Step::End),
        }
    }

    async fn exchange_any(
        &mut self,
        request: Arc<Request>,
        content_length: u64,
        is_last: bool,
    ) -> io::Result<Step> {
        let Self {
            layer,
            stream,
            unread,
            searched,
            awaited,
            ..
        } = self;
        *searched = 0;
        // The body's reader takes no notes.
        awaited.forget();
        let engine = layer.engine();
        let mut body = Incoming::new(stream, unread, content_length);
        let is_whole = body.is_whole();
        let reply = {
            let mut reply = pin!(engine.reply(&request, &mut body, Carrier::Switchable));
            poll_fn(|cx| match reply.as_mut().poll(cx) {
                Poll::Ready(reply) => Poll::Ready(Some(reply)),
                // As long as the body comes, its reader sees the end of the connection.
                Poll::Pending if !is_whole => Poll::Pending,
                Poll::Pending => poll_hang_up(stream, unread, awaited, cx).map(|()| None),
            })
            .await
        };
        let is_read = body.is_whole();
        let is_last = is_last || !is_read || engine.is_closing();
        match reply {
            Some(Reply::Answer(answer)) => {
                let is_last = response::write(&answer, is_last, stream).await?;
                finish(stream, is_last, is_read).await
            }
            Some(Reply::Usual(usual)) => {
                response::write_usual(&usual, is_last, stream).await?;
                finish(stream, is_last, is_read).await
            }
            Some(Reply::Switch(switch)) => Ok(Step::Switched(switch)),
            // Invariant: the request's future is dropped, which tells its session.
            None => Ok(Step::End),
        }
    }

    fn begin(self, switch: Switch) -> Option<SessionTask> {
        let engine = self.layer.engine();
        let head = match switch.plain_accept(engine) {
            Some(accept) => SwitchHead::Plain(accept),
            None => SwitchHead::Full(switch.answer(engine)),
        };
        // Cost: a copy, mostly of nothing, without the room that reading requests has left.
        let unread = self.unread.as_slice().to_vec();
        switch.begin(engine, |codecs, greeting| {
            let unsent = response::write_switch(&head, greeting, &self.stream);
            WebSocket::over(self.stream, unread, codecs, unsent)
        })
    }

    /// Answers a head above the limit.
    async fn refuse(&mut self) {
        tracing::debug!(address = %self.address, "the head of a request is too long");
        self.unread = Vec::new();
        match response::write(&head_too_long(), true, &mut self.stream).await {
            Ok(_) => self.leave().await,
            Err(error) => tracing::debug!(%error, "a connection broke"),
        }
    }

    /// Says goodbye to a client that is still sending: without the wait the kernel would reset the
    /// connection, and the client could lose the answer.
    async fn leave(&mut self) {
        let farewell = async {
            self.stream.shutdown().await?;
            poll_fn(|cx| {
                read_buffer::with(|buf| {
                    loop {
                        let mut buf = ReadBuf::new(buf);
                        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
                        if buf.filled().is_empty() {
                            return Poll::Ready(io::Result::Ok(()));
                        }
                    }
                })
            })
            .await
        };
        if let Ok(Err(error)) = tokio::time::timeout(LAST_ANSWERS, farewell).await {
            tracing::debug!(%error, "a connection broke behind its last answer");
        }
    }
}

/// Polls until there is a result, or until the server is closed.
async fn until_closing<T>(
    engine: &Shared,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Option<T> {
    let mut closing = pin!(engine.closing());
    let mut is_watched = false;
    poll_fn(|cx| {
        if let Poll::Ready(result) = poll(cx) {
            return Poll::Ready(Some(result));
        }
        // Cost: the token has a lock. Polled once it wakes this task, and then the flag tells.
        let is_closing = match std::mem::replace(&mut is_watched, true) {
            true => engine.is_closing(),
            false => closing.as_mut().poll(cx).is_ready(),
        };
        match is_closing {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

fn parse(layer: &Layer, address: SocketAddr, bytes: &[u8], known: &mut Known) -> Parsed {
    let engine = layer.engine();
    let peer = Peer::new(address);
    request::parse(bytes, peer, engine.config(), known, |plain| {
        engine.ordinary(plain)
    })
}

/// Closes a connection behind its last answer.
async fn finish(stream: &mut TcpStream, is_last: bool, is_read: bool) -> io::Result<Step> {
    match (is_last, is_read) {
        (true, true) => stream.shutdown().await.map(|()| Step::End),
        (true, false) => Ok(Step::Abandoned),
        (false, _) => Ok(Step::Next(Instant::now())),
    }
}

/// Ends when the client hangs up. What it sends meanwhile is kept, and is reason to look no further.
fn poll_hang_up(
    stream: &TcpStream,
    unread: &mut Vec<u8>,
    awaited: &mut Awaited,
    cx: &mut Context<'_>,
) -> Poll<()> {
    while unread.is_empty() && !awaited.goes_on(stream) {
        let ready = stream.poll_read_ready(cx);
        awaited.note(&ready);
        if ready!(ready).is_err() {
            return Poll::Ready(());
        }
        let read = read_buffer::with(|buf| {
            let read = stream.try_read(buf)?;
            unread.extend_from_slice(&buf[..read]);
            Ok::<_, io::Error>(read)
        });
        match read {
            Ok(0) => return Poll::Ready(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Poll::Ready(()),
        }
    }
    Poll::Pending
}

/// What connections get to finish their answers when the server is closed.
pub(super) const LAST_ANSWERS: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::Server;

    /// A connection, and the client's end of it.
    async fn front() -> (Front, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let client = TcpStream::connect(address).await.expect("it listens");
        let (stream, address) = listener.accept().await.expect("a client");
        let layer = Arc::new(Server::new().layer());
        (Front::new(layer, stream, address), client)
    }

    #[tokio::test]
    async fn a_connection_that_waits_has_no_buffer_whatever_came_in_one_piece() {
        let (mut front, _client) = front().await;
        let request = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\r\n";

        assert!(matches!(
            front.take_from(&request.repeat(100)),
            Some(Next::Request(_))
        ));
        for _ in 1..100 {
            assert!(matches!(front.take_request(), Some(Next::Request(_))));
        }

        assert!(front.take_request().is_none());
        assert_eq!(front.unread.capacity(), 0);
    }

    #[tokio::test]
    async fn of_empty_lines_nothing_is_kept() {
        let (mut front, _client) = front().await;
        for lines in ["\n".repeat(17 * 1024), "\r\n".repeat(17 * 1024)] {
            for piece in [lines.len(), 1] {
                for read in lines.as_bytes().chunks(piece) {
                    assert!(front.take_from(read).is_none());
                    assert!(front.unread.len() <= 3, "{} bytes", front.unread.len());
                }
            }
        }
    }
}
