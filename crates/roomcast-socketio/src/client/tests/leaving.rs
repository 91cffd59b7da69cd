//! How sockets come to be disconnected.

use super::world::{Auth, MAIN, World};
use crate::client::CloseReason;

#[test]
fn disconnecting_the_last_socket_closes_the_connection() {
    let mut world = World::connected();

    assert_eq!(
        world.disconnect(MAIN),
        [
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect"
        ]
    );
    assert!(!world.manager.is_active(MAIN));
    assert_eq!(world.manager.sid(MAIN), None);
    assert_eq!(world.manager.next_timeout(), None);
    assert!(world.disconnect(MAIN).is_empty());
}

#[test]
fn disconnecting_one_of_two_keeps_the_connection() {
    let mut world = World::connected();
    let admin = world.join("/admin");

    assert_eq!(
        world.disconnect(admin),
        ["> 1/admin,", "disconnect /admin io client disconnect"]
    );
    assert_eq!(world.connect(admin), ["> 0/admin,"]);
}

#[test]
fn disconnect_directly_followed_by_connect_opens_a_new_connection() {
    let mut world = World::connected();
    world.manager.disconnect(MAIN);
    world.manager.connect(world.now, MAIN);

    assert_eq!(
        world.drain(),
        [
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect",
            "engine open"
        ]
    );
    assert_eq!(world.opened(), ["manager open", "> 0"]);
}

#[test]
fn disconnecting_while_the_engine_opens_closes_it_quietly() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);

    assert_eq!(
        world.disconnect(socket),
        ["engine close", "manager close forced close"]
    );
    assert!(world.opened().is_empty());
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn a_socket_that_leaves_before_its_confirmation_says_goodbye_after_it() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.connect(admin);

    assert!(world.disconnect(admin).is_empty());
    assert!(world.says(r#"2/admin,["early"]"#).is_empty());
    assert_eq!(world.says(r#"0/admin,{"sid":"y"}"#), ["> 1/admin,"]);
    assert!(!world.manager.is_active(admin));
    assert_eq!(world.connect(admin), ["> 0/admin,"]);
}

#[test]
fn a_socket_that_comes_back_before_its_confirmation_sends_no_second_connect() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.connect(admin);
    world.disconnect(admin);

    assert!(world.connect(admin).is_empty());
    assert_eq!(world.says(r#"0/admin,{"sid":"y"}"#), ["connect /admin y"]);
}

#[test]
fn a_socket_that_leaves_before_its_refusal_hears_nothing_of_it() {
    for answer in [r#"4/admin,{"message":"no"}"#, "1/admin,"] {
        let mut world = World::connected();
        let admin = world.add("/admin");
        world.connect(admin);
        world.disconnect(admin);

        assert!(world.says(answer).is_empty());
        assert_eq!(world.connect(admin), ["> 0/admin,"]);
    }
}

#[test]
fn a_socket_that_left_before_its_confirmation_is_forgotten_with_the_connection() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.connect(admin);
    world.disconnect(admin);
    world.closed(CloseReason::TransportClose);
    world.after(100);

    assert_eq!(
        world.opened(),
        ["manager open", "manager reconnect 1", "> 0"]
    );
}

#[test]
fn a_socket_that_leaves_while_its_auth_is_awaited_sends_nothing() {
    let mut world = World::connected();
    world.auth = Auth::Later;
    let admin = world.add("/admin");
    world.connect(admin);

    assert!(world.disconnect(admin).is_empty());
    let request = world.requests[0];
    world.manager.authorize(request, Ok(None));
    assert!(world.drain().is_empty());
}

#[test]
fn the_servers_disconnect_is_final_until_connect() {
    let mut world = World::connected();

    assert_eq!(
        world.says("1"),
        [
            "engine close",
            "manager close forced close",
            "disconnect / io server disconnect"
        ]
    );
    assert!(!world.manager.is_active(MAIN));
    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.connect(MAIN), ["engine open"]);
}

#[test]
fn the_servers_disconnect_of_one_namespace_keeps_the_others() {
    let mut world = World::connected();
    let admin = world.join("/admin");

    assert_eq!(
        world.says("1/admin,"),
        ["disconnect /admin io server disconnect"]
    );
    assert!(world.says(r#"2/admin,["x"]"#).is_empty());
    assert!(!world.manager.is_active(admin));
    assert_eq!(world.says(r#"2["x"]"#), [r#"event / ["x"]"#]);
}

#[test]
fn connect_in_the_handler_of_the_servers_disconnect_opens_a_new_connection() {
    let mut world = World::connected();
    world.hook("disconnect / io server disconnect", |world| {
        world.manager.connect(world.now, MAIN);
    });

    let lines = world.says("1");
    assert_eq!(lines.last().map(String::as_str), Some("engine open"));
}

#[test]
fn after_a_disconnect_in_the_connect_handler_no_event_is_delivered() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    world.opened();
    world.hook("connect / x", |world| world.manager.disconnect(MAIN));

    assert_eq!(
        world.says(r#"0{"sid":"x"}"#),
        [
            "connect / x",
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect"
        ]
    );
    assert!(world.says(r#"2["x"]"#).is_empty());
}

#[test]
fn closing_the_manager_disconnects_its_sockets_which_come_back_when_it_opens() {
    let mut world = World::connected();
    world.manager.close();

    assert_eq!(
        world.drain(),
        [
            "engine close",
            "manager close forced close",
            "disconnect / io client disconnect"
        ]
    );
    assert_eq!(world.manager.next_timeout(), None);
    world.manager.close();
    world.manager.open(world.now);
    assert_eq!(world.drain(), ["engine open"]);
    assert_eq!(world.opened(), ["manager open", "> 0"]);
}

#[test]
fn closing_the_manager_in_its_open_handler_joins_nobody() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    world.hook("manager open", |world| world.manager.close());

    assert_eq!(
        world.opened(),
        ["manager open", "engine close", "manager close forced close"]
    );
}
