//! Choices taken from bytes, until there are none left.

/// Bytes not yet used.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Up to `count` bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        head
    }

    /// Eight bytes as a number.
    pub fn number(&mut self) -> u64 {
        self.take(8)
            .iter()
            .fold(0, |n, byte| (n << 8) | u64::from(*byte))
    }

    /// Text of up to 255 bytes, its length first.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte());
        String::from_utf8_lossy(self.take(length)).into_owned()
    }

    /// One of a table.
    pub fn one_of<T: Copy>(&mut self, all: &[T], otherwise: T) -> T {
        let place = usize::from(self.byte()) % all.len().max(1);
        all.get(place).copied().unwrap_or(otherwise)
    }
}
