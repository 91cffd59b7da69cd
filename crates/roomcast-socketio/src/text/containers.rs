//! Which arrays and objects are open at some place of a JSON text.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    Array,
    Object,
}

impl Container {
    /// The byte that ends it.
    pub(super) fn end(self) -> u8 {
        match self {
            Self::Array => b']',
            Self::Object => b'}',
        }
    }
}

/// The stack of open containers, one bit each: 1 for an object.
#[derive(Debug, Default)]
pub(super) struct Containers {
    depth: usize,
    /// The innermost containers, up to 64, the last in the lowest bit.
    bits: u64,
    /// The containers around them, 64 in each.
    outer: Vec<u64>,
}

impl Containers {
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn push(&mut self, container: Container) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(matches!(container, Container::Object));
        self.depth += 1;
    }

    pub(super) fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or_default();
        }
    }

    /// The innermost one.
    pub(super) fn top(&self) -> Option<Container> {
        match (self.depth, self.bits & 1) {
            (0, _) => None,
            (_, 0) => Some(Container::Array),
            _ => Some(Container::Object),
        }
    }
}
