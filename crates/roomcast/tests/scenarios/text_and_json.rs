//! Text and JSON that servers get wrong. Spec: features 11, 38 and 39.

use roomcast::{Handshake, Server, Socket, Value};

use crate::support::{Host, answering, channel, echo_server};

/// An `echo` of the argument gives this one back, over a WebSocket and over polling.
async fn echoes(sent: &str, received: &str) {
    let host = Host::tcp(&echo_server()).await;
    let mut websocket = host.joined().await;
    websocket.send(&format!(r#"42["echo",{sent}]"#)).await;
    websocket.expect(&format!(r#"42["echo",{received}]"#)).await;

    let mut polling = host.joined_polling().await;
    polling.send(&format!(r#"42["echo",{sent}]"#)).await;
    polling.expect(&format!(r#"42["echo",{received}]"#)).await;
}

#[tokio::test]
async fn strings_with_separators_and_emoji_come_back_unchanged() {
    for text in [
        "\"\u{2028}\u{2029}\"",
        "\"😀 é ß 漢字\"",
        "\"a,b[c]{d}\"",
        r#""quote \" slash \\ line \n""#,
    ] {
        echoes(text, text).await;
    }
}

/// 0x1e separates the packets of a polling body: inside a message JSON escapes it.
#[tokio::test]
async fn the_separator_of_polling_packets_is_escaped_inside_a_message() {
    echoes(r#""a\u001eb""#, r#""a\u001eb""#).await;
}

#[tokio::test]
async fn escapes_that_need_none_are_written_plainly() {
    echoes(r#""\u0041\/\ud83d\ude00""#, "\"A/😀\"").await;
}

/// A Rust string cannot hold half a surrogate pair; the official server passes it on.
#[tokio::test]
async fn half_a_surrogate_pair_becomes_the_replacement_character() {
    echoes(r#""a\ud800b""#, "\"a\u{fffd}b\"").await;
}

#[tokio::test]
async fn numbers_come_back_as_javascript_writes_them() {
    for (sent, received) in [("1.0", "1"), ("1e3", "1000"), ("-0", "0"), ("0.1", "0.1")] {
        echoes(sent, received).await;
    }
}

/// `JSON.parse` reads them as infinite, and `JSON.stringify` writes what is infinite as `null`.
#[tokio::test]
async fn numbers_that_no_double_holds_come_back_as_null() {
    let long = format!("-1{}", "0".repeat(400));
    for number in ["1e999", "-1e400", "1E+309", long.as_str()] {
        echoes(number, "null").await;
        echoes(
            &format!(r#"{{"a":[1,{number},"x"]}}"#),
            r#"{"a":[1,null,"x"]}"#,
        )
        .await;
    }
}

#[tokio::test]
async fn a_number_that_no_double_holds_is_infinite_for_a_handler() {
    let io = Server::new();
    io.on("is-infinite", |number: f64| number == f64::NEG_INFINITY);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["is-infinite",-1e999]"#).await;
    client.expect("431[true]").await;
}

#[tokio::test]
async fn an_answer_with_a_number_that_no_double_holds_has_all_its_values() {
    let io = Server::new();
    let (teller, mut answers) = channel();
    io.on_connect(move |socket: Socket| {
        let teller = teller.clone();
        async move {
            let answer = socket.emit_for_answer("ask", ()).await;
            teller.tell(answer.map(|answer| Value::from(answer.values()).to_string()));
        }
    });
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.expect(r#"420["ask"]"#).await;
    client.send(r#"430["a",1e999,2]"#).await;
    let answer = answers.next().await.expect("the client answered");
    assert_eq!(answer, r#"["a",null,2]"#);
}

#[tokio::test]
async fn auth_with_a_number_that_no_double_holds_keeps_its_other_values() {
    let io = Server::new();
    io.on("token", |handshake: Handshake| {
        handshake.auth_value()["token"].clone()
    });
    let host = Host::tcp(&io).await;
    let mut client = host.websocket().await;
    client.send(r#"40{"token":"secret","age":1e999}"#).await;
    client.next_text().await;

    client.send(r#"421["token"]"#).await;
    client.expect(r#"431["secret"]"#).await;
}

/// JavaScript would round it; a Rust application may want the digits.
#[tokio::test]
async fn an_integer_beyond_double_precision_keeps_its_digits() {
    echoes("9007199254740993", "9007199254740993").await;
}

#[tokio::test]
async fn keys_that_objects_have_in_javascript_are_ordinary_keys() {
    for object in [
        r#"{"__proto__":{"a":1}}"#,
        r#"{"constructor":1,"toString":2}"#,
    ] {
        echoes(object, object).await;
    }
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[tokio::test]
async fn json_nested_400_levels_deep_is_read() {
    echoes(&nested(400), &nested(400)).await;
}

#[tokio::test]
async fn json_nested_deeper_than_the_limit_closes_that_client_only() {
    let host = Host::tcp(&echo_server()).await;
    let mut neighbour = host.joined().await;

    for levels in [1_000, 400_000] {
        let mut client = host.joined().await;
        client
            .send(&format!(r#"42["echo",{}]"#, nested(levels)))
            .await;
        client.expect_closed().await;
    }
    neighbour.expect_alive().await;
}

#[tokio::test]
async fn the_depth_of_json_is_an_option_with_its_exact_limit() {
    let io = Server::builder().max_json_depth(10).build();
    answering(&io);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    // The array of the event is a level itself.
    client.send(&format!(r#"42["echo",{}]"#, nested(9))).await;
    client.expect(&format!(r#"42["echo",{}]"#, nested(9))).await;
    client.send(&format!(r#"42["echo",{}]"#, nested(10))).await;
    client.expect_closed().await;
}

#[tokio::test]
async fn invalid_json_closes() {
    for text in [
        "\"a\nb\"", "nul", "01", "'a'", "{a:1}", "[1,]", "\"\\x\"", "1 2", "NaN",
    ] {
        let host = Host::tcp(&echo_server()).await;
        let mut client = host.joined().await;
        client.send(&format!(r#"42["echo",{text}]"#)).await;
        client.expect_closed().await;
    }
}

#[tokio::test]
async fn values_without_a_json_form_are_null_as_in_javascript() {
    let io = Server::new();
    io.on("numbers", || vec![f64::NAN, f64::INFINITY, 1.5]);
    io.on("nothing", || Value::Null);
    let host = Host::tcp(&io).await;
    let mut client = host.joined().await;

    client.send(r#"421["numbers"]"#).await;
    client.expect("431[[null,null,1.5]]").await;
    client.send(r#"421["nothing"]"#).await;
    client.expect("431[null]").await;
}
