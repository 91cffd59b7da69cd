//! Transports that are tried beside the one that carries the session.

use crate::Transport;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// It is being opened.
    Opening,
    /// It is open and was sent the probe.
    Asked,
    /// It has answered first: the session changes over to it.
    Chosen,
}

/// All probes of a session, two at the most.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes(Vec<(Transport, Probe)>);

impl Probes {
    pub(super) fn of(transports: Vec<Transport>) -> Self {
        let opening = transports
            .into_iter()
            .map(|transport| (transport, Probe::Opening));
        Self(opening.collect())
    }

    pub(super) fn state(&self, transport: Transport) -> Option<Probe> {
        let found = self.0.iter().find(|(probed, _)| *probed == transport);
        found.map(|(_, state)| *state)
    }

    pub(super) fn is_upgrading(&self) -> bool {
        self.0.iter().any(|(_, state)| *state == Probe::Chosen)
    }

    /// Whether this one was being opened, and now is.
    pub(super) fn open(&mut self, transport: Transport) -> bool {
        let opening = self
            .0
            .iter_mut()
            .find(|probe| **probe == (transport, Probe::Opening));
        let Some((_, state)) = opening else {
            return false;
        };
        *state = Probe::Asked;
        true
    }

    /// Chooses one, and gives those that are tried in vain.
    pub(super) fn choose(&mut self, transport: Transport) -> Vec<Transport> {
        let others = self.0.iter().map(|(other, _)| *other);
        let others = others.filter(|other| *other != transport).collect();
        self.0 = vec![(transport, Probe::Chosen)];
        others
    }

    pub(super) fn take_chosen(&mut self) -> Option<Transport> {
        let at = self
            .0
            .iter()
            .position(|(_, state)| *state == Probe::Chosen)?;
        Some(self.0.swap_remove(at).0)
    }

    pub(super) fn take_all(&mut self) -> Vec<Transport> {
        std::mem::take(&mut self.0)
            .into_iter()
            .map(|(transport, _)| transport)
            .collect()
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, transport: Transport) -> bool {
        let len = self.0.len();
        self.0.retain(|(probed, _)| *probed != transport);
        self.0.len() < len
    }
}
