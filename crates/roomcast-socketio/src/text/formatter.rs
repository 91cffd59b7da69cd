//! JSON as JavaScript writes it, with binary values lifted out.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends `value` as JSON. Binary values become placeholders and are pushed to `attachments`, or
/// are written as arrays of numbers if there is no such list.
pub(crate) fn write_json<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    attachments: Option<&mut Vec<Bytes>>,
) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(
        out,
        JsFormatter { attachments },
    ))
}

struct JsFormatter<'a> {
    attachments: Option<&'a mut Vec<Bytes>>,
}

impl Formatter for JsFormatter<'_> {
    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format_finite(value).as_bytes())
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format_finite(value).as_bytes())
    }

    fn write_byte_array<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        value: &[u8],
    ) -> io::Result<()> {
        match &mut self.attachments {
            Some(attachments) => {
                writer.write_all(b"{\"_placeholder\":true,\"num\":")?;
                let mut number = itoa::Buffer::new();
                writer.write_all(number.format(attachments.len()).as_bytes())?;
                attachments.push(Bytes::copy_from_slice(value));
                writer.write_all(b"}")
            }
            None => write_numbers(writer, value),
        }
    }
}

fn write_numbers<W: io::Write + ?Sized>(writer: &mut W, bytes: &[u8]) -> io::Result<()> {
    let mut before: &[u8] = b"[";
    for &byte in bytes {
        writer.write_all(before)?;
        writer.write_all(itoa::Buffer::new().format(byte).as_bytes())?;
        before = b",";
    }
    writer.write_all(if bytes.is_empty() { b"[]" } else { b"]" })
}
