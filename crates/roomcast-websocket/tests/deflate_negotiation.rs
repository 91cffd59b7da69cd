//! Offers of clients and answers of servers, word for word.

use roomcast_websocket::deflate::{
    AcceptError, ClientContext, Config, WindowBits, accept, negotiate, offer,
};

fn answer(offers: &str, config: &Config) -> Option<String> {
    negotiate(offers, config).map(|agreement| agreement.response())
}

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).expect("9 to 15")
}

#[test]
fn default_config_answers_each_offer() {
    let cases = [
        ("permessage-deflate", Some("permessage-deflate")),
        ("Permessage-Deflate", Some("permessage-deflate")),
        (
            "permessage-deflate; client_max_window_bits",
            Some("permessage-deflate"),
        ),
        (
            "permessage-deflate; client_max_window_bits=10",
            Some("permessage-deflate; client_max_window_bits=10"),
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            Some("permessage-deflate; client_max_window_bits=8"),
        ),
        (
            "permessage-deflate; server_max_window_bits=\"9\"",
            Some("permessage-deflate; server_max_window_bits=9"),
        ),
        (
            "permessage-deflate; server_max_window_bits=15",
            Some("permessage-deflate; server_max_window_bits=15"),
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ),
        (
            "x-webkit-deflate-frame, permessage-deflate",
            Some("permessage-deflate"),
        ),
        (
            "permessage-deflate; a, permessage-deflate",
            Some("permessage-deflate"),
        ),
        (
            "permessage-deflate, permessage-deflate; a",
            Some("permessage-deflate"),
        ),
    ];

    for (offers, expected) in cases {
        assert_eq!(
            answer(offers, &Config::default()).as_deref(),
            expected,
            "{offers}"
        );
    }
}

#[test]
fn bad_offers_are_declined() {
    let cases = [
        "",
        "permessage-bzip2",
        "permessage-deflate; mystery",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; client_max_window_bits=1000000000000",
        // Deflate writes no windows of 256 bytes.
        "permessage-deflate; server_max_window_bits=8",
        // The grammar is broken.
        "permessage-deflate; client_max_window_bits=",
        "permessage-deflate;",
        "permessage-deflate client_max_window_bits",
    ];

    for offers in cases {
        assert_eq!(answer(offers, &Config::default()), None, "{offers}");
    }
}

#[test]
fn context_hint_is_answered_as_configured() {
    let hint = "permessage-deflate; client_no_context_takeover";
    let with = |context| Config::default().with_client_context(context);

    assert_eq!(
        answer(hint, &with(ClientContext::Kept)).as_deref(),
        Some("permessage-deflate")
    );
    assert_eq!(
        answer(hint, &with(ClientContext::ResetIfHinted)).as_deref(),
        Some(hint)
    );
    assert_eq!(
        answer("permessage-deflate", &with(ClientContext::Reset)).as_deref(),
        Some(hint)
    );
}

#[test]
fn server_takes_the_smaller_of_the_windows() {
    let config = Config::default()
        .with_server_max_window_bits(bits(12))
        .with_client_max_window_bits(bits(11))
        .with_server_no_context_takeover(true);
    let cases = [
        (
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
        ),
        (
            "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; \
             client_max_window_bits=11",
        ),
        (
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=14",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; \
             client_max_window_bits=9",
        ),
    ];

    for (offers, expected) in cases {
        assert_eq!(
            answer(offers, &config).as_deref(),
            Some(expected),
            "{offers}"
        );
    }
}

#[test]
fn offer_states_what_the_client_wants() {
    let config = Config::default()
        .with_server_max_window_bits(bits(10))
        .with_client_max_window_bits(bits(9))
        .with_server_no_context_takeover(true)
        .with_client_context(ClientContext::Reset);

    assert_eq!(
        offer(&config),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=10; client_max_window_bits=9"
    );
}

#[test]
fn own_answer_is_accepted_for_every_pair_of_configs() {
    let contexts = [
        ClientContext::Kept,
        ClientContext::ResetIfHinted,
        ClientContext::Reset,
    ];
    let mut configs = Vec::new();
    for context in contexts {
        for window in [9, 12, 15] {
            for resets in [false, true] {
                configs.push(
                    Config::default()
                        .with_client_context(context)
                        .with_server_max_window_bits(bits(window))
                        .with_client_max_window_bits(bits(24 - window))
                        .with_server_no_context_takeover(resets),
                );
            }
        }
    }

    for client in &configs {
        for server in &configs {
            let response = answer(&offer(client), server).expect("offers are never declined");
            assert!(
                accept(&response, client).is_ok_and(|a| a.is_some()),
                "{response}"
            );
        }
    }
}

#[test]
fn wrong_answers_are_refused() {
    let demanding = Config::default()
        .with_server_no_context_takeover(true)
        .with_server_max_window_bits(bits(10));
    let cases = [
        ("permessage-deflate;", AcceptError::Malformed),
        ("permessage-bzip2", AcceptError::UnknownExtension),
        (
            "permessage-deflate, permessage-deflate",
            AcceptError::UnknownExtension,
        ),
        ("permessage-deflate; mystery", AcceptError::InvalidParameter),
        (
            "permessage-deflate; client_max_window_bits",
            AcceptError::InvalidParameter,
        ),
        (
            "permessage-deflate; server_max_window_bits=16",
            AcceptError::InvalidParameter,
        ),
        (
            "permessage-deflate; server_max_window_bits=10",
            AcceptError::ContextNotGranted,
        ),
        (
            "permessage-deflate; server_no_context_takeover",
            AcceptError::WindowNotGranted,
        ),
        (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=11",
            AcceptError::WindowNotGranted,
        ),
        (
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; \
             client_max_window_bits=8",
            AcceptError::WindowTooSmall,
        ),
    ];

    for (response, error) in cases {
        assert_eq!(accept(response, &demanding), Err(error), "{response}");
    }
}
