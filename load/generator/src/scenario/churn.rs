//! Connections that come and go: handshake, namespace, disconnect, close.
use crate::clock::{nanoseconds, now};
use crate::meter::{Meter, Work};
use crate::net::{Net, Quiet};
use crate::options::Options;
use crate::report::Report;

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let parallel = options.value("parallel", 64);
    for _ in 0..parallel {
        net.open(None);
    }
    cycle(&mut net, options.value("warmup", 1.0));
    net.handshakes.clear();
    meter.start(net.traffic);
    let cycles = cycle(&mut net, options.value("seconds", 4.0));

    let work = Work {
        messages: cycles,
        connections: parallel,
        errors: net.errors,
    };
    let report = Report::new("churn").add("parallel", parallel);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &net.handshakes)
        .print();
}

/// Opens a connection for each that has ended; returns how many have.
fn cycle(net: &mut Net, seconds: f64) -> u64 {
    let until = now() + nanoseconds(seconds);
    let mut cycles = 0;
    while now() < until {
        net.poll(100, &mut Quiet);
        while let Some(connection) = net.newly_up.pop_front() {
            net.leave(connection);
        }
        while let Some(connection) = net.newly_closed.pop_front() {
            cycles += 1;
            net.open(Some(connection));
        }
    }
    cycles
}
