//! What must hold for every session, whatever happens to it in whatever order.
//!
//! The fuzz target `engineio_session` runs the same script from this file.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roomcast_engineio::{
    CloseReason, Config, Input, Output, Packet, Revision, Session, Transport,
    revision4::decode_text,
};

/// A caller that keeps its own books and compares the outputs with them.
struct Caller {
    session: Session,
    now: Instant,
    poll: Request,
    post: Request,
    /// The transport other than polling that occurs.
    duplex: Transport,
    phase: Phase,
    over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    None,
    Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    None,
    Probing,
    Carrying,
}

/// Runs a session by a script. The first byte chooses transport and revision; then two bytes are a
/// step: what happens, and after how long.
///
/// Panics if the session breaks a rule.
pub(crate) fn run(script: &[u8]) {
    let Some((&first, steps)) = script.split_first() else {
        return;
    };
    let mut caller = Caller::new(first);
    for step in steps.chunks_exact(2) {
        caller.now += Duration::from_millis(u64::from(step[1] % 64) * 8);
        caller.step(step[0]);
        caller.check_state();
    }
    caller.input(Input::Discard(CloseReason::ForcedClose));
    assert!(caller.over, "a discarded session is over");
    assert_eq!(caller.session.next_timeout(), None);
}

impl Caller {
    fn new(first: u8) -> Self {
        let duplex = match first % 4 {
            0 | 1 => Transport::WebSocket,
            _ => Transport::WebTransport,
        };
        let (transport, phase) = match first % 2 {
            0 => (Transport::Polling, Phase::None),
            _ => (duplex, Phase::Carrying),
        };
        let revision = match first & 2 {
            0 => Revision::Four,
            _ => Revision::Three,
        };
        let now = Instant::now();
        let config = Config {
            ping_interval: Duration::from_millis(3000),
            ping_timeout: Duration::from_millis(2000),
            upgrade_timeout: Duration::from_millis(1000),
            close_timeout: Duration::from_millis(1500),
        };
        Self {
            session: Session::with_revision(now, Arc::new(config), transport, revision),
            now,
            poll: Request::None,
            post: Request::None,
            duplex,
            phase,
            over: false,
        }
    }

    fn step(&mut self, what: u8) {
        match what {
            0..128 => self.request_or_close(what),
            _ => self.packet(what),
        }
    }

    fn request_or_close(&mut self, what: u8) {
        let duplex = self.duplex;
        let input = match what % 20 {
            0..4 => Input::Poll,
            4 => Input::PollAnswered,
            5 => Input::PollAborted,
            6..9 => Input::PostBegun,
            9 => Input::BinaryPost,
            10 => Input::PostEnded,
            11 => Input::PostAborted,
            12 | 13 => Input::TransportOpened(duplex),
            14 => Input::TransportClosed(duplex),
            15 => Input::TransportFailed(duplex),
            16 => Input::Close,
            17 => Input::Drained,
            18 => Input::DecodeFailed(Transport::Polling),
            _ => Input::Timeout,
        };
        self.input(input);
    }

    fn packet(&mut self, what: u8) {
        const TEXTS: [&str; 12] = [
            "0{}", "1", "2", "2probe", "3", "4hello", "5", "6", "bAQID", "9", "2probe", "5",
        ];
        let from = match what % 2 {
            0 => Transport::Polling,
            _ => self.duplex,
        };
        let text = TEXTS[usize::from(what / 2) % TEXTS.len()];
        let Ok(packet) = decode_text(text) else {
            return self.input(Input::DecodeFailed(from));
        };
        let is_message = matches!(packet, Packet::Text(_) | Packet::Binary(_));
        let is_expected = is_message && self.session.is_open() && from == self.session.transport();
        if from == Transport::Polling {
            self.post = Request::None; // its packets arrive when its body is whole
        }
        let message = self.session.handle_packet(self.now, from, packet);
        assert_eq!(message.is_some(), is_expected);
        self.drain(None);
    }

    /// Reports `input`, unless this caller could not have seen it happen.
    fn input(&mut self, input: Input) {
        let is_gone = matches!(input, Input::TransportClosed(_) | Input::TransportFailed(_));
        match input {
            _ if is_gone && self.phase == Phase::None => return,
            _ if is_gone => self.phase = Phase::None,
            Input::PollAnswered if self.session.writable() != Some(Transport::Polling) => return,
            Input::PollAnswered | Input::PollAborted => self.poll = Request::None,
            Input::PostEnded | Input::PostAborted | Input::DecodeFailed(Transport::Polling) => {
                self.post = Request::None;
            }
            _ => {}
        }
        self.session.handle_input(self.now, input);
        self.drain(Some(input));
    }

    fn drain(&mut self, input: Option<Input>) {
        let mut newest = input;
        while let Some(output) = self.session.poll_output() {
            assert!(!self.over, "{output:?} after the end");
            self.obey(output, &mut newest);
        }
        if self.over {
            return;
        }
        match newest {
            Some(Input::Poll) => self.poll = Request::Waiting,
            Some(Input::PostBegun) => self.post = Request::Waiting,
            Some(Input::TransportOpened(_)) => self.phase = Phase::Probing,
            _ => {}
        }
    }

    /// Does what `output` asks for; `newest` is what was reported last, until it was answered.
    fn obey(&mut self, output: Output, newest: &mut Option<Input>) {
        match output {
            Output::QueuePing => {
                assert!(self.session.is_open());
                assert_eq!(self.session.revision(), Revision::Four);
            }
            Output::QueuePong => {
                assert!(self.session.is_open());
                assert_eq!(self.session.revision(), Revision::Three);
            }
            Output::AnswerPoll(_) => {
                if self.poll == Request::Waiting {
                    self.poll = Request::None;
                } else {
                    assert_eq!(newest.take(), Some(Input::Poll), "no poll to answer");
                }
            }
            Output::RefusePoll(_) => assert_eq!(newest.take(), Some(Input::Poll)),
            Output::RefusePost(_) => {
                let refused = newest.take();
                assert!(matches!(
                    refused,
                    Some(Input::PostBegun | Input::BinaryPost)
                ));
            }
            Output::AbortPost => {
                assert_eq!(self.post, Request::Waiting);
                self.post = Request::None;
            }
            Output::AnswerProbe(transport) => {
                assert_eq!((transport, self.phase), (self.duplex, Phase::Probing));
            }
            Output::RefuseTransport(_) => {
                assert!(matches!(newest.take(), Some(Input::TransportOpened(_))));
            }
            Output::CloseTransport(transport) => {
                assert_eq!(transport, self.duplex);
                assert_ne!(self.phase, Phase::None);
                self.phase = Phase::None;
            }
            Output::Upgraded(transport) => {
                assert_eq!((transport, self.phase), (self.duplex, Phase::Probing));
                self.phase = Phase::Carrying;
            }
            Output::Closed(_) => {
                assert_eq!(self.poll, Request::None, "a poll is left waiting");
                assert_eq!(self.post, Request::None, "a post is left waiting");
                assert_eq!(self.phase, Phase::None, "a connection is left open");
                self.over = true;
            }
        }
    }

    fn check_state(&mut self) {
        assert_eq!(self.session.is_closed(), self.over);
        if self.over {
            assert_eq!(self.session.next_timeout(), None);
            assert_eq!(self.session.writable(), None);
            return;
        }
        assert_eq!(self.session.is_upgrading(), self.phase == Phase::Probing);
        assert_eq!(
            self.session.transport() == self.duplex,
            self.phase == Phase::Carrying
        );
        let writable = match (self.phase, self.poll) {
            (Phase::Carrying, _) => Some(self.duplex),
            (_, Request::Waiting) => Some(Transport::Polling),
            (_, Request::None) => None,
        };
        assert_eq!(self.session.writable(), writable);
        self.check_timeout();
    }

    fn check_timeout(&mut self) {
        let due = self.session.next_timeout();
        let due = due.expect("an open session always has a next timeout");
        if due <= self.now {
            self.input(Input::Timeout);
            let next = self.session.next_timeout();
            assert!(next.is_none_or(|next| next > self.now), "stuck at {due:?}");
        }
    }
}
