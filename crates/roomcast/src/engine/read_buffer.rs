//! One large read buffer for each worker thread, lent to the session that runs.

use std::cell::Cell;

/// Lends this thread's buffer.
///
/// Cost: an idle connection keeps no buffer, and a burst of messages is read in one call.
pub(crate) fn with<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    with_len(DEFAULT_LEN, read)
}

/// Lends `len` bytes of this thread's buffer.
pub(crate) fn with_len<R>(len: usize, read: impl FnOnce(&mut [u8]) -> R) -> R {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    let result = read(&mut buffer[..len]);
    BUFFER.set(buffer);
    result
}

/// How much is read at once where nothing else is said.
pub(crate) const DEFAULT_LEN: usize = 256 * 1024;
