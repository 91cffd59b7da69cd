//! Emits with acknowledgement: each answer is followed by the next question.
use crate::clock::now;
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::{Net, Scenario};
use crate::options::Options;
use crate::random::payload;
use crate::report::Report;
use crate::wire::{self, frame, number};

struct Echo {
    window: usize,
    /// A question for each acknowledgement id, masked beforehand.
    questions: Vec<Vec<u8>>,
    /// When the question with an id was asked, by connection and id.
    asked: Vec<u64>,
    /// The id whose attachment is awaited, by connection.
    awaited: Vec<usize>,
    answer_len: usize,
    latency: Histogram,
    answers: u64,
    wrong: u64,
}

impl Echo {
    fn new(connections: usize, window: usize, size: usize, is_binary: bool) -> Self {
        let payload = payload(size);
        let questions = (0..window).map(|id| question(id, &payload, is_binary));
        Echo {
            window,
            questions: questions.collect(),
            asked: vec![now(); connections * window],
            awaited: vec![0; connections],
            answer_len: if is_binary {
                size
            } else {
                size + "43[\"\"]".len()
            },
            latency: Histogram::new(),
            answers: 0,
            wrong: 0,
        }
    }

    #[inline]
    fn answered(&mut self, net: &mut Net, connection: usize, id: usize, at: u64) {
        let asked = &mut self.asked[connection * self.window + id];
        self.latency.record(at - *asked);
        self.answers += 1;
        *asked = at;
        net.queue(connection, &self.questions[id]);
    }
}

fn question(id: usize, payload: &str, is_binary: bool) -> Vec<u8> {
    let mut bytes = vec![];
    if is_binary {
        let packet = format!("451-{id}[\"echo\",{{\"_placeholder\":true,\"num\":0}}]");
        frame(&mut bytes, wire::TEXT, &[packet.as_bytes()]);
        frame(&mut bytes, wire::BINARY, &[payload.as_bytes()]);
    } else {
        let packet = format!("42{id}[\"echo\",\"{payload}\"]");
        frame(&mut bytes, wire::TEXT, &[packet.as_bytes()]);
    }
    bytes
}

impl Scenario for Echo {
    fn text(&mut self, net: &mut Net, connection: usize, packet: &[u8], at: u64) {
        if packet[1] == b'3' {
            let (id, digits) = number(&packet[2..]);
            if id >= self.window || packet.len() - digits != self.answer_len {
                self.wrong += 1;
                return;
            }
            self.answered(net, connection, id, at);
        } else if packet.starts_with(b"461-") {
            self.awaited[connection] = number(&packet[4..]).0;
        } else {
            self.wrong += 1;
        }
    }

    fn binary(&mut self, net: &mut Net, connection: usize, attachment: &[u8], at: u64) {
        let id = self.awaited[connection];
        if attachment.len() != self.answer_len || id >= self.window {
            self.wrong += 1;
            return;
        }
        self.answered(net, connection, id, at);
    }
}

pub fn run(options: &Options, mut net: Net, mut meter: Meter) {
    let connections = options.value("connections", 100);
    let (window, size) = (options.value("window", 1), options.value("size", 32));
    net.ramp(connections, 50);
    let mut echo = Echo::new(connections, window, size, options.has("binary"));
    for connection in 0..connections {
        for question in &echo.questions {
            net.queue(connection, question);
        }
    }
    let begin = |echo: &mut Echo| {
        echo.answers = 0;
        echo.latency.clear();
    };
    meter.drive(&mut net, &mut echo, options, begin, |_, _| {});

    let work = Work {
        messages: echo.answers,
        connections,
        errors: net.errors + echo.wrong,
    };
    let report = Report::new("echo")
        .add("conns", connections)
        .add("window", window)
        .add("size", size);
    meter
        .report(report, &work, net.traffic)
        .latency("lat", &echo.latency)
        .print();
}
