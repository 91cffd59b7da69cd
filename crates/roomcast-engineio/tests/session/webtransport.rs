//! A session over WebTransport, and the move to it where it meets other transports.

use roomcast_engineio::{Input, Output, RequestFault, Transport::WebTransport};

use crate::driver::*;

const CLOSE_WEBTRANSPORT: Output = Output::CloseTransport(WebTransport);

fn probed() -> Driver {
    let mut driver = Driver::on(Polling);
    assert_eq!(driver.input(Input::TransportOpened(WebTransport)), []);
    let answer = driver.text(WebTransport, "2probe");
    assert_eq!(answer, [Output::AnswerProbe(WebTransport)]);
    driver
}

fn upgraded() -> Driver {
    let mut driver = probed();
    let outputs = driver.text(WebTransport, "5");
    assert_eq!(outputs, [Output::Upgraded(WebTransport)]);
    driver
}

#[test]
fn a_session_can_begin_on_it() {
    let mut driver = Driver::on(WebTransport);

    assert_eq!(driver.session.transport(), WebTransport);
    assert_eq!(driver.session.writable(), Some(WebTransport));
    assert_eq!(driver.messages(WebTransport, "4hello"), ["hello"]);
    assert_eq!(driver.at(300), [(300, Output::QueuePing)]);
    assert_eq!(
        driver.at(500),
        [(500, CLOSE_WEBTRANSPORT), (500, PING_TIMEOUT)]
    );
}

#[test]
fn a_probe_takes_over() {
    let mut driver = upgraded();

    assert_eq!(driver.session.writable(), Some(WebTransport));
    assert_eq!(driver.messages(WebTransport, "4hello"), ["hello"]);
    assert_eq!(driver.messages(WebSocket, "4lost"), [""; 0]);
    let mismatch = RequestFault::TransportMismatch;
    assert_eq!(driver.input(Input::Poll), [Output::RefusePoll(mismatch)]);
}

#[test]
fn a_transport_beside_the_probe_is_refused_and_says_nothing_to_it() {
    for (probe, other) in [(WebTransport, WebSocket), (WebSocket, WebTransport)] {
        let mut driver = Driver::on(Polling);
        driver.input(Input::TransportOpened(probe));
        driver.text(probe, "2probe");

        let refused = [Output::RefuseTransport(other)];
        assert_eq!(driver.input(Input::TransportOpened(other)), refused);
        assert_eq!(driver.text(other, "5"), []);
        assert_eq!(driver.input(Input::DecodeFailed(other)), []);
        assert_eq!(driver.input(Input::TransportClosed(other)), []);
        assert_eq!(driver.input(Input::TransportFailed(other)), []);
        assert_eq!(driver.text(probe, "5"), [Output::Upgraded(probe)]);
    }
}

#[test]
fn a_transport_behind_the_upgrade_is_refused() {
    for mut driver in [upgraded(), Driver::on(WebTransport)] {
        for other in [WebSocket, WebTransport] {
            let refused = [Output::RefuseTransport(other)];
            assert_eq!(driver.input(Input::TransportOpened(other)), refused);
        }
        assert_eq!(driver.messages(WebTransport, "4x"), ["x"]);
    }
}

#[test]
fn what_is_no_packet_closes_the_probe_or_the_session() {
    let mut driver = probed();
    let outputs = driver.input(Input::DecodeFailed(WebTransport));
    assert_eq!(outputs, [CLOSE_WEBTRANSPORT]);
    assert_eq!(driver.messages(Polling, "4alive"), ["alive"]);

    let outputs = upgraded().input(Input::DecodeFailed(WebTransport));
    assert_eq!(outputs, [CLOSE_WEBTRANSPORT, PARSE_ERROR]);
}

#[test]
fn a_close_of_the_application_leaves_behind_what_is_queued() {
    let mut driver = upgraded();

    assert_eq!(driver.input(Input::Close), []);
    assert_eq!(driver.session.writable(), Some(WebTransport));
    assert_eq!(driver.input(Input::Drained), [CLOSE_WEBTRANSPORT, FORCED]);
}

#[test]
fn its_end_is_that_of_the_session() {
    let outputs = upgraded().input(Input::TransportClosed(WebTransport));
    assert_eq!(outputs, [CLIENT_CLOSED]);
}

/// The official server ignores a close packet on all transports but polling.
#[test]
fn a_close_packet_means_nothing() {
    let mut driver = Driver::on(WebTransport);

    assert_eq!(driver.text(WebTransport, "1"), []);
    assert_eq!(driver.messages(WebTransport, "4x"), ["x"]);
}
