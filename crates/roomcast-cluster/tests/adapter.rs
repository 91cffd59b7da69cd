//! The adapter's rules in virtual time. Spec: cluster, section 5; features 4.12 and N19.

use std::time::{Duration, Instant};

use roomcast_cluster::{
    Adapter, Answer, Body, Counting, Input, MAX_ACKS, MAX_NODES, Message, Missing, NodeId, Options,
    Outcome, Output, Profile, Question, SocketDescription,
};
use roomcast_socketio::{Value, value};

/// An adapter that is called `me`, its clock, and what it says.
struct Scene {
    start: Instant,
    adapter: Adapter,
}

impl Scene {
    fn new(profile: Profile) -> Self {
        Self {
            start: Instant::now(),
            adapter: Adapter::new("me".into(), "/".into(), profile),
        }
    }

    /// One that is open at 0 ms and has others around it.
    fn among(others: &[&str]) -> Self {
        let mut scene = Self::new(Profile::default());
        scene.at(0, Input::Opened);
        for other in others {
            scene.hears(0, other, Body::Heartbeat);
        }
        scene
    }

    fn counting() -> Self {
        let mut scene = Self::new(Profile::default().counting(Counting::Subscribers));
        scene.at(0, Input::Opened);
        scene
    }

    fn at(&mut self, millis: u64, input: Input) -> Vec<Output> {
        let now = self.start + Duration::from_millis(millis);
        self.adapter.handle_input(now, input);
        let mut outputs = Vec::new();
        loop {
            match self.adapter.poll_output() {
                Output::Wait(_) => return outputs,
                output => outputs.push(output),
            }
        }
    }

    fn hears(&mut self, millis: u64, from: &str, body: Body) -> Vec<Output> {
        self.at(millis, Input::Received(message(from, body)))
    }

    fn asks(&mut self, millis: u64, question: Question) -> Vec<Output> {
        let timeout = Duration::from_secs(5);
        self.at(
            millis,
            Input::Ask {
                id: "r".into(),
                question,
                timeout,
            },
        )
    }

    /// When the adapter wants to be woken, in milliseconds.
    fn wakes_at(&mut self) -> Option<u128> {
        match self.adapter.poll_output() {
            Output::Wait(at) => at.map(|at| at.duration_since(self.start).as_millis()),
            output => panic!("{output:?} was not taken"),
        }
    }
}

fn message(from: &str, body: Body) -> Message {
    Message {
        from: Some(from.into()),
        namespace: "/".into(),
        body,
    }
}

fn published(body: Body) -> Output {
    Output::Publish(message("me", body))
}

fn fetch() -> Question {
    Question::FetchSockets {
        options: Options::default(),
    }
}

fn vote() -> Question {
    Question::Broadcast {
        packet: [value!("vote")].into(),
        options: Options::default(),
    }
}

fn sockets(ids: &[&str]) -> Body {
    let socket = |id: &&str| SocketDescription {
        id: (*id).into(),
        handshake: Value::Null,
        rooms: Vec::new(),
        data: Value::Null,
    };
    Body::FetchSocketsResponse {
        request: "r".into(),
        sockets: ids.iter().map(socket).collect(),
    }
}

fn asked(count: usize, clients: &[&str]) -> Body {
    Body::BroadcastClientCount {
        request: "r".into(),
        client_count: count,
        clients: clients.iter().map(|id| (*id).into()).collect(),
    }
}

fn ack(client: Option<&str>) -> Body {
    Body::BroadcastAck {
        request: "r".into(),
        packet: value!(1),
        client: client.map(Into::into),
    }
}

fn outcome(outputs: &[Output]) -> &Outcome {
    let finished = outputs.iter().filter_map(|output| match output {
        Output::Finished { id, outcome } if id.as_str() == "r" => Some(outcome),
        _ => None,
    });
    let finished: Vec<_> = finished.collect();
    assert_eq!(finished.len(), 1, "{outputs:?}");
    finished[0]
}

fn missing(nodes: &[&str]) -> Missing {
    let mut missing = Missing::default();
    missing.nodes = nodes.iter().map(|node| NodeId::from(*node)).collect();
    missing
}

#[test]
fn an_adapter_announces_itself_when_it_is_open_and_is_answered_at_once() {
    let mut scene = Scene::new(Profile::default());
    assert_eq!(scene.wakes_at(), None);

    assert_eq!(
        scene.at(0, Input::Opened),
        [published(Body::InitialHeartbeat)]
    );
    assert_eq!(scene.at(0, Input::Opened), []);
    assert_eq!(
        scene.hears(1, "a", Body::InitialHeartbeat),
        [Output::Joined("a".into()), published(Body::Heartbeat)]
    );
    assert_eq!(scene.hears(2, "a", Body::Heartbeat), []);
}

#[test]
fn a_sign_of_life_is_sent_after_five_seconds_without_a_request() {
    let mut scene = Scene::among(&[]);
    assert_eq!(scene.wakes_at(), Some(5000));

    // SPEC: broadcasts do not reset the timer, requests do.
    let leave = Body::SocketsLeave {
        options: Options::default(),
        rooms: Vec::new(),
    };
    assert_eq!(
        scene.at(1000, Input::Tell(leave.clone())),
        [published(leave)]
    );
    assert_eq!(scene.wakes_at(), Some(5000));
    let tell = Body::ServerSideEmit {
        request: None,
        packet: [value!("e")].into(),
    };
    scene.at(2000, Input::Tell(tell));
    assert_eq!(scene.wakes_at(), Some(7000));
    assert_eq!(scene.at(6999, Input::Tick), []);
    assert_eq!(scene.at(7000, Input::Tick), [published(Body::Heartbeat)]);
    assert_eq!(scene.wakes_at(), Some(12000));
}

#[test]
fn any_message_keeps_a_node_and_ten_seconds_of_silence_lose_it() {
    let mut scene = Scene::among(&["a", "b"]);
    let leave = Body::SocketsLeave {
        options: Options::default(),
        rooms: Vec::new(),
    };
    scene.hears(3000, "a", leave);
    scene.hears(4000, "emitter", Body::Heartbeat);

    assert_eq!(scene.adapter.nodes().len(), 2);
    let outputs = scene.at(10_000, Input::Tick);
    assert!(outputs.contains(&Output::Left("b".into())));
    assert!(!outputs.contains(&Output::Left("a".into())));
    assert!(
        scene
            .at(13_000, Input::Tick)
            .contains(&Output::Left("a".into()))
    );
    assert_eq!(scene.adapter.nodes().len(), 0);
}

#[test]
fn messages_of_its_own_and_of_other_namespaces_are_dropped() {
    let mut scene = Scene::among(&[]);
    let leave = Body::SocketsLeave {
        options: Options::default(),
        rooms: Vec::new(),
    };

    assert_eq!(scene.hears(1, "me", leave.clone()), []);
    let mut other = message("a", leave.clone());
    other.namespace = "/other".into();
    assert_eq!(scene.at(1, Input::Received(other)), []);
    let emitter = message("emitter", leave);
    assert_eq!(
        scene.at(1, Input::Received(emitter.clone())),
        [Output::Apply(emitter)]
    );
}

#[test]
fn a_request_ends_when_all_who_were_there_have_answered() {
    let mut scene = Scene::among(&["a", "b"]);
    let body = Body::FetchSockets {
        request: "r".into(),
        options: Options::default(),
    };
    assert_eq!(scene.asks(1, fetch()), [published(body)]);

    let first = scene.hears(2, "a", sockets(&["1", "2"]));
    assert!(
        matches!(&first[..], [Output::Answered { answer: Answer::Sockets(found), .. }] if found.len() == 2)
    );
    assert_eq!(scene.hears(3, "a", sockets(&["3"])), []); // once is enough
    let last = scene.hears(4, "b", sockets(&[]));
    assert_eq!(*outcome(&last), Outcome::default());
    assert_eq!(scene.hears(5, "b", sockets(&["4"])), []); // too late
}

#[test]
fn a_request_among_nobody_ends_at_once_and_is_published_all_the_same() {
    let mut scene = Scene::among(&[]);

    let outputs = scene.asks(1, fetch());
    assert!(matches!(
        outputs[..],
        [Output::Publish(_), Output::Finished { .. }]
    ));
    assert!(outcome(&outputs).missing.is_empty());
}

#[test]
fn the_end_of_the_time_names_who_is_missing() {
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, fetch());
    scene.hears(1, "b", sockets(&[]));

    assert_eq!(scene.wakes_at(), Some(5000));
    let outputs = scene.at(5000, Input::Tick);
    assert_eq!(outcome(&outputs).missing, missing(&["a"]));
    assert!(outcome(&outputs).has_timed_out);
}

#[test]
fn a_node_that_leaves_completes_what_waits_for_it() {
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, fetch());
    scene.hears(1, "a", sockets(&[]));

    let outputs = scene.hears(2, "b", Body::AdapterClose);
    assert_eq!(outputs[0], Output::Left("b".into()));
    assert_eq!(outcome(&outputs).missing, missing(&["b"]));
    assert!(!outcome(&outputs).has_timed_out);
}

#[test]
fn a_node_that_expires_completes_what_waits_for_it() {
    let mut scene = Scene::among(&["a"]);
    let timeout = Duration::from_secs(60);
    scene.at(
        1,
        Input::Ask {
            id: "r".into(),
            question: fetch(),
            timeout,
        },
    );

    let outputs = scene.at(10_000, Input::Tick);
    assert_eq!(outcome(&outputs).missing, missing(&["a"]));
    assert!(!outcome(&outputs).has_timed_out);
}

#[test]
fn acknowledgements_are_complete_when_each_node_has_given_as_many_as_it_said() {
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, vote());

    // The order of count and acknowledgements does not matter.
    assert_eq!(scene.hears(1, "a", ack(Some("1"))).len(), 1);
    assert_eq!(scene.hears(2, "a", asked(1, &["1"])), []);
    assert_eq!(scene.hears(3, "b", asked(2, &["2", "3"])), []);
    scene.hears(4, "b", ack(Some("2")));
    let outputs = scene.hears(5, "b", ack(Some("3")));
    assert_eq!(*outcome(&outputs), Outcome::default());
}

#[test]
fn missing_acknowledgements_are_named_or_counted() {
    let mut scene = Scene::among(&["a", "b", "c"]);
    scene.asks(0, vote());
    scene.hears(1, "a", asked(2, &["1", "2"]));
    scene.hears(2, "a", ack(Some("2")));
    scene.hears(3, "b", asked(3, &[]));
    scene.hears(4, "b", ack(None));

    let outputs = scene.at(5000, Input::Tick);
    let outcome = outcome(&outputs);
    assert_eq!(outcome.missing_clients, ["1".into()]);
    assert_eq!(outcome.unnamed_clients, 2);
    assert_eq!(outcome.missing, missing(&["c"]));
}

#[test]
fn a_node_that_is_lost_after_it_has_counted_is_missing_with_its_sockets() {
    let mut scene = Scene::among(&["a"]);
    scene.asks(0, vote());
    scene.hears(1, "a", asked(2, &["1", "2"]));
    scene.hears(2, "a", ack(Some("1")));

    let outputs = scene.hears(3, "a", Body::AdapterClose);
    let outcome = outcome(&outputs);
    assert_eq!(outcome.missing, missing(&["a"]));
    assert_eq!(outcome.missing_clients, ["2".into()]);
}

#[test]
fn a_node_that_is_lost_after_it_has_answered_in_full_is_not_missing() {
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, vote());
    scene.hears(1, "a", asked(0, &[]));
    scene.hears(2, "a", Body::AdapterClose);

    let outputs = scene.hears(3, "b", asked(0, &[]));
    assert_eq!(*outcome(&outputs), Outcome::default());
}

#[test]
fn where_nodes_are_counted_the_number_of_answers_decides() {
    let mut scene = Scene::counting();
    let outputs = scene.asks(0, fetch());
    assert_eq!(outputs[1], Output::Count("r".into()));
    // Answers may come before the count; classic nodes do not say who they are.
    let anonymous = Message {
        from: None,
        namespace: "/".into(),
        body: sockets(&["1"]),
    };
    assert_eq!(scene.at(1, Input::Received(anonymous.clone())).len(), 1);
    assert_eq!(
        scene.at(
            2,
            Input::Counted {
                id: "r".into(),
                nodes: 3
            }
        ),
        []
    );

    let outputs = scene.at(3, Input::Received(anonymous));
    assert_eq!(*outcome(&outputs), Outcome::default());
    assert_eq!(scene.wakes_at(), None); // no heartbeats
}

#[test]
fn a_single_counted_node_waits_for_nobody() {
    let mut scene = Scene::counting();
    scene.asks(0, fetch());

    let outputs = scene.at(
        1,
        Input::Counted {
            id: "r".into(),
            nodes: 1,
        },
    );
    assert!(outcome(&outputs).missing.is_empty());
}

#[test]
fn nodes_that_are_counted_are_missing_by_number() {
    let mut scene = Scene::counting();
    scene.asks(0, vote());
    scene.at(
        1,
        Input::Counted {
            id: "r".into(),
            nodes: 4,
        },
    );
    scene.hears(2, "a", asked(1, &[]));

    let outputs = scene.at(5000, Input::Tick);
    assert_eq!(outcome(&outputs).missing.unnamed, 2);
    assert_eq!(outcome(&outputs).unnamed_clients, 1);
}

#[test]
fn a_request_whose_nodes_were_never_counted_is_not_complete() {
    for question in [fetch(), vote()] {
        let mut scene = Scene::counting();
        scene.asks(0, question.clone());
        scene.hears(1, "a", sockets(&["1"]));
        let outputs = scene.at(5000, Input::Tick);
        assert_eq!(outcome(&outputs).missing.unnamed, 1);
        assert!(outcome(&outputs).has_timed_out);

        let mut scene = Scene::counting();
        scene.asks(0, question);
        let outputs = scene.at(1, Input::Close);
        assert_eq!(outcome(&outputs).missing.unnamed, 1);
    }
}

#[test]
fn an_answer_keeps_a_node_that_is_known_and_makes_none_known() {
    let mut scene = Scene::among(&["a"]);

    // SPEC: an answer of a node that has left comes after its last message.
    scene.hears(1, "a", Body::AdapterClose);
    assert_eq!(scene.hears(2, "a", sockets(&[])), []);
    assert_eq!(scene.adapter.nodes().len(), 0);
    scene.hears(3, "b", Body::Heartbeat);
    scene.hears(6000, "b", sockets(&[]));
    assert_eq!(scene.at(10_003, Input::Tick).len(), 1); // its own heartbeat
    assert_eq!(
        scene.adapter.nodes().collect::<Vec<_>>(),
        [&NodeId::from("b")]
    );
}

#[test]
fn a_node_acknowledges_for_as_many_sockets_as_it_has_counted() {
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, vote());
    scene.hears(1, "a", asked(2, &["1", "2"]));

    assert_eq!(scene.hears(2, "a", ack(Some("1"))).len(), 1);
    assert_eq!(scene.hears(3, "a", ack(Some("1"))), []); // a socket answers once
    assert_eq!(scene.hears(4, "a", ack(None)).len(), 1);
    assert_eq!(scene.hears(5, "a", ack(None)), []);
    // Those that come before the count are as many as it says, too.
    assert_eq!(scene.hears(6, "b", ack(None)).len(), 1);
    assert_eq!(scene.hears(7, "b", asked(1, &[])).len(), 1);
    assert_eq!(scene.hears(8, "b", ack(None)), []);
}

#[test]
fn acknowledgements_are_taken_up_to_their_number() {
    let mut scene = Scene::among(&["a"]);
    scene.asks(0, vote());
    scene.hears(1, "a", asked(usize::MAX, &[]));

    let taken = (0..MAX_ACKS).map(|_| scene.hears(2, "a", ack(None)).len());
    assert_eq!(taken.sum::<usize>(), MAX_ACKS);
    assert_eq!(scene.hears(2, "a", ack(None)), []);
}

#[test]
fn answers_of_nodes_that_nobody_awaits_are_taken_up_to_their_number() {
    let nameless = || {
        let message = Message {
            from: None,
            namespace: "/".into(),
            body: sockets(&[]),
        };
        Input::Received(message)
    };
    let mut scene = Scene::counting();
    scene.asks(0, fetch());
    let taken = (0..MAX_NODES).map(|_| scene.at(1, nameless()).len());
    assert_eq!(taken.sum::<usize>(), MAX_NODES);
    assert_eq!(scene.at(1, nameless()), []);

    let mut scene = Scene::among(&["a"]);
    scene.asks(0, fetch());
    let taken = (0..MAX_NODES).map(|node| scene.hears(1, &format!("x{node}"), sockets(&[])).len());
    assert_eq!(taken.sum::<usize>(), MAX_NODES);
    assert_eq!(scene.hears(1, "one more", sockets(&[])), []);
    // Whoever is awaited has a place.
    assert!(
        outcome(&scene.hears(1, "a", sockets(&[])))
            .missing
            .is_empty()
    );
}

#[test]
fn counts_beyond_all_numbers_add_up_to_the_largest() {
    // The largest number that JSON carries as one, from two nodes.
    let count = |from: &str| {
        let text = format!(
            r#"{{"type":11,"data":{{"requestId":"r","clientCount":18446744073709551615}},"uid":"{from}","nsp":"/"}}"#
        );
        Input::Received(Message::decode(text.into_bytes().into(), "/").unwrap())
    };
    let mut scene = Scene::among(&["a", "b"]);
    scene.asks(0, vote());
    scene.at(1, count("a"));
    scene.at(2, count("b"));
    scene.hears(3, "a", ack(None));

    let outputs = scene.at(5000, Input::Tick);
    assert_eq!(outcome(&outputs).unnamed_clients, usize::MAX);

    let mut sum = missing(&["a"]);
    sum.unnamed = usize::MAX;
    let other = sum.clone();
    sum.extend(other);
    assert_eq!((sum.unnamed, sum.len()), (usize::MAX, usize::MAX));
}

#[test]
fn who_is_missing_is_told_in_the_right_number() {
    let told = |nodes: &[&str], unnamed| {
        let mut missing = missing(nodes);
        missing.unnamed = unnamed;
        missing.to_string()
    };

    assert_eq!(told(&[], 0), "all nodes have answered");
    assert_eq!(told(&[], 1), "no answer from 1 node");
    assert_eq!(told(&[], 2), "no answer from 2 nodes");
    assert_eq!(told(&["a", "b"], 0), "no answer from a, b");
    assert_eq!(told(&["a"], 1), "no answer from a and 1 more node");
    assert_eq!(told(&["a"], 2), "no answer from a and 2 more nodes");
}

#[test]
fn its_own_request_is_not_answered_where_the_wire_does_not_say_who_asks() {
    let mut scene = Scene::counting();
    scene.asks(0, Question::AllRooms);
    let own = Body::AllRooms {
        request: "r".into(),
    };
    let other = Body::AllRooms {
        request: "s".into(),
    };

    let from_nobody = |body| Message {
        from: None,
        namespace: "/".into(),
        body,
    };
    assert_eq!(scene.at(1, Input::Received(from_nobody(own))), []);
    assert_eq!(
        scene.at(1, Input::Received(from_nobody(other.clone()))),
        [Output::Apply(from_nobody(other))]
    );
}

#[test]
fn a_request_that_is_forgotten_ends_without_a_word() {
    let mut scene = Scene::among(&["a"]);
    scene.asks(0, fetch());

    assert_eq!(scene.at(1, Input::Forget("r".into())), []);
    assert_eq!(scene.hears(2, "a", sockets(&["1"])), []);
    assert!(
        !scene
            .at(5000, Input::Tick)
            .iter()
            .any(|output| matches!(output, Output::Finished { .. }))
    );
}

#[test]
fn closing_says_so_once_and_ends_all_requests() {
    let mut scene = Scene::among(&["a"]);
    scene.asks(0, fetch());

    let outputs = scene.at(1, Input::Close);
    assert_eq!(outputs[0], published(Body::AdapterClose));
    assert_eq!(outcome(&outputs).missing, missing(&["a"]));
    assert_eq!(scene.at(2, Input::Close), []);
    assert_eq!(scene.wakes_at(), None);
}

#[test]
fn an_adapter_that_was_never_open_says_nothing_when_it_is_closed() {
    let mut scene = Scene::new(Profile::default());

    assert_eq!(
        scene.hears(0, "a", Body::InitialHeartbeat),
        [Output::Joined("a".into())]
    );
    assert_eq!(scene.at(1, Input::Close), []);
}
