//! Messages: whom the page addresses, and who was reached.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use roomcast::{Broadcast, EmitError, Reply, Server, Socket, SocketId};
use serde::Serialize;
use serde::de::IgnoredAny;

use super::order::{Audience, Order};
use super::person::Person;
use super::refused::{refused, unreadable};
use super::{Answer, Argument};

/// What the receivers get.
#[derive(Debug, Serialize)]
struct Message<'o> {
    from: Person,
    operator: &'static str,
    target: Option<&'o str>,
    text: &'o str,
    /// Milliseconds since 1970.
    at: u64,
}

/// What the sender learns.
#[derive(Debug, Serialize)]
pub(super) struct Receipt {
    count: usize,
    receivers: Vec<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed: Option<Vec<SocketId>>,
}

pub(super) async fn send(socket: Socket, io: Server, order: Argument<Order>) -> Answer<Receipt> {
    let order = order.map_err(unreadable)?;
    deliver(&socket, &io, &order)
        .await
        .map(Reply)
        .map_err(refused)
}

async fn deliver(socket: &Socket, io: &Server, order: &Order) -> Result<Receipt, EmitError> {
    let broadcast = selection(&order.audience, socket, io);
    let addressed = broadcast.clone().fetch_sockets().await?;
    let message = Message {
        from: Person::of(socket),
        operator: order.audience.operator(),
        target: order.audience.target(),
        text: order.text.as_str(),
        at: now(),
    };
    let confirmed = if order.wants_ack {
        Some(confirmations(broadcast, &message).await?)
    } else {
        broadcast.try_emit("message", &message)?;
        None
    };
    Ok(Receipt {
        count: addressed.len(),
        receivers: addressed
            .iter()
            .take(MAX_RECEIVERS)
            .map(Person::of_remote)
            .collect(),
        confirmed,
    })
}

fn selection(audience: &Audience, socket: &Socket, io: &Server) -> Broadcast {
    match audience {
        Audience::Everyone => io.timeout(ACK_TIMEOUT),
        Audience::EveryoneElse => socket.broadcast(),
        Audience::Room(room) => io.to(room.as_str()),
        Audience::OthersInRoom(room) => socket.to(room.as_str()),
        Audience::AllBut(room) => io.except(room.as_str()),
    }
    .timeout(ACK_TIMEOUT)
}

/// Sends the message and waits for those who answer in time, whatever they say.
async fn confirmations(
    broadcast: Broadcast,
    message: &Message<'_>,
) -> Result<Vec<SocketId>, EmitError> {
    let answers = broadcast
        .emit_with_ack::<IgnoredAny>("message", message)
        .await?;
    Ok(answers.values.into_iter().map(|(id, _)| id).collect())
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How long receivers may take to answer.
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// The most receivers who are named.
const MAX_RECEIVERS: usize = 100;
