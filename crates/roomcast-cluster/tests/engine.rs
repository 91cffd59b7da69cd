//! The state of a node that serves other nodes' sessions, in virtual time. Spec: cluster, section 14.

use std::time::{Duration, Instant};

use roomcast_cluster::engine::{
    Access, Body, Carrier, Data, Input, Lock, Message, Output, Packet, PacketKind, Relay,
    RelayOptions,
};

const SID: &str = "09pZYmR_bs9tdKzqAAAA";

struct Node {
    relay: Relay<&'static str, &'static str>,
    start: Instant,
}

impl Node {
    fn new() -> Self {
        Self::with(RelayOptions::default())
    }

    fn with(options: RelayOptions) -> Self {
        Self {
            relay: Relay::new("bf1db0".into(), options),
            start: Instant::now(),
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn input(&mut self, ms: u64, input: Input<&'static str, &'static str>) {
        let now = self.at(ms);
        self.relay.handle_input(now, input);
    }

    fn received(&mut self, ms: u64, from: &str, body: Body) {
        let from = from.into();
        let to = Some("bf1db0".into());
        self.input(ms, Input::Received(Message { from, to, body }));
    }

    fn ask(&mut self, ms: u64, carrier: Carrier, access: Access, asker: &'static str) -> u64 {
        let request = self.relay.next_request();
        let sid = SID.into();
        let lock = Lock {
            sid,
            carrier,
            access,
        };
        self.input(
            ms,
            Input::AskLock {
                request,
                lock,
                asker,
            },
        );
        request
    }

    fn poll(&mut self, ms: u64) -> u64 {
        self.ask(ms, Carrier::Polling, Access::Read, "poll")
    }

    fn granted(&mut self, ms: u64, request: u64) {
        let success = true;
        self.received(ms, "a68f7c", Body::AcquireLockResponse { request, success });
    }

    fn upgrade(&mut self, ms: u64) {
        let upgrade = Input::AskUpgrade {
            sid: SID.into(),
            owner: "a68f7c".into(),
            line: "line",
            asker: "upgrade",
        };
        self.input(ms, upgrade);
    }

    fn next(&mut self) -> Output<&'static str, &'static str> {
        self.relay.poll_output()
    }

    /// The message that is to be published now.
    fn published(&mut self) -> (Option<String>, Body) {
        match self.next() {
            Output::Publish(message) => {
                assert_eq!(message.from.as_str(), "bf1db0");
                (message.to.map(|to| to.to_string()), message.body)
            }
            other => panic!("{other:?}"),
        }
    }

    fn idle(&mut self) -> Option<Duration> {
        match self.next() {
            Output::Wait(until) => until.map(|until| until - self.start),
            other => panic!("{other:?}"),
        }
    }
}

fn drain(packets: Vec<Packet>) -> Body {
    let sid = SID.into();
    Body::Drain { sid, packets }
}

fn answer(packets: Vec<Packet>) -> Output<&'static str, &'static str> {
    Output::Answer {
        asker: "poll",
        owner: "a68f7c".into(),
        packets,
    }
}

fn text(text: &str) -> Packet {
    Packet::message(Data::Text(text.into()))
}

#[test]
fn a_poll_asks_everyone_and_is_answered_by_one_drain() {
    let mut node = Node::new();
    let request = node.poll(0);
    let (to, question) = node.published();
    assert_eq!(to, None);
    assert!(matches!(question, Body::AcquireLock { request: 1, .. }));
    assert_eq!(node.idle(), Some(Duration::from_secs(1)));

    node.granted(5, request);
    assert_eq!(node.idle(), None);
    node.received(9, "a68f7c", drain(vec![text("2[1]")]));

    assert_eq!(node.next(), answer(vec![text("2[1]")]));
    node.received(9, "a68f7c", drain(vec![text("2[2]")]));
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_question_that_nobody_answers_is_refused_after_a_second() {
    let mut node = Node::new();
    let request = node.poll(0);
    node.published();

    node.input(999, Input::Tick);
    assert_eq!(node.idle(), Some(Duration::from_secs(1)));
    node.input(1000, Input::Tick);
    assert_eq!(node.next(), Output::Refused { asker: "poll" });
    assert_eq!(node.idle(), None);

    // It comes too late, and its client has been told that there is no such session.
    node.granted(1001, request);
    assert!(matches!(node.published().1, Body::Close { .. }));
    node.granted(1002, request);
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_connection_that_is_granted_too_late_is_given_back() {
    let mut node = Node::new();
    let probe = node.ask(0, Carrier::WebSocket, Access::Read, "probe");
    node.published();
    let post = node.ask(0, Carrier::Polling, Access::Write, "post");
    node.published();
    node.input(1000, Input::Tick);
    for asker in ["probe", "post"] {
        assert_eq!(node.next(), Output::Refused { asker });
    }

    node.granted(1001, probe);
    node.granted(1001, post);

    let (to, upgrade) = node.published();
    assert_eq!(to.as_deref(), Some("a68f7c"));
    assert!(matches!(upgrade, Body::Upgrade { success: false, .. }));
    assert_eq!(node.idle(), None);
}

#[test]
fn a_thousand_late_locks_are_given_back_and_the_oldest_is_forgotten_for_one_more() {
    for (count, is_given_back) in [(1000, true), (1001, false)] {
        let mut node = Node::new();
        let first = node.poll(0);
        for _ in 1..count {
            node.poll(0);
        }
        node.input(1000, Input::Tick);
        while !matches!(node.next(), Output::Wait(_)) {}

        node.granted(1001, first);

        assert_eq!(matches!(node.next(), Output::Publish(_)), is_given_back);
    }
}

#[test]
fn an_owner_that_refuses_is_believed_at_once() {
    let mut node = Node::new();
    let request = node.ask(0, Carrier::Polling, Access::Write, "post");
    node.published();

    let success = false;
    node.received(5, "a68f7c", Body::AcquireLockResponse { request, success });

    assert_eq!(node.next(), Output::Refused { asker: "post" });
    assert_eq!(node.idle(), None);
}

#[test]
fn a_second_answer_to_a_question_changes_nothing() {
    let mut node = Node::new();
    let request = node.ask(0, Carrier::Polling, Access::Write, "post");
    node.published();

    node.granted(5, request);
    node.granted(6, request);

    let (asker, owner) = ("post", "a68f7c".into());
    assert_eq!(node.next(), Output::Granted { asker, owner });
    assert_eq!(node.idle(), None);
}

#[test]
fn packets_of_a_node_that_is_not_the_owner_are_passed_over() {
    let mut node = Node::new();
    let request = node.poll(0);
    node.published();
    node.granted(5, request);

    node.received(6, "c0ffee", drain(vec![text("forged")]));

    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 1);
}

#[test]
fn a_poll_whose_client_hangs_up_ends_the_session_as_at_its_owner() {
    let mut node = Node::new();
    let request = node.poll(0);
    node.published();
    node.granted(5, request);

    let sid = SID.into();
    node.input(6, Input::Abandon { request, sid });

    let (to, body) = node.published();
    assert_eq!(to.as_deref(), Some("a68f7c"));
    let (sid, reason) = (SID.into(), "transport error".into());
    assert_eq!(body, Body::Close { sid, reason });
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_lock_that_comes_when_its_client_has_hung_up_is_given_back() {
    let mut node = Node::new();
    let poll = node.poll(0);
    let probe = node.ask(0, Carrier::WebSocket, Access::Read, "probe");
    let post = node.ask(0, Carrier::Polling, Access::Write, "post");
    for request in [poll, probe, post] {
        node.published();
        let sid = SID.into();
        node.input(1, Input::Abandon { request, sid });
    }

    for request in [poll, probe, post] {
        node.granted(5, request);
    }

    assert!(matches!(node.published().1, Body::Close { .. }));
    let (_, upgrade) = node.published();
    assert!(matches!(upgrade, Body::Upgrade { success: false, .. }));
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_connection_takes_packets_from_the_upgrade_until_it_hangs_up() {
    let mut node = Node::new();
    node.upgrade(0);
    let (to, body) = node.published();
    assert_eq!(to.as_deref(), Some("a68f7c"));
    let (request, sid) = (1, SID.into());
    let success = true;
    assert_eq!(
        body,
        Body::Upgrade {
            request,
            sid,
            success
        }
    );

    node.received(1, "a68f7c", drain(vec![text("early")]));
    let (take_over, packets) = (false, vec![]);
    let response = Body::UpgradeResponse {
        request,
        take_over,
        packets,
    };
    node.received(2, "a68f7c", response);
    node.received(3, "a68f7c", drain(vec![text("late")]));

    let line = "line";
    let packets = vec![text("early")];
    assert_eq!(node.next(), Output::Write { line, packets });
    assert!(matches!(
        node.next(),
        Output::Upgraded {
            take_over: false,
            ..
        }
    ));
    let packets = vec![text("late")];
    assert_eq!(node.next(), Output::Write { line, packets });
    let sid = SID.into();
    node.input(4, Input::Forget { sid, line });
    node.received(5, "a68f7c", drain(vec![text("too late")]));
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_connection_that_its_owner_closes_is_forgotten() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();
    let response = Body::UpgradeResponse {
        request: 1,
        take_over: false,
        packets: vec![],
    };
    node.received(1, "a68f7c", response);
    assert!(matches!(node.next(), Output::Upgraded { .. }));
    assert_eq!(node.relay.waiting(), 1);

    let packets = vec![text("last"), Packet::of(PacketKind::Close)];
    node.received(2, "a68f7c", drain(packets.clone()));

    let line = "line";
    assert_eq!(node.next(), Output::Write { line, packets });
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn an_old_connection_that_ends_leaves_its_successor_in_place() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();
    let (sid, owner) = (SID.into(), "a68f7c".into());
    let (line, asker) = ("second line", "second upgrade");
    let second = Input::AskUpgrade {
        sid,
        owner,
        line,
        asker,
    };
    node.input(0, second);
    let close = vec![Packet::of(PacketKind::Close)];
    assert_eq!(
        node.next(),
        Output::Write {
            line: "line",
            packets: close
        }
    );
    node.published();

    let sid = SID.into();
    node.input(1, Input::Forget { sid, line: "line" });
    node.received(2, "a68f7c", drain(vec![text("news")]));

    let packets = vec![text("news")];
    assert_eq!(node.next(), Output::Write { line, packets });
    let sid = SID.into();
    node.input(3, Input::Forget { sid, line });
    node.input(1000, Input::Tick);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_session_that_is_taken_over_brings_what_its_client_has_sent() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();

    let response = Body::UpgradeResponse {
        request: 1,
        take_over: true,
        packets: vec![text("0")],
    };
    node.received(2, "a68f7c", response);
    node.received(3, "a68f7c", drain(vec![text("not any more")]));

    let taken = Output::Upgraded {
        asker: "upgrade",
        take_over: true,
        packets: vec![text("0")],
    };
    assert_eq!(node.next(), taken);
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn an_upgrade_that_its_owner_does_not_answer_ends_after_a_second() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();

    node.received(
        1,
        "c0ffee",
        Body::UpgradeResponse {
            request: 1,
            take_over: true,
            packets: vec![],
        },
    );
    node.input(1000, Input::Tick);

    assert_eq!(node.next(), Output::Refused { asker: "upgrade" });
    assert!(matches!(node.published().1, Body::Close { .. }));
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_poll_that_waits_beside_an_upgrade_is_ended_by_a_noop() {
    let mut node = Node::new();
    let request = node.poll(0);
    node.published();
    node.granted(1, request);

    node.upgrade(2);

    assert_eq!(node.next(), answer(vec![Packet::of(PacketKind::Noop)]));
}

#[test]
fn questions_and_sessions_over_the_limits_are_refused_at_once() {
    let mut options = RelayOptions::default();
    options.max_pending = 1;
    options.max_carried = 1;
    let mut node = Node::with(options);
    let first = node.poll(0);
    node.published();

    node.ask(0, Carrier::Polling, Access::Write, "too many questions");
    let asker = "too many questions";
    assert_eq!(node.next(), Output::Refused { asker });
    node.granted(1, first);
    node.ask(1, Carrier::Polling, Access::Write, "too many sessions");
    let asker = "too many sessions";
    assert_eq!(node.next(), Output::Refused { asker });
    assert_eq!(node.relay.waiting(), 1);
}

#[test]
fn a_request_that_ends_the_session_leaves_the_close_of_its_connection_to_the_owner() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();

    let (sid, owner) = (SID.into(), "a68f7c".into());
    let reason = "transport error";
    node.input(1, Input::End { sid, owner, reason });
    node.received(2, "a68f7c", drain(vec![Packet::of(PacketKind::Close)]));

    assert!(matches!(node.published().1, Body::Close { .. }));
    let (line, packets) = ("line", vec![Packet::of(PacketKind::Close)]);
    assert_eq!(node.next(), Output::Write { line, packets });
    node.input(1000, Input::Tick);
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn what_concerns_sessions_of_this_node_is_handed_on() {
    let mut node = Node::new();
    let (sid, reason) = (SID.into(), "transport close".into());
    let body = Body::Close { sid, reason };

    node.received(0, "a68f7c", body.clone());

    let from = "a68f7c".into();
    assert_eq!(node.next(), Output::Apply { from, body });
}

#[test]
fn messages_of_the_node_itself_and_for_others_are_passed_over() {
    let mut node = Node::new();
    let (sid, reason) = (SID.into(), "transport close".into());
    let body = Body::Close { sid, reason };

    node.received(0, "bf1db0", body.clone());
    let (from, to) = ("a68f7c".into(), Some("c0ffee".into()));
    node.input(0, Input::Received(Message { from, to, body }));

    assert_eq!(node.idle(), None);
}

#[test]
fn whoever_waits_when_a_node_leaves_is_refused_and_so_are_later_questions() {
    let mut node = Node::new();
    let carried = node.poll(0);
    node.published();
    node.granted(1, carried);
    node.ask(1, Carrier::Polling, Access::Write, "post");
    node.published();

    node.input(2, Input::Stop);

    let asker = "post";
    assert_eq!(node.next(), Output::Refused { asker });
    let asker = "poll";
    assert_eq!(node.next(), Output::Refused { asker });
    assert_eq!(node.idle(), None);
    assert_eq!(node.relay.waiting(), 0);
    node.poll(3);
    assert_eq!(node.next(), Output::Refused { asker });
    node.upgrade(3);
    let asker = "upgrade";
    assert_eq!(node.next(), Output::Refused { asker });
    assert_eq!(node.idle(), None);
}

#[test]
fn the_connections_of_a_node_that_leaves_are_closed() {
    let mut node = Node::new();
    node.upgrade(0);
    node.published();

    node.input(1, Input::Stop);

    let asker = "upgrade";
    assert_eq!(node.next(), Output::Refused { asker });
    let (line, packets) = ("line", vec![Packet::of(PacketKind::Close)]);
    assert_eq!(node.next(), Output::Write { line, packets });
    assert_eq!(node.relay.waiting(), 0);
}

#[test]
fn a_poll_that_is_granted_when_the_client_has_moved_is_refused_and_harms_nothing() {
    let mut node = Node::new();
    let request = node.poll(0);
    node.published();
    node.upgrade(1);
    node.published();

    node.granted(2, request);

    let asker = "poll";
    assert_eq!(node.next(), Output::Refused { asker });
    node.received(3, "a68f7c", drain(vec![text("news")]));
    let (line, packets) = ("line", vec![text("news")]);
    assert_eq!(node.next(), Output::Write { line, packets });
}
