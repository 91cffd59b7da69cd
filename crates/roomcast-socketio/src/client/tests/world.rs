//! A manager with its caller: each output becomes a line of text.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::client::{
    AckToken, Answer, AuthRequest, CloseReason, Closing, Content, Emission, EmitError, EngineKey,
    LinkState, Manager, ManagerEvent, Options, OutgoingPacket, Output, SocketKey, SocketOptions,
};
use crate::{Encoded, Packet, Parser, Value};

pub(super) struct World {
    pub(super) manager: Manager<&'static str>,
    pub(super) now: Instant,
    /// The engine that was opened last.
    pub(super) engine: Option<EngineKey>,
    pub(super) auth: Auth,
    pub(super) requests: Vec<AuthRequest>,
    pub(super) answers: Vec<Answer>,
    pub(super) link: LinkState,
    /// The engine takes no packets.
    pub(super) is_blocked: bool,
    hooks: Vec<Hook>,
}

/// The line of an output, and what its handler does.
type Hook = (&'static str, fn(&mut World));

/// How the caller answers when it is asked for `auth`.
pub(super) enum Auth {
    Nothing,
    Object(&'static str),
    Later,
}

pub(super) const MAIN: SocketKey = SocketKey(0);

impl World {
    /// A manager that waits 100 ms, then 200, then 400 before it connects again.
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::default();
        options.settings.reconnection_delay = Duration::from_millis(100);
        options.settings.reconnection_delay_max = Duration::from_millis(400);
        options.settings.randomization_factor = 0.0;
        change(&mut options);
        Self {
            manager: Manager::new(options, 0),
            now: Instant::now(),
            engine: None,
            auth: Auth::Nothing,
            requests: Vec::new(),
            answers: Vec::new(),
            link: LinkState {
                is_writable: true,
                has_expired: false,
            },
            is_blocked: false,
            hooks: Vec::new(),
        }
    }

    /// A world whose main namespace is connected as `x`.
    pub(super) fn connected() -> Self {
        Self::connected_with(SocketOptions::default())
    }

    pub(super) fn connected_with(options: SocketOptions) -> Self {
        let mut world = Self::new();
        assert_eq!(world.manager.add_socket("/", options), MAIN);
        assert_eq!(world.connect(MAIN), ["engine open"]);
        assert_eq!(world.opened(), ["manager open", "> 0"]);
        assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
        world
    }

    /// Makes a socket of another namespace and connects it, as `y`.
    pub(super) fn join(&mut self, namespace: &str) -> SocketKey {
        let socket = self.add(namespace);
        assert_eq!(self.connect(socket), [format!("> 0{namespace},")]);
        let connected = self.says(&format!(r#"0{namespace},{{"sid":"y"}}"#));
        assert_eq!(connected, [format!("connect {namespace} y")]);
        socket
    }

    pub(super) fn add(&mut self, namespace: &str) -> SocketKey {
        self.manager.add_socket(namespace, SocketOptions::default())
    }

    pub(super) fn connect(&mut self, socket: SocketKey) -> Vec<String> {
        self.manager.connect(self.now, socket);
        self.drain()
    }

    pub(super) fn disconnect(&mut self, socket: SocketKey) -> Vec<String> {
        self.manager.disconnect(socket);
        self.drain()
    }

    pub(super) fn emit(&mut self, socket: SocketKey, json: &str) -> Vec<String> {
        self.try_emit(socket, emission(json))
            .expect("there is room");
        self.drain()
    }

    /// Emits an event whose acknowledgement is wanted.
    pub(super) fn ask(&mut self, json: &str, timeout: Option<u64>) -> AckToken {
        let mut emission = emission(json);
        emission.wants_ack = true;
        emission.timeout = timeout.map(Duration::from_millis);
        let token = self.try_emit(MAIN, emission).expect("there is room");
        token.expect("an acknowledgement is wanted")
    }

    pub(super) fn try_emit(
        &mut self,
        socket: SocketKey,
        emission: Emission,
    ) -> Result<Option<AckToken>, EmitError> {
        self.manager.emit(self.now, socket, emission, self.link)
    }

    pub(super) fn opened(&mut self) -> Vec<String> {
        self.manager.engine_opened(self.engine());
        self.drain()
    }

    pub(super) fn closed(&mut self, reason: CloseReason) -> Vec<String> {
        self.manager.engine_closed(self.engine(), reason, None);
        self.drain()
    }

    pub(super) fn failed(&mut self, error: &'static str) -> Vec<String> {
        let reason = CloseReason::TransportError;
        self.manager
            .engine_closed(self.engine(), reason, Some(error));
        self.drain()
    }

    /// The server sends a text.
    pub(super) fn says(&mut self, text: &str) -> Vec<String> {
        let first = self.manager.handle_text(self.now, self.engine(), text);
        self.drain_after(first)
    }

    /// The server sends a binary message.
    pub(super) fn says_bytes(&mut self, bytes: &'static [u8]) -> Vec<String> {
        let bytes = Bytes::from_static(bytes);
        let first = self.manager.handle_binary(self.now, self.engine(), bytes);
        self.drain_after(first)
    }

    /// Lets the next deadline come, which must be after so many milliseconds.
    pub(super) fn after(&mut self, milliseconds: u64) -> Vec<String> {
        let due = self.manager.next_timeout().expect("something is due");
        assert_eq!(due - self.now, Duration::from_millis(milliseconds));
        self.now = due;
        self.manager.handle_timeout(due);
        self.drain()
    }

    /// Does this once, in the handler of an output.
    pub(super) fn hook(&mut self, line: &'static str, action: fn(&mut Self)) {
        self.hooks.push((line, action));
    }

    /// The engine takes packets again.
    pub(super) fn unblock(&mut self) -> Vec<String> {
        self.is_blocked = false;
        let mut lines = Vec::new();
        self.send(&mut lines);
        lines
    }

    pub(super) fn drain(&mut self) -> Vec<String> {
        self.drain_after(None)
    }

    pub(super) fn engine(&self) -> EngineKey {
        self.engine.expect("an engine was opened")
    }

    fn drain_after(&mut self, first: Option<Output<'_, &'static str>>) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(output) = first {
            self.handle(output, &mut lines);
        }
        while let Some(output) = self.manager.poll_output(self.now) {
            self.handle(output, &mut lines);
        }
        lines
    }

    /// The engine takes what it can.
    fn send(&mut self, lines: &mut Vec<String>) {
        while let Some(packet) = self.manager.poll_packet() {
            lines.extend(sent(&packet));
        }
    }

    fn handle(&mut self, output: Output<'_, &'static str>, lines: &mut Vec<String>) {
        match output {
            Output::AskAuth(request) => self.on_ask(request, lines),
            Output::Send if self.is_blocked => {}
            Output::Send => self.send(lines),
            output => {
                let line = self.line(output);
                let hook = self.hooks.iter().position(|(wanted, _)| *wanted == line);
                lines.push(line);
                if let Some(index) = hook {
                    let (_, action) = self.hooks.remove(index);
                    action(self);
                }
            }
        }
    }

    fn on_ask(&mut self, request: AuthRequest, lines: &mut Vec<String>) {
        let auth = match self.auth {
            Auth::Nothing => None,
            Auth::Object(json) => {
                let value: Value = json.parse().expect("JSON");
                value.as_object().cloned()
            }
            Auth::Later => {
                lines.push(format!("ask {}", self.name(request.socket())));
                return self.requests.push(request);
            }
        };
        self.manager.authorize(request, Ok(auth));
    }

    fn line(&mut self, output: Output<'_, &'static str>) -> String {
        match output {
            Output::OpenEngine(engine) => {
                assert!(self.engine < Some(engine), "keys are used once");
                self.engine = Some(engine);
                "engine open".to_owned()
            }
            Output::CloseEngine { engine, closing } => {
                assert_eq!(self.engine, Some(engine));
                match closing {
                    Closing::AfterFlush => "engine close".to_owned(),
                    Closing::AtOnce => "engine close at once".to_owned(),
                }
            }
            Output::Connect {
                socket,
                sid,
                recovered,
            } => {
                let recovered = if recovered { " recovered" } else { "" };
                format!("connect {} {sid}{recovered}", self.name(socket))
            }
            Output::ConnectError { socket, error } => {
                format!("connect_error {} {error}", self.name(socket))
            }
            Output::Disconnect { socket, reason, .. } => {
                format!("disconnect {} {reason}", self.name(socket))
            }
            Output::Event {
                socket,
                packet,
                answer,
            } => {
                self.answers.extend(answer);
                format!("event {} {}", self.name(socket), shown(&packet))
            }
            Output::Packet(packet) => {
                format!("packet {} {}", packet.kind(), packet.namespace())
            }
            Output::AnyOutgoing { socket, packet } => {
                let packet = packet.to_packet().expect("it can be decoded");
                format!("any_outgoing {} {}", self.name(socket), shown(&packet))
            }
            Output::Ack { token, result } => match result {
                Ok(packet) => format!("ack {token:?} {}", shown(&packet)),
                Err(error) => format!("ack {token:?} {error}"),
            },
            Output::Manager(event) => manager_line(&event),
            Output::AskAuth(_) | Output::Send => unreachable!("handled by the caller"),
        }
    }

    fn name(&self, socket: SocketKey) -> String {
        let name = self.manager.namespace(socket);
        name.map_or_else(|| "(removed)".to_owned(), ToString::to_string)
    }
}

fn manager_line(event: &ManagerEvent<&'static str>) -> String {
    match event {
        ManagerEvent::Open => "manager open".to_owned(),
        ManagerEvent::Error(error) => format!("manager error {error}"),
        ManagerEvent::Ping => "manager ping".to_owned(),
        ManagerEvent::Close { reason, .. } => format!("manager close {reason}"),
        ManagerEvent::ReconnectAttempt(attempt) => format!("manager reconnect_attempt {attempt}"),
        ManagerEvent::Reconnect(attempt) => format!("manager reconnect {attempt}"),
        ManagerEvent::ReconnectError(error) => format!("manager reconnect_error {error}"),
        ManagerEvent::ReconnectFailed => "manager reconnect_failed".to_owned(),
    }
}

/// The array of a packet, with its binary parts.
fn shown(packet: &Packet<'_>) -> String {
    packet
        .data::<Value>()
        .map_or_else(String::new, |data| data.expect("an array").to_string())
}

/// The messages of a packet.
pub(super) fn sent(packet: &OutgoingPacket) -> Vec<String> {
    let mut out = Vec::new();
    match packet.encode(&mut out).expect("it can be encoded") {
        Encoded::Text(attachments) => {
            let text = format!("> {}", String::from_utf8(out).expect("UTF-8"));
            let attachments = attachments.iter().map(|bytes| format!("> {bytes:?}"));
            std::iter::once(text).chain(attachments).collect()
        }
        Encoded::Binary => vec![format!("> {:?}", Bytes::from(out))],
        Encoded::Custom(custom) => {
            let messages = custom.messages.iter();
            messages.map(|message| format!("> {message:?}")).collect()
        }
    }
}

/// An event from its JSON array.
pub(super) fn emission(json: &str) -> Emission {
    let mut array: Vec<Value> = serde_json::from_str(json).expect("an array");
    let name = array.remove(0);
    let name = name.as_str().expect("a name").to_owned();
    Emission::new(
        Content::event(&Parser::Text, name, &crate::Spread(array)).expect("it can be encoded"),
    )
}

pub(super) fn volatile(json: &str) -> Emission {
    Emission {
        is_volatile: true,
        ..emission(json)
    }
}
