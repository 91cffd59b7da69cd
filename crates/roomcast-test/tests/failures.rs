//! What a failing test says.

use std::time::Duration;

use roomcast::{Refusal, Server};
use roomcast_test::{TestClient, TestServer};

async fn client(io: &Server) -> TestClient {
    TestServer::new(io).connect("/").await
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = r#"failures.rs:21:12: expected "greeting" ["hello"], but "greeting" ["goodbye", 1] came"#
)]
async fn another_argument_is_shown_beside_the_expected_one() {
    let io = Server::new();
    let mut client = client(&io).await;

    io.emit("greeting", ("goodbye", 1));
    client.expect("greeting", "hello").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = r#"expected "greeting" ["hello"], but nothing came for 600s"#)]
async fn an_event_that_never_comes_is_named() {
    let io = Server::new();
    client(&io).await.expect("greeting", "hello").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(
    expected = r#"expected "greeting", but the client was disconnected: io server disconnect"#
)]
async fn a_disconnection_in_place_of_an_event_is_told() {
    let io = Server::new();
    let mut client = client(&io).await;

    io.disconnect_sockets();
    client.expect_event("greeting").await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = r#"expected nothing, but "news" [1] came"#)]
async fn an_event_where_none_may_come_is_shown() {
    let io = Server::new();
    let mut client = client(&io).await;

    io.emit("news", 1);
    client.expect_nothing_for(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = r#"nobody answered "question""#)]
async fn a_question_without_an_answer_is_named() {
    let io = Server::new();
    client(&io).await.emit_with_ack::<u8>("question", ()).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = r#"/ refused the client: unauthorized 401"#)]
async fn a_refusal_is_told_with_its_data() {
    let io = Server::new();
    io.middleware(|| Err::<(), _>(Refusal::new("unauthorized").with_data(401)));
    drop(client(&io).await);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the client was let into /")]
async fn a_client_that_should_have_been_refused_is_told() {
    TestServer::new(&Server::new())
        .client()
        .connect_refused("/")
        .await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = r#"the connection was refused: HTTP/1.1 400 Bad Request"#)]
async fn a_connection_that_http_refuses_shows_the_answer() {
    let io = Server::builder()
        .transports([roomcast::Transport::Polling])
        .build();
    drop(client(&io).await);
}
