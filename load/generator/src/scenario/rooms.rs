//! Rooms of ten: random members write to the other nine.
use super::outstanding::Outstanding;
use crate::clock::now;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::{Random, payload};
use crate::report::Report;
use crate::wire;

const MEMBERS: usize = 10;

/// So many joins wait for their acknowledgement at a time.
const JOINS_AT_ONCE: usize = 256;

struct Rooms {
    connections: usize,
    rooms: usize,
    padding: String,
    random: Random,
    joined: usize,
    outstanding: Outstanding,
}

impl Rooms {
    /// Where there are more places than connections, each connection is in several rooms.
    fn member(&self, room: usize, place: usize) -> usize {
        (room * MEMBERS + place) % self.connections
    }

    fn join_all(&mut self, net: &mut Net) {
        let places = self.rooms * MEMBERS;
        let until = now() + 60_000_000_000;
        let mut asked = 0;
        while self.joined < places {
            while asked < places && asked - self.joined < JOINS_AT_ONCE {
                let (room, member) = (asked / MEMBERS, asked % self.connections);
                let packet = format!("421[\"join\",\"r{room}\"]");
                net.queue_frame(member, wire::TEXT, &[packet.as_bytes()]);
                asked += 1;
            }
            net.poll(100, self);
            if now() > until {
                eprintln!("{} of {places} joins after a minute", self.joined);
                std::process::exit(3);
            }
        }
    }

    fn emit(&mut self, net: &mut Net, slot: usize) {
        let tag = self.outstanding.start(slot, MEMBERS - 1);
        let room = self.random.below(self.rooms);
        let place = self.random.below(MEMBERS);
        let name = room.to_string();
        net.queue_frame(
            self.member(room, place),
            wire::TEXT,
            &[
                b"42[\"room\",{\"room\":\"r",
                name.as_bytes(),
                b"\",\"payload\":\"",
                &tag,
                self.padding.as_bytes(),
                b"\"}]",
            ],
        );
    }
}

impl Scenario for Rooms {
    fn text(&mut self, net: &mut Net, _connection: usize, packet: &[u8], at: u64) {
        if packet[1] == b'3' {
            self.joined += 1;
            return;
        }
        let Some(text) = packet.strip_prefix(b"42[\"r\",\"") else {
            self.outstanding.wrong += 1;
            return;
        };
        if let Some(slot) = self.outstanding.delivered(text, at) {
            self.emit(net, slot);
        }
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 1000) / MEMBERS * MEMBERS;
    let (window, size) = (options.value("window", 64), options.value("size", 64_usize));
    net.ramp(connections, 64);
    let mut rooms = Rooms {
        connections,
        rooms: options.value("rooms", connections / MEMBERS),
        padding: payload(size.saturating_sub(8)),
        random: Random(0x1234_5678_9abc_def1),
        joined: 0,
        outstanding: Outstanding::new(window),
    };
    rooms.join_all(&mut net);
    for slot in 0..window {
        rooms.emit(&mut net, slot);
    }
    let begin = |rooms: &mut Rooms| rooms.outstanding.begin();
    meter.drive(&mut net, &mut rooms, options, begin, |_, _| {});

    let outstanding = &rooms.outstanding;
    let work = Work {
        messages: outstanding.deliveries,
        connections,
        errors: net.errors + outstanding.wrong,
    };
    let report = Report::new("rooms")
        .add("conns", connections)
        .add("rooms", rooms.rooms)
        .add("window", window)
        .add("size", size);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &outstanding.latency)
        .print();
}
