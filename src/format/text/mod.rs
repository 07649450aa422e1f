//! Provides the buffer that lines are written into.

mod digits;
#[cfg(test)]
mod tests;

pub use digits::Text;

use std::mem::take;

/// Holds text under construction. The vector is longer than the text: behind `len` is zeroed room for the next lines.
#[derive(Debug, Default)]
pub struct TextBuf {
    room: Vec<u8>,
    len: usize,
}

/// Bytes of room that are reserved ahead; no market record needs more.
const AHEAD: usize = 4096;

impl TextBuf {
    /// Creates an empty buffer.
    pub fn new() -> TextBuf {
        TextBuf::default()
    }

    /// Returns the text so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    /// Returns the length of the text in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the text is empty.
    #[cfg(any(test, feature = "testing"))]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes the text and keeps the room.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Removes the text behind `len`.
    #[cfg(test)]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Frees the room beyond `bytes` that an unusually long text took.
    pub fn shrink_to(&mut self, bytes: usize) {
        if self.room.len() > bytes && self.len <= bytes {
            self.room.truncate(bytes);
            self.room.shrink_to_fit();
        }
    }

    /// Starts a line behind the text; [`TextBuf::take`] makes it part of the text.
    #[inline(always)]
    pub fn begin(&mut self) -> LineBuf<'_> {
        if self.room.len() - self.len < AHEAD {
            self.grow(AHEAD);
        }
        LineBuf { room: &mut self.room[self.len..], overflowed: false }
    }

    /// Starts a short line behind the text with its head; [`TextBuf::take_short`] makes it part of the text.
    #[inline(always)]
    pub fn begin_short(&mut self, head: &LineHead) -> ShortLine<'_> {
        let wanted = size_of_val(&*head.blocks) + SHORT + AT_ONCE;
        if self.room.len() - self.len < wanted {
            self.grow(wanted);
        }
        let room = &mut self.room[self.len..];
        let (blocks, _) = room.as_chunks_mut();
        for (place, block) in blocks.iter_mut().zip(&head.blocks) {
            *place = *block;
        }
        let Some(room) = room[head.len..].first_chunk_mut() else { unreachable!("room was made") };
        ShortLine { room, len: 0 }
    }

    /// Makes a short line part of the text: its head, and `len` bytes as [`ShortLine::end`] returned them.
    #[inline(always)]
    pub fn take_short(&mut self, head: &LineHead, len: usize) {
        self.len += head.len + len;
    }

    /// Makes a line part of the text; `left` is what [`LineBuf::end`] returned. Returns false if the line did not fit:
    /// there is more room now, and the caller writes the same line again.
    #[inline(always)]
    #[must_use]
    pub fn take(&mut self, free: Option<usize>) -> bool {
        match free {
            Some(free) => self.len = self.room.len() - free,
            None => self.grow(self.room.len()),
        }
        free.is_some()
    }

    /// Appends what `write` writes. If that does not fit, `write` is called again with more room and must write the
    /// same.
    #[inline(always)]
    pub fn line(&mut self, mut write: impl FnMut(&mut LineBuf<'_>)) {
        loop {
            let mut line = self.begin();
            write(&mut line);
            let free = line.end();
            if self.take(free) {
                return;
            }
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let wanted = (self.len + more).max(self.room.len() * 2).max(2 * AHEAD);
        self.room.resize(wanted, 0);
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.line(|line| line.bytes(bytes));
    }

    /// Appends text.
    pub fn str(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }
}

/// A line under construction, of any length. A line that does not fit is detected at its end and then written again
/// into more room.
///
/// It is a slice that shrinks. The compiler keeps it in registers as long as no address of it is taken, so everything
/// that a hot append calls is inlined or takes values.
#[derive(Debug)]
pub struct LineBuf<'a> {
    /// The room that is free.
    room: &'a mut [u8],
    /// Whether something did not fit.
    overflowed: bool,
}

impl LineBuf<'_> {
    /// Returns the room that is free, or `None` if something did not fit.
    #[inline(always)]
    pub fn end(self) -> Option<usize> {
        (!self.overflowed).then_some(self.room.len())
    }
}

impl Text for LineBuf<'_> {
    #[inline(always)]
    fn chunk<const N: usize>(&mut self, before: &str, chunk: &[u8; N], used: usize) {
        self.str(before);
        let room = take(&mut self.room);
        match room.first_chunk_mut::<N>() {
            Some(place) => {
                *place = *chunk;
                self.room = room.get_mut(used..).unwrap_or_default();
            }
            // No room is left either, so that nothing more is appended.
            None => self.overflowed = true,
        }
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) {
        match take(&mut self.room).split_at_mut_checked(bytes.len()) {
            Some((place, rest)) => {
                place.copy_from_slice(bytes);
                self.room = rest;
            }
            None => self.overflowed = true,
        }
    }
}

/// Holds the cached beginning of all lines of one type about one instrument. It is copied in whole blocks: a copy of
/// variable length would be a function call.
#[derive(Debug)]
pub struct LineHead {
    blocks: Box<[Block]>,
    len: usize,
}

type Block = [u8; 32];

impl LineHead {
    /// Creates a head from its text.
    pub fn new(text: &[u8]) -> LineHead {
        let mut padded = text.to_vec();
        padded.resize(text.len().next_multiple_of(size_of::<Block>()), 0);
        LineHead { blocks: padded.as_chunks().0.into(), len: text.len() }
    }

    /// Returns its text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.blocks.as_flattened()[..self.len]
    }
}

/// Limit in bytes of a short line behind its head; a power of two, so that an index is masked instead of compared.
pub const SHORT: usize = 2048;
/// Limit in bytes of one append to a short line.
const AT_ONCE: usize = 128;

/// The rest of a line that is known to be short, under construction. There is room for all of it, so the length is
/// checked only at its end.
#[derive(Debug)]
pub struct ShortLine<'a> {
    room: &'a mut [u8; SHORT + AT_ONCE],
    len: usize,
}

impl ShortLine<'_> {
    /// Returns its length in bytes.
    ///
    /// # Panics
    /// If the line was longer than [`SHORT`].
    #[inline(always)]
    pub fn end(self) -> usize {
        assert!(self.len <= SHORT, "a record of numbers is longer than {SHORT} bytes");
        self.len
    }
}

impl Text for ShortLine<'_> {
    #[inline(always)]
    fn chunk<const N: usize>(&mut self, before: &str, chunk: &[u8; N], used: usize) {
        let place = &mut self.room[self.len % SHORT..];
        place[..before.len()].copy_from_slice(before.as_bytes());
        place[before.len()..][..N].copy_from_slice(chunk);
        self.len += before.len() + used;
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) {
        let place = &mut self.room[self.len % SHORT..];
        place[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}
