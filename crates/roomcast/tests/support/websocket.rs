//! A WebSocket client that is told every byte.

use super::polling::sid_of;
use super::{Host, Request, Response, Stream};

/// What the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A close frame with its code, if it has one.
    Close(Option<u16>),
    /// The end of the connection.
    End,
}

/// A client over WebSocket.
pub(crate) struct WebSocket {
    pub(crate) stream: Stream,
    /// The answer 101.
    pub(crate) head: Response,
    /// The session's id, if it was opened by this WebSocket.
    pub(crate) sid: String,
}

impl WebSocket {
    /// Opens a WebSocket; nothing of the session has been read.
    pub(crate) async fn open(host: &Host, request: Request) -> Self {
        let mut stream = host.stream().await;
        stream.write(&request.upgrade().to_bytes()).await;
        let head = Response::read_head(&mut stream)
            .await
            .expect("the server answers");
        assert_eq!(head.status, 101);
        assert_eq!(
            head.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        Self {
            stream,
            head,
            sid: String::new(),
        }
    }

    /// Opens a WebSocket for a session that was opened over polling.
    pub(crate) async fn probe(host: &Host, sid: &str) -> Self {
        let target = host.target(&format!("EIO=4&transport=websocket&sid={sid}"));
        Self::open(host, Request::get(&target)).await
    }

    /// Opens a session.
    pub(crate) async fn session(host: &Host, request: Request) -> Self {
        let mut client = Self::open(host, request).await;
        let open = client.next_text().await;
        client.sid = sid_of(&open);
        client
    }

    /// Joins a namespace and gives the socket's id.
    pub(crate) async fn join(&mut self, namespace: &str) -> String {
        let prefix = if namespace == "/" {
            "40".to_owned()
        } else {
            format!("40{namespace},")
        };
        self.send(&prefix).await;
        let answer = self.next_text().await;
        id_in(&answer, &prefix)
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write(&masked(0x81, text.as_bytes())).await;
    }

    pub(crate) async fn send_binary(&mut self, bytes: &[u8]) {
        self.stream.write(&masked(0x82, bytes)).await;
    }

    /// Sends a frame with this first byte.
    pub(crate) async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.stream.write(&masked(first, payload)).await;
    }

    /// Reads a frame; the server sends each message in one.
    pub(crate) async fn next(&mut self) -> Frame {
        match self.read().await {
            None => Frame::End,
            Some((0x81, payload)) => {
                Frame::Text(String::from_utf8(payload).expect("text is UTF-8"))
            }
            Some((0x82, payload)) => Frame::Binary(payload),
            Some((0x88, payload)) => Frame::Close(match payload[..] {
                [] => None,
                [high, low, ..] => Some(u16::from_be_bytes([high, low])),
                _ => panic!("a close code has two bytes"),
            }),
            Some((0x89, payload)) => Frame::Ping(payload),
            Some((0x8a, payload)) => Frame::Pong(payload),
            Some((first, _)) => panic!("a frame that starts with {first:#04x}"),
        }
    }

    pub(crate) async fn next_text(&mut self) -> String {
        match self.next().await {
            Frame::Text(text) => text,
            other => panic!("expected text, found {other:?}"),
        }
    }

    pub(crate) async fn expect(&mut self, text: &str) {
        assert_eq!(self.next().await, Frame::Text(text.to_owned()));
    }

    pub(crate) async fn expect_binary(&mut self, bytes: &[u8]) {
        assert_eq!(self.next().await, Frame::Binary(bytes.to_vec()));
    }

    /// The server closes, without a code.
    pub(crate) async fn expect_closed(&mut self) {
        self.expect_close(None).await;
    }

    /// The server closes with this code and then hangs up.
    pub(crate) async fn expect_close(&mut self, code: Option<u16>) {
        assert_eq!(self.next().await, Frame::Close(code));
        assert_eq!(self.next().await, Frame::End);
    }

    /// The server closes with this code and waits for the client to do so, too, before it hangs up.
    pub(crate) async fn expect_goodbye(&mut self, code: Option<u16>) {
        assert_eq!(self.next().await, Frame::Close(code));
        self.send_frame(0x88, &[]).await;
        assert_eq!(self.next().await, Frame::End);
    }

    /// Whether an event is still answered; for servers with [`answering`](super::answering).
    pub(crate) async fn expect_alive(&mut self) {
        self.send(r#"42987["alive"]"#).await;
        self.expect(r#"43987["yes"]"#).await;
    }

    /// One frame: its first byte and its payload.
    pub(crate) async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let head = self.stream.read_exact(2).await?;
        let length = match head[1] {
            126 => {
                let length = self.stream.read_exact(2).await?;
                usize::from(u16::from_be_bytes([length[0], length[1]]))
            }
            127 => {
                let length = self.stream.read_exact(8).await?;
                let length: [u8; 8] = length[..].try_into().expect("8 bytes were read");
                usize::try_from(u64::from_be_bytes(length)).expect("the frame fits into memory")
            }
            short => usize::from(short),
        };
        Some((head[0], self.stream.read_exact(length).await?.to_vec()))
    }
}

/// A frame of a client: masked, with its length in the shortest form.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | u8::try_from(len).expect("it is below 126")),
        len @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(len).expect("it is below 65536").to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(
        payload
            .iter()
            .zip(KEY.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// The socket's id in the answer to a CONNECT.
pub(crate) fn id_in(answer: &str, prefix: &str) -> String {
    let object = answer
        .strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{answer} does not start with {prefix}"));
    let id = object
        .strip_prefix(r#"{"sid":""#)
        .and_then(|rest| rest.strip_suffix(r#""}"#));
    id.unwrap_or_else(|| panic!("{answer} is no CONNECT"))
        .to_owned()
}
