//! One large read buffer for each worker thread, lent to the session that runs.

use std::cell::Cell;

/// Lends this thread's buffer, however long it is.
///
/// Cost: an idle connection keeps no buffer, and a burst of messages is read in one call.
pub(crate) fn with<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    if buffer.is_empty() {
        buffer.resize(DEFAULT_LEN, 0);
    }
    let result = read(&mut buffer);
    BUFFER.set(buffer);
    result
}

/// Lends `len` bytes of this thread's buffer, which grows to the longest that was asked for.
pub(crate) fn with_len<R>(len: usize, read: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut buffer = BUFFER.take();
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let result = read(&mut buffer[..len]);
    BUFFER.set(buffer);
    result
}

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

pub(crate) const DEFAULT_LEN: usize = 256 * 1024;
