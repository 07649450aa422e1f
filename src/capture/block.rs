//! Blocks: what entries are kept in. Each is checked by itself, so that whatever is left of a file is read as far as it
//! is whole, and what follows a damaged stretch is found again.
//!
//! A file that is packed with Zstandard holds the same blocks, in frames that end where blocks end.

use std::io::{self, Read};
use zstd::zstd_safe::find_frame_compressed_size;

/// What every block begins with.
pub const MAGIC: [u8; 3] = [0x89, b'D', b'C'];
/// What a packed file, and every frame in it, begins with.
pub const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes before a block's payload.
pub const HEADER: usize = 12;
/// The longest payload there may be.
pub const LONGEST: usize = 32 << 20;

/// The block opens a session: what follows is of another run.
pub const SESSION: u8 = b'S';
/// The block holds entries.
pub const ENTRIES: u8 = b'E';

/// How much is read at a time.
const STEP: usize = 256 << 10;

/// Appends a block.
pub fn put(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&MAGIC);
    out.push(kind);
    out.extend_from_slice(&len);
    out.extend_from_slice(&checksum(kind, len, payload).to_le_bytes());
    out.extend_from_slice(payload);
}

/// CRC-32 (as in gzip) of kind, length and payload.
fn checksum(kind: u8, len: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&len);
    crc.update(payload);
    crc.finalize()
}

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// In Zstandard frames.
    Zstd,
}

impl Packing {
    /// What a file that begins with these bytes is packed with.
    pub fn of(start: &[u8]) -> Packing {
        if start.starts_with(&ZSTD_MAGIC) { Packing::Zstd } else { Packing::Plain }
    }

    const fn magic(self) -> &'static [u8] {
        match self {
            Packing::Plain => &MAGIC,
            Packing::Zstd => &ZSTD_MAGIC,
        }
    }
}

/// What was found next in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole block.
    Block {
        /// What it holds.
        kind: u8,
        /// Its payload.
        payload: &'a [u8],
        /// Where in the file it (packed: the frame it is in) ends.
        end: u64,
    },
    /// Bytes of the file that are no whole block, although whole ones follow.
    Damaged(std::ops::Range<u64>),
    /// Bytes at the end of the file that are no whole block.
    Torn(std::ops::Range<u64>),
}

/// What the bytes at a place are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Too few to say; this many would do.
    Need(usize),
    /// A whole block or frame of this length.
    Whole(usize),
    /// Neither.
    Bad,
}

/// The blocks of a file.
pub struct Blocks<R> {
    input: R,
    packing: Packing,
    buffer: Vec<u8>,
    /// What is still to be looked at.
    start: usize,
    end: usize,
    /// Where in the file the buffer begins.
    offset: u64,
    ended: bool,
    /// Where the stretch that cannot be read begins.
    bad: Option<u64>,
    /// The unpacked frame, and how far it was read.
    frame: Vec<u8>,
    frame_at: usize,
}

/// What was found next, as places: nothing is borrowed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A block: what it holds, and where its payload is.
    Block(u8, Place, u64),
    Damaged(std::ops::Range<u64>),
    Torn(std::ops::Range<u64>),
}

/// Where a payload is; good until the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Buffer(std::ops::Range<usize>),
    Frame(std::ops::Range<usize>),
}

impl<R: Read> Blocks<R> {
    /// The blocks of what can be read from `input`.
    ///
    /// # Errors
    /// What reading says.
    pub fn new(input: R) -> io::Result<Blocks<R>> {
        let mut blocks = Blocks {
            input,
            packing: Packing::Plain,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            bad: None,
            frame: Vec::new(),
            frame_at: 0,
        };
        blocks.fill(ZSTD_MAGIC.len())?;
        blocks.packing = Packing::of(&blocks.buffer[..blocks.end]);
        Ok(blocks)
    }

    /// How the file is packed.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// The first bytes, as far as they have been read.
    pub(super) fn peek(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// What comes next; `None` at the end.
    ///
    /// # Errors
    /// What reading says.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it, and reading may fail")]
    pub fn next(&mut self) -> io::Result<Option<Found<'_>>> {
        Ok(match self.step()? {
            None => None,
            Some(Step::Block(kind, place, end)) => Some(Found::Block { kind, payload: self.payload(&place), end }),
            Some(Step::Damaged(range)) => Some(Found::Damaged(range)),
            Some(Step::Torn(range)) => Some(Found::Torn(range)),
        })
    }

    /// The payload at the place that the last step told.
    pub(super) fn payload(&self, place: &Place) -> &[u8] {
        let (bytes, range) = match place {
            Place::Buffer(range) => (&self.buffer, range),
            Place::Frame(range) => (&self.frame, range),
        };
        bytes.get(range.clone()).unwrap_or_default()
    }

    fn here(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// What comes next; `None` at the end.
    pub(super) fn step(&mut self) -> io::Result<Option<Step>> {
        loop {
            if let Some(step) = self.in_frame() {
                return Ok(Some(step));
            }
            let look = &self.buffer[self.start..self.end];
            if look.is_empty() && self.ended {
                return Ok(self.bad.take().map(|from| Step::Torn(from..self.offset + self.end as u64)));
            }
            match measure(self.packing, look, self.ended) {
                Measure::Need(n) => self.fill(n)?,
                Measure::Whole(n) => {
                    if self.packing == Packing::Zstd && !self.unpack(n) {
                        self.skip();
                        continue;
                    }
                    if let Some(from) = self.bad.take() {
                        // The block itself comes next, from its unpacked frame or looked at once more.
                        self.frame.clear();
                        self.frame_at = 0;
                        return Ok(Some(Step::Damaged(from..self.here())));
                    }
                    let at = self.start;
                    self.start += n;
                    if self.packing == Packing::Plain {
                        let kind = self.buffer[at + MAGIC.len()];
                        return Ok(Some(Step::Block(kind, Place::Buffer(at + HEADER..at + n), self.here())));
                    }
                }
                Measure::Bad => self.skip(),
            }
        }
    }

    /// The next block of the unpacked frame.
    fn in_frame(&mut self) -> Option<Step> {
        let rest = self.frame.get(self.frame_at..).filter(|rest| !rest.is_empty())?;
        // It was scan to its end before it was taken.
        let Measure::Whole(n) = measure(Packing::Plain, rest, true) else { return None };
        let at = self.frame_at;
        self.frame_at += n;
        Some(Step::Block(self.frame[at + MAGIC.len()], Place::Frame(at + HEADER..at + n), self.here()))
    }

    /// Unpacks a frame; whether it holds whole blocks and nothing else.
    fn unpack(&mut self, n: usize) -> bool {
        self.frame.clear();
        self.frame_at = 0;
        let packed = &self.buffer[self.start..self.start + n];
        let unpacked = zstd::stream::read::Decoder::new(packed)
            .and_then(|decoder| decoder.take(2 * LONGEST as u64).read_to_end(&mut self.frame));
        let mut at = 0;
        while let Measure::Whole(n) = measure(Packing::Plain, &self.frame[at..], true) {
            at += n;
        }
        let whole = unpacked.is_ok() && at == self.frame.len();
        if !whole {
            self.frame.clear();
        }
        whole
    }

    /// Goes on to the next place where a block may begin.
    fn skip(&mut self) {
        self.bad.get_or_insert(self.offset + self.start as u64);
        let magic = self.packing.magic();
        let look = &self.buffer[self.start..self.end];
        self.start += match memchr::memmem::find(look.get(1..).unwrap_or_default(), magic) {
            Some(at) => at + 1,
            // The beginning of one may be at the end.
            None if !self.ended => look.len().saturating_sub(magic.len() - 1).max(1).min(look.len()),
            None => look.len(),
        };
    }

    /// Reads until there are `n` bytes to look at, or the file ends.
    fn fill(&mut self, n: usize) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.offset += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        let room = n.max(STEP);
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        while self.end < n {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(n) => self.end += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn measure(packing: Packing, bytes: &[u8], ended: bool) -> Measure {
    let need = |n: usize| if ended { Measure::Bad } else { Measure::Need(n) };
    if bytes.len() < HEADER && !ended {
        return Measure::Need(HEADER);
    }
    if !bytes.starts_with(packing.magic()) {
        return Measure::Bad;
    }
    match packing {
        Packing::Plain => {
            let Some(header) = bytes.first_chunk::<HEADER>() else { return Measure::Bad };
            let [_, _, _, kind, a, b, c, d, crc @ ..] = *header;
            let len = u32::from_le_bytes([a, b, c, d]) as usize;
            if len > LONGEST {
                return Measure::Bad;
            }
            match bytes.get(HEADER..HEADER + len) {
                None => need(HEADER + len),
                Some(payload) if checksum(kind, [a, b, c, d], payload) == u32::from_le_bytes(crc) => {
                    Measure::Whole(HEADER + len)
                }
                Some(_) => Measure::Bad,
            }
        }
        // What is not whole and what is damaged look the same until there is enough of it.
        Packing::Zstd => match find_frame_compressed_size(bytes) {
            Ok(n) if n > 0 && n <= bytes.len() => Measure::Whole(n),
            _ if bytes.len() < LONGEST => need((bytes.len() * 2).max(STEP)),
            _ => Measure::Bad,
        },
    }
}

/// The last whole block of a file, if the file ends with it: looked for from the end, in its last bytes.
pub fn last_of(tail: &[u8], packing: Packing) -> Option<(u8, Vec<u8>)> {
    let mut before = tail.len();
    while let Some(at) = memchr::memmem::rfind(&tail[..before], packing.magic()) {
        if let Measure::Whole(n) = measure(packing, &tail[at..], true)
            && at + n == tail.len()
        {
            let mut blocks = Blocks::new(&tail[at..]).ok()?;
            let mut last = None;
            while let Ok(Some(Found::Block { kind, payload, .. })) = blocks.next() {
                last = Some((kind, payload.to_vec()));
            }
            return last;
        }
        before = at;
    }
    None
}
