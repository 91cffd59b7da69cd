//! The part of a broadcast that concerns the other servers of a cluster.

use std::time::Duration;

use roomcast_cluster::{Answer, Body, Flags, Options, Question};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answers, Broadcast};
use crate::cluster::{Inquiry, Link, answer_of, event_packet, rooms_of};
use crate::engine::SendOptions;
use crate::error::{ArgumentError, EmitError};
use crate::id::SocketId;
use crate::namespace::{Namespace, RoomName, RoomNames, Selection};
use crate::socket::Socket;

impl Broadcast {
    /// What another server has selected, among the sockets of this one.
    pub(crate) fn of_another_server(namespace: &Namespace, options: &Options) -> Self {
        let sent = SendOptions::default();
        Self {
            namespace: namespace.clone(),
            selection: Selection {
                rooms: rooms_of(&options.rooms),
                except: rooms_of(&options.except),
            },
            options: SendOptions {
                is_volatile: options.flags.is_volatile(),
                may_compress: options.flags.compress().unwrap_or(sent.may_compress),
                ..sent
            },
            timeout: None,
            pace: None,
            is_local: true,
        }
    }

    /// Publishes the event, after the sockets of this server have it.
    pub(super) fn publish<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &T,
    ) -> Result<(), EmitError> {
        if let Some(link) = self.link_of(namespace) {
            link.tell(Body::Broadcast {
                packet: event_packet(event, args)?.into(),
                options: self.wire_options(Flags::default()),
                request: None,
            });
        }
        Ok(())
    }

    /// Publishes the event, and asks for the acknowledgements of other servers' sockets.
    pub(super) fn ask_elsewhere<T: Serialize + ?Sized>(
        &self,
        namespace: &Namespace,
        event: &str,
        args: &T,
        timeout: Option<Duration>,
    ) -> Result<Option<Inquiry>, EmitError> {
        let Some(link) = self.link_of(namespace) else {
            return Ok(None);
        };
        let timeout = timeout.unwrap_or_else(|| link.request_timeout());
        let question = Question::Broadcast {
            packet: event_packet(event, args)?.into(),
            options: self.wire_options(Flags::default().timeout_after(timeout)),
        };
        Ok(Some(link.ask(question, Some(timeout))))
    }

    pub(super) fn fetch_elsewhere(&self) -> Option<Inquiry> {
        let link = self.link_of(&self.namespace)?;
        let options = self.wire_options(Flags::default());
        Some(link.ask(Question::FetchSockets { options }, self.timeout))
    }

    pub(crate) fn sockets_join_names(&self, rooms: &RoomNames) {
        for namespace in self.targets() {
            namespace.join_selected(&self.selection, rooms);
            self.tell(&namespace, |options| Body::SocketsJoin {
                options,
                rooms: rooms.iter().map(RoomName::to_shared).collect(),
            });
        }
    }

    pub(crate) fn sockets_leave_names(&self, rooms: &RoomNames) {
        for namespace in self.targets() {
            namespace.leave_selected(&self.selection, rooms);
            self.tell(&namespace, |options| Body::SocketsLeave {
                options,
                rooms: rooms.iter().map(RoomName::to_shared).collect(),
            });
        }
    }

    pub(super) fn disconnect_elsewhere(&self, close: bool) {
        for namespace in self.targets() {
            self.tell(&namespace, |options| Body::DisconnectSockets {
                options,
                close,
            });
        }
    }

    /// The selected sockets of this server.
    pub(crate) fn local_sockets(&self) -> Vec<Socket> {
        self.namespace.connected_of(&self.selection)
    }

    fn tell(&self, namespace: &Namespace, body: impl FnOnce(Options) -> Body) {
        if let Some(link) = self.link_of(namespace) {
            link.tell(body(self.wire_options(Flags::default())));
        }
    }

    fn link_of<'n>(&self, namespace: &'n Namespace) -> Option<&'n Link> {
        namespace.link().filter(|_| !self.is_local)
    }

    fn wire_options(&self, flags: Flags) -> Options {
        let names = |rooms: &RoomNames| rooms.iter().map(RoomName::to_shared).collect();
        let flags = match self.options.is_volatile {
            true => flags.volatile(),
            false => flags,
        };
        let flags = match self.options.may_compress {
            true => flags,
            false => flags.uncompressed(),
        };
        Options {
            rooms: names(&self.selection.rooms),
            except: names(&self.selection.except),
            flags,
        }
    }
}

/// Adds what the sockets of other servers have answered, until no more comes.
pub(super) async fn collect<T: DeserializeOwned>(mut inquiry: Inquiry, answers: &mut Answers<T>) {
    let outcome = loop {
        match inquiry.next().await {
            Ok(Answer::Ack { client, value }) => {
                let client = client.and_then(|client| client.parse().ok());
                match (client, read(value)) {
                    (Some(client), Ok(value)) => answers.values.push((client, value)),
                    (None, Ok(value)) => answers.unnamed.push(value),
                    (client, Err(error)) => answers.invalid.push((client, error)),
                }
            }
            Ok(_) => {}
            Err(outcome) => break outcome,
        }
    };
    let (clients, mut unnamed) = (outcome.missing_clients, outcome.unnamed_clients);
    for client in clients {
        match client.parse() {
            Ok(client) => answers.missing.push(client),
            Err(_) => unnamed = unnamed.saturating_add(1),
        }
    }
    answers.missing_unnamed = answers.missing_unnamed.saturating_add(unnamed);
    answers.missing_nodes.extend(outcome.missing);
    answers.has_timed_out |= outcome.has_timed_out;
}

/// Reads what a socket of another server has acknowledged: its first value, which is all that
/// servers tell each other.
pub(super) fn read<T: DeserializeOwned>(
    value: roomcast_socketio::Value,
) -> Result<T, ArgumentError> {
    let nobody: Option<SocketId> = "aaaaaaaaaaaaaaaaaaaa".parse().ok();
    let answer = nobody.and_then(|nobody| answer_of(nobody, value));
    answer.map_or_else(
        || Err(ArgumentError::of::<T>(0, &"it cannot be written")),
        |answer| answer.read(),
    )
}
