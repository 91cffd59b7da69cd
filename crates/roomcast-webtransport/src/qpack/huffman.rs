//! The Huffman code of header texts.

/// Appends the text that `code` stands for to `out`; false if it stands for none.
///
/// Spec: RFC 7541, section 5.2.
pub(super) fn decode(code: &[u8], out: &mut Vec<u8>) -> bool {
    let mut symbol = Symbol::default();
    for &byte in code {
        for at in (0..8).rev() {
            if symbol.bits == MAX_BITS {
                return false;
            }
            symbol.push(byte >> at & 1);
            if let Some(found) = symbol.find() {
                out.push(found);
                symbol = Symbol::default();
            }
        }
    }
    symbol.is_padding()
}

/// The bits of a symbol that has not ended.
#[derive(Clone, Copy, Default)]
struct Symbol {
    code: u32,
    bits: usize,
}

impl Symbol {
    fn push(&mut self, bit: u8) {
        self.code = self.code << 1 | u32::from(bit);
        self.bits += 1;
    }

    fn find(self) -> Option<u8> {
        let of_len = &BY_LEN[self.bits];
        let index = self.code.checked_sub(of_len.first_code)?;
        if index >= of_len.count {
            return None;
        }
        Some(SYMBOLS[of_len.first_symbol + index as usize])
    }

    /// The last byte is filled up with ones.
    fn is_padding(self) -> bool {
        self.bits < 8 && self.code == (1 << self.bits) - 1
    }
}

/// The codes of one length: they follow each other.
#[derive(Clone, Copy)]
struct OfLen {
    first_code: u32,
    count: u32,
    /// Where the symbol of the first one stands in [`SYMBOLS`].
    first_symbol: usize,
}

/// Bits of each byte's code. Codes of one length are in the order of their bytes, and behind all
/// shorter ones: the lengths tell the rest. Spec: RFC 7541, appendix B.
#[rustfmt::skip]
const BITS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// The longest code of a byte; only the end of the text, which is never sent, has no shorter one.
const MAX_BITS: usize = 30;

/// The bytes in the order of their codes.
const SYMBOLS: [u8; 256] = {
    let mut symbols = [0; 256];
    let (mut bits, mut next) = (0, 0);
    while bits <= MAX_BITS {
        let mut byte = 0;
        while byte < 256 {
            if BITS[byte] as usize == bits {
                symbols[next] = byte as u8;
                next += 1;
            }
            byte += 1;
        }
        bits += 1;
    }
    symbols
};

const BY_LEN: [OfLen; MAX_BITS + 1] = {
    let nothing = OfLen {
        first_code: 0,
        count: 0,
        first_symbol: 0,
    };
    let mut by_len = [nothing; MAX_BITS + 1];
    let (mut bits, mut code, mut symbol) = (1, 0, 0);
    while bits <= MAX_BITS {
        let mut count = 0;
        let mut byte = 0;
        while byte < 256 {
            if BITS[byte] as usize == bits {
                count += 1;
            }
            byte += 1;
        }
        by_len[bits] = OfLen {
            first_code: code,
            count,
            first_symbol: symbol,
        };
        code = (code + count) << 1;
        symbol += count as usize;
        bits += 1;
    }
    by_len
};

#[cfg(test)]
mod tests {
    use super::*;

    fn text(code: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        decode(code, &mut out).then(|| String::from_utf8(out).expect("the texts are ASCII"))
    }

    /// RFC 7541, appendix C.4 and C.6.
    #[test]
    fn texts_of_the_specification_are_read() {
        let vectors: [(&[u8], &str); 5] = [
            (
                b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
                "www.example.com",
            ),
            (b"\xa8\xeb\x10\x64\x9c\xbf", "no-cache"),
            (b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f", "custom-key"),
            (b"\x64\x02", "302"),
            (
                b"\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8\xe9\xae\x82\xae\x43\xd3",
                "https://www.example.com",
            ),
        ];
        for (code, expected) in vectors {
            assert_eq!(text(code).as_deref(), Some(expected));
        }
        assert_eq!(text(b"").as_deref(), Some(""));
    }

    #[test]
    fn padding_of_a_whole_byte_or_with_zeros_and_the_end_of_the_text_are_refused() {
        assert_eq!(text(b"\x64\x02\xff"), None);
        assert_eq!(text(b"\xa8\xeb\x10\x64\x9c\xbe"), None);
        assert_eq!(text(b"\xff\xff\xff\xff"), None);
        assert_eq!(text(&[0xff; 64]), None);
    }

    #[test]
    fn the_longest_codes_are_read() {
        let mut out = Vec::new();
        assert!(decode(b"\xff\xff\xff\xf3", &mut out));
        assert_eq!(out, b"\n");
    }
}
