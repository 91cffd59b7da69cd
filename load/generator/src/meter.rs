//! What is counted between the start and the end of the measured window.
use crate::clock::{nanoseconds, now, own_processor_time};
use crate::net::{Net, Scenario, Traffic};
use crate::options::Options;
use crate::process::{Processes, Usage, idle_ticks};
use crate::report::Report;

pub struct Meter {
    pub server: Processes,
    resident_at_first: u64,
    at: u64,
    usage: Usage,
    own: u64,
    idle: u64,
    traffic: Traffic,
}

/// The kernel's ticks in a second, in which `/proc` counts.
const TICKS: f64 = 100.0;

/// What was done in the window.
pub struct Work {
    /// What a message is, is the scenario's choice.
    pub messages: u64,
    pub connections: usize,
    pub errors: u64,
}

impl Meter {
    pub fn new(pid: i32) -> Self {
        let server = Processes::of(pid);
        Meter {
            resident_at_first: server.resident(),
            server,
            at: 0,
            usage: Usage::default(),
            own: 0,
            idle: 0,
            traffic: Traffic::default(),
        }
    }

    /// Opens the measured window.
    pub fn start(&mut self, traffic: Traffic) {
        self.usage = self.server.usage();
        self.own = own_processor_time();
        self.idle = idle_ticks();
        self.traffic = traffic;
        self.at = now();
    }

    /// Closes the measured window.
    pub fn report(&self, report: Report, work: &Work, traffic: Traffic) -> Report {
        let seconds = (now() - self.at) as f64 / 1e9;
        let usage = self.server.usage();
        let own = (own_processor_time() - self.own) as f64 / 1e9;
        let idle = (idle_ticks() - self.idle) as f64 / TICKS;
        let processor = (usage.nanoseconds - self.usage.nanoseconds) as f64 / 1e9;
        let user = usage.user_ticks - self.usage.user_ticks;
        let system = usage.system_ticks - self.usage.system_ticks;
        let switches = usage.voluntary_switches - self.usage.voluntary_switches;
        // A thread that has ended takes its time with it.
        let waited = usage.waited.saturating_sub(self.usage.waited) as f64 / 1e9;
        let resident = self.server.resident();
        let grown = resident.saturating_sub(self.resident_at_first) as f64;
        let messages = work.messages.max(1) as f64;
        report
            .rounded("secs", seconds, 3)
            .add("n", work.messages)
            .rounded("per_s", work.messages as f64 / seconds, 0)
            .rounded("cpu_us", processor * 1e6 / messages, 3)
            .rounded("user_frac", user as f64 / (user + system).max(1) as f64, 3)
            .add("ticks", user + system)
            .rounded("srv_util", processor / seconds, 2)
            .rounded("srv_waited", waited / seconds, 3)
            .rounded("gen_util", own / seconds, 2)
            .rounded("idle_cores", idle / seconds, 2)
            .rounded("ctxsw_per_msg", switches as f64 / messages, 4)
            .rounded(
                "reads_per_msg",
                (traffic.reads - self.traffic.reads) as f64 / messages,
                3,
            )
            .add("bytes_in", traffic.bytes_in - self.traffic.bytes_in)
            .add("bytes_out", traffic.bytes_out - self.traffic.bytes_out)
            .add("pings", traffic.pings - self.traffic.pings)
            .add("rss_base", self.resident_at_first)
            .add("rss", resident)
            .rounded("rss_per_conn", grown / work.connections.max(1) as f64, 0)
            .add("errors", work.errors)
    }

    /// Warms up, then measures; `begin` is called in between, `tick` after each round.
    pub fn drive<S: Scenario>(
        &mut self,
        net: &mut Net,
        scenario: &mut S,
        options: &Options,
        begin: impl Fn(&mut S),
        mut tick: impl FnMut(&mut Net, &mut S),
    ) {
        let mut until = |net: &mut Net, scenario: &mut S, end: u64| {
            while now() < end {
                net.poll(1, scenario);
                tick(net, scenario);
            }
        };
        until(
            net,
            scenario,
            now() + nanoseconds(options.value("warmup", 1.0)),
        );
        begin(scenario);
        self.start(net.traffic);
        until(
            net,
            scenario,
            now() + nanoseconds(options.value("seconds", 4.0)),
        );
    }
}
