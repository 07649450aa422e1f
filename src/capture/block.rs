//! Holds entries in blocks. Each block has a checksum of its own, so that a file is readable as far as it is
//! undamaged, and the blocks behind a damaged range are found again.
//!
//! A file compressed with Zstandard holds the same blocks, in frames that end where blocks end.

use std::io::{self, Read};
use zstd::zstd_safe::find_frame_compressed_size;

/// First bytes of every block.
pub const MAGIC: [u8; 3] = [0x89, b'D', b'C'];
/// First bytes of a compressed file, and of every frame in it.
pub const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes before a block's payload.
pub const HEADER: usize = 12;
/// Limit in bytes of a payload.
pub const LONGEST: usize = 32 << 20;

/// Kind of a block that starts a session: what follows belongs to another run.
pub const SESSION: u8 = b'S';
/// Kind of a block that holds entries.
pub const ENTRIES: u8 = b'E';

/// Bytes read at a time.
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

/// Returns the CRC-32 (as in gzip) of kind, length and payload.
fn checksum(kind: u8, len: [u8; 4], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&len);
    crc.update(payload);
    crc.finalize()
}

/// Says how a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not compressed.
    Plain,
    /// In Zstandard frames.
    Zstd,
}

impl Packing {
    /// Returns the compression of a file that begins with these bytes.
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

/// Holds what was found next in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Scanned<'a> {
    /// A complete block.
    Block {
        /// Its kind.
        kind: u8,
        /// Its payload.
        payload: &'a [u8],
        /// Offset in the file of its end (if compressed, of its frame's end).
        end: u64,
    },
    /// Bytes of the file that are no valid block, although valid ones follow.
    Damaged(std::ops::Range<u64>),
    /// Bytes at the end of the file that are no complete block.
    Torn(std::ops::Range<u64>),
}

/// Says what the bytes at an offset are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Too few to decide; this many would be enough.
    Need(usize),
    /// A complete block or frame of this length.
    Complete(usize),
    /// Neither.
    Bad,
}

/// Reads the blocks of a file.
pub struct Blocks<R> {
    input: R,
    packing: Packing,
    buffer: Vec<u8>,
    /// Offset of the bytes that were not read yet.
    start: usize,
    end: usize,
    /// Offset in the file at which the buffer begins.
    offset: u64,
    ended: bool,
    /// Beginning of the range that cannot be read.
    bad: Option<u64>,
    /// The decompressed frame, and the offset up to which it was read.
    frame: Vec<u8>,
    frame_at: usize,
}

/// Holds what was found next, as offsets without a borrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ScanStep {
    /// A block: its kind, and the place of its payload.
    Block(u8, PayloadPlace, u64),
    Damaged(std::ops::Range<u64>),
    Torn(std::ops::Range<u64>),
}

/// Place of a payload; valid until the next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PayloadPlace {
    Buffer(std::ops::Range<usize>),
    Frame(std::ops::Range<usize>),
}

impl<R: Read> Blocks<R> {
    /// Creates a reader for the blocks of `input`.
    ///
    /// # Errors
    /// Returns errors of reading.
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

    /// Returns the compression of the file.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Returns the first bytes, as far as they were read.
    pub(super) fn peek(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads what comes next; returns `None` at the end.
    ///
    /// # Errors
    /// Returns errors of reading.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it, and reading may fail")]
    pub fn next(&mut self) -> io::Result<Option<Scanned<'_>>> {
        Ok(match self.step()? {
            None => None,
            Some(ScanStep::Block(kind, place, end)) => {
                Some(Scanned::Block { kind, payload: self.payload(&place), end })
            }
            Some(ScanStep::Damaged(range)) => Some(Scanned::Damaged(range)),
            Some(ScanStep::Torn(range)) => Some(Scanned::Torn(range)),
        })
    }

    /// Returns the payload at the place that the last step returned.
    pub(super) fn payload(&self, place: &PayloadPlace) -> &[u8] {
        let (bytes, range) = match place {
            PayloadPlace::Buffer(range) => (&self.buffer, range),
            PayloadPlace::Frame(range) => (&self.frame, range),
        };
        bytes.get(range.clone()).unwrap_or_default()
    }

    fn here(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Reads what comes next; returns `None` at the end.
    pub(super) fn step(&mut self) -> io::Result<Option<ScanStep>> {
        loop {
            if let Some(step) = self.in_frame() {
                return Ok(Some(step));
            }
            let look = &self.buffer[self.start..self.end];
            if look.is_empty() && self.ended {
                return Ok(self.bad.take().map(|from| ScanStep::Torn(from..self.offset + self.end as u64)));
            }
            match measure(self.packing, look, self.ended) {
                Measure::Need(n) => self.fill(n)?,
                Measure::Complete(n) => {
                    if self.packing == Packing::Zstd && !self.unpack(n) {
                        self.skip();
                        continue;
                    }
                    if let Some(from) = self.bad.take() {
                        // A block comes next: from the decompressed frame, or measured once more.
                        self.frame.clear();
                        self.frame_at = 0;
                        return Ok(Some(ScanStep::Damaged(from..self.here())));
                    }
                    let at = self.start;
                    self.start += n;
                    if self.packing == Packing::Plain {
                        let kind = self.buffer[at + MAGIC.len()];
                        return Ok(Some(ScanStep::Block(kind, PayloadPlace::Buffer(at + HEADER..at + n), self.here())));
                    }
                }
                Measure::Bad => self.skip(),
            }
        }
    }

    /// Returns the next block of the decompressed frame.
    fn in_frame(&mut self) -> Option<ScanStep> {
        let rest = self.frame.get(self.frame_at..).filter(|rest| !rest.is_empty())?;
        // Decompressing checked the whole frame.
        let Measure::Complete(n) = measure(Packing::Plain, rest, true) else { return None };
        let at = self.frame_at;
        self.frame_at += n;
        Some(ScanStep::Block(self.frame[at + MAGIC.len()], PayloadPlace::Frame(at + HEADER..at + n), self.here()))
    }

    /// Decompresses a frame; returns whether it holds only complete blocks.
    fn unpack(&mut self, n: usize) -> bool {
        self.frame.clear();
        self.frame_at = 0;
        let packed = &self.buffer[self.start..self.start + n];
        let unpacked = zstd::stream::read::Decoder::new(packed)
            .and_then(|decoder| decoder.take(2 * LONGEST as u64).read_to_end(&mut self.frame));
        let mut at = 0;
        while let Measure::Complete(n) = measure(Packing::Plain, &self.frame[at..], true) {
            at += n;
        }
        let whole = unpacked.is_ok() && at == self.frame.len();
        if !whole {
            self.frame.clear();
        }
        whole
    }

    /// Skips to the next offset at which a block may begin.
    fn skip(&mut self) {
        self.bad.get_or_insert(self.offset + self.start as u64);
        let magic = self.packing.magic();
        let look = &self.buffer[self.start..self.end];
        self.start += match memchr::memmem::find(look.get(1..).unwrap_or_default(), magic) {
            Some(at) => at + 1,
            // The beginning of a block may be at the end of the buffer.
            None if !self.ended => look.len().saturating_sub(magic.len() - 1).max(1).min(look.len()),
            None => look.len(),
        };
    }

    /// Reads until `n` bytes are in the buffer, or the file ends.
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
                    Measure::Complete(HEADER + len)
                }
                Some(_) => Measure::Bad,
            }
        }
        // An incomplete frame and a damaged one look the same until enough bytes are there.
        Packing::Zstd => match find_frame_compressed_size(bytes) {
            Ok(n) if n > 0 && n <= bytes.len() => Measure::Complete(n),
            _ if bytes.len() < LONGEST => need((bytes.len() * 2).max(STEP)),
            _ => Measure::Bad,
        },
    }
}

/// Finds the last complete block of a file, if the file ends with it, searching backwards in its last bytes.
pub fn last_of(tail: &[u8], packing: Packing) -> Option<(u8, Vec<u8>)> {
    let mut before = tail.len();
    while let Some(at) = memchr::memmem::rfind(&tail[..before], packing.magic()) {
        if let Measure::Complete(n) = measure(packing, &tail[at..], true)
            && at + n == tail.len()
        {
            let mut blocks = Blocks::new(&tail[at..]).ok()?;
            let mut last = None;
            while let Ok(Some(Scanned::Block { kind, payload, .. })) = blocks.next() {
                last = Some((kind, payload.to_vec()));
            }
            return last;
        }
        before = at;
    }
    None
}
