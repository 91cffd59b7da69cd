//! What a client receives.

use std::fmt;

use bytes::Bytes;
use roomcast::Value;
use roomcast_socketio::{AckId, Header, Packet, Spread, encode_ack};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::Commands;

/// An event that a client received; made by [`TestClient::expect_event`](crate::TestClient::expect_event)
/// and [`TestClient::next`](crate::TestClient::next).
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let io = roomcast::Server::new();
/// let mut client = roomcast_test::TestServer::new(&io).connect("/").await;
///
/// let question = io.everyone().emit_with_ack::<u32>("sum", (20, 22));
/// let asking = tokio::spawn(question);
/// let event = client.expect_event("sum").await;
/// let (a, b): (u32, u32) = event.args();
/// event.ack(a + b);
///
/// let answers = asking.await.expect("no panic").expect("it can be sent");
/// assert_eq!(answers.values[0].1, 42);
/// # }
/// ```
pub struct Event {
    packet: Packet<'static>,
    commands: Commands,
}

impl Event {
    pub(crate) fn new(packet: Packet<'static>, commands: Commands) -> Self {
        Self { packet, commands }
    }

    pub(crate) fn packet(&self) -> &Packet<'static> {
        &self.packet
    }

    /// Returns the event's name.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.packet.event();
        name.map(|name| name.to_text().into_owned())
            .unwrap_or_default()
    }

    /// Reads the arguments: a tuple takes several, any other type the first one.
    ///
    /// # Panics
    ///
    /// If they are not of this type.
    #[must_use]
    #[track_caller]
    pub fn args<T: DeserializeOwned>(&self) -> T {
        let value = if Spread::<T>::is_tuple() {
            Value::Array(self.values())
                .parse()
                .map_err(|error| error.to_string())
        } else {
            self.packet.args().read().map_err(|error| error.to_string())
        };
        value.unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// Returns the arguments as values.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        values(&self.packet)
    }

    /// Tells whether the server waits for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.packet.ack().is_some()
    }

    /// Answers the event. A tuple is several values.
    ///
    /// # Panics
    ///
    /// If the server does not wait for an answer, or the answer cannot be encoded.
    #[track_caller]
    pub fn ack(self, answer: impl Serialize) {
        let Some(id) = self.packet.ack() else {
            panic!("the server waits for no answer to {self:?}");
        };
        let (text, attachments) = ack(self.packet.namespace(), id, &answer);
        self.commands.send(text, attachments);
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {}", self.name(), Shown(&self.values()))
    }
}

/// Why a namespace did not let a client in: the client's `connect_error`.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// use roomcast::{Refusal, Server, Socket, value};
///
/// let io = Server::new();
/// io.middleware(|_: Socket| {
///     Err::<(), _>(Refusal::new("full").with_data(value!({"retry": 5})))
/// });
///
/// let server = roomcast_test::TestServer::new(&io);
/// let refused = server.client().connect_refused("/").await;
/// assert_eq!(refused.message, "full");
/// assert_eq!(refused.data["retry"], 5);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// The message.
    pub message: String,
    /// What the server added, `null` if nothing.
    pub data: Value,
}

impl Refused {
    pub(crate) fn new(payload: &Value) -> Self {
        let text = payload["message"].as_str().or(payload.as_str());
        Self {
            message: text.unwrap_or_default().to_owned(),
            data: payload["data"].clone(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.message, self.data)
    }
}

pub(crate) fn values(packet: &Packet<'_>) -> Vec<Value> {
    let mut args = packet.args();
    let mut next = || args.next::<Value>();
    std::iter::from_fn(&mut next)
        .map(Result::unwrap_or_default)
        .collect()
}

/// A list of arguments as an assertion shows it.
pub(crate) struct Shown<'a>(pub(crate) &'a [Value]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.iter().map(|value| value.to_string());
        write!(f, "[{}]", values.collect::<Vec<_>>().join(", "))
    }
}

#[track_caller]
fn ack(namespace: &str, id: AckId, answer: &impl Serialize) -> (String, Vec<Bytes>) {
    let mut text = Vec::new();
    let header = Header {
        namespace,
        ack: Some(id),
    };
    match encode_ack(&mut text, header, answer) {
        Ok(attachments) => (
            String::from_utf8(text).expect("the encoder writes UTF-8"),
            attachments,
        ),
        Err(error) => panic!("the answer cannot be encoded: {error}"),
    }
}
