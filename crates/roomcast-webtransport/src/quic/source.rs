//! Bytes of a stream.

use quinn::{ReadExactError, RecvStream};

use crate::source::Source;

impl Source for RecvStream {
    type Error = ReadExactError;

    async fn fill(&mut self, buf: &mut [u8]) -> Result<(), ReadExactError> {
        self.read_exact(buf).await
    }
}
