//! What happens on the socket, shown and noted.

use std::sync::Arc;
use std::time::Instant;

use roomcast_client::{
    Ack, ConnectError, Description, DisconnectReason, EmitError, Manager, ManagerEvent, Refusal,
    Socket, SocketError, Spread, Value,
};
use tokio::sync::watch;

use super::line::Manner;
use super::printer::Printer;
use super::progress::{End, Phase, Progress};
use super::show::Record;

/// A socket whose events are shown.
///
/// They are written where they are handled: so lines are in the order in which things happen, and a
/// reader that is slow slows the server down instead of filling the memory.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    socket: Socket,
    shown: Arc<Shown>,
}

/// What the handlers need. They do not hold the socket, which holds them.
#[derive(Debug)]
struct Shown {
    printer: Printer,
    progress: watch::Sender<Progress>,
    /// Keeps trying if there is no server at first.
    retries: bool,
}

impl Conversation {
    /// Listens to the socket. It is not connected by that.
    pub(crate) fn new(socket: Socket, printer: Printer, retries: bool) -> Self {
        let shown = Arc::new(Shown {
            printer,
            progress: watch::Sender::default(),
            retries,
        });
        listen(&socket, &shown);
        watch_manager(&socket.manager(), &shown);
        Self { socket, shown }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.shown.progress.subscribe()
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        self.shown.change(change)
    }

    /// Sends an event. If it asks, the acknowledgement is shown when it comes.
    pub(crate) fn emit(
        &self,
        number: &mut u64,
        event: &str,
        args: Vec<Value>,
        manner: Manner,
    ) -> Result<(), EmitError> {
        let emission = self.socket.emission();
        let list = Spread(args.clone());
        let sent = match manner {
            Manner::Plain => emission.try_emit(event, list).map(|()| None),
            Manner::Volatile => emission.volatile().try_emit(event, list).map(|()| None),
            Manner::Asking => {
                *number += 1;
                self.ask(*number, event, list).map(|()| Some(*number))
            }
        };
        let (kind, number) = match sent {
            Ok(number) => ("sent", number),
            Err(EmitError::Refused(Refusal::Dropped)) if manner == Manner::Volatile => {
                ("dropped", None)
            }
            Err(error) => return Err(error),
        };
        if kind == "dropped" || self.shown.printer.is_verbose() {
            let record = Record::new(kind).event(event).number(number);
            self.shown.print(&record.args(args));
        }
        Ok(())
    }

    fn ask(&self, number: u64, event: &str, args: Spread<Value>) -> Result<(), EmitError> {
        let (shown, name, begun) = (Arc::clone(&self.shown), event.to_owned(), Instant::now());
        // The answer may come before this returns.
        self.change(|progress| progress.waiting += 1);
        let asked = self
            .socket
            .emission()
            .emit_with_callback(event, args, move |answer| {
                let values = match answer {
                    Ok(mut args) => args.rest::<Value>().map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                shown.answered(number, &name, took, values);
            });
        if asked.is_err() {
            self.change(|progress| progress.waiting -= 1);
        }
        asked
    }
}

fn listen(socket: &Socket, shown: &Arc<Shown>) {
    let about = || Arc::clone(shown);
    let shown = about();
    socket.on_any(
        move |event: String, Spread(args): Spread<Value>, ack: Option<Ack>| {
            shown.event(event, args, ack);
        },
    );
    let shown = about();
    socket.on_connect(move |socket: Socket| shown.connected(&socket));
    let shown = about();
    socket.on_connect_error(move |error: ConnectError| shown.not_connected(error));
    let shown = about();
    socket.on_disconnect(
        move |socket: Socket, reason: DisconnectReason, description: Option<Description>| {
            shown.disconnected(&socket, reason, description.as_ref());
        },
    );
    let shown = about();
    socket.on_error(move |error: SocketError| {
        shown.print(&Record::new("error").text("message", error.to_string()));
    });
}

fn watch_manager(manager: &Manager, shown: &Arc<Shown>) {
    let shown = Arc::clone(shown);
    manager.on_event(move |event| shown.manager_event(event));
}

impl Shown {
    fn event(&self, event: String, args: Vec<Value>, ack: Option<Ack>) {
        let (number, is_hidden) = self.change(|progress| {
            let number = progress.note(&event, ack);
            (number, progress.is_hidden(&event))
        });
        if !is_hidden {
            self.print(&Record::new("event").event(event).number(number).args(args));
        }
    }

    fn answered(&self, number: u64, event: &str, took: u64, values: Result<Vec<Value>, String>) {
        let is_failure = values.is_err();
        let record = match values {
            Ok(values) => Record::new("ack")
                .event(event)
                .number(Some(number))
                .args(values),
            Err(error) => Record::new("no-ack")
                .event(event)
                .number(Some(number))
                .text("message", error),
        };
        self.print(&record.unseen("milliseconds", took));
        self.change(|progress| {
            progress.waiting -= 1;
            progress.failures += usize::from(is_failure);
        });
    }

    fn connected(&self, socket: &Socket) {
        let record = Record::new("connect")
            .text("namespace", socket.namespace())
            .text("id", socket.id().as_deref().unwrap_or_default())
            .flag("recovered", socket.is_recovered());
        self.print(&record);
        self.change(|progress| progress.phase = Phase::Connected);
    }

    fn not_connected(&self, error: ConnectError) {
        let data = match &error {
            ConnectError::Refused { data, .. } => data.clone(),
            _ => None,
        };
        let record = Record::new("connect-error").text("message", error.to_string());
        self.print(&record.data(data));
        self.change(|progress| match &error {
            ConnectError::Open(_) if self.retries => {}
            ConnectError::Open(_) if progress.phase == Phase::Opening => {
                progress.phase = Phase::Over(End::Unreachable(error));
            }
            ConnectError::Open(_) => {}
            _ => progress.phase = Phase::Over(End::Refused(error)),
        });
    }

    fn disconnected(
        &self,
        socket: &Socket,
        reason: DisconnectReason,
        description: Option<&Description>,
    ) {
        let mut record = Record::new("disconnect").text("reason", reason.as_str());
        if let Some(description) = description.map(described) {
            record = record.text("description", description);
        }
        let returns = socket.manager().settings().reconnection;
        if !self.progress.borrow().is_leaving {
            self.print(&record);
        }
        self.change(|progress| {
            progress.phase = match reason {
                _ if progress.phase == Phase::Opening && !self.retries => {
                    Phase::Over(End::TurnedAway(reason))
                }
                DisconnectReason::IoClientDisconnect => Phase::Left,
                DisconnectReason::IoServerDisconnect => Phase::Over(End::Lost(reason)),
                _ if returns => Phase::Away,
                _ => Phase::Over(End::Lost(reason)),
            };
        });
    }

    fn manager_event(&self, event: &ManagerEvent) {
        let record = match event {
            ManagerEvent::Open { transport, sid, .. } => Record::new("open")
                .text("transport", transport.as_str())
                .unseen("sid", &**sid),
            ManagerEvent::Upgrade(transport) => {
                Record::new("upgrade").text("transport", transport.as_str())
            }
            ManagerEvent::UpgradeError {
                transport, failure, ..
            } => Record::new("upgrade-error")
                .text("transport", transport.as_str())
                .text("message", failure.to_string()),
            ManagerEvent::Ping if self.printer.is_verbose() => Record::new("ping"),
            ManagerEvent::ReconnectAttempt(attempt) => {
                Record::new("reconnect-attempt").data(Some((*attempt).into()))
            }
            ManagerEvent::Reconnect(attempt) => {
                Record::new("reconnect").data(Some((*attempt).into()))
            }
            ManagerEvent::ReconnectError(error) => {
                Record::new("reconnect-error").text("message", error.to_string())
            }
            ManagerEvent::ReconnectFailed => {
                self.change(|progress| progress.phase = Phase::Over(End::GaveUp));
                Record::new("reconnect-failed")
            }
            // The socket tells of it, too.
            _ => return,
        };
        self.print(&record);
    }

    fn print(&self, record: &Record) {
        if self.printer.print(record).is_err() {
            self.change(|progress| progress.is_unread = true);
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Progress) -> T) -> T {
        let mut changed = None;
        self.progress
            .send_modify(|progress| changed = Some(change(progress)));
        changed.expect("`send_modify` calls its function once")
    }
}

fn described(description: &Description) -> String {
    match description {
        Description::Engine(error) => error.to_string(),
        Description::Decode(error) => error.to_string(),
        Description::ReceiveBufferFull => {
            "too many events came before the namespace was confirmed".to_owned()
        }
        Description::OutboxFull => "the server does not read its acknowledgements".to_owned(),
        _ => "for a reason that this program does not know".to_owned(),
    }
}
