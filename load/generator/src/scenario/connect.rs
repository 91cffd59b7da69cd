//! Handshakes, from the connection to the joined namespace.
use crate::meter::{Meter, Work};
use crate::net::Net;
use crate::options::Options;
use crate::report::Report;

/// Connections before the window, so that what a server makes at its first use is not counted.
const FIRST: usize = 10;

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 5000);
    let parallel = options.value("parallel", 64);
    net.ramp(FIRST, FIRST);
    net.handshakes.clear();
    meter.start(net.traffic);
    net.ramp(connections + FIRST, parallel);

    let work = Work {
        messages: connections as u64,
        connections,
        errors: net.errors,
    };
    let report = Report::new("connect")
        .add("conns", connections)
        .add("parallel", parallel);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &net.handshakes)
        .print();
}
