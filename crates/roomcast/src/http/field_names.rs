//! Names of headers as one byte, for the heads that sessions keep.

/// The number that a known name has, in whatever case.
pub(super) fn code_of(name: &[u8]) -> Option<u8> {
    let initial = name.first()?.to_ascii_lowercase();
    let (first, end) = (*FIRST.get(name.len())?, *FIRST.get(name.len() + 1)?);
    (first..end).find(|code| {
        let known = NAMES[usize::from(*code)].as_bytes();
        // Cost: most come as they are written here.
        known[0].to_ascii_lowercase() == initial
            && (known == name || known.eq_ignore_ascii_case(name))
    })
}

/// The name with this number, in the case in which it mostly comes.
pub(super) fn name_of(code: u8) -> Option<&'static str> {
    NAMES.get(usize::from(code)).copied()
}

/// A header that each handshake is asked for, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header(u8);

impl Header {
    pub(crate) const CONNECTION: Self = Self::named(b"Connection");
    pub(crate) const HOST: Self = Self::named(b"Host");
    pub(crate) const ORIGIN: Self = Self::named(b"Origin");
    pub(crate) const SEC_WEBSOCKET_EXTENSIONS: Self = Self::named(b"Sec-WebSocket-Extensions");
    pub(crate) const SEC_WEBSOCKET_KEY: Self = Self::named(b"Sec-WebSocket-Key");
    pub(crate) const SEC_WEBSOCKET_VERSION: Self = Self::named(b"Sec-WebSocket-Version");
    pub(crate) const UPGRADE: Self = Self::named(b"Upgrade");

    pub(super) const fn code(self) -> u8 {
        self.0
    }

    const fn named(name: &[u8]) -> Self {
        let mut code = 0;
        while !NAMES[code as usize].as_bytes().eq_ignore_ascii_case(name) {
            code += 1;
        }
        Self(code)
    }
}

/// A number that no name has.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// What browsers, clients and proxies send.
///
/// Invariant: fewer than [`UNKNOWN`], the shorter first.
const NAMES: [&str; 47] = [
    "TE",
    "DNT",
    "Via",
    "Date",
    "From",
    "Host",
    "Accept",
    "Cookie",
    "Expect",
    "Origin",
    "Pragma",
    "Referer",
    "Sec-GPC",
    "Trailer",
    "Upgrade",
    "priority",
    "Forwarded",
    "Save-Data",
    "sec-ch-ua",
    "X-Real-IP",
    "Connection",
    "Keep-Alive",
    "User-Agent",
    "traceparent",
    "Content-Type",
    "X-Request-ID",
    "Authorization",
    "Cache-Control",
    "If-None-Match",
    "Accept-Charset",
    "Content-Length",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "Accept-Encoding",
    "Accept-Language",
    "X-Forwarded-For",
    "sec-ch-ua-mobile",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "Sec-WebSocket-Key",
    "X-Forwarded-Proto",
    "sec-ch-ua-platform",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
];

const LONGEST: usize = NAMES[NAMES.len() - 1].len();

/// Where the names of each length begin, and behind them where the last end.
static FIRST: [u8; LONGEST + 2] = {
    let mut first = [0; LONGEST + 2];
    let mut at = 0;
    let mut len = 0;
    while len < first.len() {
        while at < NAMES.len() && NAMES[at].len() < len {
            at += 1;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "there are fewer names than bytes"
        )]
        let start = at as u8;
        first[len] = start;
        len += 1;
    }
    first
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found_by_its_number_and_the_other_way() {
        for (number, name) in NAMES.iter().enumerate() {
            let code = code_of(name.as_bytes()).expect("it is known");
            assert_eq!(usize::from(code), number);
            assert_eq!(code_of(name.to_uppercase().as_bytes()), Some(code));
            assert_eq!(name_of(code), Some(*name));
        }
    }

    #[test]
    fn other_names_have_no_number() {
        for name in [
            "",
            "x",
            "hos",
            "hosts",
            "x-tag",
            "sec-websocket-extensions2",
        ] {
            assert_eq!(code_of(name.as_bytes()), None, "{name}");
        }
        assert_eq!(name_of(UNKNOWN), None);
    }
}
