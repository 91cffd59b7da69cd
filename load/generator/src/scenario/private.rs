//! Random sockets write to random sockets by their id.
use super::outstanding::Outstanding;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::{Random, payload};
use crate::report::Report;
use crate::wire;

struct Private {
    connections: usize,
    padding: String,
    random: Random,
    outstanding: Outstanding,
}

impl Private {
    fn emit(&mut self, net: &mut Net, slot: usize) {
        let tag = self.outstanding.start(slot, 1);
        let from = self.random.below(self.connections);
        let to = self.random.below(self.connections);
        let id = std::mem::take(&mut net.connections[to].id);
        let padding = self.padding.as_bytes();
        let packet = [
            b"42[\"private\",\"",
            id.as_bytes(),
            b"\",\"",
            &tag,
            padding,
            b"\"]",
        ];
        net.queue_frame(from, wire::TEXT, &packet);
        net.connections[to].id = id;
    }
}

impl Scenario for Private {
    fn text(&mut self, net: &mut Net, _connection: usize, packet: &[u8], at: u64) {
        let Some(text) = packet.strip_prefix(b"42[\"p\",\"") else {
            self.outstanding.wrong += 1;
            return;
        };
        if let Some(slot) = self.outstanding.delivered(text, at) {
            self.emit(net, slot);
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 1000);
    let (window, size) = (options.value("window", 64), options.value("size", 64_usize));
    net.ramp(connections, 64);
    let mut private = Private {
        connections,
        padding: payload(size.saturating_sub(8)),
        random: Random(0x1234_5678_9abc_def1),
        outstanding: Outstanding::new(window),
    };
    for slot in 0..window {
        private.emit(&mut net, slot);
    }
    let begin = |private: &mut Private| private.outstanding.begin();
    meter.drive(&mut net, &mut private, options, begin, |_, _| {});

    let outstanding = &private.outstanding;
    let work = Work {
        messages: outstanding.deliveries,
        connections,
        errors: net.errors + outstanding.wrong,
    };
    let report = Report::new("private")
        .add("conns", connections)
        .add("window", window)
        .add("size", size);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &outstanding.latency)
        .print();
}
