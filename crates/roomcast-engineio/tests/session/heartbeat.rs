//! The server pings, the client answers, and only that keeps a session alive.

use crate::driver::*;
use roomcast_engineio::{Input, Output, TransportError};

#[test]
fn the_first_ping_comes_after_the_interval() {
    for transport in [Polling, WebSocket] {
        let mut driver = Driver::on(transport);

        assert_eq!(driver.next_timeout(), Some(300));
        assert_eq!(driver.at(299), []);
        assert_eq!(driver.at(300), [(300, Output::QueuePing)]);
    }
}

#[test]
fn a_silent_client_times_out_after_interval_plus_timeout() {
    let mut polling = Driver::on(Polling);
    let outputs = [(300, Output::QueuePing), (500, PING_TIMEOUT)];
    assert_eq!(polling.at(5000), outputs);
    assert_eq!(polling.next_timeout(), None);

    let mut websocket = Driver::on(WebSocket);
    let outputs = [
        (300, Output::QueuePing),
        (500, CLOSE_WEBSOCKET),
        (500, PING_TIMEOUT),
    ];
    assert_eq!(websocket.at(5000), outputs);
}

#[test]
fn a_waiting_poll_is_told_of_the_timeout() {
    let mut driver = Driver::on(Polling);
    driver.at(300);
    driver.input(Input::PollAnswered); // with the ping
    driver.input(Input::Poll);

    assert_eq!(driver.at(500), [(500, CLOSE), (500, PING_TIMEOUT)]);
}

#[test]
fn a_pong_starts_the_next_interval() {
    let mut driver = Driver::on(WebSocket);
    driver.at(300);
    driver.at(450);

    assert_eq!(driver.text(WebSocket, "3"), []);
    assert_eq!(driver.next_timeout(), Some(750));
    assert_eq!(driver.at(750), [(750, Output::QueuePing)]);
}

#[test]
fn a_pong_at_the_last_moment_is_in_time() {
    let mut driver = Driver::on(WebSocket);
    driver.at(499);

    driver.text(WebSocket, "3");
    assert_eq!(driver.at(600), []);
}

#[test]
fn unsolicited_pongs_are_tolerated_and_postpone_the_ping() {
    let mut driver = Driver::on(WebSocket);
    driver.at(200);

    assert_eq!(driver.text(WebSocket, "3"), []);
    assert_eq!(driver.text(WebSocket, "3"), []);
    assert_eq!(driver.at(600), [(500, Output::QueuePing)]);
}

#[test]
fn other_packets_do_not_replace_the_pong() {
    let mut driver = Driver::on(WebSocket);
    driver.at(100);
    driver.text(WebSocket, "4x");
    assert_eq!(driver.next_timeout(), Some(300));

    driver.at(400);
    for packet in ["4x", "6", "5", "0", "1"] {
        assert_eq!(driver.text(WebSocket, packet), []);
    }
    assert_eq!(
        driver.at(500),
        [(500, CLOSE_WEBSOCKET), (500, PING_TIMEOUT)]
    );
}

#[test]
fn polls_and_posts_do_not_replace_the_pong() {
    let mut driver = Driver::on(Polling);
    driver.at(350);
    driver.input(Input::Poll);
    driver.input(Input::PollAnswered);
    driver.input(Input::PostBegun);
    driver.text(Polling, "4x");

    assert_eq!(driver.at(500), [(500, PING_TIMEOUT)]);
}

#[test]
fn an_upgrade_moves_neither_the_ping_nor_the_deadline() {
    let mut before_ping = Driver::on(Polling);
    before_ping.at(200);
    before_ping.input(Input::TransportOpened(WebSocket));
    before_ping.text(WebSocket, "2probe");
    before_ping.text(WebSocket, "5");
    assert_eq!(before_ping.next_timeout(), Some(300));

    let mut before_pong = Driver::on(Polling);
    before_pong.at(400);
    before_pong.input(Input::TransportOpened(WebSocket));
    before_pong.text(WebSocket, "5");
    assert_eq!(before_pong.next_timeout(), Some(500));
    assert_eq!(before_pong.text(WebSocket, "3"), []);
    assert_eq!(before_pong.next_timeout(), Some(700));
}

#[test]
fn a_ping_of_the_client_is_a_transport_error() {
    let wrong = transport_error(TransportError::HeartbeatDirection);

    let mut websocket = Driver::on(WebSocket);
    assert_eq!(websocket.text(WebSocket, "2"), [CLOSE_WEBSOCKET, wrong]);

    let mut polling = Driver::on(Polling);
    polling.input(Input::Poll);
    polling.input(Input::PostBegun);
    assert_eq!(polling.text(Polling, "2probe"), [CLOSE, wrong]);
}

#[test]
fn a_late_wake_up_still_leaves_the_client_its_time_to_answer() {
    let mut driver = Driver::on(WebSocket);
    driver.sleep_until(10_000);

    assert_eq!(driver.input(Input::Timeout), [Output::QueuePing]);
    assert_eq!(driver.next_timeout(), Some(10_200));
}

#[test]
fn a_timeout_reported_too_early_changes_nothing() {
    let mut driver = Driver::probed();
    driver.input(Input::Poll);
    driver.sleep_until(99);

    assert_eq!(driver.input(Input::Timeout), []);
    assert_eq!(driver.next_timeout(), Some(100));
}

/// When the next ping may leave without the session, in ms after the opening.
fn ping_at(driver: &Driver) -> Option<u64> {
    let next = driver.next_timeout()?;
    driver.session.ping_at().map(|_| next)
}

#[test]
fn the_answer_to_a_ping_that_the_caller_has_sent_is_awaited() {
    let mut driver = Driver::on(WebSocket);
    assert_eq!(ping_at(&driver), Some(300));
    driver.sleep_until(310);

    assert_eq!(driver.input(Input::PingSent), []);

    assert_eq!(ping_at(&driver), None);
    assert_eq!(driver.next_timeout(), Some(510));
    assert_eq!(driver.at(509), []);
    driver.text(WebSocket, "3");
    assert_eq!(ping_at(&driver), Some(809));
}

#[test]
fn a_client_that_does_not_answer_the_callers_ping_times_out() {
    let mut driver = Driver::on(WebSocket);
    driver.sleep_until(300);
    driver.input(Input::PingSent);

    let outputs = [(500, CLOSE_WEBSOCKET), (500, PING_TIMEOUT)];
    assert_eq!(driver.at(5000), outputs);
}

#[test]
fn a_ping_that_is_reported_while_another_is_awaited_changes_nothing() {
    let mut driver = Driver::on(WebSocket);
    driver.at(300);
    driver.sleep_until(400);

    assert_eq!(driver.input(Input::PingSent), []);
    assert_eq!(driver.next_timeout(), Some(500));
}

#[test]
fn the_caller_sends_no_ping_over_polling_and_none_while_the_session_closes() {
    assert_eq!(ping_at(&Driver::on(Polling)), None);
    assert_eq!(ping_at(&Driver::upgraded()), Some(300));

    let mut closing = Driver::on(WebSocket);
    closing.input(Input::Close);
    assert_eq!(ping_at(&closing), None);

    assert_eq!(Driver::of_revision3(WebSocket).session.ping_at(), None);
}
