//! A session that the application is not told of yet, since another server may take it over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use roomcast_cluster::engine::Packet;
use roomcast_engineio::{CloseReason, Revision};

use super::packets::packet_of_message;
use crate::engine::application::{Application, Closing, Message, Readiness};
use crate::engine::cause::{DisconnectCause, Farewell};
use crate::engine::server::Shared;
use crate::engine::socket::Socket;

/// Keeps a new session's messages until its application is made.
pub(in crate::engine) struct Delayed {
    engine: Arc<Shared>,
    socket: Socket,
    phase: Phase,
    /// What came before the application, and was not handed to it.
    waiting: VecDeque<Message<'static>>,
    waiting_bytes: usize,
}

enum Phase {
    /// Until this time.
    Waiting(Instant),
    Begun(Box<dyn Application>),
    /// Another server has the session, or it was closed before it began.
    Gone,
}

impl Delayed {
    pub(in crate::engine) fn new(engine: Arc<Shared>, socket: Socket, until: Instant) -> Self {
        Self {
            engine,
            socket,
            phase: Phase::Waiting(until),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    fn begin(&mut self) -> &mut Box<dyn Application> {
        if !matches!(self.phase, Phase::Begun(_)) {
            let application = self.engine.begin(&self.socket);
            let application =
                application.unwrap_or_else(|| Box::new(Closing::of(&self.socket)) as Box<_>);
            self.phase = Phase::Begun(application);
        }
        match &mut self.phase {
            Phase::Begun(application) => application,
            Phase::Waiting(_) | Phase::Gone => unreachable!("it was begun above"),
        }
    }

    /// Hands over what waits, as far as the application takes it.
    fn hand_over(&mut self, cx: &mut Context<'_>) {
        let Phase::Begun(application) = &mut self.phase else {
            return;
        };
        while !self.socket.is_closing()
            && application.readiness() == Readiness::Ready
            && let Some(message) = self.waiting.pop_front()
        {
            application.message(message, cx);
        }
        if self.socket.is_closing() {
            self.waiting.clear();
        }
    }
}

impl Application for Delayed {
    fn message(&mut self, message: Message<'_>, cx: &mut Context<'_>) {
        if let Phase::Begun(application) = &mut self.phase
            && self.waiting.is_empty()
        {
            return application.message(message, cx);
        }
        let message = message.into_owned();
        self.waiting_bytes += message.len();
        self.waiting.push_back(message);
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        match &mut self.phase {
            Phase::Waiting(until) if *until <= super::exchange::now() => self.settle(cx),
            Phase::Waiting(_) | Phase::Gone => {}
            Phase::Begun(application) => {
                application.poll(cx);
                if !self.waiting.is_empty() {
                    self.hand_over(cx);
                }
            }
        }
    }

    fn readiness(&self) -> Readiness {
        match &self.phase {
            Phase::Begun(application) if self.waiting.is_empty() => application.readiness(),
            Phase::Begun(_) => Readiness::Saturated,
            Phase::Waiting(_) | Phase::Gone => {
                let is_full = self.waiting.len() >= MAX_WAITING
                    || self.waiting_bytes >= self.engine.config().max_message_bytes;
                match is_full {
                    true => Readiness::Saturated,
                    false => Readiness::Ready,
                }
            }
        }
    }

    fn next_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(until) => Some(*until),
            Phase::Begun(application) => application.next_timeout(),
            Phase::Gone => None,
        }
    }

    fn settle(&mut self, cx: &mut Context<'_>) {
        if let Phase::Waiting(_) = self.phase {
            self.begin().poll(cx);
            self.hand_over(cx);
        }
    }

    fn is_movable(&self) -> bool {
        // SPEC: cluster-engine 0.1.0 makes a session of revision 4 of what it takes over.
        self.socket.revision() == Revision::Four && matches!(self.phase, Phase::Waiting(_))
    }

    fn surrender(&mut self) -> Option<Vec<Packet>> {
        if !self.is_movable() {
            return None;
        }
        self.phase = Phase::Gone;
        let waiting = std::mem::take(&mut self.waiting);
        Some(waiting.into_iter().map(packet_of_message).collect())
    }

    fn farewell(&self, cause: &DisconnectCause) -> Option<Box<Farewell>> {
        match &self.phase {
            Phase::Begun(application) => application.farewell(cause),
            Phase::Waiting(_) | Phase::Gone => None,
        }
    }

    fn closed(&mut self, reason: CloseReason, cause: &DisconnectCause, cx: &mut Context<'_>) {
        // What the client has sent before it left counts, as without the delay.
        if matches!(self.phase, Phase::Waiting(_)) && reason != CloseReason::ServerShuttingDown {
            let waiting = std::mem::take(&mut self.waiting);
            let application = self.begin();
            for message in waiting {
                application.message(message, cx);
            }
        }
        match &mut self.phase {
            Phase::Begun(application) => application.closed(reason, cause, cx),
            // Nobody begins any more.
            Phase::Waiting(_) | Phase::Gone => self.phase = Phase::Gone,
        }
        self.waiting.clear();
    }

    fn is_finished(&self) -> bool {
        match &self.phase {
            Phase::Begun(application) => application.is_finished(),
            Phase::Waiting(_) | Phase::Gone => true,
        }
    }
}

/// The most messages that are kept; with so many, or so many bytes, the session is not read.
const MAX_WAITING: usize = 1000;
