//! A session in virtual time, with a list of everything it asked for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roomcast_engineio::{
    CloseReason, Config, Input, Message, Output, Packet, PollAnswer, Revision, Session, Transport,
    TransportError, revision4::decode_payload,
};

pub(crate) use roomcast_engineio::Transport::{Polling, WebSocket};

/// The times of the recorded server: heartbeat 300 ms and 200 ms, upgrade within 1 s.
pub(crate) fn config() -> Arc<Config> {
    Arc::new(Config {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        upgrade_timeout: Duration::from_secs(1),
        close_timeout: Duration::from_secs(30),
    })
}

pub(crate) struct Driver {
    pub(crate) session: Session,
    start: Instant,
    now: Instant,
}

impl Driver {
    pub(crate) fn on(transport: Transport) -> Self {
        Self::with(config(), transport)
    }

    pub(crate) fn with(config: Arc<Config>, transport: Transport) -> Self {
        Self::of(config, transport, Revision::Four)
    }

    /// A session of revision 3.
    pub(crate) fn of_revision3(transport: Transport) -> Self {
        Self::of(config(), transport, Revision::Three)
    }

    fn of(config: Arc<Config>, transport: Transport, revision: Revision) -> Self {
        let start = Instant::now();
        Self {
            session: Session::with_revision(start, config, transport, revision),
            start,
            now: start,
        }
    }

    /// A polling session whose WebSocket has sent its ping and got its pong.
    pub(crate) fn probed() -> Self {
        let mut driver = Self::on(Polling);
        assert_eq!(driver.input(Input::TransportOpened(WebSocket)), []);
        let answer = driver.text(WebSocket, "2probe");
        assert_eq!(answer, [Output::AnswerProbe(WebSocket)]);
        driver
    }

    pub(crate) fn upgraded() -> Self {
        let mut driver = Self::probed();
        assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
        driver
    }

    /// Goes to `ms` after the opening, reporting each timeout on the way.
    pub(crate) fn at(&mut self, ms: u64) -> Vec<(u64, Output)> {
        let end = self.start + Duration::from_millis(ms);
        let mut outputs = Vec::new();
        while let Some(due) = self.session.next_timeout().filter(|due| *due <= end) {
            assert!(due > self.now, "a timeout that does not move on");
            self.now = due;
            let ms = self.ms_of(due);
            outputs.extend(self.input(Input::Timeout).into_iter().map(|it| (ms, it)));
        }
        self.now = end;
        outputs
    }

    /// Goes to `ms` after the opening without a report, as if the process had been stopped.
    pub(crate) fn sleep_until(&mut self, ms: u64) {
        self.now = self.start + Duration::from_millis(ms);
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<Output> {
        self.session.handle_input(self.now, input);
        self.outputs()
    }

    /// Hands in one WebSocket frame or one payload, and drops its messages.
    pub(crate) fn text(&mut self, from: Transport, payload: &str) -> Vec<Output> {
        self.messages(from, payload);
        self.outputs()
    }

    /// Hands in one WebSocket frame or one payload; returns the messages in it.
    pub(crate) fn messages(&mut self, from: Transport, payload: &str) -> Vec<String> {
        let mut messages = Vec::new();
        for packet in decode_payload(payload) {
            match packet {
                Ok(packet) => messages.extend(self.message(from, packet)),
                Err(_) => self
                    .session
                    .handle_input(self.now, Input::DecodeFailed(from)),
            }
        }
        messages
    }

    pub(crate) fn next_timeout(&self) -> Option<u64> {
        self.session.next_timeout().map(|due| self.ms_of(due))
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.session.poll_output()).collect()
    }

    fn message(&mut self, from: Transport, packet: Packet<'_>) -> Option<String> {
        match self.session.handle_packet(self.now, from, packet)? {
            Message::Text(text) => Some(text.to_owned()),
            Message::Binary(bytes) => Some(format!("{bytes:?}")),
        }
    }

    fn ms_of(&self, time: Instant) -> u64 {
        u64::try_from((time - self.start).as_millis()).expect("tests run for seconds")
    }
}

pub(crate) const NOOP: Output = Output::AnswerPoll(PollAnswer::Noop);
pub(crate) const CLOSE: Output = Output::AnswerPoll(PollAnswer::Close);
pub(crate) const CLOSE_WEBSOCKET: Output = Output::CloseTransport(WebSocket);
pub(crate) const FORCED: Output = Output::Closed(CloseReason::ForcedClose);
pub(crate) const CLIENT_CLOSED: Output = Output::Closed(CloseReason::TransportClose);
pub(crate) const PARSE_ERROR: Output = Output::Closed(CloseReason::ParseError);
pub(crate) const PING_TIMEOUT: Output = Output::Closed(CloseReason::PingTimeout);

pub(crate) fn transport_error(cause: TransportError) -> Output {
    Output::Closed(CloseReason::TransportError(cause))
}
