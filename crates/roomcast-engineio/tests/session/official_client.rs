//! A session against a client that behaves as `engine.io-client` 6.6 does, over a slow network.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roomcast_engineio::{Config, Input, Message, Output, Packet, Revision, Session, revision4};

use crate::{
    driver::{Polling, WebSocket},
    network::{Lane, Network},
};

/// How far the client is with its upgrade.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Polling,
    /// The pong came: no new request, and the ones under way are awaited.
    Pausing,
    Upgraded,
}

struct Client {
    stage: Stage,
    polls: bool,
    posts: bool,
    queue: Vec<String>,
    received: Vec<String>,
    is_over: bool,
}

impl Client {
    fn new() -> Self {
        Self {
            stage: Stage::Polling,
            polls: false,
            posts: false,
            queue: Vec::new(),
            received: Vec::new(),
            is_over: false,
        }
    }

    fn packet(&mut self, text: &str) {
        match revision4::decode_text(text).expect("the server sends packets") {
            Packet::Ping("") => self.queue.push("3".to_owned()),
            Packet::Pong("probe") => self.stage = Stage::Pausing,
            Packet::Text(text) => self.received.push(text.to_owned()),
            Packet::Close => self.is_over = true,
            Packet::Noop => {}
            packet => panic!("unexpected {packet:?}"),
        }
    }

    /// Sends what can be sent in the present stage.
    fn act(&mut self, now: u64, network: &mut Network) {
        if self.is_over {
            return;
        }
        if self.stage == Stage::Pausing && !self.polls && !self.posts {
            self.stage = Stage::Upgraded;
            network.send(now, Lane::FrameToServer, "5");
        }
        match self.stage {
            Stage::Polling => self.send_requests(now, network),
            Stage::Pausing => {}
            Stage::Upgraded => {
                for packet in self.queue.drain(..) {
                    network.send(now, Lane::FrameToServer, packet);
                }
            }
        }
    }

    fn send_requests(&mut self, now: u64, network: &mut Network) {
        if !self.polls {
            self.polls = true;
            network.send(now, Lane::PollRequest, "");
        }
        if !self.posts && !self.queue.is_empty() {
            self.posts = true;
            let body = std::mem::take(&mut self.queue).join("\x1e");
            network.send(now, Lane::PostRequest, body);
        }
    }
}

struct Server {
    session: Session,
    start: Instant,
    queue: Vec<String>,
    received: Vec<String>,
    closed: usize,
}

impl Server {
    fn new() -> Self {
        let start = Instant::now();
        let config = Config {
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_millis(500),
            ..Config::default()
        };
        Self {
            session: Session::new(start, Arc::new(config), Polling),
            start,
            queue: Vec::new(),
            received: Vec::new(),
            closed: 0,
        }
    }

    fn time(&self, now: u64) -> Instant {
        self.start + Duration::from_millis(now)
    }

    fn input(&mut self, now: u64, input: Input, network: &mut Network) {
        self.session.handle_input(self.time(now), input);
        self.drain(now, network);
    }

    fn packets(&mut self, now: u64, lane: Lane, body: &str, network: &mut Network) {
        let from = match lane {
            Lane::PostRequest => Polling,
            _ => WebSocket,
        };
        let time = self.time(now);
        for packet in revision4::decode_payload(body) {
            let packet = packet.expect("the client sends packets");
            if let Some(Message::Text(text)) = self.session.handle_packet(time, from, packet) {
                self.received.push(text.to_owned());
            }
        }
        self.drain(now, network);
    }

    fn drain(&mut self, now: u64, network: &mut Network) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::QueuePing => self.queue.push("2".to_owned()),
                Output::AnswerPoll(answer) => {
                    network.send(now, Lane::PollAnswer, answer.body(Revision::Four))
                }
                Output::AnswerProbe(_) => network.send(now, Lane::FrameToClient, "3probe"),
                Output::CloseTransport(_) => network.send(now, Lane::FrameToClient, "close frame"),
                Output::Upgraded(_) => {}
                Output::Closed(_) => self.closed += 1,
                output => panic!("a faultless client gets {output:?}"),
            }
        }
        self.write(now, network);
    }

    fn write(&mut self, now: u64, network: &mut Network) {
        match self.session.writable() {
            Some(WebSocket) => {
                for packet in self.queue.drain(..) {
                    network.send(now, Lane::FrameToClient, packet);
                }
            }
            Some(_) if !self.queue.is_empty() => {
                let body = std::mem::take(&mut self.queue).join("\x1e");
                network.send(now, Lane::PollAnswer, body);
                self.input(now, Input::PollAnswered, network);
            }
            _ => {}
        }
        if self.session.is_flushing() && self.queue.is_empty() {
            self.input(now, Input::Drained, network);
        }
    }
}

struct Simulation {
    client: Client,
    server: Server,
    network: Network,
    now: u64,
    sent_by_client: Vec<String>,
    sent_by_server: Vec<String>,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        Self {
            client: Client::new(),
            server: Server::new(),
            network: Network::new(seed),
            now: 0,
            sent_by_client: Vec::new(),
            sent_by_server: Vec::new(),
        }
    }

    /// Both sides talk until `end`; the client begins its upgrade at `upgrade_at`.
    fn talk(&mut self, end: u64, upgrade_at: u64) {
        while self.now < end {
            if self.now == upgrade_at {
                let opened = Input::TransportOpened(WebSocket);
                self.server.input(self.now, opened, &mut self.network);
                self.network.send(self.now, Lane::FrameToServer, "2probe");
            }
            if self.network.random.below(3) == 0 {
                self.sent_by_client.push(format!("c{}", self.now));
                self.client.queue.push(format!("4c{}", self.now));
            }
            if self.network.random.below(3) == 0 {
                self.sent_by_server.push(format!("s{}", self.now));
                self.server.queue.push(format!("4s{}", self.now));
            }
            self.tick();
        }
    }

    fn run(&mut self, end: u64) {
        while self.now < end {
            self.tick();
        }
    }

    /// One millisecond.
    fn tick(&mut self) {
        let due = self.server.session.next_timeout();
        if due.is_some_and(|due| due <= self.server.time(self.now)) {
            self.server
                .input(self.now, Input::Timeout, &mut self.network);
        }
        while let Some((_, lane, body)) = self.network.receive(self.now) {
            self.deliver(lane, &body);
        }
        self.client.act(self.now, &mut self.network);
        self.server.drain(self.now, &mut self.network);
        self.now += 1;
    }

    fn deliver(&mut self, lane: Lane, body: &str) {
        let (now, network) = (self.now, &mut self.network);
        match lane {
            Lane::PollRequest => self.server.input(now, Input::Poll, network),
            Lane::PostRequest => {
                self.server.input(now, Input::PostBegun, network);
                self.server.input(now, Input::PostEnded, network);
                network.send(now, Lane::PostAnswer, "ok");
                self.server.packets(now, lane, body, network);
            }
            Lane::FrameToServer => self.server.packets(now, lane, body, network),
            Lane::PostAnswer => self.client.posts = false,
            Lane::PollAnswer => {
                self.client.polls = false;
                body.split('\x1e').for_each(|text| self.client.packet(text));
            }
            Lane::FrameToClient if body == "close frame" => self.client.is_over = true,
            Lane::FrameToClient => self.client.packet(body),
        }
    }
}

#[test]
fn nothing_is_lost_or_reordered_by_an_upgrade_under_load() {
    for seed in 0..300 {
        let mut simulation = Simulation::new(seed);
        simulation.talk(1500, 100 + seed);
        simulation.run(2500);

        assert_eq!(simulation.client.stage, Stage::Upgraded, "seed {seed}");
        assert_eq!(simulation.server.session.transport(), WebSocket);
        assert_eq!(simulation.client.received, simulation.sent_by_server);
        assert_eq!(simulation.server.received, simulation.sent_by_client);
        assert!(simulation.server.session.is_open());
    }
}

#[test]
fn nothing_is_lost_or_reordered_on_polling() {
    for seed in 0..100 {
        let mut simulation = Simulation::new(seed);
        simulation.talk(1500, u64::MAX);
        simulation.run(2500);

        assert_eq!(simulation.server.session.transport(), Polling);
        assert_eq!(simulation.client.received, simulation.sent_by_server);
        assert_eq!(simulation.server.received, simulation.sent_by_client);
        assert!(simulation.server.session.is_open());
    }
}

#[test]
fn everything_queued_before_a_close_arrives_wherever_the_upgrade_stands() {
    for seed in 0..600 {
        let mut simulation = Simulation::new(seed);
        simulation.talk(100 + seed, 200);
        let now = simulation.now;
        let network = &mut simulation.network;
        simulation
            .server
            .session
            .handle_input(simulation.server.time(now), Input::Close);
        simulation.server.drain(now, network);
        simulation.run(now + 2000);

        assert_eq!(
            simulation.client.received, simulation.sent_by_server,
            "seed {seed}"
        );
        assert!(simulation.client.is_over, "seed {seed}");
        assert_eq!(simulation.server.closed, 1);
    }
}
