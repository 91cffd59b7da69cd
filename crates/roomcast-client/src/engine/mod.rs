//! One Engine.IO session at the client: transports, upgrade, heartbeat, queue.

mod cookies;
mod duplex;
mod event;
mod http;
mod opening;
mod options;
mod outgoing;
mod outputs;
mod polling;
mod reading;
mod target;
mod websocket;
#[cfg(feature = "webtransport")]
mod webtransport;
mod writing;

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use roomcast_engineio::Transport;
use roomcast_engineio::client::{CloseReason, Input, Session, Upgrades};
use tokio::time::Sleep;

pub(crate) use cookies::Cookies;
pub(crate) use event::{Closed, EngineEvent, Received};
pub(crate) use options::{Options, Timestamps};
pub(crate) use outgoing::{Compression, Outgoing, Queued, Source};

use self::duplex::Duplex;
use self::http::HttpClient;
use self::opening::Opening;
use self::polling::Polling;
use crate::connect::Connector;
use crate::error::TransportError;

/// What all sessions of one manager share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) options: Arc<Options>,
    pub(crate) connector: Connector,
    pub(crate) http: HttpClient,
    pub(crate) cookies: Option<Arc<Cookies>>,
}

impl Shared {
    pub(crate) fn new(connector: Connector, options: Options) -> Self {
        let cookies = options.keeps_cookies.then(Arc::default);
        Self {
            http: HttpClient::new(connector.clone(), &options, cookies.clone()),
            options: Arc::new(options),
            connector,
            cookies,
        }
    }
}

/// One Engine.IO session. Whoever polls it is its only owner.
pub(crate) struct Engine {
    shared: Shared,
    session: Session,
    sid: Option<String>,
    max_payload: Option<u64>,
    /// Packets that are being sent by polling, answers to pings, and what is left for a session that
    /// closes. Everything else waits at its [`Source`].
    queue: VecDeque<Queued>,
    polling: Option<Box<Polling>>,
    /// How many packets the `POST` under way carries.
    posted: usize,
    /// What carries the session, unless polling does.
    carrier: Option<Box<Duplex>>,
    /// Transports on their way: the session's first, or probes, one for each transport.
    openings: Vec<Opening>,
    /// Transports to try if the first ones cannot be opened.
    untried: VecDeque<Transport>,
    failures: Vec<(Transport, TransportError)>,
    /// Why the session ends, if a transport is to blame.
    fault: Option<TransportError>,
    /// Whether what comes is read.
    is_reading: bool,
    timer: Option<Pin<Box<Sleep>>>,
    /// The heartbeat's deadline on the clock that goes on while a machine sleeps.
    wall_deadline: Option<SystemTime>,
    events: VecDeque<EngineEvent>,
}

impl Engine {
    /// Opens a session: over the first of the transports, or by `first` if it may be used.
    pub(crate) fn open(shared: Shared, first: Option<Transport>) -> Self {
        let wanted = &shared.options.transports;
        let mut untried: VecDeque<_> = wanted.iter().copied().collect();
        let first = first.filter(|first| wanted.contains(first));
        let first = first
            .or_else(|| untried.pop_front())
            .unwrap_or(Transport::Polling);
        if !shared.options.tries_all {
            untried.clear();
        }
        let mut engine = Self {
            session: Session::new(first, upgrades(&shared.options)),
            shared,
            sid: None,
            max_payload: None,
            queue: VecDeque::new(),
            polling: None,
            posted: 0,
            carrier: None,
            openings: Vec::new(),
            untried,
            failures: Vec::new(),
            fault: None,
            is_reading: true,
            timer: None,
            wall_deadline: None,
            events: VecDeque::new(),
        };
        engine.start(first);
        engine
    }

    fn start(&mut self, transport: Transport) {
        match transport {
            Transport::Polling => {
                let polling = Polling::open(self.shared.http.clone(), &self.shared.options);
                self.polling = Some(Box::new(polling));
            }
            other => {
                let opening = Opening::start(&self.shared, other, None, Duration::ZERO);
                self.openings.push(opening);
            }
        }
    }

    /// Closes the session once all that `source` has now has left, if the session is open.
    pub(crate) fn close(&mut self, source: &mut impl Source) {
        while source.take_next(&mut self.queue) {}
        self.tell(Input::Close);
    }

    /// Gives the session up at once, for this reason.
    pub(crate) fn discard(&mut self, reason: CloseReason) {
        self.tell(Input::Discard(reason));
    }

    /// Reads what comes, or lets it wait at the server.
    pub(crate) fn set_reading(&mut self, is_reading: bool) {
        self.is_reading = is_reading;
    }

    pub(crate) fn transport(&self) -> Transport {
        self.session.transport()
    }

    /// When the server is taken for dead: on the clock of timers, and on the one that goes on while
    /// the machine sleeps.
    pub(crate) fn expiry(&self) -> Option<(Instant, Option<SystemTime>)> {
        Some((self.session.next_timeout()?, self.wall_deadline))
    }

    /// The id of the session, once it is open.
    pub(crate) fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The next thing that happens.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Source,
    ) -> Poll<EngineEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            if self.session.is_closed() || !self.advance(cx, source) {
                return Poll::Pending;
            }
        }
    }

    /// Does what can be done now; whether anything was.
    fn advance(&mut self, cx: &mut Context<'_>, source: &mut impl Source) -> bool {
        let mut has_moved = self.poll_openings(cx);
        has_moved |= self.poll_polling(cx);
        has_moved |= self.poll_duplexes(cx);
        has_moved |= self.poll_timer(cx);
        has_moved |= self.write(cx, source);
        has_moved || !self.events.is_empty()
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(next) = self.session.next_timeout() else {
            return false;
        };
        let next = tokio::time::Instant::from_std(next);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if timer.deadline() != next {
            timer.as_mut().reset(next);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        self.tell(Input::Timeout);
        true
    }
}

fn upgrades(options: &Options) -> Upgrades {
    match options.upgrades {
        true => Upgrades::To(options.transports.clone()),
        false => Upgrades::Never,
    }
}

/// Whether this client has the transport.
pub(crate) fn has_transport(transport: Transport) -> bool {
    let has_webtransport = cfg!(feature = "webtransport");
    has_webtransport || transport != Transport::WebTransport
}

/// The time, on the clock of timers.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
