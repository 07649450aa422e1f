//! Choices out of a fuzzer's bytes. What is missing reads as zero, so that every input means something.

/// The bytes that are left.
pub struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
    /// The next `count` bytes, or what there is.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Fewer than so many bytes, the first of all saying how many.
    pub fn fewer_than(&mut self, most: u8) -> &'a [u8] {
        let count = usize::from(self.u8() % most);
        self.bytes(count)
    }

    /// A number of `N` bytes.
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut all = [0; N];
        let taken = self.bytes(N);
        all[..taken.len()].copy_from_slice(taken);
        all
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// Two bytes.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    /// Four bytes.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// A choice.
    pub fn bit(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    /// One of these.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::from(self.u8()) % of.len()].clone()
    }

    /// Bytes behind a length of two bytes.
    pub fn chunk(&mut self) -> &'a [u8] {
        let count = usize::from(self.u16());
        self.bytes(count)
    }

    /// Text behind a length of two bytes.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.chunk()).into_owned()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
