//! What no server should send.

use super::world::{MAIN, World};
use crate::DecodeError;
use crate::client::{CloseReason, Description, ManagerEvent, Output};

const LOST: [&str; 3] = [
    "engine close",
    "manager close parse error",
    "disconnect / parse error",
];

#[test]
fn what_is_no_packet_ends_the_connection_which_is_tried_again() {
    for text in [
        "",
        "7",
        "4x",
        r#"2["x""#,
        "2{}",
        "2[]",
        "2[null]",
        r#"2["connect"]"#,
        "31{}",
        "31[",
        r#"1{"a":1}"#,
        r#"0"x""#,
        "4[1]",
        r#"5-["x"]"#,
        "51",
        r#"511-["x"]"#,
        "2/none,{}",
    ] {
        let mut world = World::connected();
        assert_eq!(world.says(text), LOST, "{text}");
        assert!(world.manager.is_active(MAIN));
        assert!(world.says(r#"2["x"]"#).is_empty());

        world.after(100);
        assert_eq!(
            world.opened(),
            ["manager open", "manager reconnect 1", "> 0"]
        );
        assert_eq!(world.says(r#"0{"sid":"y"}"#), ["connect / y"]);
        assert_eq!(world.says(r#"2["x"]"#), [r#"event / ["x"]"#]);
    }
}

#[test]
fn the_close_event_says_what_was_wrong() {
    let mut world = World::connected();
    let engine = world.engine();
    world.manager.handle_text(world.now, engine, "7");
    world.manager.poll_output(world.now);

    let Some(Output::Manager(event)) = world.manager.poll_output(world.now) else {
        panic!("the close is reported");
    };
    let error = DecodeError::UnknownType { found: '7' };
    assert_eq!(
        event,
        ManagerEvent::Close {
            reason: CloseReason::ParseError,
            description: Some(Description::Decode(error)),
        }
    );
}

#[test]
fn a_binary_message_out_of_place_ends_the_connection() {
    let mut world = World::connected();

    assert_eq!(world.says_bytes(b"\x01"), LOST);
}

#[test]
fn a_half_received_event_is_forgotten_with_its_connection() {
    let mut world = World::connected();
    assert!(
        world
            .says(r#"51-["half",{"_placeholder":true,"num":0}]"#)
            .is_empty()
    );
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    assert_eq!(world.says(r#"0{"sid":"y"}"#), ["connect / y"]);
}

#[test]
fn a_parse_error_ends_every_namespace() {
    let mut world = World::connected();
    world.join("/a");

    let lines = world.says("2/a,{}");
    assert_eq!(lines[..3], LOST);
    assert_eq!(lines[3], "disconnect /a parse error");
}

#[test]
fn a_parse_error_is_final_without_reconnection() {
    let mut world = World::connected();
    let mut settings = world.manager.settings().clone();
    settings.reconnection = false;
    world.manager.set_settings(settings);

    assert_eq!(world.says("2{}"), LOST);
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn deep_nesting_is_a_parse_error() {
    let mut world = World::connected();
    let deep = format!(r#"2["x",{}{}]"#, "[".repeat(3000), "]".repeat(3000));

    assert_eq!(world.says(&deep), LOST);
}

#[test]
fn an_event_that_comes_while_outputs_are_left_does_not_overtake_them() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.manager.connect(world.now, admin);
    let engine = world.engine();

    let first = world.manager.handle_text(world.now, engine, r#"2["x"]"#);
    assert!(first.is_none());
    assert_eq!(world.drain(), [r#"event / ["x"]"#, "> 0/admin,"]);
}
