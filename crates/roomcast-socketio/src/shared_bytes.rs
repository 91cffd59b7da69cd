//! Attachments that go through serde without being copied.
//!
//! serde's data model knows borrowed bytes and a `Vec`, no shared ones. So who shows an attachment
//! to serde leaves a handle of it aside ([`offer`]), and who is shown bytes looks whether it is
//! theirs ([`take`]). Code in between that does neither sees ordinary bytes.

use std::cell::Cell;

use bytes::Bytes;

thread_local! {
    static OFFERED: Cell<Option<Bytes>> = const { Cell::new(None) };
}

/// Calls `show` with the bytes, and lets the receiver of exactly these bytes share them.
pub(crate) fn offer<R>(bytes: &Bytes, show: impl FnOnce() -> R) -> R {
    OFFERED.set(Some(bytes.clone()));
    let result = show();
    OFFERED.set(None);
    result
}

/// The attachment that `bytes` belong to, or else a copy of them.
pub(crate) fn take(bytes: &[u8]) -> Bytes {
    // Invariant: what was offered is still alive, so the same place holds the same bytes.
    let is_same = |offered: &Bytes| std::ptr::eq::<[u8]>(&**offered, bytes);
    OFFERED
        .take()
        .filter(is_same)
        .unwrap_or_else(|| Bytes::copy_from_slice(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_bytes_are_shared_and_others_are_copied() {
        let bytes = Bytes::from(vec![1, 2, 3]);
        let other = vec![1, 2, 3];

        let shared = offer(&bytes, || take(&bytes));
        let copied = offer(&bytes, || take(&other));
        let part = offer(&bytes, || take(&bytes[..2]));

        assert_eq!(shared.as_ptr(), bytes.as_ptr());
        assert_ne!(copied.as_ptr(), bytes.as_ptr());
        assert_ne!(copied.as_ptr(), other.as_ptr());
        assert_eq!((copied.len(), &part[..]), (3, &[1, 2][..]));
    }

    #[test]
    fn an_offer_that_nobody_takes_ends() {
        let bytes = Bytes::from(vec![1, 2, 3]);

        offer(&bytes, || ());

        assert!(bytes.is_unique());
        assert_ne!(take(&bytes).as_ptr(), bytes.as_ptr());
    }
}
