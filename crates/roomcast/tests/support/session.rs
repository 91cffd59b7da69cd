//! A client that can come back: what the server tells it of its session.

use super::{Host, WebSocket};

/// What a client knows of its session, as the official one keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) pid: String,
    /// The text at the end of the last event, if there was one.
    pub(crate) offset: Option<String>,
}

impl Session {
    /// Joins the main namespace for the first time.
    pub(crate) async fn begin(client: &mut WebSocket) -> Self {
        client.send("40").await;
        Self::connected(&client.next_text().await)
    }

    /// What a CONNECT says.
    pub(crate) fn connected(packet: &str) -> Self {
        let fields = packet
            .strip_prefix(r#"40{"sid":""#)
            .and_then(|rest| rest.strip_suffix(r#""}"#))
            .and_then(|rest| rest.split_once(r#"","pid":""#));
        let (id, pid) = fields.unwrap_or_else(|| panic!("{packet} tells no sid and pid"));
        Self {
            id: id.to_owned(),
            pid: pid.to_owned(),
            offset: None,
        }
    }

    /// The CONNECT with which the client asks for its session.
    pub(crate) fn claim(&self) -> String {
        match &self.offset {
            None => format!(r#"40{{"pid":"{}"}}"#, self.pid),
            Some(offset) => format!(r#"40{{"pid":"{}","offset":"{offset}"}}"#, self.pid),
        }
    }

    /// What the server answers if it gives the session back.
    pub(crate) fn given_back(&self) -> String {
        format!(r#"40{{"sid":"{}","pid":"{}"}}"#, self.id, self.pid)
    }

    /// Notes an event as the official client does, and gives it without its offset.
    pub(crate) fn note(&mut self, event: &str) -> String {
        let (front, offset) = event
            .strip_suffix(r#""]"#)
            .and_then(|front| front.rsplit_once(r#",""#))
            .unwrap_or_else(|| panic!("{event} ends in no text"));
        self.offset = Some(offset.to_owned());
        format!("{front}]")
    }

    /// The next event, without its offset.
    pub(crate) async fn next(&mut self, client: &mut WebSocket) -> String {
        self.note(&client.next_text().await)
    }

    /// Comes back over a new connection, and gets the session back.
    pub(crate) async fn resume(&self, host: &Host) -> WebSocket {
        let mut client = host.websocket().await;
        client.send(&self.claim()).await;
        client.expect(&self.given_back()).await;
        client
    }

    /// Comes back over a new connection, and has to begin anew.
    pub(crate) async fn fail_to_resume(&self, host: &Host) -> Self {
        let mut client = host.websocket().await;
        client.send(&self.claim()).await;
        let new = Self::connected(&client.next_text().await);
        assert_ne!(new.id, self.id);
        assert_ne!(new.pid, self.pid);
        new
    }
}
