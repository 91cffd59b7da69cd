//! Streams of one direction, and the settings on one of them.

use crate::error::{ReadError, Violation, code};
use crate::source::Source;
use crate::varint;

/// What each end sends on its control stream, which stays open as long as the connection: the
/// stream's type, then its settings: no header compression with tables, the protocol of a CONNECT,
/// datagrams, and WebTransport with one session, as the drafts 2 and 7 spell it.
///
/// Spec: RFC 9114, section 6.2.1.
pub const CONTROL_STREAM: &[u8] = b"\x00\x04\x16\
    \x01\x00\x07\x00\x08\x01\x33\x01\
    \xab\x60\x37\x42\x01\
    \xc0\x00\x00\x00\xc6\x71\x70\x6a\x01";

/// What a stream of one direction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "everything else is `Other`")]
pub enum UniStream {
    /// The peer's control stream. More may come on it, and it must not be refused.
    Control(Settings),
    /// Nothing that matters here. It may be left unread.
    Other,
}

/// What the peer says that it can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Whether a server takes sessions of WebTransport, in any of the drafts' spellings.
    pub takes_sessions: bool,
}

/// Reads what a stream of one direction is for, and the settings if it is the control stream.
///
/// # Errors
///
/// [`ReadError::Broken`] for a control stream without settings, with settings that are none, or with
/// more than 4096 bytes of them.
///
/// # Example
///
/// ```
/// use roomcast_webtransport::{CONTROL_STREAM, UniStream, read_uni_stream};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let stream = read_uni_stream(&mut &CONTROL_STREAM[..]).await;
/// let Ok(UniStream::Control(settings)) = stream else { panic!("it is a control stream") };
/// assert!(settings.takes_sessions);
/// # }).expect("bytes in memory never wait");
/// ```
///
/// Spec: RFC 9114, sections 6.2 and 7.2.4.
pub async fn read_uni_stream<S: Source + Send>(
    stream: &mut S,
) -> Result<UniStream, ReadError<S::Error>> {
    if varint::read(stream).await? != CONTROL {
        return Ok(UniStream::Other);
    }
    if varint::read(stream).await? != FRAME {
        let what = "a control stream does not begin with its settings";
        return Err(Violation::new(what, code::MISSING_SETTINGS).into());
    }
    let len = usize::try_from(varint::read(stream).await?).unwrap_or(usize::MAX);
    if len > MAX_BYTES {
        return Err(Violation::new("settings are too long", code::EXCESSIVE_LOAD).into());
    }
    let mut payload = vec![0; len];
    stream.fill(&mut payload).await.map_err(ReadError::Stream)?;
    Ok(UniStream::Control(Settings::read(&payload)?))
}

impl Settings {
    fn read(payload: &[u8]) -> Result<Self, Violation> {
        let mut settings = Self::default();
        let mut varint = varint::Varint::default();
        let mut id = None;
        let mut is_whole = true;
        for &byte in payload {
            let Some(value) = varint.push(byte) else {
                is_whole = false;
                continue;
            };
            (varint, is_whole) = (varint::Varint::default(), true);
            match id.take() {
                None => id = Some(value),
                Some(id) => settings.takes_sessions |= WEBTRANSPORT.contains(&id) && value > 0,
            }
        }
        match is_whole && id.is_none() {
            true => Ok(settings),
            false => Err(Violation::new("settings are cut off", code::FRAME_ERROR)),
        }
    }
}

/// The type of the control stream. Spec: RFC 9114, section 6.2.1.
const CONTROL: u64 = 0x00;
/// The type of the frame with settings.
pub(crate) const FRAME: u64 = 0x04;
const MAX_BYTES: usize = 4096;

/// By which servers say that they take sessions: the drafts 2, 3 to 6, 7, and 13, where it is the
/// most of them at a time in all but the first.
const WEBTRANSPORT: [u64; 4] = [0x2b60_3742, 0x2b60_3743, 0xc671_706a, 0x14e9_cd29];

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::source::EndOfBytes;

    fn read(stream: &[u8]) -> Result<UniStream, ReadError<EndOfBytes>> {
        let read = read_uni_stream(&mut &*stream).now_or_never();
        read.expect("bytes in memory never wait")
    }

    fn broken(stream: &[u8]) -> u32 {
        match read(stream) {
            Err(ReadError::Broken(violation)) => violation.code,
            other => panic!("{other:?}"),
        }
    }

    fn control(takes_sessions: bool) -> Result<UniStream, ReadError<EndOfBytes>> {
        Ok(UniStream::Control(Settings { takes_sessions }))
    }

    #[test]
    fn a_server_that_takes_sessions_says_so_in_any_of_the_drafts() {
        assert_eq!(read(b"\x00\x04\x05\xab\x60\x37\x42\x01"), control(true));
        assert_eq!(read(b"\x00\x04\x05\xab\x60\x37\x43\x07"), control(true));
        let seventh = b"\x00\x04\x0a\xc0\x00\x00\x00\xc6\x71\x70\x6a\x40\xff";
        assert_eq!(read(seventh), control(true));
        assert_eq!(read(b"\x00\x04\x05\x94\xe9\xcd\x29\x01"), control(true));
        assert_eq!(read(b"\x00\x04\x05\xab\x60\x37\x42\x00"), control(false));
        assert_eq!(read(b"\x00\x04\x05\x06\x40\xff\x21\x00"), control(false));
        assert_eq!(read(b"\x00\x04\x00"), control(false));
    }

    #[test]
    fn other_streams_are_told_by_their_first_number() {
        assert_eq!(read(b"\x02"), Ok(UniStream::Other));
        assert_eq!(read(b"\x40\x54\x00"), Ok(UniStream::Other));
        for cut in [&b""[..], b"\x00", b"\x00\x04\x05\x06\x40"] {
            assert_eq!(read(cut), Err(ReadError::Stream(EndOfBytes)));
        }
    }

    #[test]
    fn a_control_stream_against_the_rules_is_refused_with_its_code() {
        assert_eq!(broken(b"\x00\x07\x01\x00"), code::MISSING_SETTINGS);
        assert_eq!(broken(b"\x00\x04\x01\x06"), code::FRAME_ERROR);
        assert_eq!(broken(b"\x00\x04\x02\x06\x40"), code::FRAME_ERROR);
        assert_eq!(broken(b"\x00\x04\x50\x01"), code::EXCESSIVE_LOAD);
        let endless = b"\x00\x04\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(broken(endless), code::EXCESSIVE_LOAD);
    }

    #[test]
    fn settings_of_4096_bytes_are_taken() {
        let most = [&b"\x00\x04\x50\x00"[..], &[0x21; 4096]].concat();
        assert_eq!(read(&most), control(false));
    }
}
