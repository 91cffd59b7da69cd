//! The commands.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use roomcast_client::{
    Emission, EmitError, EventName, Refusal, Settings, Socket, Spread, Value, value,
};

use crate::driver::{Driver, NamedSocket};
use crate::options::{self, millis, number};
use crate::reports::{self, print};
use crate::{listeners, values};

/// What a command comes to.
pub(crate) enum Outcome {
    Now(Value),
    Later(Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>),
}

const NOTHING: Result<Outcome, String> = Ok(Outcome::Now(Value::Null));

impl Driver {
    /// Carries a command out.
    pub(crate) fn execute(self: &Arc<Self>, command: &Value) -> Result<Outcome, String> {
        match command["cmd"].as_str().unwrap_or_default() {
            "open" => self.open(command),
            "manager" => self.make_manager(command),
            "socket" => self.make_socket(command),
            "managerOpen" => self.with_manager(command, |manager| manager.open()),
            "managerGet" => {
                let settings = self.manager(command)?.manager.settings();
                Ok(Outcome::Now(described(&settings)))
            }
            "managerSet" => self.with_manager(command, |manager| {
                manager.change_settings(|settings| change(settings, command));
            }),
            "engineClose" => self.with_manager(command, |manager| manager.drop_connection()),
            "release" => self.with_manager(command, |manager| {
                manager.close();
                self.forget(manager);
            }),
            "answer" => {
                let ack = self.answer(command).ok_or("unknown acknowledgement")?;
                ack.send(Spread(values::list(&command["args"])));
                NOTHING
            }
            "authReply" => {
                let request = self.auth_request(command).ok_or("unknown request")?;
                // An attempt that is over waits for nothing.
                let _ = request.send(values::decode(&command["auth"]));
                NOTHING
            }
            "hook" => listeners::hook(self, command).and(NOTHING),
            _ => self.of_socket(command),
        }
    }

    fn open(self: &Arc<Self>, command: &Value) -> Result<Outcome, String> {
        let given = &command["options"];
        let url = command["url"].as_str().unwrap_or_default();
        let mut builder = options::builder(&self.client, url, given)?;
        let name = command["socket"].as_str().unwrap_or_default();
        if options::asks_for_auth(given) {
            let (driver, name) = (Arc::clone(self), name.to_owned());
            builder = builder.auth_with(move || ask(Arc::clone(&driver), name.clone()));
        }
        let socket = builder.build().map_err(|error| error.to_string())?;
        let connects = given["autoConnect"].as_bool() != Some(false);
        let manager = self.name_manager(socket.manager(), connects);
        self.name_socket(name, named(&socket, given));
        if manager.connects_sockets {
            socket.connect();
        }
        Ok(Outcome::Now(value!({ "manager": manager.name })))
    }

    fn make_manager(&self, command: &Value) -> Result<Outcome, String> {
        let given = &command["options"];
        let url = command["url"].as_str().unwrap_or_default();
        let builder = options::builder(&self.client, url, given)?;
        let manager = builder.manager().map_err(|error| error.to_string())?;
        let connects = given["autoConnect"].as_bool() != Some(false);
        let named = self.name_manager(manager, connects);
        if connects {
            named.manager.open();
        }
        Ok(Outcome::Now(value!({ "manager": named.name })))
    }

    fn make_socket(self: &Arc<Self>, command: &Value) -> Result<Outcome, String> {
        let manager = self.manager(command)?;
        let given = &command["options"];
        let mut config = options::socket(given);
        let name = command["socket"].as_str().unwrap_or_default();
        if options::asks_for_auth(given) {
            let (driver, name) = (Arc::clone(self), name.to_owned());
            config = config.auth_with(move || ask(Arc::clone(&driver), name.clone()));
        }
        let namespace = command["nsp"].as_str().unwrap_or_default();
        let socket = manager.manager.socket_with(namespace, config);
        let name = self.name_socket(name, named(&socket, given));
        if manager.connects_sockets && !socket.is_active() {
            socket.connect();
        }
        Ok(Outcome::Now(value!({ "socket": name })))
    }

    fn with_manager(
        &self,
        command: &Value,
        run: impl FnOnce(&roomcast_client::Manager),
    ) -> Result<Outcome, String> {
        run(&self.manager(command)?.manager);
        NOTHING
    }

    fn of_socket(self: &Arc<Self>, command: &Value) -> Result<Outcome, String> {
        let NamedSocket {
            socket,
            has_ack_limit,
        } = self.socket(command)?;
        match command["cmd"].as_str().unwrap_or_default() {
            "connect" => socket.connect(),
            "disconnect" => socket.disconnect(),
            "state" => return Ok(Outcome::Now(self.state(&socket))),
            "emit" => return emit(&socket, command, has_ack_limit),
            "emitMany" => return emit_many(&socket, command),
            "emitWithAck" => return Ok(emit_with_ack(&socket, command)),
            "send" => socket.send(Spread(values::list(&command["args"]))),
            other => return self.of_listener(&socket, other, command),
        }
        NOTHING
    }

    fn of_listener(
        self: &Arc<Self>,
        socket: &Socket,
        cmd: &str,
        command: &Value,
    ) -> Result<Outcome, String> {
        let name = name_of(&command["name"]).to_text().into_owned();
        let of_all = |kind| listeners::of_all(kind, command);
        let id = match cmd {
            "on" => socket.on(&name, listeners::of_event(self, command)),
            "once" => socket.once(&name, listeners::of_event(self, command)),
            "onAny" => socket.on_any(of_all("any")),
            "prependAny" => socket.prepend_any(of_all("any")),
            "onAnyOutgoing" => socket.on_any_outgoing(of_all("any_outgoing")),
            "prependAnyOutgoing" => socket.prepend_any_outgoing(of_all("any_outgoing")),
            "off" | "offAny" | "offAnyOutgoing" => {
                match (cmd, self.listener(command)) {
                    (_, Some(listener)) => socket.off_handler(listener),
                    ("off", None) => socket.off(&name),
                    ("offAny", None) => socket.off_any(),
                    (_, None) => socket.off_any_outgoing(),
                }
                return NOTHING;
            }
            unknown => return Err(format!("unknown command {unknown}")),
        };
        self.remember_listener(command, id);
        NOTHING
    }

    fn state(&self, socket: &Socket) -> Value {
        value!({
            "id": reports::id(socket),
            "connected": socket.is_connected(),
            "disconnected": !socket.is_connected(),
            "active": socket.is_active(),
            "recovered": socket.is_recovered(),
            "manager": self.name_manager(socket.manager(), true).name,
            "transport": reports::transport(socket.transport()),
        })
    }
}

/// Has the suite say what the `auth` is.
async fn ask(driver: Arc<Driver>, socket: String) -> Result<Value, String> {
    let (request, auth) = driver.request_auth();
    print(&value!({ "type": "auth", "socket": socket, "request": request }));
    auth.await.map_err(|error| error.to_string())
}

fn named(socket: &Socket, options: &Value) -> NamedSocket {
    NamedSocket {
        socket: socket.clone(),
        has_ack_limit: options.get("ackTimeout").is_some()
            || options["retries"]
                .as_u64()
                .is_some_and(|retries| retries > 0),
    }
}

fn emit(socket: &Socket, command: &Value, has_ack_limit: bool) -> Result<Outcome, String> {
    let args = Spread(values::list(&command["args"]));
    let name = name_of(&command["name"]);
    let emission = flagged(socket, command);
    let Some(ack) = command["ack"].as_str() else {
        return match emission.try_emit(name, args) {
            // As it was asked for.
            Ok(()) | Err(EmitError::Refused(Refusal::Dropped)) => NOTHING,
            Err(error) => Err(error.to_string()),
        };
    };
    // The official client tells a callback of failures only if it has a time limit.
    let tells_errors = has_ack_limit || command.get("timeout").is_some();
    let (name_of_socket, ack) = (command["socket"].clone(), ack.to_owned());
    let sent = emission.emit_with_callback(name, args, move |answer| {
        let mut report = value!({ "type": "ack", "socket": name_of_socket, "ack": ack });
        match answer {
            Ok(args) => report["args"] = reports::values(Some(args)),
            Err(error) if tells_errors => report["error"] = error.to_string().into(),
            Err(_) => return,
        }
        print(&report);
    });
    sent.map_err(|error| error.to_string()).and(NOTHING)
}

fn emit_with_ack(socket: &Socket, command: &Value) -> Outcome {
    let args = Spread(values::list(&command["args"]));
    let emission = flagged(socket, command);
    let answer = emission.emit_with_ack::<Value>(name_of(&command["name"]), args);
    Outcome::Later(Box::pin(async move {
        let answer = answer.await.map_err(|error| error.to_string())?;
        Ok(values::encode(&answer))
    }))
}

fn emit_many(socket: &Socket, command: &Value) -> Result<Outcome, String> {
    let from = command["from"].as_u64().unwrap_or_default();
    let filler = command["size"].as_u64().map(|size| {
        let size = usize::try_from(size).expect("a size of memory");
        Value::Binary(vec![7; size].into())
    });
    for i in 0..command["count"].as_u64().unwrap_or_default() {
        let args = [Some(Value::from(from + i)), filler.clone()];
        let args = Spread(args.into_iter().flatten().collect());
        let sent = socket.try_emit(name_of(&command["name"]), args);
        sent.map_err(|error| error.to_string())?;
    }
    NOTHING
}

fn flagged(socket: &Socket, command: &Value) -> Emission {
    let mut emission = socket.emission();
    if command["volatile"].as_bool() == Some(true) {
        emission = emission.volatile();
    }
    if let Some(timeout) = command.get("timeout") {
        emission = emission.timeout(millis(timeout));
    }
    if command["compress"].as_bool() == Some(false) {
        emission = emission.without_compression();
    }
    emission
}

fn name_of(name: &Value) -> EventName<'static> {
    match name {
        Value::Number(number) => EventName::from(*number),
        name => EventName::from(name.as_str().unwrap_or_default().to_owned()),
    }
}

fn described(settings: &Settings) -> Value {
    let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    value!({
        "reconnection": settings.reconnection,
        "reconnectionAttempts": settings.reconnection_attempts.map(u64::from),
        "reconnectionDelay": millis(settings.reconnection_delay),
        "reconnectionDelayMax": millis(settings.reconnection_delay_max),
        "randomizationFactor": settings.randomization_factor,
        "timeout": settings.timeout.map(millis),
    })
}

fn change(settings: &mut Settings, command: &Value) {
    let value = &command["value"];
    match command["name"].as_str().unwrap_or_default() {
        "reconnection" => settings.reconnection = value.as_bool().unwrap_or(true),
        "reconnectionAttempts" => {
            settings.reconnection_attempts = value.as_u64().map(|_| number(value))
        }
        "reconnectionDelay" => settings.reconnection_delay = millis(value),
        "reconnectionDelayMax" => settings.reconnection_delay_max = millis(value),
        "randomizationFactor" => settings.randomization_factor = value.as_f64().unwrap_or_default(),
        "timeout" => settings.timeout = value.as_f64().map(|_| millis(value)),
        _ => {}
    }
}
