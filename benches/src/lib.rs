//! The messages that the benchmarks read and write: echoes as the load generator sends them.

use roomcast_websocket::{Header, OpCode};

/// Lengths of the echoed text or attachment, in bytes.
pub const SIZES: [usize; 3] = [32, 1024, 64 * 1024];

/// A masking key below 0x80, so that ASCII text stays ASCII when it is masked or unmasked again: a
/// frame that was decoded in place can be decoded once more.
pub const KEY: [u8; 4] = [0x37, 0x7a, 0x21, 0x3d];

/// A text without anything to escape, `len` bytes long.
#[must_use]
pub fn text(len: usize) -> String {
    "abcdefghijklmnop".chars().cycle().take(len).collect()
}

/// The Socket.IO packet of an echo: `217["echo","…"]`.
#[must_use]
pub fn event(len: usize) -> String {
    format!("217[\"echo\",\"{}\"]", text(len))
}

/// The Engine.IO message of an echo: `4217["echo","…"]`.
#[must_use]
pub fn message(len: usize) -> String {
    format!("4{}", event(len))
}

/// The Socket.IO packet of an echo whose argument is one attachment.
pub const BINARY_EVENT: &str = r#"51-17["echo",{"_placeholder":true,"num":0}]"#;

/// One frame of a client.
#[must_use]
pub fn masked_frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Header::new(opcode, payload.len()).masked(KEY).to_vec();
    let masked = payload.iter().zip(KEY.iter().cycle());
    frame.extend(masked.map(|(byte, key)| byte ^ key));
    frame
}
