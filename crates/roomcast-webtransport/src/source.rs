//! Where bytes come from.

/// Where bytes come from: a stream of QUIC, or bytes in memory.
///
/// # Example
///
/// ```
/// use roomcast_webtransport::{EndOfBytes, Source};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let (mut source, mut buf) = (&b"abc"[..], [0; 2]);
/// source.fill(&mut buf).await?;
/// assert_eq!((&buf, source), (b"ab", &b"c"[..]));
/// assert_eq!(source.fill(&mut buf).await, Err(EndOfBytes));
/// # Ok::<(), EndOfBytes>(())
/// # }).expect("bytes in memory never wait").unwrap();
/// ```
pub trait Source {
    /// Why there are no more bytes.
    type Error;

    /// Fills all of `buf`, and takes nothing behind it.
    ///
    /// # Errors
    ///
    /// If the bytes end before.
    fn fill(&mut self, buf: &mut [u8]) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The bytes have ended. Example: [`Source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it ended early")]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to add")]
pub struct EndOfBytes;

impl Source for &[u8] {
    type Error = EndOfBytes;

    async fn fill(&mut self, buf: &mut [u8]) -> Result<(), EndOfBytes> {
        let (filled, rest) = self.split_at_checked(buf.len()).ok_or(EndOfBytes)?;
        buf.copy_from_slice(filled);
        *self = rest;
        Ok(())
    }
}
