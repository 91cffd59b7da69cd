//! Events that wait, and events that do not.

use super::world::{MAIN, World, emission, volatile};
use crate::Parser;
use crate::client::{AckError, BufferLimits, CloseReason, EmitError, Overflow, SocketOptions};

/// A socket that is not connected and whose buffer takes two events of together 20 bytes.
fn small(overflow: Overflow) -> World {
    let mut world = World::new();
    let options = SocketOptions {
        send_buffer: BufferLimits {
            max_packets: 2,
            max_bytes: 20,
        },
        overflow,
        ..SocketOptions::default()
    };
    assert_eq!(world.manager.add_socket("/", options), MAIN);
    world
}

fn connect(world: &mut World) -> Vec<String> {
    world.connect(MAIN);
    world.opened();
    world.says(r#"0{"sid":"x"}"#)
}

#[test]
fn events_emitted_offline_are_sent_once_in_order_after_connect() {
    let mut world = World::new();
    world.add("/");
    assert!(world.emit(MAIN, r#"["n",0]"#).is_empty());
    world.connect(MAIN);
    assert!(world.emit(MAIN, r#"["n",1]"#).is_empty());
    world.opened();
    assert!(world.emit(MAIN, r#"["n",2]"#).is_empty());

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [
            r#"> 2["n",0]"#,
            r#"> 2["n",1]"#,
            r#"> 2["n",2]"#,
            "connect / x"
        ]
    );
    assert_eq!(world.manager.waiting(MAIN), 0);
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();
    assert_eq!(world.says(r#"0{"sid":"y"}"#), ["connect / y"]);
}

#[test]
fn events_of_the_connect_handler_follow_the_buffered_ones() {
    let mut world = World::new();
    world.add("/");
    world.emit(MAIN, r#"["buffered"]"#);
    world.hook("connect / x", |world| {
        let hooked = emission(r#"["hooked"]"#);
        world.try_emit(MAIN, hooked).expect("there is room");
    });

    assert_eq!(
        connect(&mut world),
        [r#"> 2["buffered"]"#, "connect / x", r#"> 2["hooked"]"#]
    );
}

#[test]
fn events_emitted_while_the_buffer_is_sent_follow_it() {
    let mut world = World::new();
    world.add("/");
    world.manager.report_outgoing(MAIN, true);
    world.emit(MAIN, r#"["a"]"#);
    world.emit(MAIN, r#"["b"]"#);
    world.hook(r#"any_outgoing / ["a"]"#, |world| {
        let hooked = emission(r#"["c"]"#);
        world.try_emit(MAIN, hooked).expect("there is room");
    });

    assert_eq!(
        connect(&mut world),
        [
            r#"any_outgoing / ["a"]"#,
            r#"> 2["a"]"#,
            r#"any_outgoing / ["b"]"#,
            r#"> 2["b"]"#,
            r#"any_outgoing / ["c"]"#,
            r#"> 2["c"]"#,
            "connect / x"
        ]
    );
}

#[test]
fn a_disconnect_while_the_buffer_is_sent_keeps_the_rest() {
    let mut world = World::new();
    world.add("/");
    world.manager.report_outgoing(MAIN, true);
    world.emit(MAIN, r#"["a"]"#);
    world.emit(MAIN, r#"["b"]"#);
    world.hook(r#"any_outgoing / ["a"]"#, |world| {
        world.manager.disconnect(MAIN);
    });

    assert_eq!(
        connect(&mut world),
        [
            r#"any_outgoing / ["a"]"#,
            r#"> 2["a"]"#,
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect"
        ]
    );
    assert_eq!(world.manager.waiting(MAIN), 1);
    let lines = connect(&mut world);
    assert_eq!(
        lines,
        [r#"any_outgoing / ["b"]"#, r#"> 2["b"]"#, "connect / x"]
    );
}

#[test]
fn binary_parts_wait_with_their_event() {
    let mut world = World::new();
    world.add("/");
    let file = bytes::Bytes::from_static(b"\x01\x02");
    let content =
        crate::client::Content::event(&Parser::Text, "file", &(file, "end")).expect("bytes");
    let emission = crate::client::Emission::new(content);
    world.try_emit(MAIN, emission).expect("there is room");

    assert_eq!(
        connect(&mut world),
        [
            r#"> 51-["file",{"_placeholder":true,"num":0},"end"]"#,
            r#"> b"\x01\x02""#,
            "connect / x"
        ]
    );
}

#[test]
fn a_refusal_keeps_the_buffer_for_the_next_connect() {
    let mut world = World::new();
    world.add("/");
    world.emit(MAIN, r#"["kept"]"#);
    world.connect(MAIN);
    world.opened();
    world.says(r#"4{"message":"no"}"#);

    assert_eq!(connect(&mut world), [r#"> 2["kept"]"#, "connect / x"]);
}

#[test]
fn beyond_the_limits_the_emitter_gets_an_error() {
    let mut world = small(Overflow::Refuse);
    world.emit(MAIN, r#"["1234"]"#);
    world.emit(MAIN, r#"["123456"]"#);

    assert_eq!(
        world.try_emit(MAIN, emission(r#"["x"]"#)),
        Err(EmitError::BufferFull {
            packets: 2,
            bytes: 18
        })
    );
}

#[test]
fn the_buffer_is_limited_in_bytes_too() {
    let mut world = small(Overflow::Refuse);
    world.emit(MAIN, r#"["1234"]"#);

    assert_eq!(
        world.try_emit(MAIN, emission(r#"["123456789"]"#)),
        Err(EmitError::BufferFull {
            packets: 1,
            bytes: 8
        })
    );
    assert!(world.emit(MAIN, r#"["12345678"]"#).is_empty());
}

#[test]
fn the_oldest_make_room_if_that_is_the_policy() {
    let mut world = small(Overflow::DropOldest);
    let token = world.ask(r#"["1"]"#, None);
    world.emit(MAIN, r#"["2"]"#);
    assert_eq!(
        world.emit(MAIN, r#"["3"]"#),
        [format!("ack {token:?} {}", AckError::Dropped)]
    );
    assert!(
        world
            .try_emit(MAIN, emission(r#"["12345678901234567"]"#))
            .is_err()
    );

    assert_eq!(
        connect(&mut world),
        [r#"> 2["2"]"#, r#"> 2["3"]"#, "connect / x"]
    );
}

#[test]
fn the_newest_goes_nowhere_if_that_is_the_policy() {
    let mut world = small(Overflow::DropNewest);
    world.emit(MAIN, r#"["1"]"#);
    world.emit(MAIN, r#"["2"]"#);
    let token = world.ask(r#"["3"]"#, None);
    assert_eq!(
        world.drain(),
        [format!("ack {token:?} {}", AckError::Dropped)]
    );

    assert_eq!(
        connect(&mut world),
        [r#"> 2["1"]"#, r#"> 2["2"]"#, "connect / x"]
    );
}

#[test]
fn events_wait_when_the_heartbeat_has_expired_and_go_first_if_the_engine_lives() {
    let mut world = World::connected();
    world.link.has_expired = true;
    assert!(world.emit(MAIN, r#"["a"]"#).is_empty());
    world.link.has_expired = false;

    assert_eq!(world.emit(MAIN, r#"["b"]"#), [r#"> 2["a"]"#, r#"> 2["b"]"#]);
}

#[test]
fn volatile_events_are_dropped_unless_they_can_leave_at_once() {
    let mut world = World::new();
    world.add("/");
    let emit = |world: &mut World| {
        let emitted = world.try_emit(MAIN, volatile(r#"["v"]"#));
        let lines = world.drain();
        let is_told = emitted == Err(EmitError::Dropped);
        assert_eq!(is_told, lines.is_empty(), "the emitter knows");
        lines
    };

    assert!(emit(&mut world).is_empty());
    world.connect(MAIN);
    assert!(emit(&mut world).is_empty());
    world.opened();
    assert!(emit(&mut world).is_empty());
    assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
    assert_eq!(emit(&mut world), [r#"> 2["v"]"#]);
    world.link.is_writable = false;
    assert!(emit(&mut world).is_empty());
    world.link.is_writable = true;
    world.link.has_expired = true;
    assert!(emit(&mut world).is_empty());
    world.link.has_expired = false;
    world.closed(CloseReason::TransportClose);
    assert!(emit(&mut world).is_empty());
    world.after(100);
    world.opened();
    assert_eq!(world.says(r#"0{"sid":"y"}"#), ["connect / y"]);
}

#[test]
fn events_before_the_confirmation_are_delivered_after_it_in_order() {
    let mut world = World::new();
    world.add("/");
    world.connect(MAIN);
    world.opened();
    assert!(world.says(r#"2["n",1]"#).is_empty());
    assert!(
        world
            .says(r#"51-["n",{"_placeholder":true,"num":0}]"#)
            .is_empty()
    );
    assert!(world.says_bytes(b"\x02").is_empty());
    assert!(world.says(r#"27["n",3]"#).is_empty());
    world.emit(MAIN, r#"["mine"]"#);

    let lines = world.says(r#"0{"sid":"late"}"#);
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], r#"event / ["n",1]"#);
    assert!(lines[1].starts_with(r#"event / ["n","#));
    assert_eq!(
        lines[2..],
        [r#"event / ["n",3]"#, r#"> 2["mine"]"#, "connect / late"]
    );
    let answer = world.answers.remove(0);
    let content = crate::client::Content::ack(&Parser::Text, &()).expect("it can be encoded");
    assert!(world.manager.answer(answer, content));
    assert_eq!(world.drain(), ["> 37[]"]);
}

#[test]
fn after_a_disconnect_in_a_handler_the_rest_of_the_early_events_is_not_delivered() {
    let mut world = World::new();
    world.add("/");
    world.connect(MAIN);
    world.opened();
    world.says(r#"2["n",1]"#);
    world.says(r#"2["n",2]"#);
    world.hook(r#"event / ["n",1]"#, |world| {
        world.manager.disconnect(MAIN);
    });

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [
            r#"event / ["n",1]"#,
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect"
        ]
    );
}

#[test]
fn early_events_end_with_their_connection() {
    let mut world = World::new();
    world.add("/");
    world.connect(MAIN);
    world.opened();
    world.says(r#"2["n",1]"#);
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
}

#[test]
fn more_early_events_than_the_limit_end_the_connection() {
    let mut world = World::with(|options| options.receive_buffer.max_packets = 1);
    world.add("/");
    world.connect(MAIN);
    world.opened();
    assert!(world.says(r#"2["n",1]"#).is_empty());

    assert_eq!(
        world.says(r#"2["n",2]"#),
        [
            "engine close",
            "manager close parse error",
            "disconnect / parse error"
        ]
    );
}

#[test]
fn early_events_are_limited_in_bytes() {
    let mut world = World::with(|options| options.receive_buffer.max_bytes = 8);
    world.add("/");
    world.connect(MAIN);
    world.opened();

    assert!(world.says(r#"2["n",1]"#).is_empty());
    assert_eq!(world.says(r#"2["m"]"#).len(), 3);
}

#[test]
fn what_is_sent_is_reported_if_someone_listens_and_answers_are_not() {
    let mut world = World::connected();
    assert_eq!(world.emit(MAIN, r#"["x"]"#), [r#"> 2["x"]"#]);
    world.manager.report_outgoing(MAIN, true);

    assert_eq!(
        world.emit(MAIN, r#"["x",{"a":1}]"#),
        [r#"any_outgoing / ["x",{"a":1}]"#, r#"> 2["x",{"a":1}]"#]
    );
    world.says(r#"20["ask"]"#);
    let answer = world.answers.remove(0);
    let content = crate::client::Content::ack(&Parser::Text, &()).expect("it can be encoded");
    world.manager.answer(answer, content);
    assert_eq!(world.drain(), ["> 30[]"]);
}
