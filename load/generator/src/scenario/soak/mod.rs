//! Mixed traffic, and clients that come and go in every way, at a load that is bounded.
mod guests;
mod sample;

use crate::clock::{nanoseconds, now};
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::{Net, Quiet, Scenario, State};
use crate::options::Options;
use crate::random::{Random, payload};
use crate::report::Report;
use crate::server_stats::{QUESTION, ServerStats};
use crate::wire;
use guests::Guests;
use sample::Samples;
use std::collections::VecDeque;

const MEMBERS: usize = 10;
/// Events a second.
const ECHOES: f64 = 200.0;
const ROOM_MESSAGES: f64 = 50.0;
const PRIVATE_MESSAGES: f64 = 50.0;
const BROADCASTS: f64 = 1.0;
const ENDS: f64 = 20.0;
const SILENCES: f64 = 1.0;
/// A silent client is given up after so long; the server must have done so before.
const SILENCE: u64 = 8_000_000_000;
/// So long the server may take to forget everyone.
const FORGETTING: u64 = 30_000_000_000;

/// Something that is due so often a second.
struct Pace {
    gap: u64,
    next: u64,
}

impl Pace {
    fn new(per_second: f64) -> Self {
        Pace {
            gap: nanoseconds(1.0 / per_second),
            next: now(),
        }
    }

    fn is_due(&mut self) -> bool {
        let is_due = now() >= self.next;
        if is_due {
            self.next += self.gap;
        }
        is_due
    }
}

struct Soak {
    random: Random,
    payload: String,
    silent: VecDeque<(u64, usize)>,
    asked: u64,
    latency: Histogram,
    answers: u64,
    deliveries: u64,
    ended: u64,
    stats: Option<ServerStats>,
    wrong: u64,
}

impl Soak {
    /// A connection that is up and answers, if the first that is looked at is.
    fn anyone(&mut self, net: &Net) -> Option<usize> {
        let index = self.random.below(net.connections.len());
        let connection = &net.connections[index];
        (connection.state == State::Up && !connection.is_muted).then_some(index)
    }

    fn emit(&mut self, net: &mut Net, packet: impl Fn(usize, &str) -> String) {
        let sizes = [20, 200, 20, 2_000, 20, 20_000];
        let size = sizes[self.random.below(sizes.len())];
        if let Some(from) = self.anyone(net) {
            let packet = packet(from, &self.payload[..size]);
            net.queue_frame(from, wire::TEXT, &[packet.as_bytes()]);
        }
    }

    fn echo(&mut self, net: &mut Net) {
        self.asked = now();
        self.emit(net, |_, text| format!("421[\"echo\",\"{text}\"]"));
    }

    fn write_to_room(&mut self, net: &mut Net) {
        self.emit(net, |from, text| {
            let room = from / MEMBERS;
            format!("42[\"room\",{{\"room\":\"r{room}\",\"payload\":\"{text}\"}}]")
        });
    }

    fn write_to_one(&mut self, net: &mut Net) {
        let Some(to) = self.anyone(net) else { return };
        let id = net.connections[to].id.clone();
        self.emit(net, |_, text| {
            format!("42[\"private\",\"{id}\",\"{text}\"]")
        });
    }

    fn broadcast(&mut self, net: &mut Net) {
        self.emit(net, |_, text| format!("42[\"broadcast\",\"{text}\"]"));
    }

    /// Someone leaves: with a word, without one, or by a reset.
    fn end_someone(&mut self, net: &mut Net) {
        let Some(index) = self.anyone(net) else {
            return;
        };
        self.ended += 1;
        match self.random.below(3) {
            0 => net.leave(index),
            1 => net.close(index),
            _ => net.reset(index),
        }
    }

    /// Someone reads and answers nothing more.
    fn silence_someone(&mut self, net: &mut Net) {
        let Some(index) = self.anyone(net) else {
            return;
        };
        self.ended += 1;
        net.mute(index);
        self.silent.push_back((now() + SILENCE, index));
    }

    /// Whoever is gone comes again and joins its room.
    fn replace(&mut self, net: &mut Net) {
        while self.silent.front().is_some_and(|(at, _)| *at <= now()) {
            let (_, index) = self.silent.pop_front().expect("looked at above");
            if net.connections[index].is_muted {
                net.close(index);
            }
        }
        while let Some(index) = net.newly_closed.pop_front() {
            net.open(Some(index));
        }
        while let Some(index) = net.newly_up.pop_front() {
            let packet = format!("42[\"join\",\"r{}\"]", index / MEMBERS);
            net.queue_frame(index, wire::TEXT, &[packet.as_bytes()]);
        }
    }
}

impl Scenario for Soak {
    fn text(&mut self, _net: &mut Net, _connection: usize, packet: &[u8], at: u64) {
        if let Some(stats) = ServerStats::read(packet) {
            self.stats = Some(stats);
        } else if packet.starts_with(b"431[") {
            self.answers += 1;
            self.latency.record(at.saturating_sub(self.asked));
        } else if packet.starts_with(b"42[") {
            self.deliveries += 1;
        } else {
            self.wrong += 1;
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 200);
    let seconds = options.value("seconds", 3600.0);
    let port = options.value("port", 0);
    // For an hour, a core is not kept busy with asking.
    net.spins = false;
    let files_before = meter.server.files();
    for _ in 0..connections {
        net.open(None);
    }
    let mut soak = Soak {
        random: Random(0x5851_f42d_4c95_7f2d),
        payload: payload(20_000),
        silent: VecDeque::new(),
        asked: 0,
        latency: Histogram::new(),
        answers: 0,
        deliveries: 0,
        ended: 0,
        stats: None,
        wrong: 0,
    };
    let guests = Guests::start(port);
    meter.start(net.traffic);
    let mut samples = Samples::every(options.value("sample", seconds / 60.0));
    load(&mut net, &mut soak, &meter, &mut samples, seconds);
    let (visits, failures) = guests.end();
    let latency = std::mem::replace(&mut soak.latency, Histogram::new());
    let work = Work {
        messages: soak.answers + soak.deliveries,
        connections,
        errors: net.errors + soak.wrong + failures,
    };
    let report = Report::new("soak").add("conns", connections);
    let report = meter.report(report, &work, net.traffic);
    let stats = everyone_leaves(&mut net, &mut soak).unwrap_or_default();

    report
        .latency("lat", &latency)
        .add("ended", soak.ended)
        .add("visits", visits)
        .add("samples", samples.json())
        .add("files_before", files_before)
        .add("files_after", meter.server.files().saturating_sub(1)) // the connection that asks
        .add("rss_after", meter.server.resident())
        .add("sessions_after", stats.sessions.saturating_sub(1))
        .add("sockets_after", stats.sockets.saturating_sub(1))
        .add("rooms_after", stats.rooms.saturating_sub(1))
        .add("answers_stats", soak.stats.is_some())
        .print();
}

fn load(net: &mut Net, soak: &mut Soak, meter: &Meter, samples: &mut Samples, seconds: f64) {
    type Act = fn(&mut Soak, &mut Net);
    let acts: [(f64, Act); 6] = [
        (ECHOES, Soak::echo),
        (ROOM_MESSAGES, Soak::write_to_room),
        (PRIVATE_MESSAGES, Soak::write_to_one),
        (BROADCASTS, Soak::broadcast),
        (ENDS, Soak::end_someone),
        (SILENCES, Soak::silence_someone),
    ];
    let mut acts = acts.map(|(rate, act)| (Pace::new(rate), act));
    let until = now() + nanoseconds(seconds);
    while now() < until {
        for (pace, act) in &mut acts {
            if pace.is_due() {
                act(soak, net);
            }
        }
        soak.replace(net);
        samples.take_if_due(&meter.server);
        net.poll(2, soak);
    }
}

/// Closes everything, then asks what is left until it is the asking connection only, or time is up.
fn everyone_leaves(net: &mut Net, soak: &mut Soak) -> Option<ServerStats> {
    (0..net.connections.len()).for_each(|index| net.close(index));
    net.newly_up.clear();
    let asking = net.open(None);
    let until = now() + FORGETTING;
    let mut pace = Pace::new(10.0);
    while now() < until {
        let is_up = net.connections[asking].state == State::Up;
        if is_up && pace.is_due() {
            net.queue_frame(asking, wire::TEXT, &[QUESTION]);
        }
        net.poll(20, soak);
        if soak.stats.as_ref().is_some_and(is_empty) {
            break;
        }
    }
    // Closed sockets of the server are gone a moment after their sessions.
    let until = now() + 500_000_000;
    while now() < until {
        net.poll(20, &mut Quiet);
    }
    soak.stats.clone()
}

fn is_empty(stats: &ServerStats) -> bool {
    stats.sessions <= 1 && stats.sockets <= 1 && stats.rooms <= 1
}
