//! Echo over HTTP long-polling: each session keeps one connection for GET and one for POST.
mod http;

use crate::clock::{nanoseconds, now};
use crate::histogram::Histogram;
use crate::meter::{Meter, Work};
use crate::net::Traffic;
use crate::options::Options;
use crate::random::payload;
use crate::report::Report;
use crate::wire::find;
use http::{Http, Response};
use std::process::exit;

/// After so many errors the run ends: the server does not do what is measured.
const TOO_MANY_ERRORS: u64 = 20;

#[derive(Default)]
struct Session {
    poll: Vec<u8>,
    sid: String,
    is_up: bool,
    is_posting: bool,
    /// What is posted once the last POST is answered.
    posts: Vec<String>,
    asked: u64,
    is_answered: bool,
}

struct Polling {
    http: Http,
    sessions: Vec<Session>,
    question: String,
    is_started: bool,
    up: usize,
    latency: Histogram,
    answers: u64,
    pings: u64,
    wrong: u64,
}

impl Polling {
    fn new(port: u16, sessions: usize, size: usize, spins: bool) -> Self {
        Polling {
            http: Http::new(port, 2 * sessions, spins),
            sessions: (0..sessions).map(|_| Session::default()).collect(),
            question: format!("421[\"echo\",\"{}\"]", payload(size)),
            is_started: false,
            up: 0,
            latency: Histogram::new(),
            answers: 0,
            pings: 0,
            wrong: 0,
        }
    }

    fn open(&mut self) {
        for index in 0..self.sessions.len() {
            self.sessions[index].poll = self.http.get("");
            self.poll_session(index);
        }
        let until = now() + 20_000_000_000;
        while self.up < self.sessions.len() {
            self.turn();
            if now() > until {
                eprintln!("{} sessions are up after 20 seconds", self.up);
                exit(3);
            }
        }
        self.is_started = true;
        for index in 0..self.sessions.len() {
            self.ask(index);
        }
    }

    fn run(&mut self, seconds: f64) {
        let until = now() + nanoseconds(seconds);
        while now() < until {
            self.turn();
        }
    }

    fn turn(&mut self) {
        for response in self.http.poll() {
            if response.status != 200 {
                self.wrong += 1;
                let text = String::from_utf8_lossy(&response.body);
                eprintln!("status {}: {text}", response.status);
            } else if response.connection % 2 == 0 {
                self.polled(&response);
            } else {
                self.posted(response.connection / 2);
            }
        }
        if self.wrong + self.http.errors > TOO_MANY_ERRORS {
            exit(3);
        }
    }

    fn poll_session(&mut self, index: usize) {
        let poll = std::mem::take(&mut self.sessions[index].poll);
        self.http.send(2 * index, &poll);
        self.sessions[index].poll = poll;
    }

    fn post(&mut self, index: usize, packet: String) {
        let session = &mut self.sessions[index];
        if session.is_posting {
            session.posts.push(packet);
            return;
        }
        session.is_posting = true;
        let request = self.http.post(&session.sid, &packet);
        self.http.send(2 * index + 1, &request);
    }

    fn posted(&mut self, index: usize) {
        self.sessions[index].is_posting = false;
        if let Some(packet) = self.sessions[index].posts.pop() {
            self.post(index, packet);
        } else {
            self.ask(index);
        }
    }

    /// Asks again, once the last question is answered and its POST, too.
    fn ask(&mut self, index: usize) {
        let session = &mut self.sessions[index];
        if self.is_started && session.is_answered && !session.is_posting {
            session.is_answered = false;
            session.asked = now();
            self.post(index, self.question.clone());
        }
    }

    fn polled(&mut self, response: &Response) {
        let index = response.connection / 2;
        for packet in response.body.split(|byte| *byte == 0x1e) {
            self.packet(index, packet, response.at);
        }
        self.poll_session(index);
        self.ask(index);
    }

    fn packet(&mut self, index: usize, packet: &[u8], at: u64) {
        let session = &mut self.sessions[index];
        if packet.starts_with(b"0{") {
            session.sid = sid_in(packet);
            session.poll = self.http.get(&session.sid);
            self.post(index, "40".to_owned());
        } else if packet.starts_with(b"40") && !session.is_up {
            session.is_up = true;
            session.is_answered = true;
            self.up += 1;
        } else if packet == b"2" {
            self.pings += 1;
            self.post(index, "3".to_owned());
        } else if packet.starts_with(b"43") && packet.len() + 7 == self.question.len() {
            session.is_answered = true;
            self.latency.record(at - session.asked);
            self.answers += 1;
        } else if packet != b"6" {
            self.wrong += 1;
            eprintln!("unexpected {}", String::from_utf8_lossy(packet));
        }
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            pings: self.pings,
            ..self.http.traffic
        }
    }
}

/// The session's id in an open packet.
fn sid_in(packet: &[u8]) -> String {
    let start = find(packet, b"\"sid\":\"").map_or(packet.len(), |at| at + 7);
    let rest = &packet[start..];
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

pub fn run(options: &Options, port: u16, mut meter: Meter) {
    let sessions = options.value("connections", 100);
    let size = options.value("size", 32);
    let mut polling = Polling::new(port, sessions, size, options.has("spin"));
    polling.open();
    polling.run(options.value("warmup", 1.0));
    polling.answers = 0;
    polling.latency.clear();
    meter.start(polling.traffic());
    polling.run(options.value("seconds", 4.0));

    let work = Work {
        messages: polling.answers,
        connections: sessions,
        errors: polling.wrong + polling.http.errors,
    };
    let report = Report::new("polling")
        .add("conns", sessions)
        .add("size", size);
    meter
        .report(report, &work, polling.traffic())
        .latency("lat", &polling.latency)
        .print();
}
