//! A client's way into a namespace: the namespace is found or made, the middleware asked.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::FutureExt as _;
use roomcast_socketio::Value;

use super::leaving::discard;
use super::{Connection, revision3};
use crate::cluster::RoomInterest;
use crate::engine::Revision;
use crate::error::Refusal;
use crate::handler::{Call, Context, Verdict};
use crate::metrics::Meter;
use crate::namespace::{Namespace, Stay};
use crate::recovery::Reclaimed;
use crate::socket::{Handshake, Socket};

/// How a client's attempt to join `name` ended.
pub(super) struct Admitted {
    pub(super) name: String,
    pub(super) outcome: Outcome,
}

pub(super) type Outcome = Result<(Socket, Option<Reclaimed>), Refusal>;

/// Lets a client in where nothing on its way has to be asked, waited for or made; gives `auth` back
/// where [`admit`] is the way.
///
/// Cost: most clients take this way, and it needs no future that could wait.
pub(super) fn admit_at_once(
    connection: &Arc<Connection>,
    name: &str,
    auth: Value,
) -> Result<Socket, Value> {
    let Some(namespace) = connection.server().open_namespace(name) else {
        return Err(auth);
    };
    let handshake = Handshake::new(Arc::clone(connection.engine().request()), auth);
    let connection = Arc::clone(connection);
    Ok(Socket::new(namespace, connection, handshake, None))
}

/// Spec: features 2.9, 2.11, 2.15–2.18.
pub(super) async fn admit(connection: Arc<Connection>, name: String, auth: Value) -> Admitted {
    let handshake = Handshake::new(Arc::clone(connection.engine().request()), auth);
    let revision = connection.engine().revision();
    let namespace = connection.server().namespace_for(&name, &handshake);
    let outcome = match contained(&name, namespace).await {
        Ok(Some(stay)) => enter(stay, connection, handshake).await,
        Ok(None) => {
            Meter::refused_unknown();
            Err(unknown_namespace(revision))
        }
        Err(refusal) => Err(refusal),
    };
    Admitted { name, outcome }
}

/// Takes back the client's session, if there is one, and asks the middleware.
///
/// Invariant: whoever drops this, wherever it waits, leaves nothing of the client behind.
async fn enter(stay: Stay, connection: Arc<Connection>, handshake: Handshake) -> Outcome {
    if let Some(link) = stay.link() {
        // A bus that cannot be reached keeps nobody out.
        let _ = tokio::time::timeout(link.request_timeout(), link.opened()).await;
    }
    let reclaimed = match stay.keeper() {
        Some(keeper) if connection.engine().revision() == Revision::Four => {
            keeper.reclaim(handshake.auth_value()).await
        }
        _ => None,
    };
    let may_skip = reclaimed
        .as_ref()
        .is_some_and(Reclaimed::may_skip_middleware);
    let namespace = stay.hand_over();
    let socket = Socket::new(namespace, connection, handshake, reclaimed.as_ref());
    // Invariant: dropped before `reclaimed`. Who has the session next has the same id, which must be
    // free in the rooms by then.
    let newcomer = Newcomer(Some(socket));
    let socket = newcomer.socket();
    let asked = match may_skip {
        true => Ok(()),
        false => ask_middleware(socket).await,
    };
    match asked {
        Ok(()) => {
            subscribe(socket).await;
            let socket = newcomer.let_in();
            Ok((socket, reclaimed))
        }
        Err(refusal) => {
            socket.namespace().meter().refused();
            Err(refusal)
        }
    }
}

/// A socket on its way in, which is discarded unless it is let in.
struct Newcomer(Option<Socket>);

impl Newcomer {
    fn socket(&self) -> &Socket {
        self.0.as_ref().expect("taken by who lets it in only")
    }

    fn let_in(mut self) -> Socket {
        self.0.take().expect("taken by who lets it in only")
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            discard(socket);
        }
    }
}

/// What a client of this revision is told of a namespace that is not there.
pub(super) fn unknown_namespace(revision: Revision) -> Refusal {
    let refusal = Refusal::unknown_namespace();
    match revision {
        Revision::Three => revision3::with_message_as_data(refusal),
        _ => refusal,
    }
}

/// Where the bus subscribes to each socket's own room, it does so before the client knows its id.
async fn subscribe(socket: &Socket) {
    let link = socket.namespace().link();
    let Some(link) = link.filter(|link| link.room_interest() == RoomInterest::All) else {
        return;
    };
    socket.join(socket.id());
    let confirmed = tokio::time::timeout(link.request_timeout(), link.rooms_confirmed());
    if !matches!(confirmed.await, Ok(Ok(()))) {
        tracing::debug!("the bus is not subscribed to the room of a socket");
    }
}

async fn ask_middleware(socket: &Socket) -> Result<(), Refusal> {
    let result = contained(socket.namespace().name(), run_middleware(socket)).await;
    result.flatten()
}

/// Runs the application's code, whose panic refuses this client and harms nobody else.
async fn contained<T>(namespace: &str, work: impl Future<Output = T>) -> Result<T, Refusal> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .map_err(|panic| {
            let message = super::parked::panic_message(&*panic);
            tracing::error!(%message, namespace, "a client was not let in for a panic");
            Refusal::new("internal error")
        })
}

async fn run_middleware(socket: &Socket) -> Result<(), Refusal> {
    let table = Namespace::snapshot(socket.namespace());
    for middleware in table.connection_middleware() {
        let verdict = middleware.call(&mut Call::bare(Context::of(socket)));
        match verdict {
            Verdict::Now(verdict) => verdict?,
            Verdict::Later(verdict) => verdict.await?,
        }
    }
    Ok(())
}
