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
mod pongs;
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

use parking_lot::Mutex;
use roomcast_engineio::client::{CloseReason, Input, Session, Upgrades};
use roomcast_engineio::{Handshake, Transport};
use tokio::time::Sleep;

pub(crate) use cookies::Cookies;
pub(crate) use event::{Closed, EngineEvent, Received};
pub(crate) use options::{Options, Timestamps};
pub(crate) use outgoing::{Compression, Outgoing, Queued, Source};

use self::duplex::Duplex;
use self::http::HttpClient;
use self::opening::Opening;
use self::polling::Polling;
use self::reading::Body;
use crate::connect::Connector;
use crate::error::TransportError;
use crate::origin::Origin;

/// What all sessions of one manager share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) options: Arc<Options>,
    /// The options of transports that have others.
    of_transports: Vec<(Transport, Arc<Options>)>,
    pub(crate) connector: Connector,
    pub(crate) http: HttpClient,
    pub(crate) cookies: Option<Arc<Cookies>>,
    /// Another server's cookies.
    // Lock order: a leaf.
    elsewhere: Arc<Mutex<Option<CookiesOf>>>,
}

/// Cookies, and the server whose they are.
type CookiesOf = (Origin, Arc<Cookies>);

impl Shared {
    pub(crate) fn new(connector: Connector, options: Options) -> Self {
        let cookies = options
            .keeps_cookies
            .then(|| Arc::new(Cookies::of(&connector.origin)));
        Self {
            http: HttpClient::new(connector.clone(), &options, cookies.clone()),
            options: Arc::new(options),
            of_transports: Vec::new(),
            connector,
            cookies,
            elsewhere: Arc::default(),
        }
    }

    /// What holds for one transport in place of the general options.
    pub(crate) fn set_options_of(&mut self, transport: Transport, options: Options) {
        if transport == Transport::Polling {
            self.http = HttpClient::new(self.connector.clone(), &options, self.cookies.clone());
        }
        self.of_transports.push((transport, Arc::new(options)));
    }

    pub(crate) fn options_of(&self, transport: Transport) -> &Arc<Options> {
        let mut others = self.of_transports.iter();
        let other = others.find(|(other, _)| *other == transport);
        other.map_or(&self.options, |(_, options)| options)
    }

    /// The same for a server that may be another one, with options that are changed everywhere.
    pub(crate) fn elsewhere(&self, origin: Origin, change: impl Fn(&mut Options)) -> Self {
        let changed = |options: &Options| {
            let mut options = options.clone();
            change(&mut options);
            options
        };
        let cookies = self.cookies.as_ref();
        let cookies = cookies.map(|cookies| self.cookies_of(&origin, cookies));
        let connector = Connector {
            origin,
            ..self.connector.clone()
        };
        let mut other = Self {
            http: HttpClient::new(connector.clone(), &changed(&self.options), cookies.clone()),
            options: Arc::new(changed(&self.options)),
            of_transports: Vec::new(),
            connector,
            cookies,
            elsewhere: Arc::clone(&self.elsewhere),
        };
        for (transport, options) in &self.of_transports {
            other.set_options_of(*transport, changed(options));
        }
        other
    }

    /// Invariant: what one server has set is not sent to another.
    fn cookies_of(&self, origin: &Origin, own: &Arc<Cookies>) -> Arc<Cookies> {
        if *origin == self.connector.origin {
            return Arc::clone(own);
        }
        let mut elsewhere = self.elsewhere.lock();
        match &*elsewhere {
            Some((known, cookies)) if known == origin => Arc::clone(cookies),
            _ => {
                let cookies = Arc::new(Cookies::of(origin));
                *elsewhere = Some((origin.clone(), Arc::clone(&cookies)));
                cookies
            }
        }
    }
}

/// One Engine.IO session. Whoever polls it is its only owner.
pub(crate) struct Engine {
    shared: Shared,
    session: Session,
    /// What the server has said, once the session is open.
    handshake: Option<Arc<Handshake<'static>>>,
    /// Packets that are being sent by polling, answers to pings, and what is left for a session that
    /// closes. Everything else waits at its [`Source`].
    queue: VecDeque<Queued>,
    polling: Option<Box<Polling>>,
    /// How many packets the `POST` under way carries.
    posted: usize,
    /// An answer to a ping is in the queue, and not on its way yet.
    has_pong: bool,
    /// What an answer to a poll still holds.
    body: Option<Body>,
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
            handshake: None,
            queue: VecDeque::new(),
            polling: None,
            posted: 0,
            has_pong: false,
            body: None,
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
                let options = self.shared.options_of(Transport::Polling);
                let polling = Polling::open(self.shared.http.clone(), options);
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

    /// What the server has said when the session was opened.
    pub(crate) fn handshake(&self) -> Option<&Arc<Handshake<'static>>> {
        self.handshake.as_ref()
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
        if self.session.is_flushing()
            && let Some(carrier) = &mut self.carrier
        {
            carrier.end_behind(self.queue.len());
        }
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
