//! Lost connections and failed attempts.

use std::time::Duration;

use super::world::{Auth, MAIN, World};
use crate::client::{CloseReason, Settings};

impl World {
    fn change(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.manager.settings().clone();
        change(&mut settings);
        self.manager.set_settings(settings);
    }
}

#[test]
fn a_lost_connection_is_tried_again_after_the_delay() {
    let mut world = World::connected();
    let admin = world.join("/admin");

    assert_eq!(
        world.closed(CloseReason::TransportClose),
        [
            "manager close transport close",
            "disconnect / transport close",
            "disconnect /admin transport close"
        ]
    );
    assert!(world.manager.is_active(admin) && !world.manager.is_connected(admin));
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
    assert_eq!(
        world.opened(),
        ["manager open", "manager reconnect 1", "> 0", "> 0/admin,"]
    );
    assert_eq!(world.says(r#"0{"sid":"new"}"#), ["connect / new"]);
}

#[test]
fn each_reason_of_the_engine_reaches_the_sockets() {
    for (reason, text) in [
        (CloseReason::PingTimeout, "ping timeout"),
        (CloseReason::TransportClose, "transport close"),
        (CloseReason::TransportError, "transport error"),
    ] {
        let mut world = World::connected();
        let lines = world.closed(reason);
        assert_eq!(
            lines,
            [
                format!("manager close {text}"),
                format!("disconnect / {text}")
            ]
        );
    }
}

#[test]
fn an_error_of_an_open_engine_is_reported_to_manager_and_joining_sockets() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.connect(admin);

    assert_eq!(
        world.failed("reset"),
        [
            "manager error reset",
            "connect_error /admin reset",
            "manager close transport error",
            "disconnect / transport error",
            "disconnect /admin transport error"
        ]
    );
}

#[test]
fn the_first_attempt_is_repeated_like_any_other() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);

    assert_eq!(
        world.failed("refused"),
        ["manager error refused", "connect_error / refused"]
    );
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
    assert_eq!(
        world.failed("refused"),
        [
            "manager error refused",
            "connect_error / refused",
            "manager reconnect_error refused"
        ]
    );
    assert_eq!(
        world.after(200),
        ["manager reconnect_attempt 2", "engine open"]
    );
    assert_eq!(
        world.opened(),
        ["manager open", "manager reconnect 2", "> 0"]
    );
}

#[test]
fn delays_double_up_to_the_largest_and_start_over_after_a_success() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    for delay in [100, 200, 400, 400] {
        world.failed("refused");
        world.after(delay);
    }
    world.opened();

    world.closed(CloseReason::TransportClose);
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
}

#[test]
fn after_the_last_attempt_comes_reconnect_failed_and_silence() {
    let mut world = World::with(|options| options.settings.reconnection_attempts = Some(1));
    let socket = world.add("/");
    world.connect(socket);
    world.failed("refused");
    world.after(100);

    assert_eq!(
        world.failed("refused"),
        [
            "manager error refused",
            "connect_error / refused",
            "manager reconnect_failed",
            "manager reconnect_error refused"
        ]
    );
    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.connect(socket), ["engine open"]);
    world.failed("refused");
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
}

#[test]
fn without_reconnection_a_lost_connection_stays_lost_until_connect() {
    let mut world = World::connected();
    world.change(|settings| settings.reconnection = false);

    world.closed(CloseReason::TransportClose);
    assert_eq!(world.manager.next_timeout(), None);
    world.change(|settings| settings.reconnection = true);
    assert_eq!(world.connect(MAIN), ["engine open"]);
    world.opened();
    world.closed(CloseReason::TransportClose);
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
}

#[test]
fn connect_in_a_handler_of_the_error_begins_at_once_only_without_reconnection() {
    for (reconnection, connects) in [(false, true), (true, false)] {
        let mut world = World::with(|options| options.settings.reconnection = reconnection);
        let socket = world.add("/");
        world.connect(socket);
        world.hook("connect_error / refused", |world| {
            world.manager.connect(world.now, MAIN);
        });

        let lines = world.failed("refused");
        let has_begun = lines.last().is_some_and(|line| line == "engine open");
        assert_eq!(has_begun, connects);
    }
}

#[test]
fn switching_reconnection_off_ends_the_waiting() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);
    world.change(|settings| settings.reconnection = false);

    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.connect(MAIN), ["engine open"]);
}

#[test]
fn settings_change_while_it_runs_and_are_read_back() {
    let mut world = World::connected();
    world.change(|settings| {
        settings.reconnection_delay = Duration::from_millis(7);
        settings.timeout = None;
    });

    world.closed(CloseReason::TransportClose);
    world.after(7);
    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.manager.settings().timeout, None);
}

#[test]
fn a_socket_that_stops_in_the_waiting_time_stops_the_attempts() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);

    assert!(world.disconnect(MAIN).is_empty());
    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.connect(MAIN), ["engine open"]);
}

#[test]
fn one_of_two_stops_and_the_other_is_connected_again() {
    let mut world = World::connected();
    let admin = world.join("/admin");
    world.closed(CloseReason::TransportClose);
    world.disconnect(admin);
    world.after(100);

    assert_eq!(
        world.opened(),
        ["manager open", "manager reconnect 1", "> 0"]
    );
}

#[test]
fn connect_in_the_waiting_time_makes_no_second_connection() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);

    assert!(world.connect(MAIN).is_empty());
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
    assert!(world.connect(MAIN).is_empty());
}

#[test]
fn opening_the_manager_in_the_waiting_time_begins_the_attempt() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);
    world.manager.open(world.now);

    assert_eq!(world.drain(), ["engine open"]);
    assert_eq!(
        world.opened(),
        ["manager open", "manager reconnect 1", "> 0"]
    );
    world.closed(CloseReason::TransportClose);
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
}

#[test]
fn a_disconnect_in_the_handler_of_the_attempt_stops_it() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);
    world.hook("manager reconnect_attempt 1", |world| {
        world.manager.disconnect(MAIN);
    });

    assert_eq!(world.after(100), ["manager reconnect_attempt 1"]);
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn a_disconnect_in_the_handler_of_the_loss_stops_reconnection() {
    let mut world = World::connected();
    world.hook("disconnect / ping timeout", |world| {
        world.manager.disconnect(MAIN);
    });

    assert_eq!(
        world.closed(CloseReason::PingTimeout),
        ["manager close ping timeout", "disconnect / ping timeout"]
    );
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn an_attempt_that_takes_too_long_is_given_up() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);

    assert_eq!(
        world.after(20_000),
        [
            "engine close at once",
            "manager error timeout",
            "connect_error / timeout"
        ]
    );
    world.after(100);
    assert_eq!(
        world.after(20_000),
        [
            "engine close at once",
            "manager error timeout",
            "connect_error / timeout",
            "manager reconnect_error timeout"
        ]
    );
}

#[test]
fn an_engine_that_closes_before_it_is_open_is_a_failed_attempt() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);

    assert_eq!(
        world.closed(CloseReason::TransportClose),
        [
            "manager error transport close",
            "connect_error / transport close"
        ]
    );
    assert_eq!(
        world.after(100),
        ["manager reconnect_attempt 1", "engine open"]
    );
}

#[test]
fn a_socket_whose_auth_is_awaited_hears_of_the_loss_and_is_asked_again() {
    let mut world = World::new();
    world.auth = Auth::Later;
    let socket = world.add("/");
    world.connect(socket);
    world.opened();

    assert_eq!(
        world.closed(CloseReason::TransportClose),
        [
            "manager close transport close",
            "disconnect / transport close"
        ]
    );
    world.after(100);
    assert_eq!(
        world.opened(),
        ["manager open", "ask /", "manager reconnect 1"]
    );
}

#[test]
fn a_deliberate_close_while_waiting_ends_all_attempts() {
    let mut world = World::connected();
    world.closed(CloseReason::TransportClose);
    world.manager.close();

    assert!(world.drain().is_empty());
    assert_eq!(world.manager.next_timeout(), None);
}

#[test]
fn a_delay_beyond_all_time_never_ends() {
    let mut world = World::with(|options| {
        options.settings.reconnection_delay = Duration::MAX;
        options.settings.reconnection_delay_max = Duration::MAX;
        options.settings.timeout = Some(Duration::MAX);
    });
    let socket = world.add("/");
    world.connect(socket);
    assert_eq!(world.manager.next_timeout(), None);

    world.failed("refused");
    assert_eq!(world.manager.next_timeout(), None);
    world.manager.open(world.now);
    assert_eq!(world.drain(), ["engine open"]);
}
