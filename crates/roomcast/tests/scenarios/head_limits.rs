//! How long the head of a request may be, and what stands in front of it.
//!
//! COMPAT: Node.js 20 skips empty lines in front of a request, and answers a head above 16 KiB with
//! `431 Request Header Fields Too Large` and `Connection: close`.

use std::time::Duration;

use roomcast::Server;
use tokio::time::Instant;

use crate::support::{Host, Response, Stream, echo_server, sid_of};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// Up to its date.
const TOO_LONG: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
    content-length: 0\r\ndate: ";

const LIMIT: usize = 16_384;

/// The head of a GET, `len` bytes long.
fn head_of(len: usize, target: &str) -> String {
    let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\nCookie: \r\n\r\n");
    let value = "x".repeat(len - head.len());
    head.replace("Cookie: ", &format!("Cookie: {value}"))
}

/// Writes a head in pieces of this many bytes.
async fn write_in_pieces(stream: &mut Stream, head: &str, len: usize) {
    for piece in head.as_bytes().chunks(len) {
        // The server may have refused it by now.
        if !stream.try_write(piece).await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn assert_refused(stream: &mut Stream, what: &str) {
    let answer = stream.read_to_end().await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with(TOO_LONG), "{answer:?} to {what}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{what}");
}

#[tokio::test]
async fn a_head_of_16_kib_is_read_and_one_byte_more_is_431_and_the_end() {
    let host = Host::tcp(&echo_server()).await;
    for (target, status) in [(POLLING, 200), ("/elsewhere", 404)] {
        for piece in [LIMIT + 1, 5000] {
            let what = format!("{target} in pieces of {piece}");
            let mut stream = host.stream().await;
            write_in_pieces(&mut stream, &head_of(LIMIT, target), piece).await;
            assert_eq!(Response::read(&mut stream).await.status, status, "{what}");

            let mut stream = host.stream().await;
            write_in_pieces(&mut stream, &head_of(LIMIT + 1, target), piece).await;
            assert_refused(&mut stream, &what).await;
        }
    }
}

#[tokio::test]
async fn later_heads_of_a_connection_have_the_same_limit_whoever_serves_it() {
    let host = Host::tcp(&echo_server()).await;
    for (first, target) in [
        (POLLING, POLLING),
        (POLLING, "/elsewhere"),
        ("/elsewhere", POLLING),
        ("/elsewhere", "/elsewhere"),
    ] {
        for piece in [LIMIT + 1, 5000] {
            let what = format!("{target} in pieces of {piece} after {first}");
            let mut stream = host.stream().await;
            for target in [first, target] {
                write_in_pieces(&mut stream, &head_of(LIMIT, target), piece).await;
                let status = if target == POLLING { 200 } else { 404 };
                assert_eq!(Response::read(&mut stream).await.status, status, "{what}");
            }

            write_in_pieces(&mut stream, &head_of(LIMIT + 1, target), piece).await;
            assert_refused(&mut stream, &what).await;
        }
    }
}

#[tokio::test]
async fn the_limit_of_heads_is_an_option() {
    for limit in [100, 40_000] {
        let io = Server::builder().max_head_bytes(limit).build();
        let (own, mounted) = (Host::tcp(&io).await, Host::memory(&io));
        for (target, status) in [(POLLING, 200), ("/elsewhere", 404)] {
            let mut stream = own.stream().await;
            for _ in 0..2 {
                stream.write(head_of(limit, target).as_bytes()).await;
                assert_eq!(Response::read(&mut stream).await.status, status, "{limit}");
            }
            stream.write(head_of(limit + 1, target).as_bytes()).await;
            assert_refused(&mut stream, target).await;
        }
        let mut stream = mounted.stream().await;
        stream.write(head_of(limit, POLLING).as_bytes()).await;
        assert_eq!(Response::read(&mut stream).await.status, 200, "{limit}");
        stream.write(head_of(limit + 50, POLLING).as_bytes()).await;
        assert_eq!(Response::read(&mut stream).await.status, 431, "{limit}");
    }
}

#[tokio::test]
async fn another_websocket_library_gets_431_for_a_head_with_more_than_the_limit_in_it() {
    let io = Server::builder().max_head_bytes(100).build();
    let target = "/socket.io/?EIO=4&transport=websocket";
    for (len, status) in [(100, None), (101, Some(431))] {
        let value = "x".repeat(len - target.len() - "cookie".len());
        let request = http::Request::get(target).header("cookie", value);
        let (head, ()) = request.body(()).expect("a request").into_parts();

        let answer = io.accept_websocket(&head).await.err();
        assert_eq!(answer.map(|answer| answer.status().as_u16()), status);
    }
}

#[tokio::test]
async fn the_headers_of_the_last_poll_do_not_let_a_longer_head_in() {
    let io = Server::builder().max_head_bytes(200).build();
    let host = Host::tcp(&io).await;
    let mut stream = host.stream().await;
    stream.write(head_of(100, POLLING).as_bytes()).await;
    let sid = sid_of(Response::read(&mut stream).await.text());
    let post = |len: usize| {
        let head = format!("POST {POLLING}&sid={sid}&t= HTTP/1.1\r\nContent-Length: 2\r\n\r\n");
        head.replace("&t=", &format!("&t={}", "x".repeat(len - head.len()))) + "40"
    };
    for _ in 0..2 {
        stream.write(post(200).as_bytes()).await;
        assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));
    }

    stream.write(post(201).as_bytes()).await;

    assert_refused(&mut stream, "a longer query").await;
}

#[tokio::test]
async fn a_poll_with_too_long_a_head_is_431_and_its_session_stays() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    write_in_pieces(&mut stream, &head_of(200, POLLING), 200).await;
    let sid = sid_of(Response::read(&mut stream).await.text());
    let target = format!("{POLLING}&sid={sid}");

    write_in_pieces(&mut stream, &head_of(LIMIT + 1, &target), LIMIT + 1).await;
    assert_refused(&mut stream, "a poll").await;

    let mut stream = host.stream().await;
    let connect = format!("POST {target} HTTP/1.1\r\nContent-Length: 2\r\n\r\n40");
    stream.write(connect.as_bytes()).await;
    assert_eq!(Response::read(&mut stream).await.summary(), (200, "ok"));
    write_in_pieces(&mut stream, &head_of(LIMIT, &target), LIMIT).await;
    let connected = Response::read(&mut stream).await;
    assert!(connected.text().starts_with(r#"40{"sid":"#));
}

#[tokio::test]
async fn a_head_without_an_end_is_431_although_the_client_still_sends() {
    let host = Host::tcp(&echo_server()).await;
    let endless = head_of(600_000, POLLING);
    let mut stream = host.stream().await;

    stream.write(&endless.as_bytes()[..600_000 - 2]).await;

    assert_refused(&mut stream, "a head without an end").await;
    host.joined().await.expect_alive().await;
}

#[tokio::test]
async fn behind_another_http_server_a_head_with_more_than_16_kib_in_it_is_431() {
    let host = Host::memory(&echo_server());
    // All but target, names and values: `GET  HTTP/1.1`, `: ` twice, and four ends of lines.
    let between = 13 + 4 + 8;
    for (len, status) in [(LIMIT, 200), (LIMIT + 1, 431)] {
        let mut stream = host.stream().await;
        write_in_pieces(&mut stream, &head_of(between + len, POLLING), LIMIT).await;

        assert_eq!(Response::read(&mut stream).await.status, status, "{len}");
    }
}

#[tokio::test]
async fn empty_lines_in_front_of_a_request_are_skipped_and_do_not_count() {
    let host = Host::tcp(&echo_server()).await;
    for (target, status) in [(POLLING, 200), ("/elsewhere", 404)] {
        for lines in ["\n", "\r\n", "\r\n\r\n", "\n\r\n\n"] {
            let request = lines.to_owned() + &head_of(100, target);
            for piece in [request.len(), 3, 1] {
                let mut stream = host.stream().await;
                write_in_pieces(&mut stream, &request, piece).await;

                let answer = Response::read(&mut stream).await;
                assert_eq!(answer.status, status, "{request:?} in pieces of {piece}");
            }
        }
        for flood in ["\n".repeat(17 * 1024), "\r\n".repeat(17 * 1024)] {
            let request = flood + &head_of(LIMIT, target);
            for piece in [request.len(), 5001] {
                let mut stream = host.stream().await;
                write_in_pieces(&mut stream, &request, piece).await;

                let answer = Response::read(&mut stream).await;
                assert_eq!(answer.status, status, "{target} in pieces of {piece}");
            }
        }
    }
}

#[tokio::test]
async fn empty_lines_without_a_request_are_431_where_hyper_reads_them() {
    let host = Host::tcp(&echo_server()).await;
    for piece in [LIMIT, 50] {
        let mut stream = host.stream().await;
        write_in_pieces(&mut stream, &head_of(100, "/elsewhere"), 100).await;
        assert_eq!(Response::read(&mut stream).await.status, 404);

        write_in_pieces(&mut stream, &"\n".repeat(LIMIT), piece).await;

        assert_refused(&mut stream, "empty lines").await;
    }
}

#[tokio::test(start_paused = true)]
async fn empty_lines_without_a_request_are_given_up_after_30_seconds() {
    let host = Host::tcp(&echo_server()).await;
    let mut stream = host.stream().await;
    let opened_at = Instant::now();

    while stream.try_write(&[b'\n'; 1000]).await && opened_at.elapsed().as_secs() < 40 {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }

    assert_eq!(stream.read_to_end().await.as_ref(), b"");
    let elapsed = opened_at.elapsed().as_secs();
    assert!((30..35).contains(&elapsed), "{elapsed} s");
}
