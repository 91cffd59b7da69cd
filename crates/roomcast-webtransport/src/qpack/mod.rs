//! Header fields, as HTTP/3 sends them to a peer that keeps no table.

mod encode;
mod huffman;
mod static_table;

pub(crate) use self::encode::encode;
use self::static_table::STATIC_TABLE;

/// A header field: its name and its value.
pub type Field = (String, Vec<u8>);

/// Reads a field section; `None` if it is none, or refers to what this peer does not keep.
///
/// Spec: RFC 9204, section 4.5.
pub(crate) fn decode(section: &[u8]) -> Option<Vec<Field>> {
    let mut reader = Reader(section);
    let (_, required_insert_count) = reader.integer(8)?;
    let (_, _base) = reader.integer(7)?;
    if required_insert_count != 0 {
        return None;
    }
    let mut fields = Vec::new();
    while !reader.0.is_empty() {
        if fields.len() == MAX_FIELDS {
            return None;
        }
        fields.push(reader.field()?);
    }
    Some(fields)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn field(&mut self) -> Option<Field> {
        let first = *self.0.first()?;
        if first & 0x80 != 0 {
            let (flags, index) = self.integer(6)?;
            let (name, value) = known(flags & 1 != 0, index)?;
            return Some((name.to_owned(), value.into()));
        }
        if first & 0x40 != 0 {
            let (flags, index) = self.integer(4)?;
            let (name, _) = known(flags & 1 != 0, index)?;
            return Some((name.to_owned(), self.text(7)?));
        }
        if first & 0x20 != 0 {
            let name = String::from_utf8(self.text(3)?).ok()?;
            return Some((name, self.text(7)?));
        }
        // The remaining forms refer to a table that the client was told not to use.
        None
    }

    /// A number whose first byte has `prefix` bits for it, and what stands before them.
    fn integer(&mut self, prefix: u32) -> Option<(u8, usize)> {
        let first = self.byte()?;
        let flags = first.checked_shr(prefix).unwrap_or(0);
        let most = u8::MAX >> (8 - prefix);
        let mut value = u32::from(first & most);
        if value == u32::from(most) {
            for shift in [0, 7, 14] {
                let byte = self.byte()?;
                value += u32::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    return Some((flags, value as usize));
                }
            }
            // Nothing that is counted here is so large.
            return None;
        }
        Some((flags, value as usize))
    }

    fn text(&mut self, prefix: u32) -> Option<Vec<u8>> {
        let (flags, len) = self.integer(prefix)?;
        let (text, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        if flags & 1 == 0 {
            return Some(text.to_vec());
        }
        let mut decoded = Vec::with_capacity(len * 3 / 2);
        huffman::decode(text, &mut decoded).then_some(decoded)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }
}

fn known(is_static: bool, index: usize) -> Option<(&'static str, &'static str)> {
    STATIC_TABLE.get(index).filter(|_| is_static).copied()
}

/// A browser sends about ten.
const MAX_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(section: &[u8]) -> Option<Vec<(String, String)>> {
        let text = |value: Vec<u8>| String::from_utf8(value).expect("the values are ASCII");
        let fields = decode(section)?.into_iter();
        Some(fields.map(|(name, value)| (name, text(value))).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let pairs = pairs.iter();
        Some(
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    #[test]
    fn each_form_of_a_field_is_read() {
        // RFC 9204, B.1: a name by its number and a value as text.
        let path = fields(b"\x00\x00\x51\x0b/index.html");
        assert_eq!(path, pairs(&[(":path", "/index.html")]));
        // By numbers below and above 62, then a name as text, plain and by the Huffman code.
        let all = fields(
            b"\x00\x00\xcf\xd7\xff\x05\x23abc\x01d\x2f\x01\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x82\x64\x02",
        );
        let expected = [
            (":method", "CONNECT"),
            (":scheme", "https"),
            (":status", "403"),
            ("abc", "d"),
            ("custom-key", "302"),
        ];
        assert_eq!(all, pairs(&expected));
    }

    #[test]
    fn the_static_table_has_its_entries_in_their_places() {
        assert_eq!(STATIC_TABLE[0], (":authority", ""));
        assert_eq!(STATIC_TABLE[15], (":method", "CONNECT"));
        assert_eq!(STATIC_TABLE[25], (":status", "200"));
        assert_eq!(STATIC_TABLE[90], ("origin", ""));
        assert_eq!(STATIC_TABLE[95], ("user-agent", ""));
        assert_eq!(STATIC_TABLE[98], ("x-frame-options", "sameorigin"));
    }

    #[test]
    fn what_refers_to_a_dynamic_table_is_refused() {
        for section in [
            &b"\x02\x00\x80"[..],
            b"\x00\x00\x80",
            b"\x00\x00\x40\x01a",
            b"\x00\x00\x10",
            b"\x00\x00\x00\x01a",
            b"\x00\x00\xff\x24",
        ] {
            assert_eq!(decode(section), None, "{section:?}");
        }
    }

    #[test]
    fn numbers_without_an_end_are_refused() {
        assert_eq!(decode(&[0xff; 4096]), None);
        assert_eq!(decode(b"\x00\x00\x51\x7f\xff\xff\xff\xff\xff\x0f"), None);
    }

    #[test]
    fn every_truncation_is_refused_or_has_fewer_fields() {
        let section = b"\x00\x00\xcf\x51\x0b/index.html\x23abc\x01d";
        for end in 0..section.len() {
            let found = decode(&section[..end]).map_or(0, |fields| fields.len());
            assert!(found < 3, "cut at {end}");
        }
    }

    #[test]
    fn more_fields_than_a_request_needs_are_refused() {
        let section = |count| [&[0, 0][..], &vec![0xcf; count]].concat();

        assert_eq!(decode(&section(100)).map(|fields| fields.len()), Some(100));
        assert_eq!(decode(&section(101)), None);
    }

    /// Sections that begin as they must, of any bytes or of fields in each of their forms.
    fn sections() -> impl Strategy<Value = Vec<u8>> {
        let texts = prop::collection::vec(any::<u8>(), 0..120);
        let field = (any::<u8>(), texts).prop_map(|(first, text)| {
            let len = text.len() as u8;
            // By numbers, with a name by its number, and all as text; plain or by the Huffman code.
            match first % 3 {
                0 => vec![0xc0 | first],
                1 => [&[0x50 | first >> 4, first & 0x80 | len], &text[..]].concat(),
                _ => [&[0x21 | first & 8, b'a', first & 0x80 | len], &text[..]].concat(),
            }
        });
        let fields = prop::collection::vec(field, 0..130);
        let fields = fields.prop_map(|fields| fields.concat());
        let any = prop::collection::vec(any::<u8>(), 0..2000);
        prop_oneof![fields, any].prop_map(|fields| [&[0, 0], &fields[..]].concat())
    }

    proptest! {
        #[test]
        fn no_bytes_panic_or_take_more_memory_than_a_few_times_theirs(section in sections()) {
            let mut found = None;
            let taken = allocation_counter::measure(|| found = decode(&section));

            // A growing text is there twice for a moment; 100 fields of the static table have no text.
            let most = 8 * section.len() as u64 + 32_768;
            prop_assert!(taken.bytes_max <= most, "{} of {most}", taken.bytes_max);
            prop_assert!(found.unwrap_or_default().len() <= MAX_FIELDS);
        }

        #[test]
        fn a_text_by_the_huffman_code_has_no_more_bytes_than_its_bits_allow(
            code in prop::collection::vec(any::<u8>(), 0..500),
        ) {
            let mut text = Vec::new();
            huffman::decode(&code, &mut text);

            // The shortest codes have 5 bits.
            prop_assert!(text.len() <= code.len() * 8 / 5);
        }
    }
}
