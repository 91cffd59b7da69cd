//! What other servers ask this one to do with its sockets.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use roomcast_cluster::{Body, Message, NodeId, Options, RequestId};
use roomcast_socketio::{Spread, Value};
use tokio::sync::mpsc;

use super::describe::{describe, rooms_of};
use super::link::Shared;
use super::packet::{event_of, packet_of};
use super::reply::ServerReply;
use super::stats::count;
use crate::broadcast::{Asked, Broadcast};
use crate::error::EmitError;
use crate::handler::{Answered, Asker, Call, Context, Outcome, Responder, Slot};
use crate::id::SocketId;
use crate::namespace::Namespace;
use crate::socket::Answer;

/// Carries a command or a request of another server out. It runs where the bus delivers.
pub(super) fn apply(link: &Arc<Shared>, message: Message) {
    let Some(namespace) = link.namespace() else {
        return;
    };
    let Message { from, body, .. } = message;
    match body {
        Body::Broadcast {
            packet,
            options,
            request,
        } => broadcast(link, &namespace, &packet, &options, from, request),
        Body::SocketsJoin { options, rooms } => {
            selected(&namespace, &options).sockets_join_names(&rooms_of(&rooms));
        }
        Body::SocketsLeave { options, rooms } => {
            selected(&namespace, &options).sockets_leave_names(&rooms_of(&rooms));
        }
        Body::DisconnectSockets { options, close } => {
            let selected = selected(&namespace, &options);
            match close {
                true => selected.disconnect_sockets_and_close(),
                false => selected.disconnect_sockets(),
            }
        }
        Body::FetchSockets { request, options } => {
            let sockets = selected(&namespace, &options).local_sockets();
            let sockets = sockets.iter().map(describe).collect();
            link.respond(from, Body::FetchSocketsResponse { request, sockets });
        }
        Body::ServerSideEmit { request, packet } => {
            server_side(link, &namespace, &packet, from, request);
        }
        Body::AllRooms { request } => {
            let rooms = namespace.rooms();
            link.respond(from, Body::AllRoomsResponse { request, rooms });
        }
        Body::SocketIds { request, rooms } => {
            let options = Options {
                rooms,
                ..Options::default()
            };
            let sockets = selected(&namespace, &options).local_sockets();
            let ids = sockets.iter().map(|socket| socket.id().as_str().into());
            let ids = ids.collect();
            link.respond(from, Body::SocketIdsResponse { request, ids });
        }
        body => tracing::debug!(?body, "nothing to do for a message"),
    }
}

fn selected(namespace: &Namespace, options: &Options) -> Broadcast {
    Broadcast::of_another_server(namespace, options)
}

fn broadcast(
    link: &Arc<Shared>,
    namespace: &Namespace,
    packet: &[Value],
    options: &Options,
    from: Option<NodeId>,
    request: Option<RequestId>,
) {
    let broadcast = selected(namespace, options);
    let (sender, incoming) = mpsc::unbounded_channel();
    let answers = request.is_some().then_some(&sender);
    let sent = event_of(packet)
        .map(|(event, args)| broadcast.emit_in(namespace, &event, &Spread(args), answers));
    drop(sender);
    let asked = match sent {
        Some(Ok(asked)) => asked,
        Some(Err(EmitError::LogFull)) => {
            refused(link);
            Vec::new()
        }
        Some(Err(error)) => {
            unsendable(link, &error.to_string());
            Vec::new()
        }
        None => {
            unsendable(link, "its name is no text");
            Vec::new()
        }
    };
    // Who has asked is told even that nobody got it, and does not wait.
    let Some(request) = request else { return };
    let clients = asked.iter().map(|(socket, _)| socket.id().as_str().into());
    let clients: Vec<_> = clients.collect();
    link.respond(
        from.clone(),
        Body::BroadcastClientCount {
            request: request.clone(),
            client_count: clients.len(),
            clients,
        },
    );
    if asked.is_empty() {
        return;
    }
    let timeout = options.flags.timeout();
    let timeout = timeout.unwrap_or_else(|| link.cluster().request_timeout);
    let passing = pass_on(Arc::clone(link), from, request, incoming);
    let asked = Asked(asked);
    link.work(Box::pin(async move {
        // The sockets that are too late are forgotten with `asked`.
        let _ = tokio::time::timeout(timeout, passing).await;
        drop(asked);
    }));
}

/// Passes the acknowledgements of this server's sockets on to who asked.
async fn pass_on(
    link: Arc<Shared>,
    to: Option<NodeId>,
    request: RequestId,
    mut incoming: mpsc::UnboundedReceiver<(SocketId, Answer)>,
) {
    while let Some((client, answer)) = incoming.recv().await {
        let body = Body::BroadcastAck {
            request: request.clone(),
            packet: answer.values().into_iter().next().unwrap_or_default(),
            client: Some(client.as_str().into()),
        };
        link.respond(to.clone(), body);
    }
}

/// This server's own trouble, not a mistake of the one that has sent the event.
fn refused(link: &Shared) {
    count(&link.counters.refused, 1);
    tracing::warn!(
        namespace = link.name(),
        "an event of another server was not sent on: too much waits for the log"
    );
}

fn unsendable(link: &Shared, why: &str) {
    count(&link.counters.malformed, 1);
    tracing::debug!(
        why,
        namespace = link.name(),
        "an event of another server cannot be sent"
    );
}

/// Calls the handlers of an event that another server has sent to this one.
fn server_side(
    link: &Arc<Shared>,
    namespace: &Namespace,
    packet: &[Value],
    from: Option<NodeId>,
    request: Option<RequestId>,
) {
    let event = event_of(packet).and_then(|(event, args)| Some((event, packet_of(args)?)));
    let Some((event, args)) = event else {
        return unsendable(link, "its name is no text");
    };
    let reply = ServerReply {
        link: Arc::downgrade(link),
        to: from,
        request,
    };
    let table = namespace.table();
    let answered = Answered::default();
    for entry in table.entries(Slot::ServerSide(&event)) {
        let Some(handler) = entry.claim() else {
            continue;
        };
        let asker = reply.is_wanted().then(|| Asker::server(&reply));
        let responder = Responder::new(asker, &answered);
        let context = Context::server_side(namespace);
        let mut call = Call::with_args(context, args.args(), responder);
        match std::panic::catch_unwind(AssertUnwindSafe(|| handler.call(&mut call))) {
            Ok(Ok(Outcome::Done)) => {}
            Ok(Ok(Outcome::Waiting(work))) => {
                let event = event.clone();
                let work = AssertUnwindSafe(work).catch_unwind().map(move |ended| {
                    if ended.is_err() {
                        tracing::error!(event, "a handler of server-side events panicked");
                    }
                });
                link.work(work.boxed());
            }
            Ok(Err(error)) => {
                tracing::warn!(event, %error, "a handler of server-side events was not called")
            }
            Err(_) => tracing::error!(event, "a handler of server-side events panicked"),
        }
    }
}
