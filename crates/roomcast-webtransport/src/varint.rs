//! Numbers of 1, 2, 4 or 8 bytes, the first two bits of which say how many.
//!
//! Spec: RFC 9000, section 16.

use crate::error::ReadError;
use crate::source::Source;

pub(crate) async fn read<S: Source + Send>(stream: &mut S) -> Result<u64, ReadError<S::Error>> {
    let mut varint = Varint::default();
    loop {
        let mut byte = [0];
        stream.fill(&mut byte).await.map_err(ReadError::Stream)?;
        if let Some(value) = varint.push(byte[0]) {
            return Ok(value);
        }
    }
}

/// Appends a number below 2^62 in its shortest form.
pub(crate) fn write(value: u64, out: &mut Vec<u8>) {
    let (len, mark) = match value {
        0..=0x3f => (1, 0x00),
        0x40..=0x3fff => (2, 0x40),
        0x4000..=0x3fff_ffff => (4, 0x80),
        _ => (8, 0xc0),
    };
    let start = out.len();
    out.extend_from_slice(&value.to_be_bytes()[8 - len..]);
    out[start] |= mark;
}

/// A number whose bytes come one by one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Varint {
    value: u64,
    /// Bytes that are still to come, once the first is there.
    left: Option<u8>,
}

impl Varint {
    pub(crate) fn push(&mut self, byte: u8) -> Option<u64> {
        let left = match self.left {
            None => {
                self.value = u64::from(byte & 0x3f);
                (1 << (byte >> 6)) - 1
            }
            Some(left) => {
                self.value = self.value << 8 | u64::from(byte);
                left - 1
            }
        };
        self.left = Some(left);
        (left == 0).then_some(self.value)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn numbers_of_the_specification_are_read_and_written() {
        // RFC 9000, appendix A.1.
        let vectors: [(&[u8], u64); 4] = [
            (b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", 151_288_809_941_952_652),
            (b"\x9d\x7f\x3e\x7d", 494_878_333),
            (b"\x7b\xbd", 15_293),
            (b"\x25", 37),
        ];
        for (bytes, value) in vectors {
            let read = read(&mut &bytes[..]).now_or_never();
            assert_eq!(read.expect("bytes in memory never wait"), Ok(value));
            let mut written = Vec::new();
            write(value, &mut written);
            assert_eq!(written, bytes);
        }
        let long = read(&mut &b"\x40\x25"[..]).now_or_never();
        assert_eq!(long.expect("bytes in memory never wait"), Ok(37));
    }
}
