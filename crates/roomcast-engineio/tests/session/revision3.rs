//! Sessions of revision 3: the client pings, the server answers. All else is as in revision 4.

use crate::driver::*;
use roomcast_engineio::{Input, Output, PollAnswer, Revision, TransportError};

#[test]
fn each_ping_is_answered_and_the_server_never_pings() {
    for transport in [Polling, WebSocket] {
        let mut driver = Driver::of_revision3(transport);
        for ms in [300, 600, 1000] {
            assert_eq!(driver.at(ms), []);
            assert_eq!(driver.text(transport, "2"), [Output::QueuePong]);
        }
    }
}

#[test]
fn a_silent_client_times_out_after_interval_plus_timeout() {
    let mut polling = Driver::of_revision3(Polling);
    assert_eq!(polling.next_timeout(), Some(500));
    assert_eq!(polling.at(5000), [(500, PING_TIMEOUT)]);
    assert_eq!(polling.next_timeout(), None);

    let mut websocket = Driver::of_revision3(WebSocket);
    assert_eq!(websocket.at(499), []);
    let outputs = [(500, CLOSE_WEBSOCKET), (500, PING_TIMEOUT)];
    assert_eq!(websocket.at(500), outputs);
}

#[test]
fn each_ping_starts_the_time_again() {
    let mut driver = Driver::of_revision3(WebSocket);
    driver.at(450);
    driver.text(WebSocket, "2");

    assert_eq!(driver.next_timeout(), Some(950));
}

#[test]
fn other_packets_do_not_replace_the_ping() {
    let mut driver = Driver::of_revision3(WebSocket);
    driver.at(400);
    for packet in ["4x", "6", "5", "0", "1"] {
        assert_eq!(driver.text(WebSocket, packet), []);
    }

    assert_eq!(driver.next_timeout(), Some(500));
}

#[test]
fn a_pong_of_the_client_is_a_transport_error() {
    let wrong = transport_error(TransportError::HeartbeatDirection);
    let mut websocket = Driver::of_revision3(WebSocket);
    assert_eq!(websocket.text(WebSocket, "3"), [CLOSE_WEBSOCKET, wrong]);

    let mut polling = Driver::of_revision3(Polling);
    polling.input(Input::Poll);
    polling.input(Input::PostBegun);
    assert_eq!(polling.text(Polling, "3"), [CLOSE, wrong]);
}

#[test]
fn the_upgrade_is_probed_for_and_leaves_the_deadline_as_it_was() {
    let mut driver = Driver::of_revision3(Polling);
    driver.at(200);
    driver.input(Input::TransportOpened(WebSocket));
    let answer = driver.text(WebSocket, "2probe");
    assert_eq!(answer, [Output::AnswerProbe(WebSocket)]);
    driver.input(Input::Poll);
    assert_eq!(driver.at(300), [(300, NOOP)]);

    assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
    assert_eq!(driver.next_timeout(), Some(500));
    assert_eq!(driver.text(WebSocket, "2"), [Output::QueuePong]);
}

#[test]
fn a_ping_in_a_session_that_is_closing_is_not_answered() {
    let mut driver = Driver::of_revision3(WebSocket);
    driver.input(Input::Close);

    assert_eq!(driver.text(WebSocket, "2"), []);
}

#[test]
fn answers_of_the_session_have_lengths() {
    let bodies = [
        PollAnswer::Noop,
        PollAnswer::Close,
        PollAnswer::NoopAndClose,
    ]
    .map(|answer| answer.body(Revision::Three));
    assert_eq!(bodies, ["1:6", "1:1", "1:61:1"]);
}
