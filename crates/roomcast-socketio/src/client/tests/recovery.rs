//! Restoring the session after a lost connection.

use super::world::{Auth, MAIN, World};
use crate::client::CloseReason;

/// A world whose main namespace is connected with the private id `private-1`.
fn recoverable() -> World {
    let mut world = World::new();
    world.add("/");
    world.connect(MAIN);
    world.opened();
    assert_eq!(
        world.says(r#"0{"sid":"x","pid":"private-1"}"#),
        ["connect / x"]
    );
    world
}

/// Loses the connection and returns the next CONNECT.
fn next_connect(world: &mut World) -> String {
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened().pop().expect("CONNECT comes last")
}

#[test]
fn connect_carries_the_private_id_and_the_last_offset() {
    let mut world = recoverable();
    world.says(r#"2["x",1,"offset-1"]"#);
    world.says(r#"2["x",2,"offset-2"]"#);

    assert_eq!(
        next_connect(&mut world),
        r#"> 0{"pid":"private-1","offset":"offset-2"}"#
    );
}

#[test]
fn there_is_no_offset_before_the_first_event_with_one() {
    let mut world = recoverable();
    world.says(r#"2["name only"]"#);

    assert_eq!(next_connect(&mut world), r#"> 0{"pid":"private-1"}"#);
}

#[test]
fn an_event_whose_last_value_is_no_text_leaves_the_offset_alone() {
    for event in [
        r#"["x","a",7]"#,
        r#"["x","a",-1.5]"#,
        r#"["x","a",true]"#,
        r#"["x",{"a":"b"}]"#,
        r#"["x",["a"]]"#,
        r#"["x",null]"#,
    ] {
        let mut world = recoverable();
        world.says(r#"2["x","offset-1"]"#);
        world.says(&format!("2{event}"));

        assert_eq!(
            next_connect(&mut world),
            r#"> 0{"pid":"private-1","offset":"offset-1"}"#,
            "{event}"
        );
    }
}

#[test]
fn an_event_that_wants_an_answer_has_no_offset() {
    let mut world = recoverable();
    world.says(r#"20["ask","text"]"#);

    assert_eq!(next_connect(&mut world), r#"> 0{"pid":"private-1"}"#);
}

#[test]
fn binary_events_have_an_offset_too() {
    let mut world = recoverable();
    world.says(r#"51-["x",{"_placeholder":true,"num":0},"offset-2"]"#);
    world.says_bytes(b"\x01");

    assert_eq!(
        next_connect(&mut world),
        r#"> 0{"pid":"private-1","offset":"offset-2"}"#
    );
}

#[test]
fn a_text_that_ends_in_binary_has_no_offset() {
    let mut world = recoverable();
    world.says(r#"51-["x","text",{"_placeholder":true,"num":0}]"#);
    world.says_bytes(b"\x01");

    assert_eq!(next_connect(&mut world), r#"> 0{"pid":"private-1"}"#);
}

#[test]
fn an_offset_with_escapes_is_sent_back_as_the_same_text() {
    let mut world = recoverable();
    world.says(r#"2["x","\u00e9\""]"#);

    assert_eq!(
        next_connect(&mut world),
        r#"> 0{"pid":"private-1","offset":"é\""}"#
    );
}

#[test]
fn a_large_text_is_no_offset() {
    let at_the_limit = "a".repeat(4096);
    let mut world = recoverable();
    world.says(&format!(r#"2["x","{at_the_limit}"]"#));
    world.says(&format!(r#"2["x","{at_the_limit}b"]"#));

    assert_eq!(
        next_connect(&mut world),
        format!(r#"> 0{{"pid":"private-1","offset":"{at_the_limit}"}}"#)
    );
}

#[test]
fn without_a_private_id_nothing_is_added() {
    let mut world = World::connected();
    world.says(r#"2["x","text"]"#);

    assert_eq!(next_connect(&mut world), "> 0");
}

#[test]
fn the_users_keys_win() {
    let mut world = recoverable();
    world.auth = Auth::Object(r#"{"token":"t","offset":"mine"}"#);
    world.says(r#"2["x","theirs"]"#);

    assert_eq!(
        next_connect(&mut world),
        r#"> 0{"pid":"private-1","token":"t","offset":"mine"}"#
    );
}

#[test]
fn recovered_only_if_the_server_answers_with_the_same_private_id() {
    let mut world = recoverable();
    let mut again = |pid: &str| {
        next_connect(&mut world);
        let lines = world.says(&format!(r#"0{{"sid":"y","pid":"{pid}"}}"#));
        (lines, world.manager.recovered(MAIN))
    };

    assert_eq!(
        again("private-1"),
        (vec!["connect / y recovered".to_owned()], true)
    );
    assert_eq!(again("private-2"), (vec!["connect / y".to_owned()], false));
    assert_eq!(
        again("private-2"),
        (vec!["connect / y recovered".to_owned()], true)
    );
    assert_eq!(again(""), (vec!["connect / y".to_owned()], false));
}

#[test]
fn early_events_count_towards_the_offset_when_they_are_delivered() {
    let mut world = recoverable();
    next_connect(&mut world);
    world.says(r#"2["x","early"]"#);
    world.says(r#"0{"sid":"y","pid":"private-1"}"#);

    assert_eq!(
        next_connect(&mut world),
        r#"> 0{"pid":"private-1","offset":"early"}"#
    );
}
