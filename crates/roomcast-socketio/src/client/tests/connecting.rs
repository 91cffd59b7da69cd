//! How sockets come to be connected.

use super::world::{Auth, MAIN, World};
use crate::client::{AckError, CloseReason, SocketOptions};
use crate::{Value, value};

const V2_HINT: &str = "connect_error / It seems you are trying to reach a Socket.IO server in v2.x \
    with a v3.x client, but they are not compatible (more information here: \
    https://socket.io/docs/v3/migrating-from-2-x-to-3-0/)";

#[test]
fn a_socket_joins_once_the_engine_is_open() {
    let mut world = World::new();
    let socket = world.add("/");

    assert_eq!(world.connect(socket), ["engine open"]);
    assert!(world.manager.is_active(socket));
    assert_eq!(world.opened(), ["manager open", "> 0"]);
    assert!(!world.manager.is_connected(socket));
    assert_eq!(world.says(r#"0{"sid":"x"}"#), ["connect / x"]);
    assert_eq!(world.manager.sid(socket).map(|sid| &**sid), Some("x"));
    assert!(!world.manager.recovered(socket));
}

#[test]
fn a_second_namespace_joins_over_the_open_connection() {
    let mut world = World::connected();
    let admin = world.add("/admin");

    assert_eq!(world.connect(admin), ["> 0/admin,"]);
    assert_eq!(world.says(r#"0/admin,{"sid":"y"}"#), ["connect /admin y"]);
    assert_eq!(world.add("/admin"), admin);
    assert_eq!(world.manager.socket("/admin"), Some(admin));
    assert_eq!(world.manager.sockets().collect::<Vec<_>>(), [MAIN, admin]);
}

#[test]
fn who_looks_at_packets_sees_each_before_what_it_leads_to() {
    let mut world = World::connected();
    assert_eq!(world.says(r#"2["a"]"#), [r#"event / ["a"]"#]);
    world.manager.report_packets(true);

    assert_eq!(
        world.says(r#"2["a"]"#),
        ["packet event /", r#"event / ["a"]"#]
    );
    assert_eq!(world.says(r#"2/unknown,["a"]"#), ["packet event /unknown"]);
    assert_eq!(
        world.says("1"),
        [
            "packet disconnect /",
            "engine close",
            "manager close forced close",
            "disconnect / io server disconnect"
        ]
    );
}

#[test]
fn connecting_twice_sends_one_connect() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    assert!(world.connect(socket).is_empty());
    world.opened();

    assert!(world.connect(socket).is_empty());
    world.says(r#"0{"sid":"x"}"#);
    assert!(world.connect(socket).is_empty());
}

#[test]
fn auth_goes_into_connect() {
    let mut world = World::new();
    world.auth = Auth::Object(r#"{"token":"a","n":1}"#);
    let socket = world.add("/");
    world.connect(socket);

    assert_eq!(
        world.opened(),
        ["manager open", r#"> 0{"token":"a","n":1}"#]
    );
}

#[test]
fn connect_waits_for_auth_and_each_namespace_is_asked() {
    let mut world = World::new();
    world.auth = Auth::Later;
    let main = world.add("/");
    let admin = world.add("/admin");
    world.connect(main);
    world.connect(admin);

    assert_eq!(world.opened(), ["manager open", "ask /", "ask /admin"]);
    let request = world.requests[1];
    world.manager.authorize(request, Ok(None));
    assert_eq!(world.drain(), ["> 0/admin,"]);
    world.manager.authorize(request, Ok(None));
    assert!(world.drain().is_empty());
}

#[test]
fn auth_for_an_attempt_that_is_over_goes_nowhere() {
    let mut world = World::new();
    world.auth = Auth::Later;
    let socket = world.add("/");
    world.connect(socket);
    world.opened();
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    let (old, new) = (world.requests[0], world.requests[1]);
    world.manager.authorize(old, Ok(None));
    assert!(world.drain().is_empty());
    world.manager.authorize(new, Ok(None));
    assert_eq!(world.drain(), ["> 0"]);
}

#[test]
fn a_caller_without_auth_takes_the_socket_for_refused() {
    let mut world = World::connected();
    world.auth = Auth::Later;
    let admin = world.add("/admin");
    world.connect(admin);

    let request = world.requests[0];
    world.manager.authorize(request, Err("no token".to_owned()));
    assert_eq!(world.drain(), ["connect_error /admin no token"]);
    assert!(!world.manager.is_active(admin));
    assert!(world.manager.is_connected(MAIN));
}

#[test]
fn a_refused_socket_is_not_connected_again_by_itself() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    world.opened();

    assert_eq!(
        world.says(r#"4{"message":"not authorized","data":{"code":401}}"#),
        [
            "engine close",
            "manager close forced close",
            "connect_error / not authorized"
        ]
    );
    assert!(!world.manager.is_active(socket));
    assert_eq!(world.manager.next_timeout(), None);
    assert_eq!(world.connect(socket), ["engine open"]);
}

#[test]
fn a_refusal_leaves_the_other_namespaces_alone() {
    let mut world = World::connected();
    let admin = world.add("/admin");
    world.connect(admin);

    assert_eq!(
        world.says(r#"4/admin,{"message":""}"#),
        ["connect_error /admin "]
    );
    assert!(world.manager.is_connected(MAIN));
}

#[test]
fn connect_in_the_handler_of_a_refusal_opens_a_new_connection() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    world.opened();
    world.hook("connect_error / no", |world| {
        world.manager.connect(world.now, MAIN);
    });

    let lines = world.says(r#"4{"message":"no"}"#);
    assert_eq!(lines.last().map(String::as_str), Some("engine open"));
}

#[test]
fn the_data_of_a_refusal_arrives() {
    let refusal = |text: &str| {
        let mut world = World::connected();
        let admin = world.add("/a");
        world.connect(admin);
        world.manager.handle_text(world.now, world.engine(), text);
        match world.manager.poll_output(world.now) {
            Some(crate::client::Output::ConnectError {
                error: crate::client::ConnectError::Refused { message, data },
                ..
            }) => (message, data),
            other => panic!("{other:?}"),
        }
    };
    let message = |text: &str| text.to_owned();

    assert_eq!(
        refusal(r#"4/a,{"message":"no","data":{"code":401,"hint":["log in",null]}}"#),
        (
            message("no"),
            Some(value!({ "code": 401, "hint": ["log in", null] }))
        )
    );
    assert_eq!(
        refusal(r#"4/a,{"message":"no","data":null}"#),
        (message("no"), None)
    );
    assert_eq!(refusal(r#"4/a,"Invalid""#), (message("Invalid"), None));
    assert_eq!(refusal(r#"4/a,{"message":7}"#), (message("7"), None));
    assert_eq!(refusal("4/a,"), (String::new(), None::<Value>));
}

#[test]
fn a_server_of_socket_io_2_is_named() {
    let mut world = World::new();
    let socket = world.add("/");
    world.connect(socket);
    world.opened();

    assert_eq!(world.says("0"), [V2_HINT]);
    assert_eq!(world.says(r#"0{"sid":""}"#), [V2_HINT]);
    assert_eq!(world.says(r#"0{"sid":7}"#), [V2_HINT]);
    assert!(world.manager.is_active(socket));
}

#[test]
fn a_second_confirmation_changes_nothing() {
    let mut world = World::connected();

    assert!(world.says(r#"0{"sid":"second"}"#).is_empty());
    assert!(world.says("0").is_empty());
    assert!(world.says(r#"4{"message":"late"}"#).is_empty());
    assert_eq!(world.manager.sid(MAIN).map(|sid| &**sid), Some("x"));
}

#[test]
fn packets_for_other_namespaces_are_ignored() {
    let mut world = World::connected();
    world.add("/idle");

    assert!(world.says(r#"2/other,["x"]"#).is_empty());
    assert!(world.says(r#"2/idle,["x"]"#).is_empty());
    assert!(world.says(r#"0/other,{"sid":"z"}"#).is_empty());
    assert!(world.says(r#"0/idle,{"sid":"z"}"#).is_empty());
    assert!(world.says("1/idle,").is_empty());
    assert_eq!(world.says(r#"2["y"]"#), [r#"event / ["y"]"#]);
}

#[test]
fn the_manager_opens_without_a_socket_and_sockets_join_later() {
    let mut world = World::new();
    world.manager.open(world.now);
    world.manager.open(world.now);
    assert_eq!(world.drain(), ["engine open"]);
    assert_eq!(world.opened(), ["manager open"]);

    let socket = world.add("/");
    assert_eq!(world.connect(socket), ["> 0"]);
}

#[test]
fn a_socket_that_is_connected_in_the_open_handler_joins_once() {
    let mut world = World::new();
    world.add("/");
    world.manager.open(world.now);
    world.drain();
    world.hook("manager open", |world| {
        world.manager.connect(world.now, MAIN);
    });

    assert_eq!(world.opened(), ["manager open", "> 0"]);
}

#[test]
fn pings_are_reported() {
    let mut world = World::connected();
    world.manager.engine_pinged(world.engine());

    assert_eq!(world.drain(), ["manager ping"]);
}

#[test]
fn what_an_old_engine_reports_counts_for_nothing() {
    let mut world = World::connected();
    let old = world.engine();
    world.closed(CloseReason::TransportClose);
    world.after(100);
    world.opened();

    world.manager.engine_opened(old);
    world.manager.engine_pinged(old);
    world
        .manager
        .engine_closed(old, CloseReason::TransportError, Some("late"));
    assert!(world.manager.handle_text(world.now, old, "4{").is_none());
    assert!(world.drain().is_empty());
    assert_eq!(world.says(r#"0{"sid":"new"}"#), ["connect / new"]);
}

#[test]
fn a_removed_socket_is_disconnected_and_its_waiting_ends() {
    let mut world = World::connected();
    let token = world.ask(r#"["q"]"#, None);
    world.drain();
    world.manager.remove_socket(MAIN);

    let ended = format!("ack {token:?} {}", AckError::Disconnected);
    assert_eq!(
        world.drain(),
        [
            "> 1",
            "engine close",
            "manager close forced close",
            "disconnect (removed) io client disconnect",
            &ended
        ]
    );
    assert_eq!(world.manager.socket("/"), None);
    let again = world.manager.add_socket("/", SocketOptions::default());
    assert_ne!(again, MAIN);
}
