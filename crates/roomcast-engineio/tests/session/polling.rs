//! Polls and posts, in order and out of order.

use crate::driver::*;
use roomcast_engineio::{Input, Output, RequestFault, TransportError};

#[test]
fn queued_packets_leave_only_by_a_waiting_poll() {
    let mut driver = Driver::on(Polling);
    assert_eq!(driver.session.writable(), None);

    assert_eq!(driver.input(Input::Poll), []);
    assert_eq!(driver.session.writable(), Some(Polling));

    assert_eq!(driver.input(Input::PollAnswered), []);
    assert_eq!(driver.session.writable(), None);
}

#[test]
fn the_packets_of_a_payload_reach_the_application_in_order() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::PostBegun);

    let messages = driver.messages(Polling, "4a\x1e4\x1ebAQIDBA==\x1e3\x1e4\u{e9}");
    assert_eq!(messages, ["a", "", "[1, 2, 3, 4]", "\u{e9}"]);
    assert_eq!(driver.input(Input::PostEnded), []);
}

#[test]
fn two_polls_at_once_end_the_session() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);

    let outputs = [
        Output::RefusePoll(RequestFault::Overlap),
        CLOSE,
        transport_error(TransportError::PollOverlap),
    ];
    assert_eq!(driver.input(Input::Poll), outputs);
}

#[test]
fn a_poll_after_an_answered_one_is_no_overlap() {
    let mut driver = Driver::on(Polling);
    for _ in 0..3 {
        assert_eq!(driver.input(Input::Poll), []);
        assert_eq!(driver.input(Input::PollAnswered), []);
    }
}

#[test]
fn two_posts_at_once_end_the_session() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    let outputs = [
        Output::RefusePost(RequestFault::Overlap),
        CLOSE,
        Output::AbortPost,
        transport_error(TransportError::PostOverlap),
    ];
    assert_eq!(driver.input(Input::PostBegun), outputs);
}

#[test]
fn a_post_after_a_whole_one_is_no_overlap() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::PostBegun);
    driver.text(Polling, "4x");
    assert_eq!(driver.input(Input::PostBegun), []);
    assert_eq!(driver.input(Input::PostEnded), []); // too large, say
    assert_eq!(driver.input(Input::PostBegun), []);
}

#[test]
fn an_octet_stream_post_ends_the_session() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);

    let outputs = [
        Output::RefusePost(RequestFault::BinaryContent),
        CLOSE,
        transport_error(TransportError::BinaryPost),
    ];
    assert_eq!(driver.input(Input::BinaryPost), outputs);
}

#[test]
fn an_octet_stream_post_during_another_post_is_an_overlap() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::PostBegun);

    let outputs = [
        Output::RefusePost(RequestFault::Overlap),
        Output::AbortPost,
        transport_error(TransportError::PostOverlap),
    ];
    assert_eq!(driver.input(Input::BinaryPost), outputs);
}

#[test]
fn hanging_up_on_a_poll_ends_the_session() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    let aborted = transport_error(TransportError::PollAborted);
    let outputs = [Output::AbortPost, aborted];
    assert_eq!(driver.input(Input::PollAborted), outputs);
}

#[test]
fn hanging_up_on_an_answered_poll_means_nothing() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PollAnswered);

    assert_eq!(driver.input(Input::PollAborted), []);
    assert!(driver.session.is_open());
}

#[test]
fn hanging_up_on_a_post_ends_the_session() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    let aborted = transport_error(TransportError::PostAborted);
    assert_eq!(driver.input(Input::PostAborted), [CLOSE, aborted]);
}

#[test]
fn a_post_refused_for_its_size_leaves_the_session_open() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::PostBegun);
    assert_eq!(driver.input(Input::PostEnded), []);
    assert_eq!(driver.input(Input::PostAborted), []);
    assert!(driver.session.is_open());
}

#[test]
fn a_packet_that_is_none_is_a_parse_error_and_its_post_is_answered() {
    let mut driver = Driver::on(Polling);
    driver.input(Input::Poll);
    driver.input(Input::PostBegun);

    assert_eq!(driver.messages(Polling, "4a\x1eabc\x1e4b"), ["a"]);
    assert_eq!(driver.outputs(), [CLOSE, PARSE_ERROR]);
}

#[test]
fn a_frame_that_is_no_packet_is_a_parse_error() {
    for frame in ["9", "", "abc"] {
        let mut driver = Driver::on(WebSocket);
        assert_eq!(
            driver.text(WebSocket, frame),
            [CLOSE_WEBSOCKET, PARSE_ERROR]
        );
    }
}

#[test]
fn open_upgrade_and_noop_packets_of_a_connected_client_are_harmless() {
    for transport in [Polling, WebSocket] {
        let mut driver = Driver::on(transport);
        for packet in ["0", "0{\"sid\":\"x\"}", "5", "6"] {
            assert_eq!(driver.text(transport, packet), []);
        }
        assert_eq!(driver.messages(transport, "4still here"), ["still here"]);
    }
}

#[test]
fn requests_of_a_websocket_session_are_a_mismatch() {
    let mut driver = Driver::on(WebSocket);

    let mismatch = RequestFault::TransportMismatch;
    assert_eq!(driver.input(Input::Poll), [Output::RefusePoll(mismatch)]);
    assert_eq!(
        driver.input(Input::PostBegun),
        [Output::RefusePost(mismatch)]
    );
    assert_eq!(
        driver.input(Input::BinaryPost),
        [Output::RefusePost(mismatch)]
    );
    assert_eq!(driver.input(Input::PostEnded), []);
    assert!(driver.session.is_open());
}

#[test]
fn packets_of_the_other_transport_are_dropped() {
    let mut websocket = Driver::on(WebSocket);
    assert_eq!(websocket.messages(Polling, "4x\x1e1\x1eabc"), [""; 0]);
    assert_eq!(websocket.outputs(), []);

    let mut polling = Driver::on(Polling);
    assert_eq!(polling.messages(WebSocket, "4x"), [""; 0]);
    assert_eq!(polling.text(WebSocket, "5"), []);
    assert_eq!(polling.session.transport(), Polling);
}
