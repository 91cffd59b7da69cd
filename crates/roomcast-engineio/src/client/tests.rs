use super::*;

const POLLING: Transport = Transport::Polling;
const WEBSOCKET: Transport = Transport::WebSocket;

/// Recorded from engine.io 6.6.9.
const OPEN: &str = r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#;

fn start() -> Instant {
    Instant::now()
}

fn session(transport: Transport) -> Session {
    Session::new(transport, Upgrades::To(vec![POLLING, WEBSOCKET]))
}

fn outputs(session: &mut Session) -> Vec<Output> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

/// A session that is open, its outputs taken.
fn opened(now: Instant, transport: Transport) -> Session {
    let mut session = session(transport);
    session.handle_packet(now, transport, Packet::Open(OPEN));
    outputs(&mut session);
    session
}

/// A polling session whose probe has been answered.
fn pausing(now: Instant) -> Session {
    let mut session = opened(now, POLLING);
    session.handle_input(now, Input::TransportOpened(WEBSOCKET));
    session.handle_packet(now, WEBSOCKET, Packet::Pong("probe"));
    let expected = [Output::SendProbe(WEBSOCKET), Output::PausePolling];
    assert_eq!(outputs(&mut session), expected);
    session
}

fn dropped(failure: ProbeFailure) -> Output {
    Output::DropProbe {
        transport: WEBSOCKET,
        failure,
    }
}

#[test]
fn nothing_is_written_before_the_open_packet() {
    let now = start();
    let mut session = session(WEBSOCKET);

    assert_eq!(session.writable(), None);
    assert_eq!(
        session.handle_packet(now, WEBSOCKET, Packet::Text("early")),
        None
    );
    session.handle_packet(now, WEBSOCKET, Packet::Open(OPEN));
    assert_eq!(session.writable(), Some(WEBSOCKET));
}

#[test]
fn a_session_that_starts_on_a_websocket_tries_no_other() {
    let now = start();
    let mut session = session(WEBSOCKET);

    session.handle_packet(now, WEBSOCKET, Packet::Open(OPEN));
    let outputs = outputs(&mut session);
    assert!(
        matches!(&outputs[..], [Output::Opened(handshake)] if handshake.sid == "lv_VI97HAXpY6yYWAAAC")
    );
}

#[test]
fn only_wanted_transports_that_the_server_offers_are_tried() {
    let now = start();
    for upgrades in [Upgrades::Never, Upgrades::To(vec![POLLING])] {
        let mut session = Session::new(POLLING, upgrades);
        session.handle_packet(now, POLLING, Packet::Open(OPEN));
        assert!(matches!(outputs(&mut session)[..], [Output::Opened(_)]));
    }
}

#[test]
fn each_transport_is_tried_once_and_polling_never() {
    let open = r#"{"sid":"x","upgrades":["websocket","polling","websocket"],"pingInterval":300,"pingTimeout":200}"#;
    let mut session = session(POLLING);

    session.handle_packet(start(), POLLING, Packet::Open(open));
    let outputs = outputs(&mut session);
    let probe = Output::Probe {
        transport: WEBSOCKET,
        delay: Duration::ZERO,
    };
    assert!(
        matches!(&outputs[..], [Output::Opened(_), tried] if *tried == probe),
        "{outputs:?}"
    );
}

#[test]
fn webtransport_is_tried_200_ms_before_websocket() {
    let upgrades = Upgrades::To(vec![POLLING, WEBSOCKET, Transport::WebTransport]);
    let mut session = Session::new(POLLING, upgrades);
    let open = r#"{"sid":"x","upgrades":["websocket","webtransport"],"pingInterval":300,"pingTimeout":200}"#;
    session.handle_packet(start(), POLLING, Packet::Open(open));

    let probe = |transport, milliseconds| Output::Probe {
        transport,
        delay: Duration::from_millis(milliseconds),
    };
    assert_eq!(
        outputs(&mut session)[1..],
        [probe(WEBSOCKET, 200), probe(Transport::WebTransport, 0)]
    );
}

#[test]
fn the_first_of_two_probes_to_answer_is_taken_and_the_other_given_up() {
    let now = start();
    let webtransport = Transport::WebTransport;
    let upgrades = Upgrades::To(vec![POLLING, WEBSOCKET, webtransport]);
    let mut session = Session::new(POLLING, upgrades);
    let open = r#"{"sid":"x","upgrades":["websocket","webtransport"],"pingInterval":300,"pingTimeout":200}"#;
    session.handle_packet(now, POLLING, Packet::Open(open));
    session.handle_input(now, Input::TransportOpened(webtransport));
    session.handle_input(now, Input::TransportOpened(WEBSOCKET));
    outputs(&mut session);

    session.handle_packet(now, webtransport, Packet::Pong("probe"));
    let outrun = dropped(ProbeFailure::Outrun);
    assert_eq!(outputs(&mut session), [outrun, Output::PausePolling]);
    session.handle_input(now, Input::Paused);
    assert_eq!(outputs(&mut session), [Output::Upgrade(webtransport)]);
}

#[test]
fn while_it_changes_over_nothing_is_written_and_messages_are_taken() {
    let now = start();
    let mut session = pausing(now);

    assert_eq!(session.writable(), None);
    let message = session.handle_packet(now, POLLING, Packet::Text("last"));
    assert_eq!(message, Some(Message::Text("last")));
    session.handle_input(now, Input::Paused);
    assert_eq!(outputs(&mut session), [Output::Upgrade(WEBSOCKET)]);
    assert_eq!(session.writable(), Some(WEBSOCKET));
    assert_eq!(session.transport(), WEBSOCKET);
}

#[test]
fn a_probe_that_fails_leaves_the_session_on_polling() {
    let now = start();
    let failures = [
        (Input::TransportFailed(WEBSOCKET), ProbeFailure::Failed),
        (Input::TransportClosed(WEBSOCKET), ProbeFailure::Closed),
        (Input::DecodeFailed(WEBSOCKET), ProbeFailure::Answer),
    ];
    for (input, failure) in failures {
        let mut session = opened(now, POLLING);
        session.handle_input(now, Input::TransportOpened(WEBSOCKET));
        outputs(&mut session);
        session.handle_input(now, input);
        assert_eq!(outputs(&mut session), [dropped(failure)]);
        assert_eq!(session.writable(), Some(POLLING));
    }
}

#[test]
fn a_probe_that_breaks_while_polling_pauses_gives_polling_back() {
    let now = start();
    let mut session = pausing(now);

    session.handle_input(now, Input::TransportClosed(WEBSOCKET));
    assert_eq!(outputs(&mut session), [dropped(ProbeFailure::Closed)]);
    assert_eq!(session.writable(), Some(POLLING));
    session.handle_input(now, Input::Paused);
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn another_answer_than_the_probe_is_a_failure() {
    let now = start();
    for answer in [
        Packet::Pong(""),
        Packet::Pong("other"),
        Packet::Noop,
        Packet::Text("probe"),
    ] {
        let mut session = opened(now, POLLING);
        session.handle_input(now, Input::TransportOpened(WEBSOCKET));
        outputs(&mut session);
        session.handle_packet(now, WEBSOCKET, answer);
        assert_eq!(outputs(&mut session), [dropped(ProbeFailure::Answer)]);
    }
}

#[test]
fn each_ping_is_answered_and_moves_the_deadline() {
    let now = start();
    let at = |milliseconds| now + Duration::from_millis(milliseconds);
    let mut session = opened(now, WEBSOCKET);

    assert_eq!(session.next_timeout(), Some(at(500)));
    session.handle_packet(at(300), WEBSOCKET, Packet::Ping(""));
    assert_eq!(outputs(&mut session), [Output::QueuePong]);
    assert_eq!(session.next_timeout(), Some(at(800)));
    // Only pings count, as in the official client.
    session.handle_packet(at(400), WEBSOCKET, Packet::Text("busy"));
    assert_eq!(session.next_timeout(), Some(at(800)));
}

#[test]
fn silent_server_times_out_after_interval_plus_timeout() {
    let now = start();
    let at = |milliseconds| now + Duration::from_millis(milliseconds);
    let mut session = opened(now, WEBSOCKET);

    session.handle_input(at(499), Input::Timeout);
    assert!(!session.has_expired(at(499)));
    assert_eq!(outputs(&mut session), []);
    session.handle_input(at(500), Input::Timeout);
    let expected = [
        Output::CloseTransport(WEBSOCKET),
        Output::Closed(CloseReason::PingTimeout),
    ];
    assert_eq!(outputs(&mut session), expected);
}

#[test]
fn what_is_queued_leaves_before_the_close() {
    let now = start();
    let mut session = opened(now, WEBSOCKET);

    session.handle_input(now, Input::Close);
    assert!(session.is_flushing() && !session.is_open());
    assert_eq!(session.writable(), Some(WEBSOCKET));
    session.handle_input(now, Input::Drained);
    let expected = [
        Output::CloseTransport(WEBSOCKET),
        Output::Closed(CloseReason::ForcedClose),
    ];
    assert_eq!(outputs(&mut session), expected);
}

#[test]
fn a_ping_does_not_prolong_a_close() {
    let now = start();
    let mut session = opened(now, WEBSOCKET);
    let deadline = session.next_timeout();
    session.handle_input(now, Input::Close);

    let later = now + Duration::from_millis(400);
    session.handle_packet(later, WEBSOCKET, Packet::Ping(""));
    assert_eq!(outputs(&mut session), [Output::QueuePong]);
    assert_eq!(session.next_timeout(), deadline);
}

#[test]
fn a_close_waits_for_the_end_of_an_upgrade() {
    let now = start();
    let mut session = pausing(now);

    session.handle_input(now, Input::Close);
    assert!(!session.is_flushing());
    session.handle_input(now, Input::Drained);
    session.handle_input(now, Input::Paused);
    assert_eq!(outputs(&mut session), [Output::Upgrade(WEBSOCKET)]);
    assert!(session.is_flushing());
    session.handle_input(now, Input::Drained);
    let expected = [
        Output::CloseTransport(WEBSOCKET),
        Output::Closed(CloseReason::ForcedClose),
    ];
    assert_eq!(outputs(&mut session), expected);
}

#[test]
fn a_close_gives_up_a_probe_that_has_no_answer_yet() {
    let now = start();
    let mut session = opened(now, POLLING);
    session.handle_input(now, Input::TransportOpened(WEBSOCKET));
    outputs(&mut session);

    session.handle_input(now, Input::Close);
    session.handle_input(now, Input::Drained);
    let expected = [
        Output::CloseTransport(POLLING),
        dropped(ProbeFailure::SessionClosed),
        Output::Closed(CloseReason::ForcedClose),
    ];
    assert_eq!(outputs(&mut session), expected);
}

#[test]
fn a_session_that_is_closed_while_it_opens_still_closes_its_transport() {
    let now = start();
    let mut session = session(POLLING);

    session.handle_input(now, Input::Close);
    let expected = [
        Output::CloseTransport(POLLING),
        Output::Closed(CloseReason::ForcedClose),
    ];
    assert_eq!(outputs(&mut session), expected);
    session.handle_packet(now, POLLING, Packet::Open(OPEN));
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn a_handshake_that_is_none_ends_the_session() {
    let now = start();
    for json in ["", "{", "[]", r#"{"sid":"x"}"#, "null"] {
        let mut session = session(POLLING);
        session.handle_packet(now, POLLING, Packet::Open(json));
        let expected = [
            Output::CloseTransport(POLLING),
            Output::Closed(CloseReason::BadHandshake),
        ];
        assert_eq!(outputs(&mut session), expected, "{json}");
    }
}

#[test]
fn a_close_packet_counts_over_polling_only() {
    let now = start();
    let mut session = opened(now, WEBSOCKET);
    session.handle_packet(now, WEBSOCKET, Packet::Close);
    assert_eq!(outputs(&mut session), []);

    let mut session = opened(now, POLLING);
    session.handle_packet(now, POLLING, Packet::Close);
    let closed = outputs(&mut session);
    assert_eq!(
        closed.last(),
        Some(&Output::Closed(CloseReason::TransportClose))
    );
}

#[test]
fn an_end_is_told_once() {
    let now = start();
    let mut session = opened(now, WEBSOCKET);

    session.handle_input(now, Input::TransportFailed(WEBSOCKET));
    assert_eq!(
        outputs(&mut session),
        [Output::Closed(CloseReason::TransportError)]
    );
    session.handle_input(now, Input::TransportClosed(WEBSOCKET));
    session.handle_input(now, Input::Timeout);
    session.handle_input(now, Input::Close);
    assert_eq!(outputs(&mut session), []);
    assert!(session.is_closed());
}
