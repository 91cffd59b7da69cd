//! HTTP/1.1 on the server's own listener, which hyper does not serve below the server's path.

use std::time::Duration;

use roomcast::{Cors, Server};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::{
    Host, Request, Response, Stream, WebSocket, answering, echo_server, idle, masked, reasons,
    sid_of, within,
};

const HANDSHAKE: &str = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\n\r\n";
const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn names(response: &Response) -> Vec<&str> {
    let headers = response.headers.iter();
    headers.map(|(name, _)| name.as_str()).collect()
}

/// A polling session whose requests all go over `stream`.
async fn session_over(stream: &mut Stream) -> String {
    stream.write(HANDSHAKE.as_bytes()).await;
    let open = Response::read(stream).await;
    assert_eq!(open.status, 200);
    let sid = sid_of(open.text());
    format!("/socket.io/?EIO=4&transport=polling&sid={sid}")
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn post(target: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
}

async fn ask(stream: &mut Stream, request: &str) -> (u16, String) {
    stream.write(request.as_bytes()).await;
    let answer = Response::read(stream).await;
    (answer.status, answer.text().to_owned())
}

fn ok() -> (u16, String) {
    (200, "ok".to_owned())
}

#[tokio::test]
async fn the_answer_101_has_the_headers_of_the_official_server_and_no_more() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;

    stream.write(UPGRADE.as_bytes()).await;

    let head = stream.read_until(b"\r\n\r\n").await.expect("an answer");
    assert_eq!(
        head.as_ref(),
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
          sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

#[tokio::test]
async fn an_answer_to_polling_has_its_headers_in_this_order() {
    let host = Host::tcp(&echo_server()).await;

    let answer = host.get("EIO=4&transport=polling").await;

    assert_eq!(
        names(&answer),
        [
            "content-type",
            "cache-control",
            "connection",
            "content-length",
            "date"
        ]
    );
    assert_eq!(answer.header("date").map(str::len), Some(29));
}

#[tokio::test]
async fn answers_are_those_that_hyper_writes() {
    let io = Server::builder()
        .cors(Cors::origin("http://page.example").credentials())
        .on_headers(|headers, _| {
            headers.insert("x-node", http::HeaderValue::from_static("1"));
        })
        .build();
    let (own, hyper) = (Host::tcp(&io).await, Host::memory(&io));
    let polling = "/socket.io/?EIO=4&transport=polling";
    let websocket = "/socket.io/?EIO=4&transport=websocket";
    for request in [
        Request::get(polling),
        Request::get(polling).header("connection", "keep-alive"),
        Request::get(polling).header("user-agent", "a;MSIE"),
        Request::get("/socket.io/?EIO=4&transport=pigeon"),
        Request::get("/socket.io/?EIO=3&transport=polling"),
        Request::get("/socket.io/?EIO=4&transport=polling&sid=abc"),
        Request::get(websocket),
        Request::get(websocket).upgrade(),
        Request::get("/socket.io/?EIO=4&transport=websocket&sid=abc").upgrade(),
        Request::get(websocket)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket"),
        Request::post(polling, "40"),
        Request::new("OPTIONS", polling).header("origin", "http://page.example"),
        Request::new("PUT", polling),
        Request::get("/elsewhere"),
    ] {
        let summary = |answer: Response| {
            let headers = answer
                .headers
                .into_iter()
                .filter(|(name, _)| name != "date");
            let is_open = answer.body.starts_with(b"0{");
            let body = if is_open { Vec::new() } else { answer.body };
            (answer.status, headers.collect::<Vec<_>>(), body)
        };
        let what = String::from_utf8_lossy(&request.to_bytes()).into_owned();

        let own = summary(own.request(request.clone()).await);
        assert_eq!(own, summary(hyper.request(request).await), "{what}");
    }
}

/// Status, headers and body of the answers to what a client of long-polling asks in its time.
async fn answers_of_a_session(host: Host) -> Vec<(u16, Vec<(String, String)>, Vec<u8>)> {
    let client = host.joined_polling().await;
    let target = client.target();
    let long = format!(r#"42["echo","{}"]"#, "x".repeat(2_000));
    let mut answers = Vec::new();
    for request in [
        Request::post(&target, r#"42["echo",1]"#),
        Request::get(&target),
        Request::post(&target, long.as_str()).header("connection", "keep-alive"),
        Request::get(&target).header("accept-encoding", "gzip"),
        Request::post(&target, long.as_str()),
        Request::get(&target).header("accept-encoding", "identity"),
        Request::post(&target, r#"42["echo",2]"#).header("connection", "close"),
        Request::get(&target).header("connection", "close"),
        Request::post(&target, "\u{1e}"),
        Request::get(&target),
        Request::post(&target, "3"),
    ] {
        answers.push(client.host.request(request).await);
    }
    let comparable = |answer: Response| {
        let headers = answer.headers.into_iter();
        let headers = headers.filter(|(name, _)| name != "date").collect();
        (answer.status, headers, answer.body)
    };
    answers.into_iter().map(comparable).collect()
}

#[tokio::test]
async fn answers_of_a_session_are_those_that_hyper_writes() {
    let io = echo_server();

    let own = answers_of_a_session(Host::tcp(&io).await).await;

    assert_eq!(own, answers_of_a_session(Host::memory(&io)).await);
    let statuses: Vec<_> = own.iter().map(|(status, ..)| *status).collect();
    assert_eq!(
        statuses,
        [200, 200, 200, 200, 200, 200, 200, 200, 200, 400, 400]
    );
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;

    for byte in HANDSHAKE.as_bytes() {
        stream.write(&[*byte]).await;
        tokio::task::yield_now().await;
    }

    assert_eq!(Response::read(&mut stream).await.status, 200);
}

#[tokio::test]
async fn frames_that_come_with_the_head_are_not_lost() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let mut bytes = UPGRADE.as_bytes().to_vec();
    bytes.extend(masked(0x81, b"40"));
    bytes.extend(masked(0x81, br#"421["alive"]"#));

    stream.write(&bytes).await;

    let head = Response::read_head(&mut stream).await.expect("an answer");
    assert_eq!(head.status, 101);
    stream
        .read_until(br#"40{"sid":"#)
        .await
        .expect("the answer to CONNECT");
    stream
        .read_until(br#"431["yes"]"#)
        .await
        .expect("the answer of the handler");
}

#[tokio::test]
async fn requests_in_one_segment_are_answered_one_after_the_other() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;

    let requests = post(&target, "40") + &get(&target) + &post(&target, r#"421["alive"]"#);
    stream.write(requests.as_bytes()).await;

    assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));
    let connected = Response::read(&mut stream).await;
    assert!(connected.text().starts_with(r#"40{"sid":"#));
    assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));
    assert_eq!(ask(&mut stream, &get(&target)).await.1, r#"431["yes"]"#);
}

#[tokio::test]
async fn headers_count_anew_in_each_request_of_a_connection() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    let alive = post(&target, r#"421["alive"]"#);
    let yes = (200, r#"431["yes"]"#.to_owned());
    assert_eq!(ask(&mut stream, &post(&target, "40")).await, ok());
    ask(&mut stream, &get(&target)).await;

    for _ in 0..3 {
        assert_eq!(ask(&mut stream, &alive).await, ok());
        assert_eq!(ask(&mut stream, &get(&target)).await, yes);
    }
    // As long as the one before, and in two pieces.
    assert_eq!(ask(&mut stream, &alive).await, ok());
    let (head, body) = alive.split_at(alive.len() - 5);
    stream.write(head.as_bytes()).await;
    assert_eq!(ask(&mut stream, body).await, ok());
    let twice = (200, "431[\"yes\"]\u{1e}431[\"yes\"]".to_owned());
    assert_eq!(ask(&mut stream, &get(&target)).await, twice);
    // Of another length.
    let both = post(&target, "421[\"alive\"]\u{1e}421[\"alive\"]");
    assert_eq!(ask(&mut stream, &both).await, ok());
    let last = get(&target).replace("Host: a", "Connection: close");
    stream.write(last.as_bytes()).await;
    let answer = Response::read(&mut stream).await;
    assert_eq!(answer.summary(), (200, twice.1.as_str()));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(stream.read_to_end().await.as_ref(), b"");
}

#[tokio::test]
async fn a_poll_of_an_old_browser_is_told_to_leave_its_filter_off() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    assert_eq!(ask(&mut stream, &post(&target, "40")).await, ok());

    for (agent, protection) in [("Trident/7.0", Some("0")), ("Mozilla/5.0", None)] {
        let poll = get(&target).replace("Host: a", &format!("Host: a\r\nUser-Agent: {agent}"));
        let event = post(&target, r#"421["alive"]"#);
        stream.write((event + &poll).as_bytes()).await;

        assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));
        let answer = Response::read(&mut stream).await;
        assert_eq!(answer.header("x-xss-protection"), protection, "{agent}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.text().ends_with(r#"431["yes"]"#));
    }
}

#[tokio::test]
async fn a_session_is_found_by_a_query_in_any_order_and_encoding() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    let (path, query) = target.split_once('?').expect("a query");
    let sid = query.split_once("sid=").expect("an id").1;

    for query in [
        format!("sid={sid}&transport=polling"),
        format!("sid=x&t=1&transport=websocket&transport=polling&sid={sid}"),
        format!("%73id={sid}&transport=pollin%67&EIO=4"),
    ] {
        let answer = ask(&mut stream, &post(&format!("{path}?{query}"), "40")).await;
        assert_eq!(answer, ok(), "{query}");
    }
    let unknown = ask(&mut stream, &get(&(target + "x"))).await;
    assert_eq!(
        unknown,
        (
            400,
            r#"{"code":1,"message":"Session ID unknown"}"#.to_owned()
        )
    );
}

#[tokio::test]
async fn a_body_may_come_in_pieces() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;

    for byte in post(&target, "40").as_bytes() {
        stream.write(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));

    let large = format!(r#"42["echo","{}"]"#, "x".repeat(300_000));
    assert_eq!(ask(&mut stream, &post(&target, &large)).await, ok());
    assert!(ask(&mut stream, &get(&target)).await.1.ends_with(&large));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_the_last_of_its_connection() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    let head = format!("POST {target} HTTP/1.1\r\nContent-Length: 1000001\r\n\r\n");

    stream.write(head.as_bytes()).await;
    stream.write(&[b'x'; 100_000]).await;

    let answer = Response::read(&mut stream).await;
    assert_eq!(answer.summary(), (413, ""));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(stream.read_to_end().await.as_ref(), b"");
    let mut other = host.stream().await;
    assert_eq!(ask(&mut other, &post(&target, "40")).await, ok());
}

#[tokio::test]
async fn a_connection_goes_on_with_hyper_where_a_request_is_unusual() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;

    let chunked = format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n40\r\n0\r\n\r\n"
    );
    assert_eq!(ask(&mut stream, &chunked).await, ok());
    let connected = ask(&mut stream, &get(&target)).await.1;
    assert!(connected.starts_with(r#"40{"sid":"#));
    assert_eq!(ask(&mut stream, &get("/")).await.0, 404);
}

#[tokio::test]
async fn a_client_that_expects_to_be_told_to_continue_is_told() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    let head =
        format!("POST {target} HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");

    stream.write(head.as_bytes()).await;

    let told = Response::read_head(&mut stream).await.expect("an answer");
    assert_eq!(told.status, 100);
    assert_eq!(ask(&mut stream, "40").await, ok());
}

#[tokio::test]
async fn a_connection_that_polled_becomes_a_websocket_whoever_served_it() {
    let host = Host::tcp(&echo_server()).await;
    for first in ["/nowhere", "/socket.io/?EIO=4&transport=polling"] {
        let mut stream = host.stream().await;
        stream.write(get(first).as_bytes()).await;
        Response::read(&mut stream).await;

        stream.write(UPGRADE.as_bytes()).await;
        stream.write(&masked(0x81, b"40")).await;

        let head = Response::read_head(&mut stream).await.expect("an answer");
        assert_eq!(head.status, 101, "after {first}");
        let connected = stream.read_until(br#"40{"sid":"#).await;
        connected.expect("the answer to CONNECT");
    }
}

#[tokio::test]
async fn a_session_upgrades_over_the_connection_that_it_polled_with() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    let sid = target.rsplit_once('=').expect("a target with a sid").1;
    let upgrade = UPGRADE.replace("websocket HTTP", &format!("websocket&sid={sid} HTTP"));

    stream.write(upgrade.as_bytes()).await;
    stream.write(&masked(0x81, b"2probe")).await;

    stream
        .read_until(b"3probe")
        .await
        .expect("the probe is answered");
}

#[tokio::test]
async fn versions_and_bytes_that_are_not_http_1_1_are_left_to_hyper() {
    let host = Host::tcp(&echo_server()).await;
    for (request, start) in [
        (
            HANDSHAKE.replace("HTTP/1.1", "HTTP/1.0"),
            "HTTP/1.0 200 OK\r\n",
        ),
        ("\u{0}\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request\r\n"),
        (get("/socket.io/ab cd"), "HTTP/1.1 400 Bad Request\r\n"),
    ] {
        let mut stream = host.stream().await;
        stream.write(request.as_bytes()).await;

        let answer = stream.read_to_end().await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(start), "{answer:?} to {request:?}");
    }
}

#[tokio::test]
async fn hanging_up_on_a_waiting_poll_ends_the_session_at_once() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let client = host.joined_polling().await;
    let mut stream = host.stream().await;

    stream.write(get(&client.target()).as_bytes()).await;
    drop(stream);

    assert_eq!(reasons.next().await, "transport error");
}

#[tokio::test]
async fn close_is_said_and_done() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let request = HANDSHAKE.replace("Host: a", "Connection: close");

    stream.write(request.as_bytes()).await;

    let answer = Response::read(&mut stream).await;
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(stream.read_to_end().await.as_ref(), b"");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_closed_30_seconds_behind_its_last_answer() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    stream.write(HANDSHAKE.as_bytes()).await;
    assert_eq!(Response::read(&mut stream).await.status, 200);
    let answered_at = Instant::now();

    assert_eq!(stream.read_to_end().await.as_ref(), b"");
    assert_eq!(answered_at.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_is_given_up_after_30_seconds() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let opened_at = Instant::now();

    for byte in HANDSHAKE.as_bytes() {
        if !stream.try_write(&[*byte]).await || opened_at.elapsed().as_secs() > 31 {
            break;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }

    assert_eq!(stream.read_to_end().await.as_ref(), b"");
    let elapsed = opened_at.elapsed().as_secs();
    assert!((30..35).contains(&elapsed), "{elapsed} s");
}

#[tokio::test]
async fn dropping_the_future_closes_the_listener_at_once_and_no_connection() {
    let io = echo_server();
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let address = listening.local_addr().expect("it is bound");
    let host = Host::connecting("/socket.io/", move || async move {
        Stream::new(TcpStream::connect(address).await.expect("it is open"))
    });
    let mut running = Box::pin(listening.run());
    let mut client: WebSocket = tokio::select! {
        _ = &mut running => panic!("nobody closed the server"),
        client = host.joined() => client,
    };

    drop(running);

    assert!(TcpStream::connect(address).await.is_err());
    client.expect_alive().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_ever_holds_the_end_up_for_5_seconds() {
    let io = Server::builder()
        .allow_request(|_| std::future::pending::<Result<(), Option<String>>>())
        .build();
    answering(&io);
    let listening = io.listen("127.0.0.1:0").await.expect("a port is free");
    let address = listening.local_addr().expect("it is bound");
    let running = tokio::spawn(listening.run());
    let mut stream = Stream::new(TcpStream::connect(address).await.expect("it is open"));
    stream.write(HANDSHAKE.as_bytes()).await;
    idle().await;
    let closed_at = Instant::now();

    within("the end of the server", io.close()).await;
    let ended = within("the listener", running).await;
    ended
        .expect("it does not panic")
        .expect("it was not in trouble");
    assert_eq!(closed_at.elapsed().as_secs(), 5);
}

/// A GET may say of a body what only a POST is refused for.
#[tokio::test]
async fn a_post_with_the_headers_of_a_get_is_read_as_a_post() {
    let io = echo_server();
    let mut reasons = reasons(&io);
    let host = Host::tcp(&io).await;
    let mut stream = host.stream().await;
    let target = session_over(&mut stream).await;
    assert_eq!(ask(&mut stream, &post(&target, "40")).await, ok());
    let bytes = "Host: a\r\nContent-Type: application/octet-stream";
    let get = get(&target).replace("Host: a", bytes);
    assert_eq!(ask(&mut stream, &get).await.0, 200);

    stream.write(get.replace("GET", "POST").as_bytes()).await;

    assert_eq!(reasons.next().await, "transport error");
}
