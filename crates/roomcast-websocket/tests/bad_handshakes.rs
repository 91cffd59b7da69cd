//! Header values that broke other implementations.

use roomcast_websocket::deflate::{Config, negotiate};
use roomcast_websocket::handshake::{Request, RequestError, check_extensions, protocols};

/// CVE-2021-32640: each byte is looked at a fixed number of times; a quadratic parser would need
/// 10^12 steps for these values.
#[test]
fn long_protocol_values_are_parsed_in_linear_time() {
    let spaces = format!("a{}b", " ".repeat(1_000_000));
    let tabs = format!("chat,{}", "\t".repeat(1_000_000));
    let commas = ",".repeat(1_000_000);

    assert_eq!(protocols(&spaces).count(), 0);
    assert!(protocols(&tabs).eq(["chat"]));
    assert_eq!(protocols(&commas).count(), 0);
    assert_eq!(protocols(&"a,".repeat(500_000)).count(), 500_000);
}

/// GHSA-5v72-xg48-5rpm: names of object members and odd lists are extensions like all unknown ones.
#[test]
fn odd_extension_values_are_declined_without_harm() {
    for value in [
        "constructor",
        "__proto__",
        "toString; x=1",
        "a, , b",
        "hasOwnProperty=1",
        "\"",
        ";",
    ] {
        assert_eq!(negotiate(value, &Config::default()), None, "{value}");
    }
}

#[test]
fn long_extension_values_are_parsed_in_linear_time() {
    let offer = "permessage-deflate; client_max_window_bits=7, ";
    let spaces = format!("permessage-deflate{};x", " ".repeat(1_000_000));
    let parameters = format!("permessage-deflate{}", "; x=\"1\"".repeat(200_000));

    assert_eq!(negotiate(&offer.repeat(20_000), &Config::default()), None);
    assert_eq!(negotiate(&spaces, &Config::default()), None);
    assert_eq!(negotiate(&parameters, &Config::default()), None);
    assert_eq!(check_extensions(&parameters), Ok(()));
}

#[test]
fn malformed_extensions_are_told_apart_from_unknown_ones() {
    assert_eq!(check_extensions("mystery; a=1, other"), Ok(()));
    assert_eq!(
        check_extensions("permessage-deflate; a="),
        Err(RequestError::Extensions)
    );
    assert_eq!(RequestError::Extensions.status(), 400);
}

#[test]
fn request_of_the_rfc_is_answered_with_its_key() {
    let request = Request {
        method: "GET",
        connection: Some("Upgrade"),
        upgrade: Some("websocket"),
        version: Some("13"),
        key: Some("dGhlIHNhbXBsZSBub25jZQ=="),
    };

    let accept = request.check().expect("the example of section 1.3");

    assert_eq!(accept.as_str(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn very_long_values_are_refused_by_name() {
    let long = "x".repeat(1_000_000);
    let request = Request {
        method: "GET",
        connection: Some("Upgrade"),
        upgrade: Some("websocket"),
        version: Some("13"),
        key: Some(&long),
    };

    assert_eq!(request.check(), Err(RequestError::Key));
    assert_eq!(
        Request {
            connection: Some(&long),
            ..request
        }
        .check(),
        Err(RequestError::Connection)
    );
}
