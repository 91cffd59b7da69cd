//! Whatever a server of HTTP/3 says on its streams: settings, the answer to a request and capsules are
//! read whole as in pieces, within their limits; header fields come back after they were written.

#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use roomcast_webtransport::{
    CapsuleReader, Close, encode_close, encode_headers, read_headers, read_stream_head,
    read_uni_stream,
};

/// Bytes in memory never wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("bytes in memory never wait"),
    }
}

fn capsules<'b>(mut pieces: impl Iterator<Item = &'b [u8]>) -> Option<Close> {
    let mut reader = CapsuleReader::default();
    pieces.find_map(|piece| reader.read(piece))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    match kind % 4 {
        0 => drop(now(read_uni_stream(&mut &*bytes))),
        1 => drop(now(read_stream_head(&mut &*bytes, 0))),
        2 => {
            if let Ok(fields) = now(read_headers(&mut &*bytes)) {
                assert!(fields.len() <= 100);
                let lent = fields
                    .iter()
                    .map(|(name, value)| (name.as_str(), &value[..]));
                let written = encode_headers(lent);
                // What was short by the Huffman code may be too long without it.
                if written.len() <= 16 * 1024 {
                    assert_eq!(now(read_headers(&mut &written[..])), Ok(fields));
                }
            }
        }
        _ => {
            let whole = capsules(std::iter::once(bytes));
            let size = usize::from(kind / 4).max(1);
            assert_eq!(capsules(bytes.chunks(size)), whole);
            if let Some(close) = whole.filter(|close| close.reason.len() <= 1024) {
                let written = encode_close(close.code, &close.reason);
                assert_eq!(CapsuleReader::default().read(&written), Some(close));
            }
        }
    }
});
