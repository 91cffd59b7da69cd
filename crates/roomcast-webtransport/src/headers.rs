//! The request for a session, and its answer.

use crate::error::{ReadError, Violation, code};
use crate::qpack::{self, Field};
use crate::source::Source;
use crate::{settings, stream, varint};

/// The frame with these header fields; their names are in lower case.
///
/// # Example
///
/// ```
/// use roomcast_webtransport::encode_headers;
///
/// assert_eq!(encode_headers([(":status", &b"200"[..])]), b"\x01\x03\0\0\xd9");
/// ```
///
/// Spec: RFC 9114, section 7.2.2; RFC 9204, section 4.5.
#[must_use]
pub fn encode_headers<'f>(fields: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let section = qpack::encode(fields);
    let mut frame = Vec::with_capacity(section.len() + 9);
    varint::write(HEADERS, &mut frame);
    varint::write(section.len() as u64, &mut frame);
    frame.extend_from_slice(&section);
    frame
}

/// Reads frames up to the first one with headers, and gives its fields, at most 100.
///
/// # Errors
///
/// [`ReadError::Broken`] for fields that cannot be read, for other frames that may not come first,
/// and when more than 16 KiB are announced.
///
/// # Example
///
/// ```
/// use roomcast_webtransport::{ReadError, code, read_headers};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let data = read_headers(&mut &b"\x00\x01x"[..]).await;
/// let Err(ReadError::Broken(violation)) = data else { panic!("it is no message") };
/// assert_eq!(violation.code, code::FRAME_UNEXPECTED);
/// # }).expect("bytes in memory never wait");
/// ```
///
/// Spec: RFC 9114, section 4.1.
pub async fn read_headers<S: Source + Send>(
    stream: &mut S,
) -> Result<Vec<Field>, ReadError<S::Error>> {
    let section = read_section(stream).await?;
    qpack::decode(&section).ok_or_else(|| {
        let what = "header fields are not understood";
        Violation::new(what, code::DECOMPRESSION_FAILED).into()
    })
}

async fn read_section<S: Source + Send>(stream: &mut S) -> Result<Vec<u8>, ReadError<S::Error>> {
    let mut skipped = 0;
    loop {
        let kind = varint::read(stream).await?;
        if matches!(kind, DATA | settings::FRAME | stream::KIND) {
            let what = "a message does not begin with its headers";
            return Err(Violation::new(what, code::FRAME_UNEXPECTED).into());
        }
        let len = usize::try_from(varint::read(stream).await?).unwrap_or(usize::MAX);
        if len > MAX_HEADER_BYTES - skipped {
            return Err(Violation::new("headers are too long", code::EXCESSIVE_LOAD).into());
        }
        let mut payload = vec![0; len];
        stream.fill(&mut payload).await.map_err(ReadError::Stream)?;
        if kind == HEADERS {
            return Ok(payload);
        }
        skipped += len;
    }
}

// Types of frames. Spec: RFC 9114, section 7.2.
pub(crate) const DATA: u64 = 0x00;
const HEADERS: u64 = 0x01;

/// The most bytes of a message's headers, with all that stands before them.
const MAX_HEADER_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;
    use crate::source::EndOfBytes;

    type Outcome = Result<Vec<u8>, ReadError<EndOfBytes>>;

    /// What comes of a stream that ends behind these bytes, and what is left of them.
    fn read(mut stream: &[u8]) -> (Outcome, usize) {
        let read = read_section(&mut stream).now_or_never();
        (read.expect("bytes in memory never wait"), stream.len())
    }

    /// The code of a request that breaks a rule, or nothing if it ended early.
    fn broken(stream: &[u8]) -> Option<u32> {
        match read(stream).0 {
            Err(ReadError::Broken(violation)) => Some(violation.code),
            Err(ReadError::Stream(EndOfBytes)) => None,
            other => panic!("{other:?}"),
        }
    }

    /// The request of wtransport 0.7.2 for `/socket.io/?EIO=4&transport=webtransport`, as recorded.
    const REQUEST: &[u8] =
        b"\x01\x40\x4a\x00\x00\x50\x8b\x08\x9d\x5c\x0b\x81\x70\xdc\x68\x4c\xb8\x1f\xcf\x51\
        \x9e\x61\x07\x27\x52\xa5\x73\x1d\x8f\xf3\x06\x4d\x50\x35\xf0\x9b\x07\x52\x2b\x3d\
        \x89\x83\xc1\x63\x4d\x83\xa9\x15\x9e\xc4\xff\x2f\x00\xb9\x5d\x87\x49\xc8\x7a\x3f\
        \x89\xf0\x58\xd3\x60\xea\x45\x67\xb1\x3f\x5f\x07\x84\x9d\x29\xad\x1f";

    #[test]
    fn every_truncation_of_a_request_ends_early() {
        let (section, left) = read(REQUEST);
        assert_eq!(left, 0);
        let section = section.unwrap();
        let fields = qpack::decode(&section).unwrap();
        assert_eq!(fields.len(), 5);
        let path = (
            ":path".to_owned(),
            b"/socket.io/?EIO=4&transport=webtransport".to_vec(),
        );
        assert!(fields.contains(&path));
        for end in 0..section.len() {
            let found = qpack::decode(&section[..end]).map_or(0, |fields| fields.len());
            assert!(found < 5, "cut at {end}");
        }
        for end in 0..REQUEST.len() {
            assert_eq!(broken(&REQUEST[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn what_is_announced_beyond_the_limit_is_refused_before_it_is_reserved() {
        // 16,384 bytes in one frame, in two, and one more.
        let most = [&b"\x01\x80\x00\x40\x00"[..], &[0; 16_384]].concat();
        assert_eq!(read(&most).0.unwrap().len(), 16_384);
        let unknown = [&b"\x21\x01\xff"[..], &most].concat();
        assert_eq!(broken(&unknown), Some(code::EXCESSIVE_LOAD));
        for announced in [
            &b"\x01\x80\x00\x40\x01"[..],
            b"\x01\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x21\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(broken(announced), Some(code::EXCESSIVE_LOAD));
        }
    }

    /// Frames with the lengths that they announce, or with others.
    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![Just(1_u64), Just(0x21), 0..0x50_u64, any::<u64>()];
        let frame = (
            kind,
            any::<Option<u64>>(),
            prop::collection::vec(any::<u8>(), 0..9_000),
        );
        let frame = frame.prop_map(|(kind, len, payload)| {
            let len = len.unwrap_or(payload.len() as u64);
            let varint = |value: u64| (value | 0xc0 << 56).to_be_bytes();
            [&varint(kind)[..], &varint(len), &payload].concat()
        });
        prop::collection::vec(frame, 0..4).prop_map(|frames| frames.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_take_more_memory_than_the_limit(
            stream in prop_oneof![frames(), prop::collection::vec(any::<u8>(), 0..40)],
        ) {
            let mut found = None;
            let taken = allocation_counter::measure(|| found = Some(read(&stream).0));

            prop_assert!(taken.bytes_max <= MAX_HEADER_BYTES as u64, "{}", taken.bytes_max);
            if let Some(Ok(section)) = found {
                prop_assert!(section.len() <= MAX_HEADER_BYTES);
            }
        }
    }
}
