//! Reads a capture back: its sessions, their entries, and its damage.

use super::block::{Blocks, ENTRIES, PayloadPlace, SESSION, ScanStep};
use super::entry::EntryIter;
use crate::model::{Micros, Stream};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

/// Version of the format that is written.
pub const VERSION: u8 = 1;

/// Holds the beginning of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureSession {
    /// The stream.
    pub feed: Stream,
    /// Beginning of the run.
    pub created: Micros,
    /// Process id of the writer.
    pub pid: u32,
    /// Name and version of the writer.
    pub program: String,
}

impl CaptureSession {
    /// Returns the payload of its block.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.feed.index()];
        out.extend_from_slice(&self.created.get().to_le_bytes());
        out.extend_from_slice(&self.pid.to_le_bytes());
        out.extend_from_slice(self.program.as_bytes());
        out
    }

    /// Parses a block's payload; the error is a version that this program does not know.
    pub fn read(payload: &[u8]) -> Result<CaptureSession, u8> {
        let [version, feed, rest @ ..] = payload else { return Err(0) };
        let (Some((created, rest)), VERSION, Some(feed)) =
            (rest.split_first_chunk(), *version, Stream::from_index(*feed))
        else {
            return Err(*version);
        };
        let Some((pid, program)) = rest.split_first_chunk() else { return Err(*version) };
        Ok(CaptureSession {
            feed,
            created: Micros::new(i64::from_le_bytes(*created)),
            pid: u32::from_le_bytes(*pid),
            program: String::from_utf8_lossy(program).into_owned(),
        })
    }
}

/// Holds what comes next in a capture.
#[derive(Debug)]
pub enum Part<'a> {
    /// A run begins.
    Session(CaptureSession),
    /// Entries of the run.
    Entries(EntryIter<'a>),
    /// Bytes of the file that are damaged, with undamaged ones behind them.
    Damaged(Range<u64>),
    /// Blocks of the run that are missing without a trace.
    Missing {
        /// Their number.
        blocks: u64,
    },
    /// Incomplete bytes at the end of the file.
    Torn(Range<u64>),
    /// A run written by a newer version; its entries are skipped.
    Newer {
        /// Version of its format.
        version: u8,
    },
}

/// Reads a capture.
pub struct Player<R> {
    blocks: Blocks<R>,
    /// Number that the next block should have; `None` if it cannot be known.
    expected: Option<u64>,
    /// Whether the session's entries cannot be read.
    foreign: bool,
    /// A block whose predecessors are missing; the loss is reported before the block is returned.
    held: Option<PayloadPlace>,
}

impl Player<File> {
    /// Opens a file and checks that it is a capture: that it begins like one, and has a session.
    ///
    /// # Errors
    /// Returns words; the caller names the file.
    pub fn open(path: &Path) -> Result<Player<File>, String> {
        let file = crate::storage::open_data(path).map_err(|error| crate::model::os_text(&error))?;
        let player = Player::new(file).map_err(|error| crate::model::os_text(&error))?;
        match player.blocks.peek() {
            [] => Err("it is empty".to_owned()),
            start if start.starts_with(&super::block::MAGIC) || start.starts_with(&super::block::ZSTD_MAGIC) => {
                Ok(player)
            }
            // Its beginning may be damaged.
            start if memchr::memmem::find(start, &super::block::MAGIC).is_some() => Ok(player),
            _ => Err("it is not a capture (dhan feed --capture writes them)".to_owned()),
        }
    }
}

impl<R: Read> Player<R> {
    /// Creates a player for `input`.
    ///
    /// # Errors
    /// Returns errors of reading.
    pub fn new(input: R) -> io::Result<Player<R>> {
        Ok(Player { blocks: Blocks::new(input)?, expected: None, foreign: false, held: None })
    }

    /// Reads what comes next; returns `None` at the end.
    ///
    /// # Errors
    /// Returns errors of reading. Damage is a [`Part`], not an error.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it, and reading may fail")]
    pub fn next(&mut self) -> io::Result<Option<Part<'_>>> {
        if let Some(place) = self.held.take() {
            return Ok(EntryIter::new(self.blocks.payload(&place)).map(Part::Entries));
        }
        loop {
            let (kind, place, end) = match self.blocks.step()? {
                None => return Ok(None),
                Some(ScanStep::Damaged(range)) => {
                    // The missing blocks were reported already.
                    self.expected = None;
                    return Ok(Some(Part::Damaged(range)));
                }
                Some(ScanStep::Torn(range)) => return Ok(Some(Part::Torn(range))),
                Some(ScanStep::Block(kind, place, end)) => (kind, place, end),
            };
            if kind == SESSION {
                let session = CaptureSession::read(self.blocks.payload(&place));
                self.expected = Some(1);
                self.foreign = session.is_err();
                return Ok(Some(match session {
                    Ok(session) => Part::Session(session),
                    Err(version) => Part::Newer { version },
                }));
            }
            if kind != ENTRIES || self.foreign {
                // The kind of block or the version of the run is unknown.
                continue;
            }
            let Some(number) = EntryIter::new(self.blocks.payload(&place)).map(|entries| entries.number()) else {
                return Ok(Some(Part::Damaged(end..end)));
            };
            let missing = self.expected.map_or(0, |expected| number.saturating_sub(expected));
            self.expected = number.checked_add(1);
            if missing > 0 {
                self.held = Some(place);
                return Ok(Some(Part::Missing { blocks: missing }));
            }
            return Ok(EntryIter::new(self.blocks.payload(&place)).map(Part::Entries));
        }
    }
}
