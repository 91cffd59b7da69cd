//! The front of a packet: type, attachments, namespace, ack id.

use crate::{AckId, DecodeError, Limits, PacketKind};

/// The front of a packet, and the text behind it.
#[derive(Debug, PartialEq)]
pub(super) struct WireHeader<'a> {
    pub(super) kind: PacketKind,
    /// The number of attachments of the binary types 5 and 6, `None` for the other types.
    pub(super) attachments: Option<usize>,
    pub(super) namespace: &'a str,
    pub(super) ack: Option<AckId>,
    pub(super) data: &'a str,
}

#[inline]
pub(super) fn parse<'a>(text: &'a str, limits: &Limits) -> Result<WireHeader<'a>, DecodeError> {
    let (kind, is_binary) = match text.as_bytes().first() {
        Some(b'0') => (PacketKind::Connect, false),
        Some(b'1') => (PacketKind::Disconnect, false),
        Some(b'2') => (PacketKind::Event, false),
        Some(b'3') => (PacketKind::Ack, false),
        Some(b'4') => (PacketKind::ConnectError, false),
        Some(b'5') => (PacketKind::Event, true),
        Some(b'6') => (PacketKind::Ack, true),
        _ => return Err(unknown_type(text)),
    };
    let rest = &text[1..];
    let (attachments, rest) = if is_binary {
        let (count, rest) = attachment_count(rest, limits.max_attachments)?;
        (Some(count), rest)
    } else {
        (None, rest)
    };
    let (namespace, rest) = namespace(rest);
    let (ack, data) = AckId::take(rest);
    Ok(WireHeader {
        kind,
        attachments,
        namespace,
        ack,
        data,
    })
}

fn unknown_type(text: &str) -> DecodeError {
    text.chars()
        .next()
        .map_or(DecodeError::Empty, |found| DecodeError::UnknownType {
            found,
        })
}

fn attachment_count(text: &str, limit: usize) -> Result<(usize, &str), DecodeError> {
    let (digits, rest) = text.split_at(digits_len(text));
    let rest = rest
        .strip_prefix('-')
        .ok_or(DecodeError::IllegalAttachmentCount)?;
    if digits.is_empty() {
        return Err(DecodeError::IllegalAttachmentCount);
    }
    match digits.parse() {
        Ok(count) if count <= limit => Ok((count, rest)),
        // Also a number that no integer holds.
        _ => Err(DecodeError::TooManyAttachments { limit }),
    }
}

/// Takes the namespace up to its comma, or up to the end if there is none.
fn namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    text.split_once(',').unwrap_or((text, ""))
}

fn digits_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit());
    end.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Result<WireHeader<'_>, DecodeError> {
        parse(text, &Limits::default())
    }

    #[test]
    fn namespace_ack_id_and_attachments_are_taken_apart() {
        let whole = header(r#"52-/custom,13["x"]"#).unwrap();

        assert_eq!(
            whole,
            WireHeader {
                kind: PacketKind::Event,
                attachments: Some(2),
                namespace: "/custom",
                ack: Some(AckId::from(13)),
                data: r#"["x"]"#,
            }
        );
        assert_eq!(header("0").unwrap().namespace, "/");
        assert_eq!(header("0/,").unwrap().namespace, "/");
        assert_eq!(header("1/admin").unwrap().namespace, "/admin");
        assert_eq!(header("0/foo?a=1,{}").unwrap().namespace, "/foo?a=1");
        assert_eq!(
            header("0/unicode-ñ-日本,").unwrap().namespace,
            "/unicode-ñ-日本"
        );
        assert_eq!(header(r#"20["x"]"#).unwrap().ack, Some(AckId::from(0)));
    }

    #[test]
    fn attachment_counts_are_digits_up_to_the_limit() {
        for text in [
            "5", "5-[]", "5[\"x\"]", "5abc-[]", "5-1-[]", "5+1-[]", "51", "51[]", "51.0-[]",
        ] {
            assert_eq!(
                header(text),
                Err(DecodeError::IllegalAttachmentCount),
                "{text}"
            );
        }
        for text in ["511-[]", "51000000000-[]", "599999999999999999999999999-[]"] {
            assert_eq!(
                header(text),
                Err(DecodeError::TooManyAttachments { limit: 10 }),
                "{text}"
            );
        }
        assert_eq!(header("510-[]").unwrap().attachments, Some(10));
        assert_eq!(header("50-[]").unwrap().attachments, Some(0));
    }

    #[test]
    fn unknown_types_are_named_as_the_official_parser_names_them() {
        let text = |packet| header(packet).unwrap_err().to_string();

        assert_eq!(text("9"), "unknown packet type 9");
        assert_eq!(text("7[\"x\"]"), "unknown packet type 7");
        assert_eq!(text("abc"), "unknown packet type NaN");
        assert_eq!(text("é"), "unknown packet type NaN");
        assert_eq!(header(""), Err(DecodeError::Empty));
    }
}
