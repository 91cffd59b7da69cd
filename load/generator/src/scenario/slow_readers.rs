//! Broadcasts at a fixed rate, first to receivers that all read, then with some that do not, or, as
//! a control, as before.
use crate::clock::{nanoseconds, now};
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::payload;
use crate::report::Report;
use crate::server_stats::{QUESTION, ServerStats};
use crate::wire::{self, number};

/// The receive buffer of those that will not read: the kernel must not hold what the server should.
const SMALL_BUFFER: i32 = 65_536;
/// Between two looks at the server.
const LOOK: u64 = 100_000_000;

struct SlowReaders {
    readers: usize,
    padding: String,
    /// Start of each broadcast.
    sent: Vec<u64>,
    expected: Vec<usize>,
    /// While all read, then while some do not.
    latency: [Histogram; 2],
    is_second: bool,
    deliveries: u64,
    reordered: u64,
    wrong: u64,
    stats: Option<ServerStats>,
    most_resident: u64,
    /// Open files of the server.
    files: usize,
    next_broadcast: u64,
    next_look: u64,
}

impl SlowReaders {
    fn new(connections: usize, readers: usize, size: usize) -> Self {
        SlowReaders {
            readers,
            padding: payload(size.saturating_sub(8)),
            sent: vec![],
            expected: vec![0; connections],
            latency: [Histogram::new(), Histogram::new()],
            is_second: false,
            deliveries: 0,
            reordered: 0,
            wrong: 0,
            stats: None,
            most_resident: 0,
            files: 0,
            next_broadcast: now(),
            next_look: now(),
        }
    }

    fn broadcast(&mut self, net: &mut Net) {
        let text = format!("{:08}", self.sent.len());
        let padding = self.padding.as_bytes();
        let packet = [b"42[\"broadcast\",\"", text.as_bytes(), padding, b"\"]"];
        net.queue_frame(0, wire::TEXT, &packet);
        self.sent.push(now());
    }

    fn run(
        &mut self,
        net: &mut Net,
        meter: &Meter,
        rate: f64,
        mut goes_on: impl FnMut(&Self) -> bool,
    ) {
        while goes_on(self) {
            let now = now();
            if now >= self.next_broadcast {
                self.broadcast(net);
                self.next_broadcast += nanoseconds(1.0 / rate);
            }
            if now >= self.next_look {
                self.most_resident = self.most_resident.max(meter.server.resident());
                self.files = meter.server.files();
                net.queue_frame(0, wire::TEXT, &[QUESTION]);
                self.next_look = now + LOOK;
            }
            net.poll(1, self);
        }
    }

    fn overflowed(&self) -> usize {
        self.stats.as_ref().map_or(0, |stats| stats.overflowed)
    }
}

impl Scenario for SlowReaders {
    fn text(&mut self, _net: &mut Net, connection: usize, packet: &[u8], at: u64) {
        if let Some(text) = packet.strip_prefix(b"42[\"b\",\"") {
            let sequence = number(&text[..8]).0;
            self.reordered += u64::from(self.expected[connection] != sequence);
            self.expected[connection] = sequence + 1;
            self.deliveries += 1;
            if connection < self.readers {
                self.latency[usize::from(self.is_second)].record(at - self.sent[sequence]);
            }
        } else if let Some(stats) = ServerStats::read(packet) {
            self.stats = Some(stats);
        } else {
            self.wrong += 1;
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections: usize = options.value("connections", 1000);
    let slow = options.value("slow", 50);
    let (rate, size) = (options.value("rate", 30.0), options.value("size", 16_384));
    let readers = connections - slow;
    net.ramp(readers, 64);
    net.receive_buffer = Some(SMALL_BUFFER);
    net.ramp(connections, 64);
    let mut scenario = SlowReaders::new(connections, readers, size);
    let seconds = |name, default| nanoseconds(options.value(name, default));

    let until = now() + seconds("warmup", 1.0);
    scenario.run(&mut net, &meter, rate, |_| now() < until);
    scenario.latency[0].clear();
    let resident_before = meter.server.resident();
    scenario.most_resident = resident_before;
    meter.start(net.traffic);
    let until = now() + seconds("seconds", 4.0);
    scenario.run(&mut net, &meter, rate, |_| now() < until);
    let files_before = meter.server.files();

    scenario.is_second = true;
    let is_control = options.has("control");
    if !is_control {
        (readers..connections).for_each(|index| net.mute(index));
    }
    let start = now();
    let until = start + seconds("patience", 60.0);
    let is_told = options.has("told");
    scenario.run(&mut net, &meter, rate, |scenario| {
        let are_gone = match is_told {
            true => scenario.overflowed() >= slow,
            false => scenario.files + slow <= files_before,
        };
        now() < until && (is_control || !are_gone)
    });
    let closed_after = (now() - start) as f64 / 1e9;
    // One more look, since the count of reasons is asked for now and then.
    let until = now() + 5 * LOOK;
    scenario.run(&mut net, &meter, rate, |_| now() < until);

    let work = Work {
        messages: scenario.deliveries,
        connections,
        errors: net.errors + scenario.wrong,
    };
    let report = Report::new("slow-readers")
        .add("conns", connections)
        .add("slow", slow)
        .add("control", is_control)
        .add("rate", rate)
        .add("size", size);
    let [all_read, some_sleep] = &scenario.latency;
    meter
        .report(report, &work, net.traffic)
        .latency("all_read", all_read)
        .latency("some_sleep", some_sleep)
        .add("samples", all_read.count().min(some_sleep.count()))
        .add("reordered", scenario.reordered)
        .add("rss_before", resident_before)
        .add("rss_most", scenario.most_resident)
        .add("closed", files_before.saturating_sub(scenario.files))
        .rounded("closed_after_s", closed_after, 1)
        .add("outbox_full", scenario.overflowed())
        .add("answers_stats", scenario.stats.is_some())
        .print();
}
