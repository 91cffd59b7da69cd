//! The connection of a manager: opened, lost, tried again.

use std::time::Instant;

use super::socket::Phase;
use super::work::Step;
use super::{
    CloseReason, Closing, ConnectError, Description, EngineKey, Manager, ManagerEvent, OpenError,
    Output, Settings,
};

/// How far the connection of a manager is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// There is none, and none is wanted.
    Closed,
    /// It was lost or could not be opened; what follows is decided once that is handled. Whether the
    /// user has asked meanwhile for another attempt.
    Undecided { is_wanted: bool },
    /// The next attempt begins then, or never if that is beyond all time.
    Waiting { until: Option<Instant> },
    /// The next attempt begins once its announcement is handled.
    Announced,
    /// The engine is about to be open.
    Opening {
        engine: EngineKey,
        deadline: Option<Instant>,
        is_again: bool,
    },
    /// The engine is open.
    Open { engine: EngineKey },
}

impl Connection {
    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Waiting { until: deadline } | Self::Opening { deadline, .. } => deadline,
            _ => None,
        }
    }

    fn engine(self) -> Option<EngineKey> {
        match self {
            Self::Opening { engine, .. } | Self::Open { engine } => Some(engine),
            _ => None,
        }
    }
}

impl<E: Clone> Manager<E> {
    /// Opens the connection, even if no socket needs it. Attempts to connect again that are waiting
    /// begin at once.
    pub fn open(&mut self, now: Instant) {
        match self.connection {
            Connection::Waiting { .. } | Connection::Announced => self.begin(now, true),
            _ => self.open_for_socket(now),
        }
    }

    /// Closes the connection. Sockets stay active: they are connected again at the next
    /// [`open`](Self::open).
    pub fn close(&mut self) {
        let before = std::mem::replace(&mut self.connection, Connection::Closed);
        self.backoff.reset();
        if let Some(engine) = before.engine() {
            self.work.give(Output::CloseEngine {
                engine,
                closing: Closing::AfterFlush,
            });
            self.end_sockets(CloseReason::ForcedClose, None);
        }
    }

    /// Changes how the manager connects again. A delay that has begun stays as it is, unless
    /// reconnection is switched off.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
        let is_waiting = matches!(
            self.connection,
            Connection::Waiting { .. } | Connection::Announced
        );
        if is_waiting && !self.settings.reconnection {
            self.connection = Connection::Closed;
            self.backoff.reset();
        }
    }

    /// Reports that the engine is open.
    pub fn engine_opened(&mut self, engine: EngineKey) {
        let Connection::Opening {
            engine: current,
            is_again,
            ..
        } = self.connection
        else {
            return;
        };
        if engine != current {
            return;
        }
        self.connection = Connection::Open { engine };
        let attempt = is_again.then(|| self.backoff.attempts());
        self.backoff.reset();
        self.work.report(ManagerEvent::Open);
        self.work.push(Step::Join(engine, attempt));
    }

    /// Reports that the server has pinged.
    pub fn engine_pinged(&mut self, engine: EngineKey) {
        if self.is_current(engine) {
            self.work.report(ManagerEvent::Ping);
        }
    }

    /// Reports that the engine has ended, or could not be opened, by itself. One that was closed under
    /// the manager, and not at its wish, has the reason [`CloseReason::TransportClose`].
    pub fn engine_closed(&mut self, engine: EngineKey, reason: CloseReason, error: Option<E>) {
        if self.connection.engine() != Some(engine) {
            return;
        }
        if !self.is_open() {
            let error = error.map_or(OpenError::Closed(reason), OpenError::Engine);
            return self.fail(error);
        }
        self.work.outbox.clear();
        if reason == CloseReason::TransportError
            && let Some(error) = &error
        {
            self.report_error(&OpenError::Engine(error.clone()));
        }
        self.lose(reason, error.map(Description::Engine).as_ref());
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.connection.deadline().is_some_and(|due| due <= now) {
            match self.connection {
                Connection::Waiting { .. } => {
                    self.connection = Connection::Announced;
                    let attempt = self.backoff.attempts();
                    self.work.report(ManagerEvent::ReconnectAttempt(attempt));
                    self.work.push(Step::Attempt);
                }
                Connection::Opening { engine, .. } => {
                    self.work.give(Output::CloseEngine {
                        engine,
                        closing: Closing::AtOnce,
                    });
                    self.fail(OpenError::Timeout);
                }
                _ => {}
            }
        }
        while let Some((socket, id)) = self.work.deadlines.pop_due(now) {
            if let Some(socket) = self.sockets.get_mut(&socket) {
                socket.time_out(now, &mut self.work, id);
            }
        }
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.connection, Connection::Open { .. })
    }

    /// Whether there is no connection, and none is opened by itself.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.connection == Connection::Closed
    }

    /// Whether this is the engine of the open connection.
    pub(super) fn is_current(&self, engine: EngineKey) -> bool {
        self.connection == Connection::Open { engine }
    }

    /// Opens the connection, unless it is under way.
    pub(super) fn open_for_socket(&mut self, now: Instant) {
        match &mut self.connection {
            Connection::Closed => self.begin(now, false),
            Connection::Undecided { is_wanted } => *is_wanted = true,
            _ => {}
        }
    }

    /// Closes the connection if no socket needs it.
    pub(super) fn close_if_unused(&mut self) {
        if !self.sockets.values().any(|socket| socket.phase.is_active()) {
            self.close();
        }
    }

    /// Ends a connection over which the server sent what it must not.
    pub(super) fn reject(&mut self, engine: EngineKey, description: &Description<E>) {
        self.work.give(Output::CloseEngine {
            engine,
            closing: Closing::AfterFlush,
        });
        self.lose(CloseReason::ParseError, Some(description));
    }

    /// Ends a connection over which more answers wait than may.
    pub(super) fn give_up(&mut self) {
        let Connection::Open { engine } = self.connection else {
            return;
        };
        self.work.outbox.clear();
        self.work.give(Output::CloseEngine {
            engine,
            closing: Closing::AtOnce,
        });
        self.lose(CloseReason::TransportError, Some(&Description::OutboxFull));
    }

    /// Does one step of what is still to be done.
    pub(super) fn run(&mut self, now: Instant, step: Step<E>) {
        match step {
            Step::Give(output) => self.work.give(output),
            Step::Decide(error) => self.decide(now, error),
            Step::Attempt if self.connection == Connection::Announced => self.begin(now, true),
            Step::Attempt => {}
            Step::Join(engine, attempt) => self.join_all(engine, attempt),
            Step::Settle(socket, session) => self.settle(now, socket, session),
        }
    }

    fn begin(&mut self, now: Instant, is_again: bool) {
        let engine = EngineKey(self.engines);
        self.engines += 1;
        let timeout = self.settings.timeout;
        self.connection = Connection::Opening {
            engine,
            deadline: timeout.and_then(|timeout| now.checked_add(timeout)),
            is_again,
        };
        self.work.give(Output::OpenEngine(engine));
    }

    fn join_all(&mut self, engine: EngineKey, attempt: Option<u32>) {
        if !self.is_current(engine) {
            return;
        }
        let sockets: Vec<_> = self.sockets.keys().copied().collect();
        for socket in sockets {
            self.join(socket);
        }
        if let Some(attempt) = attempt {
            self.work.report(ManagerEvent::Reconnect(attempt));
        }
    }

    /// The engine could not be opened.
    fn fail(&mut self, error: OpenError<E>) {
        let is_again = matches!(self.connection, Connection::Opening { is_again: true, .. });
        self.connection = Connection::Undecided { is_wanted: false };
        self.report_error(&error);
        self.work.push(Step::Decide(is_again.then_some(error)));
    }

    /// The open connection has ended, not at the user's wish.
    fn lose(&mut self, reason: CloseReason, description: Option<&Description<E>>) {
        self.connection = Connection::Undecided { is_wanted: false };
        self.backoff.reset();
        self.end_sockets(reason, description);
        self.work.push(Step::Decide(None));
    }

    fn report_error(&mut self, error: &OpenError<E>) {
        self.work.report(ManagerEvent::Error(error.clone()));
        for socket in self.sockets.values_mut() {
            if socket.phase.is_active() && !socket.is_connected() {
                socket.refused(&mut self.work, ConnectError::Open(error.clone()));
            }
        }
    }

    fn end_sockets(&mut self, reason: CloseReason, description: Option<&Description<E>>) {
        self.decoder = self.parser.decoder(self.limits);
        self.work.report(ManagerEvent::Close {
            reason,
            description: description.cloned(),
        });
        for socket in self.sockets.values_mut() {
            let next = match socket.phase.is_active() {
                true => Phase::Waiting,
                false => Phase::Idle,
            };
            let before = socket.reset(next);
            if before.is_active() && before != Phase::Waiting {
                socket.report_disconnect(&mut self.work, reason.into(), description.cloned());
            }
        }
    }

    fn decide(&mut self, now: Instant, error: Option<OpenError<E>>) {
        if let Connection::Undecided { is_wanted } = self.connection {
            self.connection = Connection::Closed;
            let attempts = self.settings.reconnection_attempts.unwrap_or(u32::MAX);
            if self.settings.reconnection && self.backoff.attempts() < attempts {
                let random = self.spreading.next();
                let delay = self.backoff.next_delay(&self.settings, random);
                let until = now.checked_add(delay);
                self.connection = Connection::Waiting { until };
            } else if self.settings.reconnection {
                self.backoff.reset();
                self.work.report(ManagerEvent::ReconnectFailed);
            }
            if is_wanted {
                self.open_for_socket(now);
            }
        }
        if let Some(error) = error {
            self.work.report(ManagerEvent::ReconnectError(error));
        }
    }
}
