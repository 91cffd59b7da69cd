//! When an attempt to connect has failed, and when the next one begins.

use std::time::Duration;

use roomcast_socketio::client::Settings;

use super::Builder;

/// Connecting again.
impl Builder {
    /// Does not connect again by itself.
    pub fn without_reconnection(mut self) -> Self {
        self.settings().reconnection = false;
        self
    }

    /// After how many attempts to give up. Default: never.
    pub fn reconnection_attempts(mut self, attempts: u32) -> Self {
        self.settings().reconnection_attempts = Some(attempts);
        self
    }

    /// How long to wait before the first attempt to connect again; the delay doubles with each one.
    /// Default 1 s.
    pub fn reconnection_delay(mut self, delay: Duration) -> Self {
        self.settings().reconnection_delay = delay;
        self
    }

    /// The longest delay. Default 5 s.
    pub fn reconnection_delay_max(mut self, delay: Duration) -> Self {
        self.settings().reconnection_delay_max = delay;
        self
    }

    /// How far a delay may lie from the plain one, as a part of it: 0 to 1. Default 0.5.
    pub fn randomization_factor(mut self, factor: f64) -> Self {
        self.settings().randomization_factor = factor;
        self
    }

    /// How long an attempt to connect may take. Default 20 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings().timeout = Some(timeout);
        self
    }

    /// Lets an attempt to connect take any time.
    pub fn without_timeout(mut self) -> Self {
        self.settings().timeout = None;
        self
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.core.settings
    }
}
