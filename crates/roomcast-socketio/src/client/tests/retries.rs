//! The queue of retries.

use std::time::Duration;

use super::world::{MAIN, World, emission, volatile};
use crate::Parser;
use crate::client::{BufferLimits, CloseReason, EmitError, SocketOptions};

fn options() -> SocketOptions {
    SocketOptions {
        retries: 1,
        ack_timeout: Some(Duration::from_millis(50)),
        ..SocketOptions::default()
    }
}

#[test]
fn the_next_event_is_sent_after_the_answer_to_the_one_before() {
    let mut world = World::connected_with(options());
    assert_eq!(world.emit(MAIN, r#"["n",0]"#), [r#"> 20["n",0]"#]);
    assert!(world.emit(MAIN, r#"["n",1]"#).is_empty());
    let token = world.ask(r#"["n",2]"#, None);

    assert_eq!(world.says("30[]"), [r#"> 21["n",1]"#]);
    assert!(world.says("30[]").is_empty());
    assert_eq!(world.says("31[]"), [r#"> 22["n",2]"#]);
    assert_eq!(
        world.says(r#"32["ok"]"#),
        [format!(r#"ack {token:?} ["ok"]"#)]
    );
    assert_eq!(world.manager.waiting(MAIN), 0);
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn without_an_answer_it_is_sent_again_under_a_new_id_and_then_given_up() {
    let mut world = World::connected_with(options());
    let token = world.ask(r#"["lost"]"#, None);
    world.emit(MAIN, r#"["next"]"#);

    assert_eq!(world.after(50), [r#"> 21["lost"]"#]);
    assert!(world.says(r#"30["late"]"#).is_empty());
    assert_eq!(
        world.after(50),
        [
            format!("ack {token:?} operation has timed out"),
            r#"> 22["next"]"#.to_owned()
        ]
    );
}

#[test]
fn an_event_has_a_timeout_of_its_own() {
    let mut world = World::connected_with(options());
    world.ask(r#"["q"]"#, Some(7));
    world.drain();

    assert_eq!(world.after(7), [r#"> 21["q"]"#]);
}

#[test]
fn after_a_loss_the_event_in_flight_is_sent_again_once_before_connect() {
    let mut world = World::connected_with(options());
    world.emit(MAIN, r#"["n",0]"#);
    world.emit(MAIN, r#"["n",1]"#);
    assert_eq!(
        world.closed(CloseReason::TransportClose),
        [
            "manager close transport close",
            "disconnect / transport close"
        ]
    );
    world.after(100);
    world.opened();

    assert_eq!(
        world.says(r#"0{"sid":"y"}"#),
        [r#"> 21["n",0]"#, "connect / y"]
    );
    assert_eq!(world.says("31[]"), [r#"> 22["n",1]"#]);
}

#[test]
fn a_loss_at_the_last_try_gives_the_event_up() {
    let mut world = World::connected_with(options());
    let token = world.ask(r#"["q"]"#, None);
    world.drain();
    world.after(50);

    assert_eq!(
        world.closed(CloseReason::TransportClose).last(),
        Some(&format!("ack {token:?} socket has been disconnected"))
    );
    assert_eq!(world.manager.waiting(MAIN), 0);
}

#[test]
fn offline_nothing_is_sent_and_no_try_is_used_up() {
    let mut world = World::new();
    world.manager.add_socket("/", options());
    world.emit(MAIN, r#"["n",0]"#);
    world.emit(MAIN, r#"["n",1]"#);
    assert_eq!(world.manager.next_timeout(), None);
    world.connect(MAIN);
    world.opened();

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [r#"> 20["n",0]"#, "connect / x"]
    );
    assert_eq!(world.after(50), [r#"> 21["n",0]"#]);
}

#[test]
fn an_event_of_the_connect_handler_is_sent_once() {
    let mut world = World::new();
    world.manager.add_socket("/", options());
    world.connect(MAIN);
    world.opened();
    world.hook("connect / x", |world| {
        let hooked = emission(r#"["hi"]"#);
        world.try_emit(MAIN, hooked).expect("there is room");
    });

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        ["connect / x", r#"> 20["hi"]"#]
    );
}

#[test]
fn volatile_events_go_past_the_queue() {
    let mut world = World::connected_with(options());
    world.emit(MAIN, r#"["stuck"]"#);
    world
        .try_emit(MAIN, volatile(r#"["quick"]"#))
        .expect("no error");

    assert_eq!(world.drain(), [r#"> 2["quick"]"#]);
}

#[test]
fn events_stay_queued_when_the_heartbeat_has_expired() {
    let mut world = World::connected_with(options());
    world.link.has_expired = true;
    assert!(world.emit(MAIN, r#"["n"]"#).is_empty());
    world.closed(CloseReason::PingTimeout);
    world.after(100);
    world.opened();

    assert_eq!(
        world.says(r#"0{"sid":"y"}"#),
        [r#"> 20["n"]"#, "connect / y"]
    );
}

#[test]
fn binary_parts_are_sent_again_unchanged() {
    let mut world = World::connected_with(options());
    let file = bytes::Bytes::from_static(b"\x01");
    let content = crate::client::Content::event(&Parser::Text, "b", &file).expect("bytes");
    let emission = crate::client::Emission::new(content);
    world.try_emit(MAIN, emission).expect("there is room");

    let sent = |id| {
        [
            format!(r#"> 51-{id}["b",{{"_placeholder":true,"num":0}}]"#),
            r#"> b"\x01""#.to_owned(),
        ]
    };
    assert_eq!(world.drain(), sent(0));
    assert_eq!(world.after(50), sent(1));
}

#[test]
fn an_answer_that_nobody_waits_for_still_ends_the_try() {
    let mut world = World::connected_with(options());
    let first = world.ask(r#"["a"]"#, None);
    let second = world.ask(r#"["b"]"#, None);
    world.drain();
    world.manager.forget_ack(first);
    world.manager.forget_ack(second);

    assert_eq!(world.says("30[]"), [r#"> 21["b"]"#]);
    assert!(world.says("31[]").is_empty());
    assert_eq!(world.manager.waiting(MAIN), 0);
}

#[test]
fn the_queue_is_limited() {
    let options = SocketOptions {
        send_buffer: BufferLimits {
            max_packets: 1,
            max_bytes: 100,
        },
        ..options()
    };
    let mut world = World::connected_with(options);
    world.emit(MAIN, r#"["a"]"#);

    assert_eq!(
        world.try_emit(MAIN, emission(r#"["b"]"#)),
        Err(EmitError::BufferFull {
            packets: 1,
            bytes: 5
        })
    );
    world.says("30[]");
    assert_eq!(world.emit(MAIN, r#"["b"]"#), [r#"> 21["b"]"#]);
}

#[test]
fn without_a_timeout_an_event_waits_for_its_answer_or_the_next_connection() {
    let options = SocketOptions {
        ack_timeout: None,
        ..options()
    };
    let mut world = World::connected_with(options);
    world.emit(MAIN, r#"["a"]"#);
    assert_eq!(world.manager.next_timeout(), None);
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    assert_eq!(
        world.says(r#"0{"sid":"y"}"#),
        [r#"> 21["a"]"#, "connect / y"]
    );
}

#[test]
fn removing_the_socket_ends_the_waiting_of_the_whole_queue() {
    let mut world = World::connected_with(options());
    let tokens = [r#"["a"]"#, r#"["b"]"#].map(|event| world.ask(event, None));
    world.drain();
    world.manager.remove_socket(MAIN);

    let lines = world.drain();
    let ended = tokens.map(|token| format!("ack {token:?} socket has been disconnected"));
    assert_eq!(lines[lines.len() - 2..], ended);
    assert_eq!(world.manager.next_timeout(), None);
}
