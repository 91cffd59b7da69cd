//! Strings of JSON.

use super::super::plain::plain_prefix;

/// Appends a text in quotes, as `JSON.stringify` does.
#[inline]
pub(in crate::text) fn write_string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    write_content(out, text);
    out.push(b'"');
}

/// Appends a part of a string.
#[inline]
pub(super) fn write_content(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let plain = plain_prefix(rest);
        out.extend_from_slice(&rest[..plain]);
        let Some(&special) = rest.get(plain) else {
            return;
        };
        write_escape(out, special);
        rest = &rest[plain + 1..];
    }
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0x0f)]];
            out.extend_from_slice(b"\\u00");
            return out.extend_from_slice(&digits);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    /// Recorded from Node.js 20.19: `JSON.stringify`.
    #[test]
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let text = "\u{0}\u{1}\u{7}\u{8}\t\n\u{b}\u{c}\r\u{1f} \"\\/\u{7f}é\u{2028}😀";
        let json = concat!(
            r#""\u0000\u0001\u0007\b\t\n\u000b\f\r\u001f \"\\/"#,
            "\u{7f}é\u{2028}😀\""
        );

        assert_eq!(written(text), json);
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_writes_it(
            text in prop_oneof![any::<String>(), "[ -~\"\\\\\n]{0,200}"],
        ) {
            prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
