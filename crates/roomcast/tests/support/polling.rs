//! A session over HTTP long-polling.

use tokio::task::JoinHandle;

use super::{Host, Request, Response, within};

/// A client that polls.
pub(crate) struct Polling {
    pub(crate) host: Host,
    pub(crate) sid: String,
    /// The answer to the handshake.
    pub(crate) handshake: Response,
    /// Packets that came with others and were not yet looked at.
    unread: Vec<String>,
}

impl Polling {
    pub(crate) async fn open(host: &Host) -> Self {
        let handshake = host.get("EIO=4&transport=polling").await;
        assert_eq!(handshake.status, 200, "{}", handshake.text());
        let mut unread = packets(&handshake);
        let open = unread.remove(0);
        Self {
            host: host.clone(),
            sid: sid_of(&open),
            handshake,
            unread,
        }
    }

    /// The same session, asked for at another server.
    pub(crate) fn at(&self, host: &Host) -> Self {
        let handshake = Response {
            status: self.handshake.status,
            headers: self.handshake.headers.clone(),
            body: self.handshake.body.clone(),
        };
        Self {
            host: host.clone(),
            sid: self.sid.clone(),
            handshake,
            unread: Vec::new(),
        }
    }

    /// The target of the session's requests.
    pub(crate) fn target(&self) -> String {
        self.host
            .target(&format!("EIO=4&transport=polling&sid={}", self.sid))
    }

    pub(crate) async fn get(&self) -> Response {
        self.host.request(Request::get(&self.target())).await
    }

    /// A `GET` that goes on while the test does other things.
    pub(crate) fn start_get(&self) -> Getting {
        let (host, request) = (self.host.clone(), Request::get(&self.target()));
        Getting(tokio::spawn(async move { host.request(request).await }))
    }

    pub(crate) async fn post(&self, body: impl Into<Vec<u8>>) -> Response {
        self.host.request(Request::post(&self.target(), body)).await
    }

    /// A `POST` that goes on while the test does other things.
    pub(crate) fn start_post(&self, body: impl Into<Vec<u8>>) -> Getting {
        let (host, request) = (self.host.clone(), Request::post(&self.target(), body));
        Getting(tokio::spawn(async move { host.request(request).await }))
    }

    /// Posts packets that the server takes.
    pub(crate) async fn send(&self, packets: &str) {
        assert_eq!(self.post(packets).await.summary(), (200, "ok"));
    }

    /// The next packet.
    pub(crate) async fn next(&mut self) -> String {
        if self.unread.is_empty() {
            let answer = self.get().await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            self.unread = packets(&answer);
        }
        self.unread.remove(0)
    }

    pub(crate) async fn expect(&mut self, packet: &str) {
        assert_eq!(self.next().await, packet);
    }

    /// Joins a namespace and gives the socket's id.
    pub(crate) async fn join(&mut self, namespace: &str) -> String {
        let prefix = if namespace == "/" {
            "40".to_owned()
        } else {
            format!("40{namespace},")
        };
        self.send(&prefix).await;
        let answer = self.next().await;
        super::websocket::id_in(&answer, &prefix)
    }

    /// Whether an event is still answered; for servers with [`answering`](super::answering).
    pub(crate) async fn expect_alive(&mut self) {
        self.send(r#"42987["alive"]"#).await;
        self.expect(r#"43987["yes"]"#).await;
    }

    /// The session is gone.
    pub(crate) async fn expect_gone(&self) {
        let answer = self.get().await;
        assert_eq!(
            answer.summary(),
            (400, r#"{"code":1,"message":"Session ID unknown"}"#)
        );
    }
}

/// A request on its way.
pub(crate) struct Getting(JoinHandle<Response>);

impl Getting {
    pub(crate) async fn answer(self) -> Response {
        within("the answer to a request", self.0)
            .await
            .expect("the request does not panic")
    }

    /// Hangs up.
    pub(crate) fn abort(self) {
        self.0.abort();
    }
}

/// The packets of an answer to a poll.
pub(crate) fn packets(answer: &Response) -> Vec<String> {
    answer.text().split('\x1e').map(str::to_owned).collect()
}

/// The session's id in its open packet.
pub(crate) fn sid_of(open: &str) -> String {
    let rest = open
        .strip_prefix(r#"0{"sid":""#)
        .expect("the first packet opens the session");
    rest.split('"')
        .next()
        .expect("an id ends with a quote")
        .to_owned()
}
