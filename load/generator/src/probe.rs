//! One connection that measures the server's latency and not the generator's.
//!
//! An answer's time is the kernel's stamp of its arrival, so it does not matter how late the generator reads it.
use crate::clock::{now, wall};
use crate::net::{connect, receive, send, stamp_arrivals, stamped_receive, upgrade_request};
use crate::wire::{TEXT, find, frame};
use std::thread::sleep;
use std::time::Duration;

const QUESTION: &[u8] = b"421[\"echo\",\"probe\"]";
const ANSWER: &[u8] = b"431[\"probe\"]";

pub struct Probe {
    descriptor: i32,
    /// When the open question was sent, by the wall clock.
    asked: Option<u64>,
    next: u64,
    gap: u64,
    seen: Vec<u8>,
}

impl Probe {
    /// Connects and joins; asks a question `gap` nanoseconds after the last one was answered, at the
    /// earliest.
    pub fn open(port: u16, gap: u64) -> Self {
        let descriptor = connect(port, 0, None);
        let mut probe = Probe {
            descriptor,
            asked: None,
            next: 0,
            gap,
            seen: vec![],
        };
        sleep(Duration::from_millis(50)); // the connection is made in the background
        probe.send(upgrade_request(port).as_bytes());
        probe.await_text(b"0{\"sid\"");
        probe.send_packet(b"40");
        probe.await_text(b"40{");
        stamp_arrivals(descriptor);
        probe
    }

    /// Asks or looks for the answer, whose latency it tells in nanoseconds.
    pub fn poll(&mut self) -> Option<u64> {
        let Some(asked) = self.asked else {
            if now() >= self.next {
                self.asked = Some(wall());
                self.send_packet(QUESTION);
            }
            return None;
        };
        let mut buffer = [0; 4096];
        let (read, arrived) = stamped_receive(self.descriptor, &mut buffer)?;
        self.seen.extend_from_slice(&buffer[..read]);
        self.answer_heartbeat();
        find(&self.seen, ANSWER)?;
        self.seen.clear();
        self.asked = None;
        self.next = now() + self.gap;
        Some(arrived.saturating_sub(asked))
    }

    fn answer_heartbeat(&mut self) {
        if let Some(at) = find(&self.seen, &[0x81, 1, b'2']) {
            self.seen.drain(at..at + 3);
            self.send_packet(b"3");
        }
    }

    fn send_packet(&self, packet: &[u8]) {
        let mut bytes = vec![];
        frame(&mut bytes, TEXT, &[packet]);
        self.send(&bytes);
    }

    fn send(&self, bytes: &[u8]) {
        let sent = send(self.descriptor, bytes);
        assert!(
            sent.is_ok_and(|sent| sent == bytes.len()),
            "probe: not sent"
        );
    }

    fn await_text(&mut self, wanted: &[u8]) {
        let until = now() + 10_000_000_000;
        let mut buffer = [0; 4096];
        while find(&self.seen, wanted).is_none() {
            assert!(
                now() < until,
                "probe: no {}",
                String::from_utf8_lossy(wanted)
            );
            match receive(self.descriptor, &mut buffer) {
                Ok(Some(read)) => self.seen.extend_from_slice(&buffer[..read]),
                Ok(None) => sleep(Duration::from_millis(1)),
                Err(error) => panic!("probe: {error}"),
            }
        }
        self.seen.clear();
    }
}
