//! The server's side of one client, from the open packet to the close reason.

mod config;
mod heartbeat;
mod input;
mod link;
mod output;
mod polling;
mod upgrade;

use std::{sync::Arc, time::Instant};

pub use self::{
    config::Config,
    input::Input,
    output::{CloseReason, Output, PollAnswer, RequestFault, TransportError},
};
use self::{
    heartbeat::{Beat, Heartbeat},
    link::{Beside, Duplex, Link, Poll, Polling, Post, Probe},
    output::Outputs,
};
use crate::{Message, Packet, Revision, Transport};

/// The server's side of one client.
///
/// The caller owns the connections and the queue of packets to send; the session decides what
/// happens to them. It holds no message, and no message costs it any timer work.
///
/// The caller
/// 1. sends the open packet ([`Handshake`](crate::Handshake)) as the first packet of its queue;
/// 2. reports what happens, and after each report takes all of [`poll_output`](Self::poll_output);
/// 3. writes its queue when [`writable`](Self::writable) says where, and reports a poll that it
///    answered so as [`Input::PollAnswered`];
/// 4. reports [`Input::Timeout`] at [`next_timeout`](Self::next_timeout).
///
/// A session has at most one waiting `GET`, one running `POST` and one WebSocket or stream of
/// WebTransport, which carries it or probes for it. What is over that count is refused by an output and from then on of no
/// interest. After [`Output::Closed`] nothing is done any more, whatever is reported; requests
/// that still come are answered as [`Refusal::UnknownSid`](crate::Refusal::UnknownSid).
///
/// # Example
///
/// ```
/// use std::{sync::Arc, time::{Duration, Instant}};
/// use roomcast_engineio::{CloseReason, Config, Input, Output, Packet, Session, Transport};
///
/// let start = Instant::now();
/// let at = |seconds| start + Duration::from_secs(seconds);
/// let mut session = Session::new(start, Arc::new(Config::default()), Transport::WebSocket);
///
/// session.handle_input(at(25), Input::Timeout);
/// assert_eq!(session.poll_output(), Some(Output::QueuePing));
/// session.handle_packet(at(26), Transport::WebSocket, Packet::Pong(""));
/// session.handle_input(at(51), Input::Timeout);
/// assert_eq!(session.poll_output(), Some(Output::QueuePing));
/// session.handle_input(at(71), Input::Timeout);
/// assert_eq!(session.poll_output(), Some(Output::CloseTransport(Transport::WebSocket)));
/// assert_eq!(session.poll_output(), Some(Output::Closed(CloseReason::PingTimeout)));
/// ```
///
/// Spec: Engine.IO protocols 3 and 4, "Protocol"; engine.io 6.6.9 where the text leaves a choice.
#[derive(Clone, Debug)]
pub struct Session {
    config: Arc<Config>,
    state: State,
    heartbeat: Heartbeat,
    outputs: Outputs,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open(Link),
    /// The application closed; packets may still be queued.
    Flushing(Link),
    /// The application closed, nothing is queued, and the next poll is told.
    AwaitingPoll {
        beside: Beside,
        until: Option<Instant>,
    },
    Closed(Transport),
}

impl Session {
    /// A session of revision 4 that has just been opened on `transport`.
    ///
    /// On polling the `GET` of the handshake is a poll like any other: report it as
    /// [`Input::Poll`] with the open packet queued, or answer it with the open packet unreported.
    pub fn new(now: Instant, config: Arc<Config>, transport: Transport) -> Self {
        Self::with_revision(now, config, transport, Revision::Four)
    }

    /// A session that has just been opened on `transport`; otherwise as [`new`](Self::new).
    ///
    /// In revision 3 the client pings, within [`Config::ping_interval`] plus
    /// [`Config::ping_timeout`] after the opening and after each ping.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{sync::Arc, time::{Duration, Instant}};
    /// use roomcast_engineio::{Config, Output, Packet, Revision, Session, Transport};
    ///
    /// let start = Instant::now();
    /// let config = Arc::new(Config::default());
    /// let transport = Transport::WebSocket;
    /// let mut session = Session::with_revision(start, config, transport, Revision::Three);
    /// assert_eq!(session.next_timeout(), Some(start + Duration::from_secs(45)));
    ///
    /// session.handle_packet(start + Duration::from_secs(25), transport, Packet::Ping(""));
    /// assert_eq!(session.poll_output(), Some(Output::QueuePong));
    /// assert_eq!(session.next_timeout(), Some(start + Duration::from_secs(70)));
    /// ```
    pub fn with_revision(
        now: Instant,
        config: Arc<Config>,
        transport: Transport,
        revision: Revision,
    ) -> Self {
        let link = match Duplex::of(transport) {
            Some(duplex) => Link::Duplex(duplex),
            None => Link::Polling(Polling::default()),
        };
        Self {
            heartbeat: Heartbeat::new(now, &config, revision),
            config,
            state: State::Open(link),
            outputs: Outputs::default(),
        }
    }

    /// Takes a packet that came over `from` and hands back what is for the application.
    ///
    /// Packets of a payload are handed in one by one. If one of them ends the session, those
    /// behind it have no effect.
    pub fn handle_packet<'a>(
        &mut self,
        now: Instant,
        from: Transport,
        packet: Packet<'a>,
    ) -> Option<Message<'a>> {
        if from == self.transport() {
            return self.on_packet(now, from, packet);
        }
        if let Some(over) = Duplex::of(from) {
            self.on_probe_packet(now, over, &packet);
        }
        None
    }

    /// Takes in what happened.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Poll => self.on_poll(now),
            Input::PollAnswered => self.on_poll_answered(),
            Input::PollAborted => self.on_poll_aborted(),
            Input::PostBegun => self.on_post_begun(),
            Input::BinaryPost => self.on_binary_post(),
            Input::PostEnded => self.on_post_ended(),
            Input::PostAborted => self.on_post_aborted(),
            Input::TransportOpened(transport) => self.on_transport_opened(now, transport),
            Input::TransportClosed(transport) => {
                self.on_transport_gone(transport, CloseReason::TransportClose);
            }
            Input::TransportFailed(transport) => {
                let cause = CloseReason::TransportError(TransportError::Connection);
                self.on_transport_gone(transport, cause);
            }
            Input::DecodeFailed(transport) => self.on_decode_failed(transport),
            Input::Close => self.on_close(),
            Input::Drained => self.on_drained(now),
            Input::Discard(reason) => self.finish(reason),
            Input::Timeout => self.on_timeout(now),
            Input::PingSent => self.heartbeat.ping_sent(now, &self.config),
        }
    }

    /// The next thing to do, or none until something happens again.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Where queued packets may be written now: `Polling` means the waiting `GET`.
    pub fn writable(&self) -> Option<Transport> {
        match self.state {
            State::Open(Link::Duplex(duplex)) | State::Flushing(Link::Duplex(duplex)) => {
                Some(duplex.transport())
            }
            State::Open(Link::Polling(polling)) | State::Flushing(Link::Polling(polling)) => {
                (polling.poll == Poll::Waiting).then_some(Transport::Polling)
            }
            State::AwaitingPoll { .. } | State::Closed(_) => None,
        }
    }

    /// When [`Input::Timeout`] is to be reported, or none after the end.
    pub fn next_timeout(&self) -> Option<Instant> {
        let own = match &self.state {
            State::Open(link) | State::Flushing(link) => link.next_timeout(),
            State::AwaitingPoll { beside, until } => earlier(*until, beside.probe.until()),
            State::Closed(_) => return None,
        };
        earlier(own, self.heartbeat.due())
    }

    /// When the next ping is to leave, where the session waits for nothing else.
    ///
    /// A caller with many sessions may then send the ping without them, and report it as
    /// [`Input::PingSent`] with the next thing that happens.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{sync::Arc, time::{Duration, Instant}};
    /// use roomcast_engineio::{Config, Input, Session, Transport};
    ///
    /// let start = Instant::now();
    /// let config = Arc::new(Config::default());
    /// let mut session = Session::new(start, config, Transport::WebSocket);
    /// let ping_at = session.ping_at().expect("an open session pings");
    /// assert_eq!(ping_at, start + Duration::from_secs(25));
    ///
    /// session.handle_input(ping_at, Input::PingSent);
    /// assert_eq!(session.poll_output(), None);
    /// assert_eq!(session.ping_at(), None);
    /// assert_eq!(session.next_timeout(), Some(ping_at + Duration::from_secs(20)));
    /// ```
    pub fn ping_at(&self) -> Option<Instant> {
        match self.state {
            State::Open(Link::Duplex(_)) => self.heartbeat.ping_at(),
            _ => None,
        }
    }

    /// The revision of the protocol that the session speaks.
    pub fn revision(&self) -> Revision {
        self.heartbeat.revision()
    }

    /// The transport the session is on; after its end, was on.
    pub fn transport(&self) -> Transport {
        match &self.state {
            State::Open(link) | State::Flushing(link) => link.transport(),
            State::AwaitingPoll { .. } => Transport::Polling,
            State::Closed(transport) => *transport,
        }
    }

    /// Whether packets may still be queued: neither side has closed.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether the application closed and its queued packets are awaited
    /// ([`Input::Drained`]).
    pub fn is_flushing(&self) -> bool {
        matches!(self.state, State::Flushing(_))
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    /// Whether another transport is about to take over.
    pub fn is_upgrading(&self) -> bool {
        self.beside()
            .is_some_and(|beside| beside.probe != Probe::None)
    }

    fn on_packet<'a>(
        &mut self,
        now: Instant,
        from: Transport,
        packet: Packet<'a>,
    ) -> Option<Message<'a>> {
        if from == Transport::Polling {
            self.on_post_ended();
            // A close packet over anything else means nothing to the official server.
            if packet == Packet::Close {
                self.on_client_close();
            }
        }
        if !self.is_open() {
            return None;
        }
        match packet {
            Packet::Text(text) => return Some(Message::Text(text)),
            Packet::Binary(bytes) => return Some(Message::Binary(bytes)),
            Packet::Pong(_) | Packet::Ping(_) => self.on_beat(now, &packet),
            Packet::Open(_) | Packet::Close | Packet::Upgrade | Packet::Noop => {}
        }
        None
    }

    fn on_beat(&mut self, now: Instant, packet: &Packet<'_>) {
        match (self.revision(), packet) {
            (Revision::Four, Packet::Pong(_)) => {
                self.heartbeat = Heartbeat::quiet(now, &self.config);
            }
            (Revision::Three, Packet::Ping(_)) => {
                self.heartbeat = Heartbeat::listening(now, &self.config);
                self.outputs.push_back(Output::QueuePong);
            }
            _ => self.fail(TransportError::HeartbeatDirection),
        }
    }

    fn on_transport_gone(&mut self, transport: Transport, reason: CloseReason) {
        if transport == self.transport() {
            match self.state {
                State::Open(Link::Duplex(_)) | State::Flushing(Link::Duplex(_)) => self.end(reason),
                _ => self.finish(reason),
            }
        } else if let Some(beside) = self.beside_mut()
            && beside.probe.over() == Duplex::of(transport)
        {
            beside.probe = Probe::None;
        }
    }

    fn on_decode_failed(&mut self, transport: Transport) {
        if transport == Transport::Polling {
            self.on_post_ended();
        }
        if transport == self.transport() {
            if self.is_open() {
                self.finish(CloseReason::ParseError);
            }
        } else if let Some(beside) = self.beside()
            && beside.probe.over() == Duplex::of(transport)
        {
            self.drop_probe();
        }
    }

    fn on_close(&mut self) {
        if let State::Open(link) = self.state {
            self.state = State::Flushing(link);
        }
    }

    fn on_drained(&mut self, now: Instant) {
        let State::Flushing(link) = self.state else {
            return;
        };
        match link {
            Link::Polling(Polling {
                poll: Poll::Away,
                beside,
            }) => {
                let until = now.checked_add(self.config.close_timeout);
                self.state = State::AwaitingPoll { beside, until };
            }
            _ => self.finish(CloseReason::ForcedClose),
        }
    }

    fn on_timeout(&mut self, now: Instant) {
        if self.is_closed() {
            return;
        }
        match self.heartbeat.poll(now, &self.config) {
            Beat::Wait => {}
            // A session that is closing sends nothing new, yet does not wait for ever.
            Beat::Ping if !self.is_open() => {}
            Beat::Ping => self.outputs.push_back(Output::QueuePing),
            Beat::TimedOut => return self.finish(CloseReason::PingTimeout),
        }
        if let State::AwaitingPoll { until, .. } = self.state
            && until.is_some_and(|until| until <= now)
        {
            return self.finish(CloseReason::ForcedClose);
        }
        self.on_probe_timeout(now);
    }

    fn fail(&mut self, cause: TransportError) {
        self.finish(CloseReason::TransportError(cause));
    }

    /// Ends the session. Every transport it still has is closed, a waiting poll with `1`.
    fn finish(&mut self, reason: CloseReason) {
        match self.state {
            State::Closed(_) => return,
            State::Open(Link::Duplex(duplex)) | State::Flushing(Link::Duplex(duplex)) => {
                let close = Output::CloseTransport(duplex.transport());
                self.outputs.push_back(close);
            }
            State::Open(Link::Polling(polling)) | State::Flushing(Link::Polling(polling)) => {
                self.retire(polling);
                self.drop_probe();
            }
            State::AwaitingPoll { beside, .. } => {
                self.abort_post(beside.post);
                self.drop_probe();
            }
        }
        self.end(reason);
    }

    /// Ends the session, of which nothing is left to close.
    fn end(&mut self, reason: CloseReason) {
        self.state = State::Closed(self.transport());
        self.outputs.push_back(Output::Closed(reason));
    }

    /// Ends the requests of a polling transport that is needed no more.
    fn retire(&mut self, polling: Polling) {
        if polling.poll == Poll::Waiting {
            let close = Output::AnswerPoll(PollAnswer::Close);
            self.outputs.push_back(close);
        }
        self.abort_post(polling.beside.post);
    }

    fn abort_post(&mut self, post: Post) {
        if post == Post::Running {
            self.outputs.push_back(Output::AbortPost);
        }
    }

    fn beside(&self) -> Option<&Beside> {
        match &self.state {
            State::Open(Link::Polling(polling)) | State::Flushing(Link::Polling(polling)) => {
                Some(&polling.beside)
            }
            State::AwaitingPoll { beside, .. } => Some(beside),
            _ => None,
        }
    }

    fn beside_mut(&mut self) -> Option<&mut Beside> {
        match &mut self.state {
            State::Open(Link::Polling(polling)) | State::Flushing(Link::Polling(polling)) => {
                Some(&mut polling.beside)
            }
            State::AwaitingPoll { beside, .. } => Some(beside),
            _ => None,
        }
    }
}

impl Link {
    fn next_timeout(&self) -> Option<Instant> {
        let Self::Polling(Polling { poll, beside }) = self else {
            return None;
        };
        let check_at = match poll {
            Poll::Waiting => beside.probe.check_at(),
            Poll::Away => None,
        };
        earlier(beside.probe.until(), check_at)
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_small() {
        assert!(
            size_of::<Session>() <= 200,
            "{} bytes",
            size_of::<Session>()
        );
    }
}
