//! The engines of a manager: opened, listened to, closed.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use roomcast_engineio::Transport;
use roomcast_engineio::client::CloseReason as EngineReason;
use roomcast_socketio::client::{CloseReason, Closing, EngineKey};

use super::ManagerEvent;
use super::dispatch::unwound;
use super::outbox::Outbox;
use super::shared::Link;
use super::task::{Current, Task};
use crate::builder::Attempt;
use crate::engine::{self, Closed, Engine, EngineEvent, Received};
use crate::error::TransportError;

impl Task {
    pub(super) fn open(&mut self, key: EngineKey) {
        match &self.shared.attempts {
            None => self.open_engine(key, self.shared.engine.clone()),
            // It is polled before the task waits.
            Some(attempts) => {
                let attempting = unwound("attempt", attempts.ask());
                self.attempting = Some((key, Box::pin(attempting)));
            }
        }
    }

    /// Somebody has said how an engine is opened.
    pub(super) fn on_attempt(&mut self, key: EngineKey, attempt: Result<Attempt, String>) {
        let engine = attempt.and_then(|attempt| {
            let engine = attempt.engine(&self.shared.engine);
            engine.map_err(|error| error.to_string())
        });
        match engine {
            Ok(engine) => self.open_engine(key, engine),
            Err(message) => self.not_opened(key, TransportError::Attempt(message)),
        }
    }

    fn not_opened(&self, key: EngineKey, error: TransportError) {
        let mut state = self.shared.lock();
        let reason = CloseReason::TransportError;
        state.core.engine_closed(key, reason, Some(error));
    }

    fn open_engine(&mut self, key: EngineKey, engine: engine::Shared) {
        let options = &engine.options;
        if options.transports.is_empty() {
            return self.not_opened(key, TransportError::NoTransports);
        }
        let remembered = options.remembers_upgrade && self.shared.upgrade_memory.is_websocket();
        let first = remembered.then_some(Transport::WebSocket);
        self.current = Some(Current {
            key,
            engine: Box::new(Engine::open(engine, first)),
        });
    }

    pub(super) fn close(&mut self, key: EngineKey, closing: Closing) {
        self.attempting
            .take_if(|(attempting, _)| *attempting == key);
        let mut outbox = Outbox(&self.shared);
        let Some(Current { mut engine, .. }) = self.current.take_if(|current| current.key == key)
        else {
            return outbox.clear();
        };
        self.shared.lock().link = Link::default();
        match closing {
            Closing::AtOnce => engine.discard(EngineReason::ForcedClose),
            Closing::AfterFlush => {
                engine.close(&mut outbox);
                self.closing.push(Box::pin(flushed(engine)));
            }
        }
    }

    pub(super) fn drop_engine_if_asked(&mut self) {
        let mut state = self.shared.lock();
        let is_asked = std::mem::take(&mut state.wants_drop);
        let has_expired = std::mem::take(&mut state.link.has_expired);
        drop(state);
        match &mut self.current {
            Some(current) if has_expired => current.engine.discard(EngineReason::PingTimeout),
            Some(current) if is_asked => current.engine.close(&mut Outbox(&self.shared)),
            _ => {}
        }
    }

    pub(super) fn on_engine(&mut self, cx: &mut Context<'_>, event: EngineEvent) {
        let Some(key) = self.current.as_ref().map(|current| current.key) else {
            return;
        };
        let now = engine::now();
        match event {
            EngineEvent::Opened(transport) => {
                self.shared.upgrade_memory.opened(transport);
                let mut state = self.shared.lock();
                state.link = self.link();
                state.core.engine_opened(key);
            }
            EngineEvent::Message(Received::Text(text)) => {
                let output = self.shared.lock().core.handle_text(now, key, &text);
                if let Some(output) = output {
                    self.perform(cx, output);
                }
            }
            EngineEvent::Message(Received::Binary(bytes)) => {
                let output = self.shared.lock().core.handle_binary(now, key, bytes);
                if let Some(output) = output {
                    self.perform(cx, output);
                }
            }
            EngineEvent::Ping => self.shared.lock().core.engine_pinged(key),
            EngineEvent::Upgraded(transport) => {
                self.shared.upgrade_memory.opened(transport);
                self.shared.lock().link = self.link();
                self.report(&ManagerEvent::Upgrade(transport));
            }
            EngineEvent::UpgradeFailed { transport, failure } => {
                self.report(&ManagerEvent::UpgradeError { transport, failure });
            }
            EngineEvent::Closed(closed) => self.on_closed(key, closed),
        }
    }

    fn on_closed(&mut self, key: EngineKey, closed: Closed) {
        self.current = None;
        let (reason, error) = reason(closed);
        if reason == CloseReason::TransportError {
            self.shared.upgrade_memory.failed();
        }
        let mut state = self.shared.lock();
        state.link = Link::default();
        state.core.engine_closed(key, reason, error);
    }
}

/// Sends what an engine that closes has left, for as long as that may take; whether all has left.
async fn flushed(mut engine: Box<Engine>) -> bool {
    let closed = poll_fn(|cx| {
        loop {
            if let EngineEvent::Closed(closed) = ready!(engine.poll_event(cx, &mut ())) {
                return Poll::Ready(closed.reason == EngineReason::ForcedClose);
            }
        }
    });
    let has_left = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
    has_left.unwrap_or_else(|_| {
        engine.discard(EngineReason::ForcedClose);
        false
    })
}

/// What the core is told of the end of an engine.
fn reason(closed: Closed) -> (CloseReason, Option<TransportError>) {
    let reason = match closed.reason {
        EngineReason::PingTimeout => CloseReason::PingTimeout,
        EngineReason::ParseError => CloseReason::ParseError,
        EngineReason::TransportError | EngineReason::BadHandshake => CloseReason::TransportError,
        // Closed under the manager, at the user's wish.
        _ => CloseReason::TransportClose,
    };
    let error = match closed.failures.len() {
        0 | 1 => closed.fault,
        _ => Some(TransportError::All(closed.failures.into())),
    };
    (reason, error)
}

/// How long a connection that closes may take for what is left.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);
