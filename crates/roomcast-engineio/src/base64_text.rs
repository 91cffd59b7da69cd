//! Base64 as it stands behind the `b` of a binary packet.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

/// The standard alphabet with or without its padding.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends `bytes` to `out`, padded.
pub(crate) fn append(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let len = base64::encoded_len(bytes.len(), true).expect("four thirds of a slice fit in memory");
    out.resize(start + len, 0);
    STANDARD
        .encode_slice(bytes, &mut out[start..])
        .expect("the room for it was made above");
}

/// Decodes `text`, of which no form is an error.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    TOLERANT
        .decode(text)
        .unwrap_or_else(|_| decode_leniently(text.as_bytes()))
}

/// Skips what is no digit, takes both alphabets, ends at the first `=`.
// COMPAT: Node.js reads base64 so (`Buffer.from(text, "base64")`, 20.19); the official server
// therefore accepts every text behind a `b`.
fn decode_leniently(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in text
        .iter()
        .take_while(|&&byte| byte != b'=')
        .filter_map(|&byte| value_of(byte))
    {
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn value_of(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Node.js 20.19: `Buffer.from(text, "base64")`.
    const RECORDED: [(&str, &[u8]); 19] = [
        ("", &[]),
        ("A", &[]),
        ("AQ", &[1]),
        ("AQ=", &[1]),
        ("AQ==", &[1]),
        ("AQID", &[1, 2, 3]),
        ("AQI", &[1, 2]),
        ("_-8=", &[0xff, 0xef]),
        ("/+8", &[0xff, 0xef]),
        ("AQ==AQ==", &[1]),
        ("A Q I D", &[1, 2, 3]),
        ("!!!!", &[]),
        ("AQ\nID", &[1, 2, 3]),
        ("AQID=", &[1, 2, 3]),
        ("A=Q=I=D", &[]),
        ("AQIDé", &[1, 2, 3]),
        ("AQéID", &[1, 2, 3]),
        ("QUJD====QUJD", b"ABC"),
        ("=AQID", &[]),
    ];

    #[test]
    fn any_text_is_read_as_node_reads_it() {
        for (text, bytes) in RECORDED {
            assert_eq!(decode(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn the_lenient_reading_agrees_with_the_fast_one() {
        for len in 0..70_u8 {
            let bytes: Vec<u8> = (0..len).map(|n| n.wrapping_mul(151)).collect();
            let mut text = Vec::new();
            append(&bytes, &mut text);

            assert_eq!(decode_leniently(&text), bytes);
            assert_eq!(decode(std::str::from_utf8(&text).unwrap()), bytes);
        }
    }
}
