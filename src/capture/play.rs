//! A capture read back: its sessions, their entries, and what is not whole.

use super::block::{Blocks, ENTRIES, Place, SESSION, Step};
use super::entry::EntryIter;
use crate::model::Stream;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

/// The version of the format that is written.
pub const VERSION: u8 = 1;

/// What a session begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The stream.
    pub feed: Stream,
    /// When the run began, µs since the epoch.
    pub created_us: i64,
    /// The process that wrote it.
    pub pid: u32,
    /// Its name and version.
    pub program: String,
}

impl Session {
    /// The payload of its block.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.feed.index()];
        out.extend_from_slice(&self.created_us.to_le_bytes());
        out.extend_from_slice(&self.pid.to_le_bytes());
        out.extend_from_slice(self.program.as_bytes());
        out
    }

    /// A block's payload read back; the version, if this program does not know it.
    pub fn read(payload: &[u8]) -> Result<Session, u8> {
        let [version, feed, rest @ ..] = payload else { return Err(0) };
        let (Some((created, rest)), VERSION, Some(feed)) =
            (rest.split_first_chunk(), *version, Stream::from_index(*feed))
        else {
            return Err(*version);
        };
        let Some((pid, program)) = rest.split_first_chunk() else { return Err(*version) };
        Ok(Session {
            feed,
            created_us: i64::from_le_bytes(*created),
            pid: u32::from_le_bytes(*pid),
            program: String::from_utf8_lossy(program).into_owned(),
        })
    }
}

/// What comes next in a capture.
#[derive(Debug)]
pub enum Part<'a> {
    /// A run begins.
    Session(Session),
    /// Entries of the run.
    Entries(EntryIter<'a>),
    /// Bytes of the file that are not whole, with whole ones behind them.
    Damaged(Range<u64>),
    /// Blocks of the run that are not there, without a trace.
    Missing {
        /// How many.
        blocks: u64,
    },
    /// The file's last bytes, which are not whole.
    Torn(Range<u64>),
    /// A run that a newer version wrote; its entries are left out.
    Newer {
        /// The version of its format.
        version: u8,
    },
}

/// Reads a capture.
pub struct Player<R> {
    blocks: Blocks<R>,
    /// The number that the next block should have; `None` where that cannot be known.
    expected: Option<u64>,
    /// The session's entries cannot be read.
    foreign: bool,
    /// A block whose predecessors are missing, told before it is given.
    held: Option<Place>,
}

impl Player<File> {
    /// Opens a file and sees that it is a capture: that it begins as one, and has a session.
    ///
    /// # Errors
    /// In words; the caller says which file.
    pub fn open(path: &Path) -> Result<Player<File>, String> {
        let file = crate::storage::open_data(path).map_err(|error| crate::model::os_text(&error))?;
        let player = Player::new(file).map_err(|error| crate::model::os_text(&error))?;
        match player.blocks.peek() {
            [] => Err("it is empty".to_owned()),
            start if start.starts_with(&super::block::MAGIC) || start.starts_with(&super::block::ZSTD_MAGIC) => {
                Ok(player)
            }
            // Its beginning may be what is damaged.
            start if memchr::memmem::find(start, &super::block::MAGIC).is_some() => Ok(player),
            _ => Err("it is not a capture (dhan feed --capture writes them)".to_owned()),
        }
    }
}

impl<R: Read> Player<R> {
    /// Reads what `input` holds.
    ///
    /// # Errors
    /// What reading says.
    pub fn new(input: R) -> io::Result<Player<R>> {
        Ok(Player { blocks: Blocks::new(input)?, expected: None, foreign: false, held: None })
    }

    /// What comes next; `None` at the end.
    ///
    /// # Errors
    /// What reading says. What cannot be understood is a [`Part`], not an error.
    #[allow(clippy::should_implement_trait, reason = "what it returns borrows from it, and reading may fail")]
    pub fn next(&mut self) -> io::Result<Option<Part<'_>>> {
        if let Some(place) = self.held.take() {
            return Ok(EntryIter::new(self.blocks.payload(&place)).map(Part::Entries));
        }
        loop {
            let (kind, place, end) = match self.blocks.step()? {
                None => return Ok(None),
                Some(Step::Damaged(range)) => {
                    // What is missing is said already.
                    self.expected = None;
                    return Ok(Some(Part::Damaged(range)));
                }
                Some(Step::Torn(range)) => return Ok(Some(Part::Torn(range))),
                Some(Step::Block(kind, place, end)) => (kind, place, end),
            };
            if kind == SESSION {
                let session = Session::read(self.blocks.payload(&place));
                self.expected = Some(1);
                self.foreign = session.is_err();
                return Ok(Some(match session {
                    Ok(session) => Part::Session(session),
                    Err(version) => Part::Newer { version },
                }));
            }
            if kind != ENTRIES || self.foreign {
                // Of a kind or of a run that is not known.
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
