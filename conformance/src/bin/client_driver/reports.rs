//! What is printed.

use std::io::Write as _;
use std::sync::Arc;

use roomcast_client::{
    Args, ConnectError, DisconnectReason, Manager, ManagerEvent, Socket, SocketError, Transport,
    Value, value,
};

use crate::values::{encode, encode_all};

/// Prints one line.
pub(crate) fn print(line: &Value) {
    let mut text = line.to_string();
    text.push('\n');
    let mut out = std::io::stdout().lock();
    // A suite that does not listen any more has ended.
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

pub(crate) fn reply(id: Value, result: Result<Value, String>) {
    print(&match result {
        Ok(result) => value!({ "type": "reply", "id": id, "ok": true, "result": result }),
        Err(error) => value!({ "type": "reply", "id": id, "ok": false, "error": error }),
    });
}

/// Reports from now on what happens to a manager.
pub(crate) fn watch_manager(name: &str, manager: &Manager) {
    let name: Arc<str> = name.into();
    manager.on_event(move |event| print(&manager_report(&name, event)));
}

/// Reports from now on what happens to a socket.
pub(crate) fn watch_socket(name: &str, socket: &Socket) {
    let name: Arc<str> = name.into();
    let of = |kind: &'static str| {
        let name = Arc::clone(&name);
        move |socket: &Socket| {
            value!({
                "type": kind,
                "socket": &*name,
                "active": socket.is_active(),
                "id": id(socket),
                "connected": socket.is_connected(),
            })
        }
    };
    let report = of("connect");
    socket.on_connect(move |socket: Socket| {
        let mut report = report(&socket);
        report["recovered"] = socket.is_recovered().into();
        report["transport"] = transport(socket.transport());
        print(&report);
    });
    let report = of("connect_error");
    socket.on_connect_error(move |socket: Socket, error: ConnectError| {
        let mut report = report(&socket);
        report["message"] = error.to_string().into();
        report["data"] = match error {
            ConnectError::Refused { data, .. } => data.as_ref().map(encode).into(),
            _ => Value::Null,
        };
        print(&report);
    });
    let report = of("disconnect");
    socket.on_disconnect(move |socket: Socket, reason: DisconnectReason| {
        let mut report = report(&socket);
        report["reason"] = reason.as_str().into();
        print(&report);
    });
    socket.on_error(|error: SocketError| {
        print(&value!({ "type": "uncaught", "message": error.to_string() }));
    });
}

fn manager_report(name: &str, event: &ManagerEvent) -> Value {
    let mut report = value!({ "type": "manager", "manager": name, "name": name_of(event) });
    match event {
        ManagerEvent::Open { transport, sid, .. } => {
            report["transport"] = transport.as_str().into();
            report["engineId"] = (**sid).into();
        }
        ManagerEvent::Close { reason, .. } => report["reason"] = reason.as_str().into(),
        ManagerEvent::Error(error) | ManagerEvent::ReconnectError(error) => {
            report["message"] = error.to_string().into();
        }
        ManagerEvent::ReconnectAttempt(attempt) | ManagerEvent::Reconnect(attempt) => {
            report["attempt"] = u64::from(*attempt).into();
        }
        ManagerEvent::Upgrade(transport) => {
            report["type"] = "upgrade".into();
            report["transport"] = transport.as_str().into();
        }
        ManagerEvent::UpgradeError { failure, .. } => {
            report["type"] = "upgrade_error".into();
            report["message"] = failure.as_str().into();
        }
        _ => {}
    }
    report
}

/// The official name of an event.
pub(crate) fn name_of(event: &ManagerEvent) -> &'static str {
    match event {
        ManagerEvent::Open { .. } => "open",
        ManagerEvent::Close { .. } => "close",
        ManagerEvent::Error(_) => "error",
        ManagerEvent::Ping => "ping",
        ManagerEvent::ReconnectAttempt(_) => "reconnect_attempt",
        ManagerEvent::Reconnect(_) => "reconnect",
        ManagerEvent::ReconnectError(_) => "reconnect_error",
        ManagerEvent::ReconnectFailed => "reconnect_failed",
        _ => "",
    }
}

/// The values of an event or an acknowledgement.
pub(crate) fn values(args: Option<Args<'_>>) -> Value {
    let mut args = args;
    let values = args.as_mut().map(|args| args.rest::<Value>());
    encode_all(&values.and_then(Result::ok).unwrap_or_default())
}

pub(crate) fn id(socket: &Socket) -> Value {
    socket.id().as_deref().into()
}

pub(crate) fn transport(transport: Option<Transport>) -> Value {
    transport.map(Transport::as_str).into()
}
