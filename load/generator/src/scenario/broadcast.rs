//! One connection broadcasts, all receive.
use crate::clock::now;
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::payload;
use crate::report::Report;
use crate::wire::{self, number};

/// At most so many broadcasts are under way.
const RING: u64 = 4096;

struct Broadcast {
    receivers: usize,
    padding: String,
    next: u64,
    finished: u64,
    /// The number that each receiver must see next.
    expected: Vec<u64>,
    /// Start and missing deliveries of the broadcasts under way.
    ring: Vec<(u64, usize)>,
    /// Each broadcast that has arrived is followed by another.
    is_closed_loop: bool,
    latency: Histogram,
    last: Histogram,
    deliveries: u64,
    reordered: u64,
    wrong: u64,
}

impl Broadcast {
    fn new(receivers: usize, size: usize, is_closed_loop: bool) -> Self {
        Broadcast {
            receivers,
            padding: payload(size.saturating_sub(8)),
            next: 0,
            finished: 0,
            expected: vec![0; receivers],
            ring: vec![(0, 0); RING as usize],
            is_closed_loop,
            latency: Histogram::new(),
            last: Histogram::new(),
            deliveries: 0,
            reordered: 0,
            wrong: 0,
        }
    }

    fn emit(&mut self, net: &mut Net) {
        let sequence = self.next;
        self.next += 1;
        self.ring[(sequence % RING) as usize] = (now(), self.receivers);
        let text = format!("{:08}", sequence % 100_000_000);
        net.queue_frame(
            0,
            wire::TEXT,
            &[
                b"42[\"broadcast\",\"",
                text.as_bytes(),
                self.padding.as_bytes(),
                b"\"]",
            ],
        );
    }
}

impl Scenario for Broadcast {
    fn text(&mut self, net: &mut Net, connection: usize, packet: &[u8], at: u64) {
        if !packet.starts_with(b"42[\"b\",\"") || packet.len() < 16 {
            self.wrong += 1;
            return;
        }
        let sequence = number(&packet[8..16]).0 as u64;
        if sequence != self.expected[connection] {
            self.reordered += 1;
        }
        self.expected[connection] = sequence + 1;
        let (start, missing) = &mut self.ring[(sequence % RING) as usize];
        if *missing == 0 || sequence >= self.next {
            self.wrong += 1;
            return;
        }
        let latency = at - *start;
        *missing -= 1;
        self.latency.record(latency);
        self.deliveries += 1;
        if *missing == 0 {
            self.last.record(latency);
            self.finished += 1;
            if self.is_closed_loop {
                self.emit(net);
            }
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let receivers = options.value("connections", 1000);
    let (window, size) = (options.value("window", 2), options.value("size", 64));
    let rate = options.value("rate", 0.0);
    net.ramp(receivers, 64);
    let mut broadcast = Broadcast::new(receivers, size, rate == 0.0);
    for _ in 0..if rate == 0.0 { window } else { 0 } {
        broadcast.emit(&mut net);
    }
    let begin = |broadcast: &mut Broadcast| {
        broadcast.deliveries = 0;
        broadcast.latency.clear();
        broadcast.last.clear();
    };
    let mut next = now();
    meter.drive(
        &mut net,
        &mut broadcast,
        options,
        begin,
        |net, broadcast| {
            while rate > 0.0 && now() >= next && broadcast.next - broadcast.finished < RING - 1 {
                broadcast.emit(net);
                next += (1e9 / rate) as u64;
            }
        },
    );

    let work = Work {
        messages: broadcast.deliveries,
        connections: receivers,
        errors: net.errors + broadcast.wrong + broadcast.reordered,
    };
    let report = Report::new("broadcast")
        .add("conns", receivers)
        .add("window", window)
        .add("size", size)
        .add("rate", rate);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &broadcast.latency)
        .latency("last", &broadcast.last)
        .add("reordered", broadcast.reordered)
        .print();
}
