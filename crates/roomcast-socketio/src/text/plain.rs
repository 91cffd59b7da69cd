//! The search for the first byte of a JSON string that needs attention.

use fearless_simd::{Level, Simd, dispatch};

/// How many bytes in front need no attention inside a string: neither quote, backslash nor
/// control character.
///
/// Cost: names and keys end in their first word, words find the end of a short text soonest, and
/// blocks pass a long one faster.
#[inline]
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    if let Some((word, rest)) = bytes.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return special.trailing_zeros() as usize / 8;
        }
        return 8 + plain_rest(rest);
    }
    plain_rest(bytes)
}

#[inline(never)]
fn plain_rest(bytes: &[u8]) -> usize {
    let Some((front, rest)) = bytes.split_at_checked(SHORT_BYTES) else {
        return plain_words(bytes);
    };
    match plain_words(front) {
        SHORT_BYTES => SHORT_BYTES + plain_blocks(rest),
        found => found,
    }
}

/// Up to here a text counts as short.
const SHORT_BYTES: usize = 64;

/// Cost: programs are built for every processor of a kind. Which vectors this one has is asked at
/// run time; with those of AVX2 or AVX-512, 64 KiB take less than half as long as with SSE2.
fn plain_blocks(bytes: &[u8]) -> usize {
    let level = Level::new();
    let passed = dispatch!(level, simd => passed_blocks(simd, bytes));
    passed + plain_words(&bytes[passed..])
}

/// How many bytes the blocks in front have of which none needs attention.
#[inline(always)]
fn passed_blocks<S: Simd>(simd: S, bytes: &[u8]) -> usize {
    simd.vectorize(
        #[inline(always)]
        || {
            let (blocks, _) = bytes.as_chunks::<64>();
            let plain = blocks.iter().take_while(|block| !has_special(block));
            plain.count() * 64
        },
    )
}

/// Whether one of the bytes needs attention. The compiler makes vector instructions of it: those of
/// the function that it becomes part of.
#[inline(always)]
fn has_special(block: &[u8; 64]) -> bool {
    let special = |&byte: &u8| u8::from(byte ^ QUOTE_TO_SPACE <= b' ') | u8::from(byte == b'\\');
    block.iter().map(special).fold(0, |any, one| any | one) != 0
}

/// Turns a quote into a space and a space into a quote, and leaves the control characters among
/// themselves: one comparison finds quotes and control characters then.
const QUOTE_TO_SPACE: u8 = b'"' ^ b' ';

#[inline]
fn plain_words(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + tail.iter().position(is_special).unwrap_or(tail.len())
}

/// Marks the highest bit of each byte that is a quote, a backslash or a control character. Behind
/// the first of them, towards higher bits, a mark may be wrong.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHEST: u64 = ONES << 7;
    // A byte below `limit` borrows from its highest bit, which must not be set before.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHEST;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let quotes_to_spaces = word ^ (ONES * u64::from(QUOTE_TO_SPACE));
    below(quotes_to_spaces, u64::from(b' ') + 1) | equal(b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first_special(bytes: &[u8]) -> usize {
        let is_special = |&byte: &u8| byte < 0x20 || byte == b'"' || byte == b'\\';
        bytes.iter().position(is_special).unwrap_or(bytes.len())
    }

    #[test]
    fn every_byte_is_found_at_every_place_of_texts_of_every_length() {
        for len in 0..200 {
            let plain = vec![b'x'; len];
            assert_eq!(plain_prefix(&plain), len);
            for place in 0..len {
                for byte in [b'"', b'\\', 0, 0x0a, 0x1f] {
                    let mut bytes = plain.clone();
                    bytes[place] = byte;
                    assert_eq!(plain_prefix(&bytes), place, "{byte:#x} in {len} bytes");
                }
            }
        }
    }

    #[test]
    fn neighbours_of_the_special_bytes_are_plain() {
        for byte in 0x20..=0xff {
            let bytes = [byte; 150];
            let expected = if byte == b'"' || byte == b'\\' {
                0
            } else {
                150
            };

            assert_eq!(plain_prefix(&bytes), expected, "{byte:#x}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_searched_as_one_by_one(
            bytes in prop::collection::vec(prop_oneof![9 => 0x20_u8.., 1 => any::<u8>()], 0..300),
        ) {
            for start in 0..bytes.len().min(17) {
                let bytes = &bytes[start..];
                prop_assert_eq!(plain_prefix(bytes), first_special(bytes));
            }
        }
    }
}
