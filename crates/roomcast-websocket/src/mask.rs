//! Masking: each payload byte of a client is combined with one byte of a 4-byte key.
//!
//! Spec: RFC 6455, section 5.3.

/// The key of one frame, turned to the byte that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask([u8; 4]);

impl Mask {
    /// A frame without a mask: every byte stays as it is.
    pub(crate) const NONE: Self = Self([0; 4]);

    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Masks or unmasks the next bytes of the frame in place.
    #[inline]
    pub(crate) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        if wide == 0 {
            return;
        }
        let (words, tail) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        let (halves, tail) = tail.as_chunks_mut::<4>();
        for half in halves {
            *half = (u32::from_ne_bytes(*half) ^ u32::from_ne_bytes(self.0)).to_ne_bytes();
        }
        for (byte, key) in tail.iter_mut().zip(&self.0) {
            *byte ^= key;
        }
        let turned = (bytes.len() % 4) as u32 * 8;
        self.0 = u32::from_le_bytes(self.0)
            .rotate_right(turned)
            .to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hello_of_the_rfc_is_unmasked() {
        let mut bytes = [0x7f, 0x9f, 0x4d, 0x51, 0x58];

        Mask::new([0x37, 0xfa, 0x21, 0x3d]).apply(&mut bytes);

        assert_eq!(&bytes, b"Hello");
    }

    #[test]
    fn pieces_of_any_length_give_the_bytes_of_the_whole() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> = plain
            .iter()
            .enumerate()
            .map(|(i, b)| b ^ key[i % 4])
            .collect();

        for first in 0..plain.len() {
            for second in [0, 1, 3, 8] {
                let mut bytes = plain.clone();
                let mut mask = Mask::new(key);
                let (a, rest) = bytes.split_at_mut(first);
                let (b, c) = rest.split_at_mut(second.min(rest.len()));
                mask.apply(a);
                mask.apply(b);
                mask.apply(c);
                assert_eq!(bytes, expected, "pieces of {first} and {second} bytes");
            }
        }
    }
}
