//! What every session tells its client first: the open packet, and the initial one where there is one.

use roomcast_engineio::{self as proto, Revision, Transport, revision3, revision4};
use roomcast_websocket::OpCode;

use super::draft::Draft;
use super::frame::Frame;
use super::server::Shared;
use super::sid::Sid;
use crate::id;

impl Shared {
    /// The packets that every polling session begins with.
    pub(super) fn first_payload(&self, sid: &Sid, revision: Revision) -> Vec<u8> {
        let mut open = Vec::new();
        self.put_open_packet(sid.as_bytes(), Transport::Polling, &mut open);
        let open = String::from_utf8(open).expect("JSON is written as text");
        let open = proto::Packet::Open(&open);
        let initial = self.initial_text().map(proto::Packet::Text);
        if revision == Revision::Three {
            let mut payload = revision3::PayloadEncoder::text();
            payload.push(&open);
            initial.inspect(|text| payload.push(text));
            return payload.into_body();
        }
        let mut payload = revision4::PayloadEncoder::new();
        payload.push(&open);
        initial.inspect(|text| payload.push(text));
        payload.into_body()
    }

    /// The JSON of the open packet.
    ///
    /// Cost: only the id differs from session to session; all the rest is written once.
    fn put_open_packet(&self, sid: &[u8], transport: Transport, out: &mut Vec<u8>) {
        let is_plain = |all, &byte: &u8| all & id::is_base64url(byte);
        if !sid.iter().fold(true, is_plain) {
            let sid = String::from_utf8_lossy(sid);
            return out.extend_from_slice(self.write_open_packet(&sid, transport).as_bytes());
        }
        let template = self.open_template(transport);
        let json = template.get_or_init(|| self.write_open_packet("", transport));
        let (start, end) = json.as_bytes().split_at(SID_AT);
        [start, sid, end]
            .iter()
            .for_each(|piece| out.extend_from_slice(piece));
    }

    fn write_open_packet(&self, sid: &str, transport: Transport) -> String {
        let times = self.times();
        let max_payload = u64::try_from(self.config().max_message_bytes).unwrap_or(u64::MAX);
        proto::Handshake::new(sid, self.config().upgrades(transport))
            .with_heartbeat(times.ping_interval, times.ping_timeout)
            .with_max_payload(max_payload)
            .to_json()
    }

    /// The frames that every WebSocket session begins with.
    pub(super) fn put_greeting(&self, sid: &[u8], frames: &mut Vec<u8>) {
        let mut open = self.draft_open(sid, Transport::WebSocket);
        frames.extend_from_slice(open.frame(OpCode::Text));
        if let Some(text) = self.initial_text() {
            frames.extend_from_slice(Frame::message(text).websocket());
        }
    }

    /// The packets that a session on this transport begins with.
    pub(super) fn greet(&self, sid: &[u8], transport: Transport) -> impl Iterator<Item = Frame> {
        let open = Frame::of(self.draft_open(sid, transport), OpCode::Text);
        let initial = self.initial_text().map(Frame::message);
        std::iter::once(open).chain(initial)
    }

    fn draft_open(&self, sid: &[u8], transport: Transport) -> Draft {
        let mut draft = Draft::of(b"0");
        self.put_open_packet(sid, transport, draft.buffer_mut());
        draft
    }

    fn initial_text(&self) -> Option<&str> {
        let text = self.config().initial_packet.as_deref()?;
        Some(std::str::from_utf8(text).expect("the option takes text"))
    }
}

/// Where the id stands in the JSON of an open packet.
const SID_AT: usize = r#"{"sid":""#.len();
