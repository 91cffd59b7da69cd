//! Positions of values in a packet's data.

/// The bytes from `start` up to `end` of a packet's data. The decoder refuses packets
/// whose positions do not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// Invariant: the caller scans at most `u32::MAX` bytes.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    /// A string without its quotes.
    #[inline]
    pub(crate) fn content(self) -> Self {
        Self {
            start: self.start + 1,
            end: self.end - 1,
        }
    }

    #[inline]
    pub(crate) fn of(self, json: &str) -> &str {
        &json[self.start as usize..self.end as usize]
    }

    pub(crate) fn of_bytes(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }
}

/// The elements of the outermost array: a few in place, more on the heap.
///
/// Each costs 8 bytes where a text and its comma take at least 2 and a MessagePack value at least 1,
/// so a hostile packet of n bytes makes at most 8n bytes here.
#[derive(Clone, Debug)]
pub(crate) enum Spans {
    Inline { len: u8, spans: [Span; INLINE] },
    Heap(Vec<Span>),
}

/// The event name and three arguments.
const INLINE: usize = 4;

impl Default for Spans {
    fn default() -> Self {
        Self::Inline {
            len: 0,
            spans: [Span::default(); INLINE],
        }
    }
}

impl Spans {
    #[inline]
    pub(crate) fn push(&mut self, span: Span) {
        match self {
            Self::Inline { len, spans } if usize::from(*len) < INLINE => {
                spans[usize::from(*len)] = span;
                *len += 1;
            }
            _ => self.push_to_heap(span),
        }
    }

    #[cold]
    fn push_to_heap(&mut self, span: Span) {
        match self {
            Self::Inline { spans, .. } => {
                let mut heap = Vec::with_capacity(INLINE * 4);
                heap.extend_from_slice(spans);
                heap.push(span);
                *self = Self::Heap(heap);
            }
            Self::Heap(spans) => spans.push(span),
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[Span] {
        match self {
            Self::Inline { len, spans } => &spans[..usize::from(*len)],
            Self::Heap(spans) => spans,
        }
    }
}
