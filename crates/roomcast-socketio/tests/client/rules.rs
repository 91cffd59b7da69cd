//! What must hold for every manager, whatever users, server and clock do in whatever order.
//!
//! The fuzz target `socketio_client` runs the same script from this file.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use roomcast_socketio::Parser;
use roomcast_socketio::client::{
    AckToken, Answer, AuthRequest, BufferLimits, CloseReason, Content, Emission, EngineKey,
    LinkState, Manager, Options, Output, Overflow, SocketKey, SocketOptions,
};

/// A caller that keeps its own books and compares the outputs with them.
struct Caller<'s> {
    manager: Manager<u8>,
    script: std::slice::Iter<'s, u8>,
    now: Instant,
    engine: Engine,
    /// The engine takes no packets.
    is_blocked: bool,
    last_engine: Option<EngineKey>,
    sockets: Vec<SocketKey>,
    /// The sockets whose connect was reported, and no disconnect since.
    connected: BTreeSet<SocketKey>,
    /// The acknowledgements that must still be reported.
    awaited: BTreeSet<AckToken>,
    /// The acknowledgements that nobody waits for any more.
    forgotten: BTreeSet<AckToken>,
    requests: Vec<AuthRequest>,
    answers: Vec<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Engine {
    None,
    Opening(EngineKey),
    Open(EngineKey),
}

/// Runs a manager by a script, a byte to a choice.
///
/// Panics if the manager breaks a rule.
pub(crate) fn run(script: &[u8]) {
    let mut caller = Caller::new(script);
    while let Some(what) = caller.script.next() {
        caller.step(*what);
        caller.check();
    }
    caller.end();
}

const NAMESPACES: [&str; 3] = ["/", "/a", "/b"];

const TEXTS: [&str; 22] = [
    r#"0{"sid":"1"}"#,
    r#"0/a,{"sid":"2","pid":"p"}"#,
    r#"0/b,{"sid":"3"}"#,
    r#"0{"sid":"4","pid":"q"}"#,
    "0",
    "1",
    "1/a,",
    r#"2["e","offset"]"#,
    r#"27["e"]"#,
    r#"2/a,["e",1]"#,
    r#"2/b,3["e"]"#,
    r#"51-["e",{"_placeholder":true,"num":0}]"#,
    "30[1]",
    "31[]",
    "3/a,0[2]",
    "3/b,1[2]",
    r#"4{"message":"no"}"#,
    "4/a,",
    r#"2/none,["e"]"#,
    "2{}",
    r#"0/a,{"sid":"5"}"#,
    "32[]",
];

impl<'s> Caller<'s> {
    fn new(script: &'s [u8]) -> Self {
        let mut script = script.iter();
        let kind = script.next().copied().unwrap_or_default();
        let mut options = Options::default();
        options.settings.reconnection_delay = Duration::from_millis(10);
        options.settings.timeout = Some(Duration::from_millis(50));
        options.settings.reconnection_attempts = (kind % 2 == 1).then_some(2);
        options.receive_buffer.max_packets = 3;
        options.max_outbox = 20;
        let mut caller = Self {
            manager: Manager::new(options, kind.into()),
            script,
            now: Instant::now(),
            engine: Engine::None,
            is_blocked: false,
            last_engine: None,
            sockets: Vec::new(),
            connected: BTreeSet::new(),
            awaited: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            requests: Vec::new(),
            answers: Vec::new(),
        };
        caller.sockets = (0..NAMESPACES.len()).map(|n| caller.add(n, kind)).collect();
        caller
    }

    fn add(&mut self, namespace: usize, kind: u8) -> SocketKey {
        let mut options = SocketOptions::default();
        options.send_buffer = BufferLimits {
            max_packets: 3,
            max_bytes: 100,
        };
        options.overflow = match kind / 2 % 3 {
            0 => Overflow::Refuse,
            1 => Overflow::DropOldest,
            _ => Overflow::DropNewest,
        };
        options.retries = u32::try_from(namespace).expect("small") % 2 * 2;
        options.ack_timeout = kind.is_multiple_of(5).then_some(Duration::from_millis(30));
        options.max_pending_acks = 5;
        self.manager.add_socket(NAMESPACES[namespace], options)
    }

    fn choice(&mut self, of: usize) -> usize {
        usize::from(self.script.next().copied().unwrap_or_default()) % of
    }

    fn step(&mut self, what: u8) {
        match what {
            0..96 => self.user(what),
            96..168 => self.server(),
            168..216 => self.engine(what),
            _ => {
                let milliseconds = self.choice(64) as u64;
                self.now += Duration::from_millis(milliseconds);
                self.manager.handle_timeout(self.now);
                let next = self.manager.next_timeout();
                self.drain(None);
                assert!(
                    next.is_none_or(|next| next > self.now),
                    "a timeout stays due"
                );
            }
        }
        self.drain(None);
    }

    /// A call of a user, outside of handlers or inside.
    fn user(&mut self, what: u8) {
        let index = self.choice(self.sockets.len());
        let socket = self.sockets[index];
        match what % 16 {
            0..3 => self.manager.connect(self.now, socket),
            3 => self.manager.disconnect(socket),
            4..8 => self.emit(socket),
            8 | 9 => self.authorize(),
            10 => self.manager.open(self.now),
            11 => self.manager.close(),
            12 => {
                let mut settings = self.manager.settings().clone();
                settings.reconnection = !settings.reconnection;
                self.manager.set_settings(settings);
            }
            13 => {
                if let Some(answer) = self.answers.pop() {
                    let content = Content::ack(&Parser::Text, &1).expect("a number");
                    self.manager.answer(answer, content);
                }
            }
            14 => {
                if let Some(token) = self.awaited.pop_first() {
                    self.manager.forget_ack(token);
                    self.forgotten.insert(token);
                }
            }
            _ => {
                self.manager.remove_socket(socket);
                assert!(!self.manager.is_active(socket));
                self.sockets[index] = self.add(index, what);
                self.manager.report_outgoing(self.sockets[index], true);
            }
        }
    }

    fn emit(&mut self, socket: SocketKey) {
        let flags = self.choice(64);
        let content = Content::event(&Parser::Text, "e", &flags).expect("a number");
        let mut emission = Emission::new(content);
        emission.wants_ack = flags.is_multiple_of(2);
        emission.is_volatile = flags % 8 == 1 || flags % 8 == 2;
        emission.timeout = flags.is_multiple_of(3).then_some(Duration::from_millis(20));
        let link = LinkState {
            is_writable: flags % 4 < 3,
            has_expired: flags % 16 == 9,
        };
        if let Ok(Some(token)) = self.manager.emit(self.now, socket, emission, link) {
            assert!(self.awaited.insert(token), "a token is used twice");
        }
    }

    fn authorize(&mut self) {
        if self.requests.is_empty() {
            return;
        }
        let index = self.choice(self.requests.len());
        let auth = match self.choice(4) {
            0 => Err("no token".to_owned()),
            _ => Ok(None),
        };
        self.manager.authorize(self.requests[index], auth);
    }

    fn server(&mut self) {
        let Engine::Open(engine) = self.engine else {
            return;
        };
        let what = self.choice(TEXTS.len() + 3);
        if let Some(text) = TEXTS.get(what) {
            let first = self.manager.handle_text(self.now, engine, text);
            self.drain(first);
        } else if what == TEXTS.len() {
            let len = self.choice(32);
            let text: Vec<u8> = self.script.by_ref().take(len).copied().collect();
            let text = String::from_utf8_lossy(&text);
            let first = self.manager.handle_text(self.now, engine, &text);
            self.drain(first);
        } else {
            let first = self.manager.handle_binary(self.now, engine, "bytes".into());
            self.drain(first);
        }
    }

    fn engine(&mut self, what: u8) {
        match self.engine {
            Engine::None => {
                let Some(engine) = self.last_engine else {
                    return;
                };
                self.manager.engine_opened(engine);
                assert!(!self.manager.is_open(), "it was closed");
            }
            Engine::Opening(engine) if !what.is_multiple_of(4) => {
                self.engine = Engine::Open(engine);
                self.manager.engine_opened(engine);
                assert!(self.manager.is_open());
            }
            Engine::Opening(engine) | Engine::Open(engine) => {
                match what % 8 {
                    7 => return self.manager.engine_pinged(engine),
                    5 | 6 => {
                        self.is_blocked = !self.is_blocked;
                        return self.take_packets();
                    }
                    _ => {}
                }
                self.engine = Engine::None;
                let (reason, error) = match what % 3 {
                    0 => (CloseReason::TransportError, Some(what)),
                    1 => (CloseReason::PingTimeout, None),
                    _ => (CloseReason::TransportClose, None),
                };
                self.manager.engine_closed(engine, reason, error);
                assert!(!self.manager.is_open());
            }
        }
    }

    fn drain(&mut self, first: Option<Output<'_, u8>>) {
        if let Some(output) = first {
            self.handle(output);
        }
        while let Some(output) = self.manager.poll_output(self.now) {
            self.handle(output);
        }
    }

    fn handle(&mut self, output: Output<'_, u8>) {
        let has_handlers = self.obey(output);
        // A handler may call the manager before the next output is taken.
        if has_handlers
            && let Some(&what) = self.script.next()
            && what < 96
        {
            self.user(what);
        }
    }

    /// Does what an output asks for; whether users have handlers for it.
    fn obey(&mut self, output: Output<'_, u8>) -> bool {
        match output {
            Output::OpenEngine(engine) => {
                assert_eq!(self.engine, Engine::None);
                assert!(self.last_engine < Some(engine), "a key is used twice");
                self.engine = Engine::Opening(engine);
                self.last_engine = Some(engine);
                false
            }
            Output::CloseEngine { engine, .. } => {
                assert!(
                    self.engine == Engine::Opening(engine) || self.engine == Engine::Open(engine)
                );
                while self.manager.poll_packet().is_some() {}
                self.engine = Engine::None;
                false
            }
            Output::Send => {
                self.take_packets();
                false
            }
            Output::AskAuth(request) => {
                self.requests.push(request);
                true
            }
            Output::Connect { socket, .. } => {
                assert!(self.connected.insert(socket), "connected twice");
                true
            }
            Output::Disconnect { socket, .. } => {
                self.connected.remove(&socket);
                true
            }
            Output::Event { socket, answer, .. } => {
                assert!(
                    self.manager.is_connected(socket),
                    "an event without a connection"
                );
                self.answers.extend(answer);
                true
            }
            Output::AnyOutgoing { packet, .. } => {
                assert!(packet.to_packet().is_some());
                true
            }
            Output::Ack { token, .. } => {
                // One that is forgotten too late is reported.
                let is_known = self.awaited.remove(&token) || self.forgotten.remove(&token);
                assert!(is_known, "nobody waits for it");
                true
            }
            Output::ConnectError { .. } | Output::Packet(_) | Output::Manager(_) => true,
        }
    }

    fn take_packets(&mut self) {
        while !self.is_blocked
            && let Some(packet) = self.manager.poll_packet()
        {
            assert!(matches!(self.engine, Engine::Open(_)), "{packet:?}");
            packet.encode(&mut Vec::new()).expect("it can be encoded");
        }
    }

    fn check(&self) {
        for &socket in &self.sockets {
            let is_connected = self.manager.is_connected(socket);
            assert_eq!(self.connected.contains(&socket), is_connected);
            assert!(self.manager.is_active(socket) || !is_connected);
            assert!(self.manager.waiting(socket) <= 3);
        }
        let is_open = matches!(self.engine, Engine::Open(_));
        assert_eq!(self.manager.is_open(), is_open);
        assert!(is_open || !self.manager.has_packets());
    }

    /// Nothing is left once all sockets are removed and the manager is closed.
    fn end(&mut self) {
        for socket in std::mem::take(&mut self.sockets) {
            self.manager.remove_socket(socket);
        }
        self.manager.close();
        self.drain(None);
        assert!(self.awaited.is_empty(), "{:?} never end", self.awaited);
        assert_eq!(self.engine, Engine::None);
        assert_eq!(self.manager.next_timeout(), None);
        assert_eq!(self.manager.sockets().count(), 0);
    }
}
