//! Repeatable randomness.

/// Xorshift of 64 bits.
pub struct Random(pub u64);

impl Random {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 to `limit - 1`.
    #[inline]
    pub fn below(&mut self, limit: usize) -> usize {
        (((self.next() >> 32) * limit as u64) >> 32) as usize
    }
}

/// Text of `len` bytes that JSON need not escape.
pub fn payload(len: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .";
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..len)
        .map(|_| LETTERS[random.below(LETTERS.len())] as char)
        .collect()
}
