//! The browser client's files. Spec: features 2.2.

use roomcast::{ClientBundle, Cors, Server};

use crate::support::{Host, Request};

async fn host() -> Host {
    let script = "/* the client */".repeat(200);
    let bundle = ClientBundle::from_files(
        "4.8.3",
        [
            ("socket.io.js", script.clone()),
            ("socket.io.js.map", "{}".to_owned()),
        ],
    );
    let io = Server::builder()
        .client_bundle(bundle.expect("there are files and a version"))
        .cors(Cors::origin("http://page.example"))
        .build();
    Host::tcp(&io).await
}

#[tokio::test]
async fn a_file_is_served_below_the_path_whatever_its_query() {
    let host = host().await;

    for target in ["/socket.io/socket.io.js", "/socket.io/socket.io.js?v=1"] {
        let answer = host.request(Request::get(target)).await;
        assert_eq!(
            (answer.status, answer.text()),
            (200, &*"/* the client */".repeat(200))
        );
        assert_eq!(answer.header("etag"), Some("\"4.8.3\""));
        assert_eq!(
            answer.header("content-type"),
            Some("application/javascript; charset=utf-8")
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("http://page.example")
        );
    }
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_304() {
    let host = host().await;

    for tag in ["\"4.8.3\"", "W/\"4.8.3\""] {
        let answer = host
            .request(Request::get("/socket.io/socket.io.js").header("if-none-match", tag))
            .await;
        assert_eq!(answer.summary(), (304, ""), "{tag}");
    }
    let answer = host
        .request(Request::get("/socket.io/socket.io.js").header("if-none-match", "\"4.8.2\""))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_file_is_compressed_as_the_browser_likes_it() {
    let host = host().await;

    for encoding in ["br", "gzip", "deflate"] {
        let answer = host
            .request(Request::get("/socket.io/socket.io.js").header("accept-encoding", encoding))
            .await;
        assert_eq!(
            (answer.status, answer.header("content-encoding")),
            (200, Some(encoding))
        );
        assert!(answer.body.len() < 1000);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_no_file() {
    let host = host().await;

    let answer = host
        .request(Request::get("/socket.io/socket.io.min.js"))
        .await;
    assert_eq!(
        answer.summary(),
        (400, r#"{"code":0,"message":"Transport unknown"}"#)
    );
    assert_eq!(host.get("EIO=4&transport=polling").await.status, 200);
}
