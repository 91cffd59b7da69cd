//! Requests that wait for the answers of other nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::{Answer, MAX_NODES, Missing, Outcome};
use crate::{Body, NodeId, RequestId};

/// The most acknowledgements that a request takes of the sockets of one node, whatever number the
/// node has said.
pub const MAX_ACKS: usize = 1_000_000;

/// The requests of one adapter that are not finished.
#[derive(Debug, Default)]
pub(super) struct Requests(BTreeMap<RequestId, Open>);

/// One request.
#[derive(Debug)]
pub(super) struct Open {
    kind: Kind,
    deadline: Option<Instant>,
    expected: Expected,
    /// Nodes that were lost before they had answered in full.
    lost: Vec<NodeId>,
    /// Who has answered; without a name, all that have none.
    tallies: BTreeMap<Option<NodeId>, Tally>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Each node answers once.
    Once,
    /// Each node says how many sockets it has asked, and then gives their acknowledgements.
    Broadcast,
}

#[derive(Debug)]
pub(super) enum Expected {
    /// Those who have not answered yet.
    Named(BTreeSet<NodeId>),
    /// How many others have to answer, once it is known.
    Counted(Option<usize>),
}

/// What one node has answered.
#[derive(Debug, Default)]
struct Tally {
    /// Answers that count for the node itself.
    answers: usize,
    /// Sockets that it has asked.
    clients: usize,
    /// Those of them that it named.
    names: BTreeSet<Arc<str>>,
    /// How many have acknowledged, and those of them that are named. They may come before the count.
    acks: usize,
    acked: BTreeSet<Arc<str>>,
    is_lost: bool,
}

impl Tally {
    fn is_complete(&self) -> bool {
        self.is_lost || self.acks >= self.clients
    }

    /// Whether this may be the acknowledgement of one more socket. Those of nodes without a name,
    /// which share a tally, are not told apart.
    fn has_room_for(&self, is_named: bool, client: Option<&Arc<str>>) -> bool {
        let is_counted = is_named && self.answers > 0;
        self.acks < MAX_ACKS
            && (!is_counted || self.acks < self.clients)
            && client.is_none_or(|client| !self.acked.contains(client))
    }
}

impl Open {
    pub(super) fn new(kind: Kind, deadline: Option<Instant>, expected: Expected) -> Self {
        Self {
            kind,
            deadline,
            expected,
            lost: Vec::new(),
            tallies: BTreeMap::new(),
        }
    }

    fn is_complete(&self) -> bool {
        let have_answered = match &self.expected {
            Expected::Named(waiting) => waiting.is_empty(),
            Expected::Counted(None) => false,
            Expected::Counted(Some(nodes)) => self.answers() >= *nodes,
        };
        match self.kind {
            Kind::Once => have_answered,
            // Nodes without names share a tally, and their sockets with it.
            Kind::Broadcast => have_answered && self.tallies.values().all(Tally::is_complete),
        }
    }

    fn answers(&self) -> usize {
        self.tallies.values().map(|tally| tally.answers).sum()
    }

    /// Takes an answer; gives what the requester gets to see.
    fn answer(&mut self, from: Option<&NodeId>, body: Body) -> Option<Answer> {
        if !self.has_room_for(from) {
            return None;
        }
        let tally = self.tallies.entry(from.cloned()).or_default();
        let is_of_node = !matches!(body, Body::BroadcastAck { .. });
        // A node that says who it is answers once.
        let most = if from.is_some() { 1 } else { MAX_NODES };
        if is_of_node && tally.answers >= most {
            return None;
        }
        tally.answers += usize::from(is_of_node);
        if is_of_node && let (Expected::Named(waiting), Some(from)) = (&mut self.expected, from) {
            waiting.remove(from);
        }
        match (self.kind, body) {
            (Kind::Once, Body::FetchSocketsResponse { sockets, .. }) => {
                Some(Answer::Sockets(sockets))
            }
            (Kind::Once, Body::ServerSideEmitResponse { packet, .. }) => {
                Some(Answer::Value(packet))
            }
            (Kind::Once, Body::AllRoomsResponse { rooms, .. }) => Some(Answer::Names(rooms)),
            (Kind::Once, Body::SocketIdsResponse { ids, .. }) => Some(Answer::Names(ids)),
            (
                Kind::Broadcast,
                Body::BroadcastClientCount {
                    client_count,
                    clients,
                    ..
                },
            ) => {
                tally.clients = tally.clients.saturating_add(client_count);
                tally.names.extend(clients);
                None
            }
            (Kind::Broadcast, Body::BroadcastAck { packet, client, .. })
                if tally.has_room_for(from.is_some(), client.as_ref()) =>
            {
                tally.acks += 1;
                tally.acked.extend(client.clone());
                Some(Answer::Ack {
                    client,
                    value: packet,
                })
            }
            _ => None,
        }
    }

    /// Whether this node may answer: it is awaited, has answered before, or is one of not too many.
    fn has_room_for(&self, from: Option<&NodeId>) -> bool {
        let is_awaited = match (&self.expected, from) {
            (Expected::Named(waiting), Some(from)) => waiting.contains(from),
            _ => false,
        };
        is_awaited || self.tallies.len() < MAX_NODES || self.tallies.contains_key(&from.cloned())
    }

    /// A node is gone: it is not awaited any more.
    fn lose(&mut self, node: &NodeId) {
        let Expected::Named(waiting) = &mut self.expected else {
            return;
        };
        let mut is_missed = waiting.remove(node);
        if let Some(tally) = self.tallies.get_mut(&Some(node.clone()))
            && !tally.is_complete()
        {
            tally.is_lost = true;
            is_missed = true;
        }
        if is_missed {
            self.lost.push(node.clone());
        }
    }

    fn into_outcome(self, has_timed_out: bool) -> Outcome {
        let mut missing = Missing {
            nodes: self.lost.clone(),
            unnamed: 0,
        };
        match &self.expected {
            Expected::Named(waiting) => missing.nodes.extend(waiting.iter().cloned()),
            Expected::Counted(nodes) => {
                // Invariant: without a count nobody knows that all have answered.
                missing.unnamed = nodes.map_or(1, |nodes| nodes.saturating_sub(self.answers()));
            }
        }
        let mut outcome = Outcome {
            missing,
            has_timed_out,
            ..Outcome::default()
        };
        for tally in self.tallies.into_values() {
            let silent = tally.clients.saturating_sub(tally.acks);
            let named = outcome.missing_clients.len();
            let names = tally.names.difference(&tally.acked).cloned();
            outcome.missing_clients.extend(names);
            let named = outcome.missing_clients.len() - named;
            // Nodes say what numbers they like.
            let unnamed = silent.saturating_sub(named);
            outcome.unnamed_clients = outcome.unnamed_clients.saturating_add(unnamed);
        }
        outcome
    }
}

impl Requests {
    pub(super) fn open(&mut self, id: RequestId, request: Open) {
        self.0.insert(id, request);
    }

    pub(super) fn contains(&self, id: &RequestId) -> bool {
        self.0.contains_key(id)
    }

    /// Takes an answer. Late ones and those to nobody's request are dropped.
    pub(super) fn answer(
        &mut self,
        from: Option<&NodeId>,
        body: Body,
    ) -> Option<(RequestId, Option<Answer>)> {
        let id = body.request()?.clone();
        let answer = self.0.get_mut(&id)?.answer(from, body);
        Some((id, answer))
    }

    /// It is known how many other nodes have to answer.
    pub(super) fn expect(&mut self, id: &RequestId, nodes: usize) {
        if let Some(Open {
            expected: Expected::Counted(count),
            ..
        }) = self.0.get_mut(id)
        {
            *count = Some(nodes);
        }
    }

    pub(super) fn lose(&mut self, node: &NodeId) {
        self.0.values_mut().for_each(|request| request.lose(node));
    }

    /// Ends the requests that wait for nobody any more.
    pub(super) fn take_complete(&mut self) -> Vec<(RequestId, Outcome)> {
        self.take(false, Open::is_complete)
    }

    /// Ends the requests whose time is over.
    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<(RequestId, Outcome)> {
        self.take(true, |request| {
            request.deadline.is_some_and(|deadline| deadline <= now)
        })
    }

    /// Ends all requests.
    pub(super) fn take_all(&mut self) -> Vec<(RequestId, Outcome)> {
        self.take(false, |_| true)
    }

    pub(super) fn remove(&mut self, id: &RequestId) {
        self.0.remove(id);
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.0.values().filter_map(|request| request.deadline).min()
    }

    fn take(
        &mut self,
        has_timed_out: bool,
        is_over: impl Fn(&Open) -> bool,
    ) -> Vec<(RequestId, Outcome)> {
        let over = self.0.extract_if(.., |_, request| is_over(request));
        over.map(|(id, request)| (id, request.into_outcome(has_timed_out)))
            .collect()
    }
}
