//! Bytes of the protocols, as a client writes and reads them.

/// One mask for all frames: what a client masks with is no part of what is measured.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// Appends a masked frame; `parts` together are its payload.
pub fn frame(out: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    out.push(0x80 | opcode);
    match len {
        0..=125 => out.push(0x80 | len as u8),
        126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    for part in parts {
        out.extend_from_slice(part);
    }
    let mut words = out[start..].chunks_exact_mut(4);
    for word in &mut words {
        for (byte, mask) in word.iter_mut().zip(MASK) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(MASK) {
        *byte ^= mask;
    }
}

/// A frame at the start of some bytes.
pub struct Frame {
    pub opcode: u8,
    pub is_final: bool,
    pub head: usize,
    pub len: usize,
}

impl Frame {
    /// Reads an unmasked frame, if it is complete.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < 2 {
            return None;
        }
        let (head, len) = match bytes[1] & 127 {
            126 if bytes.len() >= 4 => (4, u16::from_be_bytes([bytes[2], bytes[3]]) as usize),
            127 if bytes.len() >= 10 => {
                let len = bytes[2..10].try_into().expect("eight bytes");
                (10, u64::from_be_bytes(len) as usize)
            }
            126 | 127 => return None,
            len => (2, len as usize),
        };
        (bytes.len() >= head + len).then_some(Self {
            opcode: bytes[0] & 15,
            is_final: bytes[0] & 0x80 != 0,
            head,
            len,
        })
    }

    #[inline]
    pub fn end(&self) -> usize {
        self.head + self.len
    }
}

/// Reads the decimal number at the start; also how many digits it has.
#[inline]
pub fn number(bytes: &[u8]) -> (usize, usize) {
    let mut value = 0;
    let mut digits = 0;
    while digits < bytes.len() && bytes[digits].is_ascii_digit() {
        value = value * 10 + (bytes[digits] - b'0') as usize;
        digits += 1;
    }
    (value, digits)
}

/// Position of `wanted` in `bytes`.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// The number that follows `name` in a JSON text.
pub fn field(json: &[u8], name: &str) -> Option<usize> {
    let key = format!("\"{name}\":");
    find(json, key.as_bytes()).map(|at| number(&json[at + key.len()..]).0)
}
