//! Names of headers as one byte, for the heads that sessions keep.

/// The number that a known name has, in whatever case.
pub(super) fn code_of(name: &[u8]) -> Option<u8> {
    let initial = name.first()?.to_ascii_lowercase();
    let (first, end) = (*FIRST.get(name.len())?, *FIRST.get(name.len() + 1)?);
    (first..end).find(|code| {
        let known = NAMES[usize::from(*code)].as_bytes();
        known[0] == initial && known.eq_ignore_ascii_case(name)
    })
}

/// The name with this number.
pub(super) fn name_of(code: u8) -> Option<&'static str> {
    NAMES.get(usize::from(code)).copied()
}

/// A number that no name has.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// What browsers, clients and proxies send.
///
/// Invariant: fewer than [`UNKNOWN`], in lower case, the shorter first.
const NAMES: [&str; 47] = [
    "te",
    "dnt",
    "via",
    "date",
    "from",
    "host",
    "accept",
    "cookie",
    "expect",
    "origin",
    "pragma",
    "referer",
    "sec-gpc",
    "trailer",
    "upgrade",
    "priority",
    "forwarded",
    "save-data",
    "sec-ch-ua",
    "x-real-ip",
    "connection",
    "keep-alive",
    "user-agent",
    "traceparent",
    "content-type",
    "x-request-id",
    "authorization",
    "cache-control",
    "if-none-match",
    "accept-charset",
    "content-length",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "accept-encoding",
    "accept-language",
    "x-forwarded-for",
    "sec-ch-ua-mobile",
    "x-forwarded-host",
    "x-forwarded-port",
    "sec-websocket-key",
    "x-forwarded-proto",
    "sec-ch-ua-platform",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
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
