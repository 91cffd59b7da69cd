//! What packets mean in the state of a connection.

#![expect(clippy::unwrap_used, reason = "a helper of tests may panic")]

use roomcast_socketio::{Decoder, Namespaces, Packet, PacketKind, StateError, Step};

/// The most namespaces that a client may join here.
const LIMIT: usize = 10;

fn packet(text: &str) -> Packet<'static> {
    Decoder::default().text(text).unwrap().unwrap().into_owned()
}

fn joined(names: &[&str]) -> Namespaces<usize> {
    let mut namespaces = Namespaces::default();
    for (number, name) in names.iter().enumerate() {
        namespaces.begin(name);
        namespaces.complete(name, number);
    }
    namespaces
}

fn not_joined(kind: PacketKind, namespace: &str) -> StateError {
    StateError::NotJoined {
        kind,
        namespace: namespace.to_owned(),
    }
}

#[test]
fn packets_go_to_the_socket_of_their_namespace() {
    let namespaces = joined(&["/", "/custom", "/dyn-1"]);

    assert_eq!(
        namespaces.route(&packet(r#"2["x"]"#), LIMIT),
        Ok(Step::Deliver(&0))
    );
    assert_eq!(
        namespaces.route(&packet(r#"2/dyn-1,["x"]"#), LIMIT),
        Ok(Step::Deliver(&2))
    );
    assert_eq!(
        namespaces.route(&packet("3/custom,1[]"), LIMIT),
        Ok(Step::Deliver(&1))
    );
}

#[test]
fn a_second_connect_is_an_error_while_joining_and_when_joined() {
    let mut namespaces = Namespaces::default();
    let again = StateError::AlreadyJoined {
        namespace: "/".to_owned(),
    };

    assert_eq!(namespaces.route(&packet("0"), LIMIT), Ok(Step::Join));
    namespaces.begin("/");
    assert!(namespaces.is_joining("/"));
    assert_eq!(namespaces.route(&packet("0"), LIMIT), Err(again.clone()));
    namespaces.complete("/", 7);
    assert!(!namespaces.is_joining("/"));
    assert_eq!(namespaces.route(&packet("0/,{}"), LIMIT), Err(again));
    assert_eq!(namespaces.route(&packet("0/custom"), LIMIT), Ok(Step::Join));
}

#[test]
fn packets_for_a_namespace_that_is_not_joined_are_errors() {
    let mut namespaces = joined(&["/"]);
    namespaces.begin("/joining");

    assert_eq!(
        namespaces.route(&packet(r#"2/custom,["x"]"#), LIMIT),
        Err(not_joined(PacketKind::Event, "/custom"))
    );
    assert_eq!(
        namespaces.route(&packet("3/joining,1[]"), LIMIT),
        Err(not_joined(PacketKind::Ack, "/joining"))
    );
    assert_eq!(
        namespaces.route(&packet("1/joining"), LIMIT),
        Err(not_joined(PacketKind::Disconnect, "/joining"))
    );
    assert!(namespaces.is_joining("/joining"));
}

#[test]
fn a_connect_error_from_a_client_is_an_error_joined_or_not() {
    for text in [r#"4{"message":"no"}"#, "4/custom,{}"] {
        assert_eq!(
            joined(&["/"]).route(&packet(text), LIMIT),
            Err(StateError::ConnectError)
        );
    }
}

#[test]
fn disconnect_leaves_one_namespace_which_can_be_joined_again() {
    let mut namespaces = joined(&["/", "/custom"]);

    assert_eq!(
        namespaces.route(&packet("1/custom,"), LIMIT),
        Ok(Step::Leave)
    );
    assert_eq!(namespaces.remove("/custom"), Some(1));
    assert_eq!(
        namespaces.route(&packet(r#"2/custom,["x"]"#), LIMIT),
        Err(not_joined(PacketKind::Event, "/custom"))
    );
    assert_eq!(
        namespaces.route(&packet(r#"2["x"]"#), LIMIT),
        Ok(Step::Deliver(&0))
    );
    assert_eq!(namespaces.route(&packet("0/custom"), LIMIT), Ok(Step::Join));
}

#[test]
fn a_refused_namespace_can_be_asked_for_again() {
    let mut namespaces = Namespaces::<u8>::default();
    namespaces.begin("/random");

    assert_eq!(namespaces.remove("/random"), None);
    assert!(namespaces.is_empty());
    assert_eq!(namespaces.route(&packet("0/random"), 1), Ok(Step::Join));
}

#[test]
fn the_number_of_namespaces_is_limited_with_those_that_are_being_joined() {
    let mut namespaces = Namespaces::default();
    namespaces.complete("/a", 1);
    assert_eq!(namespaces.route(&packet("0/b"), 2), Ok(Step::Join));
    namespaces.begin("/b");

    let refused = namespaces.route(&packet("0/c"), 2);

    assert_eq!(refused, Err(StateError::TooManyNamespaces { limit: 2 }));
}

#[test]
fn all_sockets_are_drained_in_the_order_of_their_connects() {
    let mut namespaces = joined(&["/b", "/", "/a"]);
    namespaces.begin("/joining");
    assert_eq!(
        namespaces
            .joined()
            .map(|(name, _)| name)
            .collect::<Vec<_>>(),
        ["/b", "/", "/a"]
    );
    assert_eq!(namespaces.socket("/"), Some(&1));
    assert_eq!(namespaces.socket_mut("/joining"), None);

    let drained: Vec<_> = namespaces
        .drain()
        .map(|(name, socket)| (name.into(), socket))
        .collect();

    assert_eq!(
        drained,
        [
            ("/b".to_owned(), 0),
            ("/".to_owned(), 1),
            ("/a".to_owned(), 2)
        ]
    );
    assert!(namespaces.is_empty());
}
