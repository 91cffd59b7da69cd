//! A large room that is broadcast to, while its members leave and join again, or not.
//!
//! Windows in which they do alternate with windows in which they do not. A probe outside of the room tells how long the
//! server is busy with something else.
use crate::clock::{nanoseconds, now};
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::probe::Probe;
use crate::report::Report;
use crate::wire::{self, number};

/// So many members are on their way out or in.
const AT_ONCE: usize = 8;
/// Acknowledgement ids of the first `leave` and the first `join`.
const LEAVE: usize = 100;
const JOIN: usize = 200;
const EVERYONE_LEAVES: usize = 300;
const EVERYONE_JOINS: usize = 301;
const LONGEST_TURN: usize = 302;
/// The probe rests half a millisecond after an answer, all members together 20 ms after a join.
const PROBE_GAP: u64 = 500_000;
const EVERYONE_GAP: u64 = 20_000_000;

/// What was seen in the windows of one kind.
struct Seen {
    probe: Histogram,
    deliveries: Histogram,
    /// The probe's longest latency in each window, in microseconds.
    longest: Vec<f64>,
    /// The longest turn in each window, likewise; none if the server does not tell.
    turns: Vec<usize>,
}

impl Seen {
    fn new() -> Self {
        Seen {
            probe: Histogram::new(),
            deliveries: Histogram::new(),
            longest: vec![],
            turns: vec![],
        }
    }
}

struct JoinLeave {
    members: usize,
    moves_everyone: bool,
    /// The server tells how long a task that is always ready waits for its turn.
    tells_turns: bool,
    turn: Option<usize>,
    is_moving: bool,
    moving: usize,
    next_member: usize,
    next_move: u64,
    moves: u64,
    joined: usize,
    /// Broadcasts, by their number modulo the length.
    sent: Vec<u64>,
    broadcasts: usize,
    /// Quiet windows, then moving ones.
    seen: [Seen; 2],
    wrong: u64,
}

impl JoinLeave {
    /// The longest turn of the server since this was last asked, in microseconds.
    fn longest_turn(&mut self, net: &mut Net) -> Option<usize> {
        if !self.tells_turns {
            return None;
        }
        self.turn = None;
        self.ask(net, 0, LONGEST_TURN, "longest-turn");
        let patience = now() + 10_000_000_000;
        while self.turn.is_none() {
            net.poll(1, self);
            assert!(now() < patience, "no answer to longest-turn");
        }
        self.turn
    }

    fn ask(&self, net: &mut Net, from: usize, id: usize, event: &str) {
        let packet = format!("42{id}[\"{event}\",\"r0\"]");
        net.queue_frame(from, wire::TEXT, &[packet.as_bytes()]);
    }

    fn broadcast(&mut self, net: &mut Net) {
        let slot = self.broadcasts % self.sent.len();
        self.sent[slot] = now();
        self.broadcasts += 1;
        let packet = format!("42[\"room\",{{\"room\":\"r0\",\"payload\":\"{slot:04}\"}}]");
        net.queue_frame(0, wire::TEXT, &[packet.as_bytes()]);
    }

    /// Starts what should be under way and is not.
    fn keep_moving(&mut self, net: &mut Net) {
        if !self.is_moving || now() < self.next_move {
            return;
        }
        if self.moves_everyone {
            if self.moving == 0 {
                self.moving = 1;
                self.ask(net, 0, EVERYONE_LEAVES, "everyone-leaves");
            }
            return;
        }
        while self.moving < AT_ONCE {
            self.moving += 1;
            self.next_member = (self.next_member + 1) % self.members;
            self.ask(net, self.next_member, LEAVE, "leave");
        }
    }

    fn answered(&mut self, net: &mut Net, connection: usize, id: usize) {
        match id {
            1 => self.joined += 1,
            LEAVE => self.ask(net, connection, JOIN, "join"),
            EVERYONE_LEAVES => self.ask(net, 0, EVERYONE_JOINS, "everyone-joins"),
            JOIN | EVERYONE_JOINS => {
                self.moving -= 1;
                self.moves += 1;
                if id == EVERYONE_JOINS {
                    self.next_move = now() + EVERYONE_GAP;
                }
            }
            _ => self.wrong += 1,
        }
    }
}

impl Scenario for JoinLeave {
    fn text(&mut self, net: &mut Net, connection: usize, packet: &[u8], at: u64) {
        if packet[1] == b'3' {
            let (id, digits) = number(&packet[2..]);
            match id {
                LONGEST_TURN => self.turn = Some(number(&packet[3 + digits..]).0),
                _ => self.answered(net, connection, id),
            }
        } else if let Some(text) = packet.strip_prefix(b"42[\"r\",\"") {
            let slot = number(text).0 % self.sent.len();
            let seen = &mut self.seen[usize::from(self.is_moving)];
            seen.deliveries.record(at - self.sent[slot]);
        } else {
            self.wrong += 1;
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let members = options.value("connections", 10_000);
    let (rate, windows) = (options.value("rate", 5.0), options.value("windows", 5));
    net.ramp(members, 64);
    let mut room = JoinLeave {
        members,
        moves_everyone: options.has("everyone"),
        tells_turns: options.has("turns"),
        turn: None,
        is_moving: false,
        moving: 0,
        next_member: 0,
        next_move: 0,
        moves: 0,
        joined: 0,
        sent: vec![0; 1024],
        broadcasts: 0,
        seen: [Seen::new(), Seen::new()],
        wrong: 0,
    };
    for member in 0..members {
        room.ask(&mut net, member, 1, "join");
    }
    let until = now() + 60_000_000_000;
    while room.joined < members {
        net.poll(100, &mut room);
        assert!(now() < until, "{} joins are answered", room.joined);
    }
    let mut probe = Probe::open(options.value("port", 0), PROBE_GAP);
    meter.start(net.traffic);
    let seconds = options.value("seconds", 1.0);
    room.longest_turn(&mut net); // those of the joins
    for window in 0..2 * windows {
        room.is_moving = window % 2 == 1;
        run_window(&mut net, &mut room, &mut probe, seconds, rate);
    }

    let work = Work {
        messages: room.moves,
        connections: members,
        errors: net.errors + room.wrong,
    };
    let report = Report::new("join-leave")
        .add("conns", members)
        .add("everyone", room.moves_everyone)
        .add("rate", rate)
        .add("broadcasts", room.broadcasts);
    let [quiet, moving] = &room.seen;
    meter
        .report(report, &work, net.traffic)
        .latency("probe_quiet", &quiet.probe)
        .latency("probe_moving", &moving.probe)
        .latency("delivery_quiet", &quiet.deliveries)
        .latency("delivery_moving", &moving.deliveries)
        .add("longest_quiet_us", format_args!("{:?}", quiet.longest))
        .add("longest_moving_us", format_args!("{:?}", moving.longest))
        .add("turns_quiet_us", format_args!("{:?}", quiet.turns))
        .add("turns_moving_us", format_args!("{:?}", moving.turns))
        .print();
}

fn run_window(net: &mut Net, room: &mut JoinLeave, probe: &mut Probe, seconds: f64, rate: f64) {
    let mut longest = 0;
    let mut next = now();
    let until = now() + nanoseconds(seconds);
    let patience = until + 10_000_000_000;
    // What is under way belongs to the window in which it began.
    while now() < until || room.moving > 0 {
        if now() >= until {
            room.next_move = u64::MAX;
        } else if now() >= next {
            room.broadcast(net);
            next += nanoseconds(1.0 / rate);
        }
        room.keep_moving(net);
        net.poll(1, room);
        assert!(now() < patience, "no answer to a leave or a join");
        if let Some(latency) = probe.poll() {
            longest = longest.max(latency);
            let seen = &mut room.seen[usize::from(room.is_moving)];
            seen.probe.record(latency);
        }
    }
    room.next_move = 0;
    let turn = room.longest_turn(net);
    let seen = &mut room.seen[usize::from(room.is_moving)];
    seen.longest.push(longest as f64 / 1000.0);
    seen.turns.extend(turn);
}
