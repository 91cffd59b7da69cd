//! Clients of Engine.IO 3, byte by byte. Spec: features 1.5, 1.6, 1.16, 1.46, 5.6, sections 10 and 11.

use std::io::Read as _;
use std::time::Duration;

use roomcast::engine::{Bare, Builder, CloseReason, Connection, Engine, Message, Socket};
use roomcast::{Cookie, Cors};
use tokio::time::Instant;

use crate::support::{Frame, Host, Request, Response, Teller, WebSocket, channel};

fn builder() -> Builder<Bare> {
    Engine::builder()
        .allow_eio3()
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
}

/// A server that sends every message back.
async fn echo(builder: Builder<Bare>) -> Host {
    let echo = |_: &Socket| |socket: &Socket, message: Message<'_>| socket.send(message);
    Host::engine(&builder.build(echo), "/engine.io/").await
}

/// Sends every message back, closes at `close`, and tells why its session ended.
struct Recorder(Teller<String>);

impl Connection for Recorder {
    fn message(&mut self, socket: &Socket, message: Message<'_>) {
        match message {
            Message::Text(text) if text == "close" => socket.close(),
            message => socket.send(message),
        }
    }

    fn closed(&mut self, _: &Socket, reason: CloseReason) {
        self.0.tell(reason.to_string());
    }
}

/// A session over polling.
struct Polling<'h> {
    host: &'h Host,
    target: String,
    sid: String,
    handshake: Response,
}

impl<'h> Polling<'h> {
    /// Opens a session; `more` goes behind the query of every request.
    async fn open(host: &'h Host, more: &str) -> Self {
        let query = format!("EIO=3&transport=polling{more}");
        let handshake = host.get(&query).await;
        assert_eq!(handshake.status, 200, "{}", handshake.text());
        let text = handshake.text().replace('\\', "");
        let (_, sid) = text
            .split_once(r#""sid":""#)
            .expect("a handshake has an id");
        let sid = sid[..20].to_owned();
        Self {
            host,
            target: host.target(&format!("{query}&sid={sid}")),
            sid,
            handshake,
        }
    }

    async fn get(&self) -> Response {
        self.host.request(Request::get(&self.target)).await
    }

    async fn expect(&self, body: &str) {
        assert_eq!(self.get().await.summary(), (200, body));
    }

    async fn post(&self, body: &str) {
        let request = Request::post(&self.target, body);
        assert_eq!(self.host.request(request).await.summary(), (200, "ok"));
    }

    async fn post_bytes(&self, body: &[u8]) {
        let request = Request::post(&self.target, body);
        let request = request.header("content-type", "application/octet-stream");
        assert_eq!(self.host.request(request).await.summary(), (200, "ok"));
    }

    async fn expect_gone(&self) {
        let gone = r#"{"code":1,"message":"Session ID unknown"}"#;
        assert_eq!(self.get().await.summary(), (400, gone));
    }
}

async fn websocket(host: &Host, query: &str) -> WebSocket {
    let target = host.target(&format!("transport=websocket&{query}"));
    WebSocket::session(host, Request::get(&target)).await
}

#[tokio::test]
async fn the_handshake_over_polling_has_a_length() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "").await;

    let open = format!(
        r#"114:0{{"sid":"{}","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}}"#,
        session.sid
    );
    assert_eq!(session.handshake.text(), open);
    let content_type = session.handshake.header("content-type");
    assert_eq!(content_type, Some("text/plain; charset=UTF-8"));
    assert_eq!(session.handshake.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_request_without_a_revision_is_one_of_revision_3() {
    let host = echo(builder()).await;

    let answer = host.get("transport=polling").await;
    assert!(answer.text().starts_with("114:0{"), "{}", answer.text());
}

#[tokio::test]
async fn lengths_count_utf_16_code_units_both_ways() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "").await;

    session.post("4:4é😀6:4hello").await;
    session.expect("4:4é😀6:4hello").await;
}

#[tokio::test]
async fn bytes_leave_as_bytes_together_with_text() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "").await;

    session.post("6:4hello10:b4AQIDBA==").await;
    let answer = session.get().await;
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("application/octet-stream"));
    let expected = b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04";
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn bytes_leave_as_base64_where_the_client_asks_for_it() {
    let host = echo(builder()).await;
    for parameter in ["&b64=1", "&b64=true"] {
        let session = Polling::open(&host, parameter).await;
        session.post("6:4hello10:b4AQIDBA==").await;
        session.expect("6:4hello10:b4AQIDBA==").await;
    }
}

#[tokio::test]
async fn a_body_of_bytes_is_read() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "").await;

    let body = b"\x00\x06\xff4h\xc3\xa9llo\x01\x05\xff\x04\x09\x08\x07\x06";
    let body = &[&[0, 7], &body[2..]].concat();
    session.post_bytes(body).await;
    assert_eq!(session.get().await.body, *body);
}

#[tokio::test]
async fn malformed_lengths_end_the_session_as_a_parse_error() {
    let (teller, mut heard) = channel();
    let engine = builder().build(move |_: &Socket| Recorder(teller.clone()));
    let host = Host::engine(&engine, "/engine.io/").await;

    for body in ["abc", "", "6:4", "-1:4", "99999999999999999999:4", "2:4😀"] {
        let session = Polling::open(&host, "").await;
        session.post(body).await;
        assert_eq!(heard.next().await, "parse error", "{body:?}");
        session.expect_gone().await;
    }
    let endless = [&b"\x00"[..], &[9; 100_000]].concat();
    for body in [&b"\x00"[..], b"\x00\xff", b"\x01\x09\xff\x04", &endless] {
        let session = Polling::open(&host, "").await;
        session.post_bytes(body).await;
        assert_eq!(heard.next().await, "parse error");
        session.expect_gone().await;
    }
}

#[tokio::test]
async fn packets_before_a_malformed_length_are_taken() {
    let (teller, mut heard) = channel();
    let engine = builder().build(move |_: &Socket| {
        let teller = teller.clone();
        move |_: &Socket, message: Message<'_>| teller.tell(format!("{message:?}"))
    });
    let host = Host::engine(&engine, "/engine.io/").await;

    let session = Polling::open(&host, "").await;
    session.post("2:4a0:2:4b9:4c").await;
    assert_eq!(heard.next().await, r#"Text("a")"#);
    assert_eq!(heard.next().await, r#"Text("b")"#);
    session.expect_gone().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_session_goes_on() {
    let host = echo(builder().max_http_buffer_size(100)).await;
    let session = Polling::open(&host, "").await;

    let request = Request::post(&session.target, "4".repeat(101));
    assert_eq!(host.request(request).await.status, 413);
    session.post("6:4hello").await;
    session.expect("6:4hello").await;
}

#[tokio::test]
async fn a_jsonp_client_gets_scripts_and_posts_forms() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "&j=7").await;

    let open = format!(
        r#"___eio[7]("114:0{{\"sid\":\"{}\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,\"pingTimeout\":200,\"maxPayload\":1000000}}");"#,
        session.sid
    );
    assert_eq!(session.handshake.text(), open);
    session.post("d=7%3A4a%5Cnb%5C%5Cnc").await;
    let answer = session.get().await;
    assert_eq!(answer.text(), r#"___eio[7]("7:4a\nb\\nc");"#);
    let content_type = answer.header("content-type");
    assert_eq!(content_type, Some("text/javascript; charset=UTF-8"));
    session.post("x=1&d=6:4%E2%80%A8%E2%80%A9%22%5C%3C").await;
    session
        .expect(r#"___eio[7]("6:4\u2028\u2029\"\\<");"#)
        .await;
}

#[tokio::test]
async fn a_jsonp_client_gets_bytes_as_base64() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "&j=0").await;

    session.post("d=10%3Ab4AQIDBA%3D%3D").await;
    session.expect(r#"___eio[0]("10:b4AQIDBA==");"#).await;
}

#[tokio::test]
async fn only_digits_of_the_index_reach_the_script() {
    let host = echo(builder()).await;

    let session = Polling::open(&host, "&j=1](alert(2)),x[3").await;
    let script = session.handshake.text();
    assert!(script.starts_with("___eio[123](\"114:0{"), "{script}");
}

/// As recorded from engine.io 6.6.9.
#[tokio::test]
async fn a_form_without_a_payload_is_a_post_without_packets() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "&j=0&b64=1").await;

    for form in ["", "x=1", "d=2:4a&d=2:4b"] {
        session.post(form).await;
    }
    session.post_bytes(b"\x00\x02\xff4a").await;
    session.post("d=6:4hello").await;
    session.expect(r#"___eio[0]("6:4hello");"#).await;
    session.post("d=").await;
    session.expect_gone().await;
}

#[tokio::test]
async fn the_parameter_j_means_nothing_to_revision_4() {
    let host = echo(builder()).await;

    let answer = host.get("EIO=4&transport=polling&j=0").await;
    assert!(answer.text().starts_with("0{"), "{}", answer.text());
}

#[tokio::test]
async fn binary_frames_begin_with_the_packets_type() {
    let host = echo(builder()).await;
    let mut client = websocket(&host, "EIO=3").await;

    client.send_binary(&[4, 1, 2, 3]).await;
    client.expect_binary(&[4, 1, 2, 3]).await;
    client.send_binary(&[4]).await;
    client.expect_binary(&[4]).await;
    client.send("b4AQID").await;
    client.expect_binary(&[4, 1, 2, 3]).await;
    client.send("4é").await;
    client.expect("4é").await;
}

/// As recorded from engine.io 6.6.9.
#[tokio::test]
async fn binary_packets_of_an_unknown_type_are_ignored() {
    let host = echo(builder()).await;
    let mut client = websocket(&host, "EIO=3").await;

    for frame in [&[][..], &[9], &[5, 1], &[6]] {
        client.send_binary(frame).await;
    }
    client.send("b9AQID").await;
    client.send_binary(&[2, 1]).await;
    client.expect("3").await;
}

#[tokio::test]
async fn a_websocket_that_asks_for_base64_gets_it_in_both_revisions() {
    let host = echo(builder()).await;
    let mut old = websocket(&host, "EIO=3&b64=1").await;
    old.send_binary(&[4, 1, 2]).await;
    old.expect("b4AQI=").await;

    let mut new = websocket(&host, "EIO=4&b64=1").await;
    new.send_binary(&[4, 1, 2]).await;
    new.expect("bBAEC").await;
}

#[tokio::test]
async fn the_client_pings_and_the_server_answers() {
    let host = echo(builder()).await;
    let mut client = websocket(&host, "EIO=3").await;
    for _ in 0..3 {
        client.send("2").await;
        client.expect("3").await;
    }
    // As recorded from engine.io 6.6.9: the text of a ping is not sent back.
    client.send("2probe").await;
    client.expect("3").await;

    let session = Polling::open(&host, "").await;
    session.post("1:2").await;
    session.expect("1:3").await;
}

/// When the server hangs up on a client that sends `pings`, one in each 300 ms.
async fn patience(pings: usize) -> Duration {
    let (teller, mut heard) = channel();
    let engine = builder().build(move |_: &Socket| Recorder(teller.clone()));
    let host = Host::memory_layer(engine.layer(), "/engine.io/");
    let start = Instant::now();
    let mut client = websocket(&host, "EIO=3").await;
    for _ in 0..pings {
        tokio::time::advance(Duration::from_millis(300)).await;
        client.send("2").await;
        client.expect("3").await;
    }
    client.expect_closed().await;
    assert_eq!(heard.next().await, "ping timeout");
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_closed_an_interval_and_a_timeout_after_its_last_ping() {
    for (pings, ms) in [(0, 500), (1, 800), (4, 1700)] {
        let waited = patience(pings).await.as_millis();
        assert!((ms..ms + 20).contains(&waited), "{waited} ms");
    }
}

#[tokio::test]
async fn a_pong_of_the_client_is_a_transport_error() {
    let (teller, mut heard) = channel();
    let engine = builder().build(move |_: &Socket| Recorder(teller.clone()));
    let host = Host::engine(&engine, "/engine.io/").await;
    let mut client = websocket(&host, "EIO=3").await;

    client.send("3").await;
    client.expect_closed().await;
    assert_eq!(heard.next().await, "transport error");
}

#[tokio::test]
async fn a_session_upgrades_and_takes_the_form_of_its_websocket() {
    let host = echo(builder()).await;
    let session = Polling::open(&host, "&b64=1").await;
    let target = format!("EIO=3&transport=websocket&sid={}", session.sid);
    let mut client = WebSocket::open(&host, Request::get(&host.target(&target))).await;

    client.send("2probe").await;
    client.expect("3probe").await;
    session.expect("1:6").await;
    client.send("5").await;
    client.send_binary(&[4, 7]).await;
    client.expect_binary(&[4, 7]).await;
    client.send("2").await;
    client.expect("3").await;
}

#[tokio::test]
async fn the_end_of_a_session_is_told_with_lengths() {
    let (teller, mut heard) = channel();
    let engine = builder().build(move |_: &Socket| Recorder(teller.clone()));
    let host = Host::engine(&engine, "/engine.io/").await;

    let session = Polling::open(&host, "").await;
    session.post("6:4close").await;
    session.expect("1:61:1").await;
    assert_eq!(heard.next().await, "forced close");

    let session = Polling::open(&host, "").await;
    let waiting = {
        let (host, request) = (host.clone(), Request::get(&session.target));
        tokio::spawn(async move { host.request(request).await })
    };
    session.post("1:1").await;
    let answer = waiting.await.expect("the request does not panic");
    // The poll may come after the session is over.
    assert!(["1:6", r#"{"code":1,"message":"Session ID unknown"}"#].contains(&answer.text()));
    assert_eq!(heard.next().await, "transport close");
    session.expect_gone().await;
}

#[tokio::test]
async fn what_is_sent_before_the_first_poll_waits_for_it() {
    let engine = builder().initial_packet("first").build(|socket: &Socket| {
        socket.send_text("welcome");
        socket.send_binary(&[1]);
        |_: &Socket, _: Message<'_>| {}
    });
    let host = Host::engine(&engine, "/engine.io/").await;

    let session = Polling::open(&host, "&b64=1").await;
    assert!(session.handshake.text().ends_with("}6:4first"));
    session.expect("8:4welcome6:b4AQ==").await;
    let mut client = websocket(&host, "EIO=3").await;
    client.expect("4first").await;
    client.expect("4welcome").await;
    client.expect_binary(&[4, 1]).await;
}

#[tokio::test]
async fn answers_in_every_form_are_compressed() {
    let host = echo(builder()).await;
    let large = "abcdefgh".repeat(250);
    for (more, post, plain) in [
        ("", format!("2001:4{large}"), format!("2001:4{large}")),
        (
            "&j=2",
            format!("d=2001:4{large}"),
            format!(r#"___eio[2]("2001:4{large}");"#),
        ),
    ] {
        let session = Polling::open(&host, more).await;
        session.post(&post).await;
        let request = Request::get(&session.target).header("accept-encoding", "gzip");
        let answer = host.request(request).await;

        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let mut text = String::new();
        let mut gzip = flate2::read::GzDecoder::new(&answer.body[..]);
        gzip.read_to_string(&mut text).expect("it is gzip");
        assert_eq!(text, plain);
    }
}

#[tokio::test]
async fn bytes_take_their_form_before_a_websocket_compresses_them() {
    let host = echo(builder().per_message_deflate()).await;
    let target = host.target("EIO=3&transport=websocket");
    let offer = "permessage-deflate; server_no_context_takeover";
    let request = Request::get(&target).header("sec-websocket-extensions", offer);
    let mut client = WebSocket::session(&host, request).await;

    let message = [&[4][..], &[7; 5000]].concat();
    client.send_binary(&message).await;
    let (first, payload) = client.read().await.expect("the server answers");
    assert_eq!(first, 0xc2, "a compressed binary frame");
    let mut deflated = payload;
    deflated.extend(b"\x00\x00\xff\xff\x03\x00");
    let mut plain = Vec::new();
    flate2::read::DeflateDecoder::new(&deflated[..])
        .read_to_end(&mut plain)
        .expect("it is deflated");
    assert_eq!(plain, message);
}

#[tokio::test]
async fn cookie_and_cors_are_those_of_every_client() {
    let options = builder()
        .cookie(Cookie::default())
        .cors(Cors::origin("http://a.example").credentials());
    let host = echo(options).await;

    let request = Request::get(&host.target("EIO=3&transport=polling&b64=1"));
    let answer = host
        .request(request.header("origin", "http://a.example"))
        .await;
    let header = |name| answer.header(name);
    assert_eq!(
        header("access-control-allow-origin"),
        Some("http://a.example")
    );
    let cookie = header("set-cookie").expect("the handshake sets a cookie");
    assert!(cookie.starts_with("io="), "{cookie}");
}

#[tokio::test]
async fn a_message_over_the_limit_closes_the_websocket() {
    let host = echo(builder().max_http_buffer_size(10)).await;
    let mut client = websocket(&host, "EIO=3").await;

    client.send_binary(&[4; 11]).await;
    assert_eq!(client.next().await, Frame::Close(Some(1009)));
}

#[tokio::test]
async fn without_the_option_revision_3_is_refused() {
    let echo = |_: &Socket| |socket: &Socket, message: Message<'_>| socket.send(message);
    let host = Host::engine(&Engine::new(echo), "/engine.io/").await;

    let refused = r#"{"code":5,"message":"Unsupported protocol version"}"#;
    for query in ["EIO=3&transport=polling", "transport=polling&j=0"] {
        assert_eq!(host.get(query).await.summary(), (400, refused));
    }
}
