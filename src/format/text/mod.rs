//! The buffer that lines are written into, and where in it a line grows.

mod digits;
#[cfg(test)]
mod tests;

pub use digits::Text;

use std::mem::take;

/// Text under construction. The vector is longer than the text: behind `len` lies zeroed room for the next lines.
#[derive(Debug, Default)]
pub struct Out {
    room: Vec<u8>,
    len: usize,
}

/// Room that is made ahead, more than any market record needs.
const AHEAD: usize = 4096;

impl Out {
    /// An empty buffer.
    pub fn new() -> Out {
        Out::default()
    }

    /// The text so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    /// Bytes of text so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no text.
    #[cfg(any(test, feature = "testing"))]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the text and keeps the room.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Forgets what was written behind `len`.
    #[cfg(test)]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Gives room back that an unusually long text took.
    pub fn shrink_to(&mut self, bytes: usize) {
        if self.room.len() > bytes && self.len <= bytes {
            self.room.truncate(bytes);
            self.room.shrink_to_fit();
        }
    }

    /// Begins a line behind the text; [`Out::take`] makes it part of the text.
    #[inline(always)]
    pub fn begin(&mut self) -> Line<'_> {
        if self.room.len() - self.len < AHEAD {
            self.grow(AHEAD);
        }
        Line { room: &mut self.room[self.len..], over: false }
    }

    /// Begins a short line behind the text, with its head; [`Out::take_short`] makes it part of the text.
    #[inline(always)]
    pub fn begin_short(&mut self, head: &Head) -> Short<'_> {
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
        Short { room, len: 0 }
    }

    /// Takes a short line: its head, and as much behind it as [`Short::end`] said.
    #[inline(always)]
    pub fn take_short(&mut self, head: &Head, len: usize) {
        self.len += head.len + len;
    }

    /// Takes what was written into the room behind the text: what [`Line::end`] said. If it did not fit there is more room
    /// now, and the same is to be written again.
    #[inline(always)]
    #[must_use]
    pub fn take(&mut self, left: Option<usize>) -> bool {
        match left {
            Some(left) => self.len = self.room.len() - left,
            None => self.grow(self.room.len()),
        }
        left.is_some()
    }

    /// Appends what `write` writes. It is called again, with more room, when that did not fit: it must write the same.
    #[inline(always)]
    pub fn line(&mut self, mut write: impl FnMut(&mut Line<'_>)) {
        loop {
            let mut line = self.begin();
            write(&mut line);
            let left = line.end();
            if self.take(left) {
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

/// A line under construction, of any length: what does not fit is noticed at its end, and then written again into more room.
///
/// A plain slice that shrinks, which the compiler keeps in registers as long as nobody takes its address: whatever a hot
/// append calls is inlined or gets values.
#[derive(Debug)]
pub struct Line<'a> {
    /// What is left to write into.
    room: &'a mut [u8],
    /// Something did not fit.
    over: bool,
}

impl Line<'_> {
    /// Room that is left; `None` if something did not fit.
    #[inline(always)]
    pub fn end(self) -> Option<usize> {
        (!self.over).then_some(self.room.len())
    }
}

impl Text for Line<'_> {
    #[inline(always)]
    fn chunk<const N: usize>(&mut self, before: &str, chunk: &[u8; N], used: usize) {
        self.str(before);
        let room = take(&mut self.room);
        match room.first_chunk_mut::<N>() {
            Some(place) => {
                *place = *chunk;
                self.room = room.get_mut(used..).unwrap_or_default();
            }
            // And no room is left, so that nothing follows.
            None => self.over = true,
        }
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) {
        match take(&mut self.room).split_at_mut_checked(bytes.len()) {
            Some((place, rest)) => {
                place.copy_from_slice(bytes);
                self.room = rest;
            }
            None => self.over = true,
        }
    }
}

/// What every line of one kind about one instrument begins with, ready made: copied in whole blocks, since a copy of any length
/// is a call.
#[derive(Debug)]
pub struct Head {
    blocks: Box<[Block]>,
    len: usize,
}

type Block = [u8; 32];

impl Head {
    /// A head with this text.
    pub fn new(text: &[u8]) -> Head {
        let mut padded = text.to_vec();
        padded.resize(text.len().next_multiple_of(size_of::<Block>()), 0);
        Head { blocks: padded.as_chunks().0.into(), len: text.len() }
    }

    /// Its text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.blocks.as_flattened()[..self.len]
    }
}

/// What a line that is known to be short may have behind its head; a power of two, so that a place is masked rather than compared.
pub const SHORT: usize = 2048;
/// The most that is appended to a short line at once.
const AT_ONCE: usize = 128;

/// The rest of a line that is known to be short, under construction: there is room for all of it, so nothing is looked at until its end.
#[derive(Debug)]
pub struct Short<'a> {
    room: &'a mut [u8; SHORT + AT_ONCE],
    len: usize,
}

impl Short<'_> {
    /// How long it came to be.
    ///
    /// # Panics
    /// It was not short.
    #[inline(always)]
    pub fn end(self) -> usize {
        assert!(self.len <= SHORT, "a record of numbers is longer than {SHORT} bytes");
        self.len
    }
}

impl Text for Short<'_> {
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
