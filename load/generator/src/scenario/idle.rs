//! Connections that do nothing but answer heartbeats.
use crate::clock::{nanoseconds, now};
use crate::meter::{Meter, Work};
use crate::net::{Net, Quiet};
use crate::options::Options;
use crate::report::Report;
use std::thread::sleep;
use std::time::Duration;

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 10_000);
    // The generator sleeps outside of epoll, so that no write of the server pays for waking it.
    net.spins = false;
    let start = now();
    net.ramp(connections, 64);
    let ramp = (now() - start) as f64 / 1e9;
    rest(&mut net, options.value("warmup", 2.0));
    meter.start(net.traffic);
    let before = net.traffic.pings;
    rest(&mut net, options.value("seconds", 6.0));

    let work = Work {
        messages: net.traffic.pings - before,
        connections,
        errors: net.errors,
    };
    let report = Report::new("idle").add("conns", connections);
    meter
        .report(report, &work, net.traffic)
        .rounded("ramp_s", ramp, 2)
        .print();
}

fn rest(net: &mut Net, seconds: f64) {
    let until = now() + nanoseconds(seconds);
    while now() < until {
        while net.poll(0, &mut Quiet) > 0 {}
        sleep(Duration::from_millis(5));
    }
}
