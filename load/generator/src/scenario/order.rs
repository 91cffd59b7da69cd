//! Order and completeness: every message carries its number, every receiver checks it.
//!
//! Each connection asks with acknowledgements, writes to its neighbour and to its room; some broadcast, too. Sizes change, so
//! that messages leave in one write, in several, and joined with others.
use crate::clock::now;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::payload;
use crate::report::Report;
use crate::wire::{self, number};

/// So many connections broadcast.
const SPEAKERS: usize = 4;
const MEMBERS: usize = 10;
/// Lengths that fit a frame's three kinds of head, and more than one read.
const PADDINGS: [usize; 4] = [20, 300, 3_000, 70_000];

/// Numbers of the messages of one kind, by receiver and sender.
struct Lane {
    next: Vec<u64>,
    senders: usize,
}

impl Lane {
    fn new(receivers: usize, senders: usize) -> Self {
        Lane {
            next: vec![0; receivers * senders],
            senders,
        }
    }

    /// Whether `found` is the number after the last one; the following must come after `found`.
    fn follows(&mut self, receiver: usize, sender: usize, found: u64) -> bool {
        let next = &mut self.next[receiver * self.senders + sender];
        let is_next = *next == found;
        *next = found + 1;
        is_next
    }
}

struct Order {
    connections: usize,
    padding: String,
    /// Rounds that each connection has begun; the acknowledgement's id.
    begun: Vec<u64>,
    answers: Lane,
    private: Lane,
    rooms: Lane,
    broadcasts: Lane,
    joined: usize,
    checked: u64,
    reordered: u64,
    wrong: u64,
    is_ending: bool,
    open_rounds: usize,
}

impl Order {
    fn new(connections: usize) -> Self {
        Order {
            connections,
            padding: payload(PADDINGS[3]),
            begun: vec![0; connections],
            answers: Lane::new(connections, 1),
            private: Lane::new(connections, 1),
            rooms: Lane::new(connections, MEMBERS),
            broadcasts: Lane::new(connections, SPEAKERS),
            joined: 0,
            checked: 0,
            reordered: 0,
            wrong: 0,
            is_ending: false,
            open_rounds: 0,
        }
    }

    /// A message of each kind, the question last: its answer ends the round.
    fn begin_round(&mut self, net: &mut Net, from: usize) {
        if self.is_ending {
            return;
        }
        let round = self.begun[from];
        self.begun[from] += 1;
        self.open_rounds += 1;
        // Large ones are rare, so that they do not hide the rest.
        let size = if round % 16 == 15 {
            3
        } else {
            round as usize % 3
        };
        let padding = &self.padding[..PADDINGS[size]];
        let text = format!("{from:05}:{round:08}:{padding}");
        let mut emit = |packet: String| net.queue_frame(from, wire::TEXT, &[packet.as_bytes()]);
        let room = from / MEMBERS;
        emit(format!(
            "42[\"room\",{{\"room\":\"r{room}\",\"payload\":\"{text}\"}}]"
        ));
        if from < SPEAKERS {
            emit(format!("42[\"broadcast\",\"{from:05}:{round:08}\"]"));
        }
        let neighbour = (from + 1) % self.connections;
        let id = net.connections[neighbour].id.clone();
        let private = format!("42[\"private\",\"{id}\",\"{text}\"]");
        net.queue_frame(from, wire::TEXT, &[private.as_bytes()]);
        let question = format!("42{round}[\"echo\",\"{text}\"]");
        net.queue_frame(from, wire::TEXT, &[question.as_bytes()]);
    }

    fn check(&mut self, is_in_order: bool) {
        self.checked += 1;
        self.reordered += u64::from(!is_in_order);
    }

    fn delivered(&mut self, receiver: usize, kind: u8, text: &[u8]) {
        let Some((sender, round)) =
            read_text(text).filter(|(sender, _)| *sender < self.connections)
        else {
            self.wrong += 1;
            return;
        };
        let is_in_order = match kind {
            b'p' => self.private.follows(receiver, 0, round),
            b'r' => self.rooms.follows(receiver, sender % MEMBERS, round),
            b'b' if sender < SPEAKERS => self.broadcasts.follows(receiver, sender, round),
            _ => {
                self.wrong += 1;
                return;
            }
        };
        self.check(is_in_order);
    }

    /// Messages that were sent and have not arrived everywhere.
    fn missing(&self) -> u64 {
        let (members, speakers) = (MEMBERS as u64 - 1, SPEAKERS.min(self.connections));
        let rounds: u64 = self.begun.iter().sum();
        let spoken: u64 = self.begun[..speakers].iter().sum();
        let expected = rounds * (1 + 1 + members) + spoken * self.connections as u64;
        expected.saturating_sub(self.checked)
    }
}

/// Sender and round at the start of a text.
fn read_text(text: &[u8]) -> Option<(usize, u64)> {
    let (sender, round) = (text.get(..5)?, text.get(6..14)?);
    Some((number(sender).0, number(round).0 as u64))
}

impl Scenario for Order {
    fn text(&mut self, net: &mut Net, connection: usize, packet: &[u8], _at: u64) {
        if packet[1] == b'3' && self.joined < self.connections {
            self.joined += 1;
        } else if packet[1] == b'3' {
            let (id, digits) = number(&packet[2..]);
            let text = packet.get(digits + 4..).unwrap_or_default();
            let is_answer = read_text(text) == Some((connection, id as u64));
            let is_in_order = self.answers.follows(connection, 0, id as u64);
            self.check(is_in_order);
            self.wrong += u64::from(!is_answer);
            self.open_rounds -= 1;
            self.begin_round(net, connection);
        } else if packet.starts_with(b"42[\"") && packet.len() > 22 {
            self.delivered(connection, packet[4], &packet[8..]);
        } else {
            self.wrong += 1;
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 100) / MEMBERS * MEMBERS;
    let window = options.value("window", 4);
    net.ramp(connections, 50);
    let mut order = Order::new(connections);
    join_rooms(&mut net, &mut order);
    for connection in 0..connections {
        for _ in 0..window {
            order.begin_round(&mut net, connection);
        }
    }
    meter.drive(&mut net, &mut order, options, |_| {}, |_, _| {});
    order.is_ending = true;
    let until = now() + 10_000_000_000;
    while order.missing() > 0 && now() < until {
        net.poll(10, &mut order);
    }

    let work = Work {
        messages: order.checked,
        connections,
        errors: net.errors + order.wrong,
    };
    let report = Report::new("order")
        .add("conns", connections)
        .add("window", window);
    meter
        .report(report, &work, net.traffic)
        .add("reordered", order.reordered)
        .add("missing", order.missing())
        .print();
}

fn join_rooms(net: &mut Net, order: &mut Order) {
    for connection in 0..order.connections {
        let packet = format!("421[\"join\",\"r{}\"]", connection / MEMBERS);
        net.queue_frame(connection, wire::TEXT, &[packet.as_bytes()]);
    }
    let until = now() + 20_000_000_000;
    while order.joined < order.connections {
        net.poll(100, order);
        assert!(now() < until, "{} of the joins are answered", order.joined);
    }
}
