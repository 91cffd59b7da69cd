//! Acknowledgements, in both directions.

use std::time::Duration;

use super::world::{MAIN, World, emission, volatile};
use crate::Parser;
use crate::client::{AckToken, CloseReason, Content, EmitError, SocketOptions};

fn timed_out(token: AckToken) -> String {
    format!("ack {token:?} operation has timed out")
}

fn disconnected(token: AckToken) -> String {
    format!("ack {token:?} socket has been disconnected")
}

#[test]
fn ids_count_from_0_and_events_without_ack_take_none() {
    let mut world = World::connected();
    let admin = world.join("/admin");
    world.ask(r#"["a"]"#, None);
    world.emit(MAIN, r#"["b"]"#);
    world.ask(r#"["c"]"#, None);
    assert_eq!(world.drain(), [r#"> 21["c"]"#]);

    let mut first = emission(r#"["q"]"#);
    first.wants_ack = true;
    world.try_emit(admin, first).expect("there is room");
    assert_eq!(world.drain(), [r#"> 2/admin,0["q"]"#]);
}

#[test]
fn answers_in_any_order_reach_their_events() {
    let mut world = World::connected();
    let [first, second] = [r#"["a"]"#, r#"["b"]"#].map(|event| world.ask(event, None));
    assert_eq!(world.drain(), [r#"> 20["a"]"#, r#"> 21["b"]"#]);

    assert_eq!(
        world.says("31[1,\"x\"]"),
        [format!(r#"ack {second:?} [1,"x"]"#)]
    );
    assert_eq!(world.says("30[]"), [format!("ack {first:?} []")]);
}

#[test]
fn unknown_repeated_and_idless_answers_are_ignored() {
    let mut world = World::connected();
    world.ask(r#"["q"]"#, None);
    world.drain();

    assert!(world.says("377[1]").is_empty());
    assert!(world.says(r#"3["no id"]"#).is_empty());
    assert!(world.says("399999999999999999999[1]").is_empty());
    assert_eq!(world.says("30[1]").len(), 1);
    assert!(world.says("30[2]").is_empty());
}

#[test]
fn an_answer_with_attachments_arrives_whole() {
    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, None);
    world.drain();

    assert!(
        world
            .says(r#"61-0[{"_placeholder":true,"num":0}]"#)
            .is_empty()
    );
    let lines = world.says_bytes(b"\x09");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with(&format!("ack {token:?} ")));
}

#[test]
fn a_late_answer_is_ignored_after_the_timeout() {
    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, Some(80));
    world.drain();

    assert_eq!(world.after(80), [timed_out(token)]);
    assert!(world.says(r#"30["late"]"#).is_empty());
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn an_answer_in_time_ends_the_deadline() {
    let mut world = World::connected();
    world.ask(r#"["q"]"#, Some(80));
    world.drain();

    assert_eq!(world.says("30[]").len(), 1);
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn acks_time_out_in_the_order_of_their_deadlines() {
    let mut world = World::connected();
    let slow = world.ask(r#"["slow"]"#, Some(80));
    let quick = world.ask(r#"["quick"]"#, Some(50));
    world.drain();

    assert_eq!(world.after(50), [timed_out(quick)]);
    assert_eq!(world.after(30), [timed_out(slow)]);
}

#[test]
fn the_sockets_timeout_counts_unless_the_event_names_one() {
    let options = SocketOptions {
        ack_timeout: Some(Duration::from_millis(70)),
        ..SocketOptions::default()
    };
    let mut world = World::connected_with(options);
    world.emit(MAIN, r#"["plain"]"#);
    assert_eq!(world.manager.next_timeout(), None);
    world.ask(r#"["own"]"#, Some(5));
    world.ask(r#"["default"]"#, None);
    world.drain();

    world.after(5);
    world.after(65);
}

#[test]
fn a_timeout_while_offline_takes_the_event_out_of_the_buffer() {
    let mut world = World::new();
    let socket = world.add("/");
    world.emit(socket, r#"["before"]"#);
    let token = world.ask(r#"["gone"]"#, Some(60));
    world.emit(socket, r#"["after"]"#);
    assert_eq!(world.after(60), [timed_out(token)]);
    assert_eq!(world.manager.waiting(socket), 2);

    world.connect(socket);
    world.opened();
    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [r#"> 2["before"]"#, r#"> 2["after"]"#, "connect / x"]
    );
}

#[test]
fn a_loss_ends_the_waiting_for_what_was_sent_and_keeps_what_was_not() {
    let mut world = World::connected();
    let sent = world.ask(r#"["sent"]"#, Some(30_000));
    world.drain();
    world.link.has_expired = true;
    let kept = world.ask(r#"["kept"]"#, None);
    assert!(world.drain().is_empty());

    assert_eq!(
        world.closed(CloseReason::PingTimeout),
        [
            "manager close ping timeout",
            "disconnect / ping timeout",
            &disconnected(sent)
        ]
    );
    world.link.has_expired = false;
    world.after(100);
    world.opened();
    assert_eq!(
        world.says(r#"0{"sid":"y"}"#),
        [r#"> 21["kept"]"#, "connect / y"]
    );
    assert_eq!(world.says("31[]"), [format!("ack {kept:?} []")]);
}

#[test]
fn disconnects_of_both_sides_end_the_waiting() {
    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, None);
    world.drain();
    assert_eq!(world.disconnect(MAIN).last(), Some(&disconnected(token)));

    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, None);
    world.drain();
    assert_eq!(world.says("1").last(), Some(&disconnected(token)));
}

#[test]
fn a_buffered_event_keeps_its_ack_through_failed_attempts() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    let token = world.ask(r#"["q"]"#, None);
    world.failed("refused");
    world.after(100);
    world.opened();
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [r#"> 20["q"]"#, "connect / x"]
    );
    assert_eq!(world.says("30[1]"), [format!("ack {token:?} [1]")]);
}

#[test]
fn an_ack_that_nobody_waits_for_any_more_is_forgotten() {
    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, Some(80));
    world.drain();
    world.manager.forget_ack(token);

    assert_eq!(world.manager.next_timeout(), None);
    assert!(world.says("30[1]").is_empty());
}

#[test]
fn a_dropped_volatile_event_times_out_or_fails_at_once() {
    let mut world = World::new();
    world.add("/");
    let ask = |world: &mut World, timeout: Option<Duration>| {
        let mut event = volatile(r#"["v"]"#);
        event.wants_ack = true;
        event.timeout = timeout;
        let token = world.try_emit(MAIN, event).expect("there is room");
        token.expect("an acknowledgement is wanted")
    };

    let token = ask(&mut world, Some(Duration::from_millis(60)));
    assert!(world.drain().is_empty());
    assert_eq!(world.after(60), [timed_out(token)]);
    let token = ask(&mut world, None);
    assert_eq!(
        world.drain(),
        [format!("ack {token:?} event has been dropped")]
    );
}

#[test]
fn more_acks_than_the_limit_are_refused_until_one_comes() {
    let options = SocketOptions {
        max_pending_acks: 1,
        ..SocketOptions::default()
    };
    let mut world = World::connected_with(options);
    let mut event = emission(r#"["q"]"#);
    event.wants_ack = true;
    world.try_emit(MAIN, event.clone()).expect("the first");
    world.drain();

    assert_eq!(
        world.try_emit(MAIN, event.clone()),
        Err(EmitError::TooManyAcks { limit: 1 })
    );
    world.says("30[]");
    assert!(world.try_emit(MAIN, event).is_ok());
}

#[test]
fn an_event_of_the_server_is_answered_with_its_id() {
    let mut world = World::connected();
    let admin = world.join("/admin");
    world.says(r#"24294967296["ask"]"#);
    world.says(r#"2/admin,7["ask"]"#);
    let [first, second] = [world.answers.remove(0), world.answers.remove(0)];
    assert_eq!((first.socket(), second.socket()), (MAIN, admin));

    let one = Content::ack(&Parser::Text, &1).expect("it can be encoded");
    let file = Content::ack(&Parser::Text, &bytes::Bytes::from_static(b"\x09"))
        .expect("it can be encoded");
    assert!(world.manager.answer(first, one));
    assert!(world.manager.answer(second, file));
    assert_eq!(
        world.drain(),
        [
            "> 34294967296[1]",
            r#"> 61-/admin,7[{"_placeholder":true,"num":0}]"#,
            r#"> b"\t""#
        ]
    );
}

#[test]
fn an_answer_after_the_loss_of_its_connection_goes_nowhere() {
    let mut world = World::connected();
    world.says(r#"20["ask"]"#);
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();
    world.says(r#"0{"sid":"y"}"#);

    let answer = world.answers.remove(0);
    let content = Content::ack(&Parser::Text, &()).expect("it can be encoded");
    assert!(!world.manager.answer(answer, content));
    assert!(world.drain().is_empty());
}

#[test]
fn a_timeout_beyond_all_time_never_comes() {
    let mut world = World::connected();
    let mut event = emission(r#"["q"]"#);
    event.wants_ack = true;
    event.timeout = Some(Duration::MAX);
    world.try_emit(MAIN, event).expect("there is room");

    assert_eq!(world.manager.next_timeout(), None);
}
