//! One large read buffer for each worker thread, lent to the session that runs.

use std::cell::Cell;

/// Lends this thread's buffer.
///
/// Cost: an idle connection keeps no buffer, and a burst of messages is read in one call.
pub(crate) fn with<R>(read: impl FnOnce(&mut [u8]) -> R) -> R {
    thread_local! {
        static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = BUFFER.take();
    if buffer.is_empty() {
        buffer.resize(LEN, 0);
    }
    let result = read(&mut buffer);
    BUFFER.set(buffer);
    result
}

const LEN: usize = 256 * 1024;
