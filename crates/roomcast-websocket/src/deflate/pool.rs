//! Compressors that connections without context share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zlib_rs::{Deflate, DeflateConfig, Inflate};

use super::{Config, WindowBits};

/// Lends compressors and inflaters to connections that start each message afresh.
///
/// One is taken for the time of a message and goes back with its state cleared, so memory follows
/// the number of messages in work, not the number of connections. Clones share the same pool.
///
/// A lock guards the idle ones; it is held only to take one out or put one in.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    max_idle: usize,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    deflaters: Vec<Compressor>,
    inflaters: Vec<Inflate>,
}

impl Pool {
    /// A pool that keeps at most `max_idle` compressors and as many inflaters; others are freed
    /// when they come back.
    #[must_use]
    pub fn new(max_idle: usize) -> Self {
        Self(Arc::new(Shared {
            max_idle,
            idle: Mutex::default(),
        }))
    }

    /// How many compressors and inflaters wait in the pool.
    #[must_use]
    pub fn idle(&self) -> (usize, usize) {
        let idle = self.lock();
        (idle.deflaters.len(), idle.inflaters.len())
    }

    pub(super) fn take_deflater(&self, settings: Settings) -> Compressor {
        let mut idle = self.lock();
        let found = idle
            .deflaters
            .iter()
            .rposition(|one| one.settings == settings);
        let found = found.map(|at| idle.deflaters.swap_remove(at));
        drop(idle);
        found.unwrap_or_else(|| Compressor::new(settings))
    }

    pub(super) fn give_deflater(&self, mut compressor: Compressor) {
        compressor.stream.reset();
        let mut idle = self.lock();
        if idle.deflaters.len() < self.0.max_idle {
            idle.deflaters.push(compressor);
        }
    }

    pub(super) fn take_inflater(&self) -> Inflate {
        let found = self.lock().inflaters.pop();
        found.unwrap_or_else(new_inflater)
    }

    pub(super) fn give_inflater(&self, mut inflater: Inflate) {
        inflater.reset(false);
        let mut idle = self.lock();
        if idle.inflaters.len() < self.0.max_idle {
            idle.inflaters.push(inflater);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Whatever a panic left behind is a list of whole compressors.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pool {
    /// Keeps at most 16 of each kind.
    fn default() -> Self {
        Self::new(16)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (deflaters, inflaters) = self.idle();
        f.debug_struct("Pool")
            .field("max_idle", &self.0.max_idle)
            .field("deflaters", &deflaters)
            .field("inflaters", &inflaters)
            .finish()
    }
}

/// What a compressor is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    level: u8,
    memory_level: u8,
    window_bits: WindowBits,
}

impl Settings {
    pub(super) fn new(config: &Config, window_bits: WindowBits) -> Self {
        Self {
            level: config.level.min(9),
            memory_level: config.memory_level.clamp(1, 9),
            window_bits,
        }
    }
}

pub(super) struct Compressor {
    pub(super) stream: Deflate,
    settings: Settings,
}

impl Compressor {
    pub(super) fn new(settings: Settings) -> Self {
        let config = DeflateConfig {
            level: i32::from(settings.level),
            mem_level: i32::from(settings.memory_level),
            // Negative: a bare deflate stream without a header.
            window_bits: -i32::from(settings.window_bits.get()),
            ..DeflateConfig::default()
        };
        Self {
            stream: Deflate::new_with_config(config),
            settings,
        }
    }
}

/// An inflater with the largest window, which reads streams of every window.
pub(super) fn new_inflater() -> Inflate {
    Inflate::new(false, WindowBits::MAX.get())
}
