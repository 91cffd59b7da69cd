//! Events that wait for a connection that is slow.

use super::world::{MAIN, World, emission};
use crate::Parser;
use crate::client::{AckError, CloseReason, Content, Emission, EmitError, Overflow, SocketOptions};

/// A connected world whose engine takes nothing, and whose outbox takes two events of ten bytes.
fn blocked(overflow: Overflow) -> World {
    blocked_with(SocketOptions {
        overflow,
        ..SocketOptions::default()
    })
}

fn blocked_with(options: SocketOptions) -> World {
    let mut world = World::with(|options| options.max_outbox = 20);
    assert_eq!(world.manager.add_socket("/", options), MAIN);
    world.connect(MAIN);
    world.opened();
    assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
    world.is_blocked = true;
    world
}

/// An event of ten bytes.
fn ten(name: char) -> Emission {
    let emission = emission(&format!(r#"["{name}",1234]"#));
    assert_eq!(emission.content.weight(), 10);
    emission
}

fn fill(world: &mut World) {
    for name in ['a', 'b'] {
        assert_eq!(world.try_emit(MAIN, ten(name)), Ok(None));
    }
    assert_eq!(world.manager.outbox_bytes(), 20);
}

#[test]
fn what_a_slow_connection_does_not_take_is_refused_at_the_limit() {
    let mut world = blocked(Overflow::Refuse);
    fill(&mut world);

    let refused = Err(EmitError::OutboxFull { bytes: 20 });
    assert_eq!(world.try_emit(MAIN, ten('c')), refused);
    assert_eq!(world.unblock(), [r#"> 2["a",1234]"#, r#"> 2["b",1234]"#]);
    assert_eq!(world.manager.outbox_bytes(), 0);
    assert_eq!(world.try_emit(MAIN, ten('d')), Ok(None));
}

#[test]
fn an_event_larger_than_the_limit_leaves_if_no_other_waits() {
    let mut world = blocked(Overflow::Refuse);
    let large = || emission(r#"["a",123456789012345]"#);
    assert_eq!(world.try_emit(MAIN, large()), Ok(None));

    let refused = Err(EmitError::OutboxFull { bytes: 21 });
    assert_eq!(world.try_emit(MAIN, large()), refused);
}

#[test]
fn the_oldest_make_room_and_their_acknowledgements_fail() {
    let mut world = blocked(Overflow::DropOldest);
    let mut asking = ten('a');
    asking.wants_ack = true;
    let token = world.try_emit(MAIN, asking).expect("there is room");
    let token = token.expect("an answer is wanted");
    for name in ['b', 'c'] {
        assert_eq!(world.try_emit(MAIN, ten(name)), Ok(None));
    }

    let dropped = AckError::Dropped;
    assert_eq!(world.drain(), [format!("ack {token:?} {dropped}")]);
    assert_eq!(world.unblock(), [r#"> 2["b",1234]"#, r#"> 2["c",1234]"#]);
}

#[test]
fn the_newest_is_left_out_and_its_emitter_told() {
    let mut world = blocked(Overflow::DropNewest);
    fill(&mut world);

    assert_eq!(world.try_emit(MAIN, ten('c')), Err(EmitError::Dropped));
    assert_eq!(world.unblock(), [r#"> 2["a",1234]"#, r#"> 2["b",1234]"#]);
}

#[test]
fn an_event_may_have_a_policy_of_its_own() {
    let mut world = blocked(Overflow::Refuse);
    fill(&mut world);
    let mut urgent = ten('c');
    urgent.when_full = Some(Overflow::DropOldest);

    assert_eq!(world.try_emit(MAIN, urgent), Ok(None));
    assert_eq!(world.unblock(), [r#"> 2["b",1234]"#, r#"> 2["c",1234]"#]);
}

#[test]
fn packets_that_are_no_events_are_neither_refused_nor_dropped() {
    let mut world = blocked(Overflow::DropOldest);
    world.says(r#"21["?"]"#);
    let answer = world.answers.pop().expect("an answer is wanted");
    let content = Content::ack(&Parser::Text, &"an answer").expect("a text");
    fill(&mut world);
    assert!(world.manager.answer(answer, content));
    let other = world.add("/other");
    assert!(world.connect(other).is_empty());
    for name in ['c', 'd', 'e'] {
        assert_eq!(world.try_emit(MAIN, ten(name)), Ok(None));
    }

    assert_eq!(
        world.unblock(),
        [
            r#"> 31["an answer"]"#,
            "> 0/other,",
            r#"> 2["d",1234]"#,
            r#"> 2["e",1234]"#
        ]
    );
}

#[test]
fn a_server_that_asks_and_does_not_read_the_answers_is_left() {
    let mut world = blocked(Overflow::Refuse);
    for id in 0..3 {
        world.says(&format!(r#"2{id}["?"]"#));
    }
    let answers = std::mem::take(&mut world.answers);
    let mut sent = answers.into_iter().map(|answer| {
        let content = Content::ack(&Parser::Text, &"1234567890123").expect("a text");
        world.manager.answer(answer, content)
    });

    assert!(sent.by_ref().take(2).all(|is_sent| is_sent));
    assert_eq!(sent.next(), Some(false));
    drop(sent);
    assert_eq!(
        world.drain(),
        [
            "engine close at once",
            "manager close transport error",
            "disconnect / transport error"
        ]
    );
    assert_eq!(world.manager.outbox_bytes(), 0);
    assert_eq!(world.after(100)[0], "manager reconnect_attempt 1");
}

#[test]
fn an_event_that_is_sent_until_it_is_answered_is_not_dropped() {
    let mut world = blocked_with(SocketOptions {
        retries: 1,
        ..SocketOptions::default()
    });
    let other = SocketOptions {
        overflow: Overflow::DropOldest,
        ..SocketOptions::default()
    };
    let other = world.manager.add_socket("/other", other);
    world.is_blocked = false;
    world.connect(other);
    world.says(r#"0/other,{"sid":"y"}"#);
    world.is_blocked = true;
    assert_eq!(world.try_emit(MAIN, ten('a')), Ok(None));
    for name in ['b', 'c'] {
        assert_eq!(world.try_emit(other, ten(name)), Ok(None));
    }

    assert_eq!(
        world.unblock(),
        [r#"> 20["a",1234]"#, r#"> 2/other,["c",1234]"#]
    );
}

#[test]
fn what_has_waited_for_the_connection_is_not_refused_when_it_is_there() {
    let mut world = World::with(|options| options.max_outbox = 20);
    world.add("/");
    for name in ['a', 'b', 'c'] {
        assert_eq!(world.try_emit(MAIN, ten(name)), Ok(None));
    }
    world.connect(MAIN);
    world.opened();
    world.is_blocked = true;

    assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
    assert_eq!(world.manager.outbox_bytes(), 30);
    assert_eq!(world.unblock().len(), 3);
}

#[test]
fn what_waits_is_lost_with_its_connection() {
    let mut world = blocked(Overflow::Refuse);
    fill(&mut world);
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.is_blocked = false;

    assert_eq!(world.opened()[2..], ["> 0"]);
    assert_eq!(world.says(r#"0{"sid":"y"}"#), ["connect / y"]);
}

#[test]
fn what_waits_when_the_user_leaves_is_there_for_the_engine_that_closes() {
    let mut world = blocked(Overflow::Refuse);
    fill(&mut world);

    assert_eq!(world.disconnect(MAIN)[0], "engine close");
    assert_eq!(
        world.unblock(),
        [r#"> 2["a",1234]"#, r#"> 2["b",1234]"#, "> 1"]
    );
}

#[test]
fn the_share_of_the_room_that_is_taken_can_be_asked_for() {
    let mut world = blocked(Overflow::Refuse);
    assert!(world.manager.is_within(MAIN, 4));
    assert_eq!(world.try_emit(MAIN, ten('a')), Ok(None));
    assert!(world.manager.is_within(MAIN, 2));
    assert!(!world.manager.is_within(MAIN, 4));
    assert_eq!(world.try_emit(MAIN, ten('b')), Ok(None));
    assert!(!world.manager.is_within(MAIN, 2));

    world.unblock();
    assert!(world.manager.is_within(MAIN, 4));
}
