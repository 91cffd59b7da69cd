//! Writing header fields: by their numbers in the static table, and as plain text.

use super::static_table::STATIC_TABLE;

/// Writes a field section.
///
/// Spec: RFC 9204, section 4.5.
pub(crate) fn encode<'f>(fields: impl IntoIterator<Item = (&'f str, &'f [u8])>) -> Vec<u8> {
    let mut section = vec![0, 0];
    for (name, value) in fields {
        let whole = position(|known| known.0 == name && known.1.as_bytes() == value);
        if let Some(index) = whole {
            integer(index, 0xc0, 6, &mut section);
            continue;
        }
        match position(|known| known.0 == name) {
            Some(index) => integer(index, 0x50, 4, &mut section),
            None => {
                integer(name.len(), 0x20, 3, &mut section);
                section.extend_from_slice(name.as_bytes());
            }
        }
        integer(value.len(), 0, 7, &mut section);
        section.extend_from_slice(value);
    }
    section
}

fn position(is_wanted: impl FnMut(&(&str, &str)) -> bool) -> Option<usize> {
    STATIC_TABLE.iter().position(is_wanted)
}

/// Appends a number whose first byte has `prefix` bits for it, behind `flags`.
///
/// Spec: RFC 7541, section 5.1.
fn integer(value: usize, flags: u8, prefix: u32, out: &mut Vec<u8>) {
    let most = (1 << prefix) - 1;
    if value < most {
        return out.push(flags | value.to_le_bytes()[0]);
    }
    out.push(flags | most.to_le_bytes()[0]);
    let mut rest = value - most;
    while rest > 0x7f {
        out.push(0x80 | rest.to_le_bytes()[0]);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::decode;
    use super::*;

    #[test]
    fn each_form_of_a_field_is_written() {
        // RFC 9204, B.1: a name by its number and a value as text.
        let path = encode([(":path", &b"/index.html"[..])]);
        assert_eq!(path, b"\x00\x00\x51\x0b/index.html");
        let fields = [
            (":method", &b"CONNECT"[..]),
            (":status", b"403"),
            ("abc", b"d"),
            ("origin", b"o"),
        ];
        let expected = b"\x00\x00\xcf\xff\x05\x23abc\x01d\x5f\x4b\x01o";
        assert_eq!(encode(fields), expected);
        // RFC 7541, C.1.2: 1337 behind 5 bits.
        let mut number = Vec::new();
        integer(1337, 0, 5, &mut number);
        assert_eq!(number, b"\x1f\x9a\x0a");
    }

    proptest! {
        #[test]
        fn fields_come_back_after_writing(
            fields in prop::collection::vec(("[a-z:-]{0,200}", prop::collection::vec(any::<u8>(), 0..300)), 0..20),
        ) {
            let lent = fields.iter().map(|(name, value)| (name.as_str(), &value[..]));
            prop_assert_eq!(decode(&encode(lent)), Some(fields.clone()));
        }
    }
}
