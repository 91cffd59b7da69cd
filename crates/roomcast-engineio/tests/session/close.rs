//! The end of a session, from either side.

use std::{sync::Arc, time::Duration};

use crate::driver::*;
use roomcast_engineio::{
    CloseReason, Config, Input, Output, PollAnswer, RequestFault, Revision, TransportError,
};

#[test]
fn a_close_packet_ends_a_waiting_poll_with_noop() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    assert_eq!(driver.text(Polling, "1"), [NOOP, CLIENT_CLOSED]);
}

#[test]
fn a_close_packet_without_a_waiting_poll_ends_the_session() {
    let mut driver = Driver::on(Polling);
    assert_eq!(driver.text(Polling, "1"), [CLIENT_CLOSED]);
    assert!(driver.session.is_closed());
    assert_eq!(driver.next_timeout(), None);
}

#[test]
fn packets_behind_a_close_packet_are_not_processed() {
    let mut driver = Driver::on(Polling);
    let messages = driver.messages(Polling, "4a\x1e1\x1e4b\x1e2\x1e1\x1eabc");

    assert_eq!(messages, ["a"]);
    assert_eq!(driver.outputs(), [CLIENT_CLOSED]);
}

#[test]
fn a_close_packet_over_a_websocket_is_ignored() {
    let mut driver = Driver::on(WebSocket);
    assert_eq!(driver.text(WebSocket, "1"), []);
    assert_eq!(driver.messages(WebSocket, "4x"), ["x"]);
}

#[test]
fn a_graceful_close_of_a_websocket_waits_for_the_queue() {
    let mut driver = Driver::on(WebSocket);
    assert_eq!(driver.input(Input::Close), []);
    assert!(driver.session.is_flushing());
    assert!(!driver.session.is_open());
    assert_eq!(driver.session.writable(), Some(WebSocket));

    assert_eq!(driver.input(Input::Drained), [CLOSE_WEBSOCKET, FORCED]);
}

#[test]
fn a_graceful_close_answers_the_waiting_poll() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::Close);
    assert_eq!(driver.input(Input::Drained), [CLOSE, FORCED]);
}

#[test]
fn a_graceful_close_without_a_waiting_poll_answers_the_next_one() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    assert_eq!(driver.input(Input::Drained), []);
    assert_eq!(driver.session.writable(), None);

    let answer = PollAnswer::NoopAndClose;
    assert_eq!(answer.body(Revision::Four), "6\x1e1");
    let outputs = [Output::AnswerPoll(answer), FORCED];
    assert_eq!(driver.input(Input::Poll), outputs);
}

#[test]
fn queued_packets_leave_by_the_next_poll_and_the_close_by_the_one_after_it() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    driver.input(Input::Poll);
    assert_eq!(driver.session.writable(), Some(Polling));
    driver.input(Input::PollAnswered);
    assert_eq!(driver.input(Input::Drained), []);

    let outputs = [Output::AnswerPoll(PollAnswer::NoopAndClose), FORCED];
    assert_eq!(driver.input(Input::Poll), outputs);
}

#[test]
fn a_client_that_never_polls_again_is_dropped_after_30_seconds() {
    let config = Arc::new(Config {
        ping_interval: Duration::from_secs(3600),
        ..Config::default()
    });
    let mut driver = Driver::with(config, Polling);
    driver.at(1000);
    driver.input(Input::Close);
    driver.input(Input::Drained);

    assert_eq!(driver.at(60_000), [(31_000, FORCED)]);
}

#[test]
fn a_closing_client_that_never_polls_again_can_time_out_first() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    driver.input(Input::Drained);
    assert_eq!(driver.at(60_000), [(500, PING_TIMEOUT)]);
}

#[test]
fn a_closing_session_takes_no_packets_but_a_close() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    for packet in ["4x", "bAQID", "2", "3", "6", "abc"] {
        assert_eq!(driver.messages(Polling, packet), [""; 0]);
        assert_eq!(driver.outputs(), []);
    }
    assert_eq!(driver.text(Polling, "1"), [CLIENT_CLOSED]);
}

#[test]
fn a_closing_session_still_minds_its_requests() {
    let mut overlap = Driver::on(Polling);
    overlap.input(Input::Poll);
    overlap.input(Input::Close);
    let outputs = [
        Output::RefusePoll(RequestFault::Overlap),
        CLOSE,
        transport_error(TransportError::PollOverlap),
    ];
    assert_eq!(overlap.input(Input::Poll), outputs);

    let mut aborted = Driver::on(Polling);
    aborted.input(Input::PostBegun);
    aborted.input(Input::Close);
    aborted.input(Input::Drained);
    let outputs = [transport_error(TransportError::PostAborted)];
    assert_eq!(aborted.input(Input::PostAborted), outputs);
}

#[test]
fn an_upgrade_during_a_close_flushes_over_the_websocket() {
    let mut driver = Driver::probed();
    driver.input(Input::Close);

    assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
    assert_eq!(driver.session.writable(), Some(WebSocket));
    assert_eq!(driver.input(Input::Drained), [CLOSE_WEBSOCKET, FORCED]);
}

#[test]
fn an_upgrade_of_a_session_that_waits_to_tell_its_close_ends_it() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    driver.input(Input::Drained);
    driver.input(Input::TransportOpened(WebSocket));
    let answer = [Output::AnswerProbe(WebSocket)];
    assert_eq!(driver.text(WebSocket, "2probe"), answer);

    let outputs = [Output::Upgraded(WebSocket), CLOSE_WEBSOCKET, FORCED];
    assert_eq!(driver.text(WebSocket, "5"), outputs);
}

#[test]
fn a_probe_of_a_session_that_waits_to_tell_its_close_is_cut_in_time() {
    let config = Arc::new(Config {
        upgrade_timeout: Duration::from_millis(100),
        ..*config()
    });
    let mut driver = Driver::with(config, Polling);
    driver.input(Input::Close);
    driver.input(Input::Drained);
    driver.input(Input::TransportOpened(WebSocket));
    assert_eq!(driver.at(200), [(100, CLOSE_WEBSOCKET)]);
}

#[test]
fn a_discard_waits_for_nothing() {
    let discard = Input::Discard(CloseReason::ForcedClose);

    let mut websocket = Driver::on(WebSocket);
    assert_eq!(websocket.input(discard), [CLOSE_WEBSOCKET, FORCED]);

    let mut polling = Driver::on(Polling);
    assert_eq!(polling.input(discard), [FORCED]);

    let mut waiting = Driver::probed();
    waiting.input(Input::Poll);
    waiting.input(Input::PostBegun);
    let outputs = [CLOSE, Output::AbortPost, CLOSE_WEBSOCKET, FORCED];
    assert_eq!(waiting.input(discard), outputs);
}

#[test]
fn a_discard_ends_a_session_that_is_closing() {
    for inputs in [&[Input::Close][..], &[Input::Close, Input::Drained]] {
        let mut driver = Driver::on(Polling);
        for &input in inputs {
            driver.input(input);
        }
        let reason = CloseReason::ServerShuttingDown;
        let outputs = driver.input(Input::Discard(reason));
        assert_eq!(outputs, [Output::Closed(reason)]);
    }
}

#[test]
fn a_drained_queue_means_nothing_before_a_close() {
    for transport in [Polling, WebSocket] {
        let mut driver = Driver::on(transport);
        assert_eq!(driver.input(Input::Drained), []);
        assert!(driver.session.is_open());
    }
}

#[test]
fn a_second_close_changes_nothing() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Close);
    driver.input(Input::Drained);
    assert_eq!(driver.input(Input::Close), []);
    assert_eq!(driver.input(Input::Drained), []);
    assert!(!driver.session.is_closed());
}

#[test]
fn a_closing_websocket_that_never_drains_times_out() {
    let mut driver = Driver::on(WebSocket);
    driver.input(Input::Close);
    let outputs = [(500, CLOSE_WEBSOCKET), (500, PING_TIMEOUT)];
    assert_eq!(driver.at(1000), outputs);
}

#[test]
fn reasons_have_the_official_texts() {
    let reasons = [
        (
            CloseReason::TransportError(TransportError::Connection),
            "transport error",
        ),
        (CloseReason::TransportClose, "transport close"),
        (CloseReason::ForcedClose, "forced close"),
        (CloseReason::PingTimeout, "ping timeout"),
        (CloseReason::ParseError, "parse error"),
        (CloseReason::ServerShuttingDown, "server shutting down"),
        (CloseReason::ForcedServerClose, "forced server close"),
    ];
    for (reason, text) in reasons {
        assert_eq!((reason.as_str(), reason.to_string().as_str()), (text, text));
    }
}

#[test]
fn causes_have_the_official_texts() {
    let causes = [
        (TransportError::PollOverlap, "overlap from client"),
        (
            TransportError::PollAborted,
            "poll connection closed prematurely",
        ),
        (
            TransportError::PostOverlap,
            "data request overlap from client",
        ),
        (
            TransportError::PostAborted,
            "data request connection closed prematurely",
        ),
        (TransportError::BinaryPost, "invalid content"),
        (
            TransportError::HeartbeatDirection,
            "invalid heartbeat direction",
        ),
    ];
    for (cause, text) in causes {
        assert_eq!(cause.to_string(), text);
    }
}
