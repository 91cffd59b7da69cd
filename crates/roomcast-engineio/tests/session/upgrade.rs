//! From polling to a WebSocket, and all that can go wrong on the way.

use crate::driver::*;
use roomcast_engineio::{Input, Output, RequestFault, TransportError};

#[test]
fn a_probe_is_answered_and_then_takes_over() {
    let mut driver = Driver::on(Polling);
    assert_eq!(driver.input(Input::TransportOpened(WebSocket)), []);
    assert!(driver.session.is_upgrading());

    let answer = [Output::AnswerProbe(WebSocket)];
    assert_eq!(driver.text(WebSocket, "2probe"), answer);
    assert_eq!(driver.session.transport(), Polling);

    assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
    assert_eq!(driver.session.transport(), WebSocket);
    assert_eq!(driver.session.writable(), Some(WebSocket));
    assert!(!driver.session.is_upgrading());
    assert_eq!(driver.messages(WebSocket, "4hello"), ["hello"]);
}

#[test]
fn a_client_may_upgrade_without_a_ping() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::TransportOpened(WebSocket));
    assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
}

#[test]
fn a_waiting_poll_is_ended_every_100_ms_once_the_probe_was_answered() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.at(30);
    driver.input(Input::TransportOpened(WebSocket));
    assert_eq!(driver.next_timeout(), Some(300));

    driver.at(40);
    driver.text(WebSocket, "2probe");
    assert_eq!(driver.at(150), [(140, NOOP)]);
    driver.input(Input::Poll);
    assert_eq!(driver.at(290), [(240, NOOP)]);
}

#[test]
fn without_a_waiting_poll_nobody_is_woken_for_the_checks() {
    let mut driver = Driver::probed();
    assert_eq!(driver.next_timeout(), Some(300)); // the ping

    driver.at(250);
    driver.input(Input::Poll);
    assert_eq!(driver.next_timeout(), Some(300));
    assert_eq!(driver.at(299), []);
    driver.input(Input::PollAnswered);
    assert_eq!(driver.at(300), [(300, Output::QueuePing)]);
    driver.input(Input::Poll);
    assert_eq!(driver.at(450), [(400, NOOP)]);
}

#[test]
fn messages_may_leave_by_polls_until_the_probe_takes_over() {
    let mut driver = Driver::probed();
    driver.input(Input::Poll);
    assert_eq!(driver.session.writable(), Some(Polling));
    driver.input(Input::PollAnswered);
    assert_eq!(driver.messages(Polling, "4posted"), ["posted"]);

    driver.text(WebSocket, "5");
    assert_eq!(driver.session.writable(), Some(WebSocket));
}

#[test]
fn a_poll_and_a_post_left_over_by_the_upgrade_are_ended() {
    let mut driver = Driver::probed();
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    let outputs = [CLOSE, Output::AbortPost, Output::Upgraded(WebSocket)];
    assert_eq!(driver.text(WebSocket, "5"), outputs);
    assert!(driver.session.is_open());
}

#[test]
fn what_the_old_transport_does_after_the_upgrade_is_of_no_interest() {
    let mut driver = Driver::upgraded();

    for input in [
        Input::PollAborted,
        Input::PollAnswered,
        Input::PostAborted,
        Input::PostEnded,
        Input::DecodeFailed(Polling),
        Input::TransportClosed(Polling),
        Input::TransportFailed(Polling),
    ] {
        assert_eq!(driver.input(input), [], "{input:?}");
    }
    assert_eq!(driver.text(Polling, "1"), []);
    let mismatch = RequestFault::TransportMismatch;
    assert_eq!(driver.input(Input::Poll), [Output::RefusePoll(mismatch)]);
    assert_eq!(driver.messages(WebSocket, "4x"), ["x"]);
}

#[test]
fn a_second_websocket_during_an_upgrade_is_refused_and_the_first_completes() {
    let mut driver = Driver::probed();

    let refused = [Output::RefuseTransport(WebSocket)];
    assert_eq!(driver.input(Input::TransportOpened(WebSocket)), refused);
    assert_eq!(driver.text(WebSocket, "5"), [Output::Upgraded(WebSocket)]);
}

#[test]
fn a_second_websocket_after_the_upgrade_is_refused_and_the_first_lives() {
    for mut driver in [Driver::upgraded(), Driver::on(WebSocket)] {
        let refused = [Output::RefuseTransport(WebSocket)];
        assert_eq!(driver.input(Input::TransportOpened(WebSocket)), refused);
        assert_eq!(driver.messages(WebSocket, "4x"), ["x"]);
    }
}

#[test]
fn any_other_packet_closes_only_the_probe() {
    for packet in [
        "4oops", "2", "2prob", "3probe", "0", "1", "6", "bAQID", "9", "",
    ] {
        let mut driver = Driver::on(Polling);
        driver.input(Input::TransportOpened(WebSocket));

        assert_eq!(driver.messages(WebSocket, packet), [""; 0]);
        assert_eq!(driver.outputs(), [CLOSE_WEBSOCKET], "{packet:?}");
        assert_eq!(driver.messages(Polling, "4alive"), ["alive"]);
        assert!(!driver.session.is_upgrading());
    }
}

#[test]
fn a_wrong_packet_behind_the_ping_closes_only_the_probe() {
    let mut driver = Driver::probed();

    assert_eq!(driver.text(WebSocket, "4oops"), [CLOSE_WEBSOCKET]);
    assert_eq!(driver.text(WebSocket, "5"), []);
    assert_eq!(driver.session.transport(), Polling);
}

#[test]
fn a_second_ping_of_the_probe_is_answered_and_starts_the_checks_anew() {
    let mut driver = Driver::probed();
    driver.input(Input::Poll);
    driver.at(60);

    let answer = [Output::AnswerProbe(WebSocket)];
    assert_eq!(driver.text(WebSocket, "2probe"), answer);
    assert_eq!(driver.at(200), [(160, NOOP)]);
}

#[test]
fn an_upgrade_that_is_never_completed_is_cut_and_polling_goes_on() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::TransportOpened(WebSocket));
    driver.text(WebSocket, "2probe");
    driver.at(290);
    driver.text(Polling, "3");
    driver.at(580);
    driver.text(Polling, "3");
    driver.at(870);
    driver.text(Polling, "3");

    assert_eq!(driver.at(1100), [(1000, CLOSE_WEBSOCKET)]);
    assert_eq!(driver.messages(Polling, "4alive"), ["alive"]);
}

#[test]
fn repeated_pings_of_the_probe_do_not_put_off_its_end() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::TransportOpened(WebSocket));
    let mut cut = Vec::new();
    for ms in (100..2000).step_by(100) {
        cut.extend(driver.at(ms));
        driver.text(Polling, "3");
        driver.text(WebSocket, "2probe");
    }

    assert_eq!(cut, [(1000, CLOSE_WEBSOCKET)]);
}

#[test]
fn a_probe_lost_half_way_leaves_polling_usable_and_allows_a_new_upgrade() {
    for lost in [
        Input::TransportClosed(WebSocket),
        Input::TransportFailed(WebSocket),
    ] {
        let mut driver = Driver::probed();
        driver.input(Input::Poll);

        assert_eq!(driver.input(lost), []);
        assert_eq!(driver.at(200), []); // no noop any more
        assert_eq!(driver.messages(Polling, "4alive"), ["alive"]);

        assert_eq!(driver.input(Input::TransportOpened(WebSocket)), []);
        let answer = [Output::AnswerProbe(WebSocket)];
        assert_eq!(driver.text(WebSocket, "2probe"), answer);
        let outputs = [CLOSE, Output::Upgraded(WebSocket)];
        assert_eq!(driver.text(WebSocket, "5"), outputs);
    }
}

#[test]
fn a_websocket_that_breaks_after_the_upgrade_ends_the_session() {
    let mut closed = Driver::upgraded();
    let outputs = closed.input(Input::TransportClosed(WebSocket));
    assert_eq!(outputs, [CLIENT_CLOSED]);

    let mut broken = Driver::upgraded();
    let outputs = broken.input(Input::TransportFailed(WebSocket));
    assert_eq!(outputs, [transport_error(TransportError::Connection)]);
}

#[test]
fn a_session_that_ends_takes_its_probe_along() {
    let mut driver = Driver::probed();
    driver.input(Input::Poll);

    let outputs = [NOOP, CLOSE_WEBSOCKET, CLIENT_CLOSED];
    assert_eq!(driver.text(Polling, "1"), outputs);
    assert_eq!(driver.text(WebSocket, "5"), []);
}
