//! What a socket needs to have its session restored.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Packet;

/// What a socket needs to have its session restored after a lost connection.
///
/// Spec: Socket.IO, "Connection state recovery"; features 6.29.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// The private id of the session. Only a server that can restore it gives one.
    pid: Option<Arc<str>>,
    /// The text at the end of the last event that had one.
    offset: Option<Arc<str>>,
}

impl Recovery {
    /// Takes the private id of a confirmed CONNECT; whether the session is the one before.
    pub(super) fn connected(&mut self, pid: Option<&str>) -> bool {
        // COMPAT: the official client takes an empty id for none.
        let pid = pid.filter(|pid| !pid.is_empty());
        let recovered = pid.is_some() && pid == self.pid.as_deref();
        self.pid = pid.map(Arc::from);
        recovered
    }

    /// Looks at an event that is handed to the user.
    pub(super) fn received(&mut self, packet: &Packet<'_>) {
        // COMPAT: the official client looks at the last value that handlers get, which is a function
        // if the server wants an answer.
        if self.pid.is_none() || packet.ack().is_some() {
            return;
        }
        let args = packet.args();
        let Some(last) = args.len().checked_sub(1) else {
            return;
        };
        let last = args.get::<LastText>(last).and_then(Result::ok);
        if let Some(LastText(Some(offset))) = last {
            self.offset = Some(offset);
        }
    }

    pub(super) fn pid(&self) -> Option<Arc<str>> {
        self.pid.clone()
    }

    pub(super) fn offset(&self) -> Option<Arc<str>> {
        self.offset.clone()
    }
}

/// A longer text at the end of an event is no offset: those of servers have some 20 bytes. So a
/// large message is not kept until the next one.
const MAX_OFFSET_LEN: usize = 4096;

/// A text that is no longer than an offset, or any other value.
struct LastText(Option<Arc<str>>);

impl<'de> Deserialize<'de> for LastText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LastTextVisitor)
    }
}

struct LastTextVisitor;

macro_rules! visit_others {
    ($($visit:ident: $type:ty,)*) => {$(
        fn $visit<E>(self, _: $type) -> Result<LastText, E> {
            Ok(LastText(None))
        }
    )*};
}

impl<'de> Visitor<'de> for LastTextVisitor {
    type Value = LastText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<LastText, E> {
        let is_offset = text.len() <= MAX_OFFSET_LEN;
        Ok(LastText(is_offset.then(|| text.into())))
    }

    visit_others! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_bytes: &[u8],
    }

    fn visit_unit<E>(self) -> Result<LastText, E> {
        Ok(LastText(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<LastText, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(LastText(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<LastText, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(LastText(None))
    }
}
