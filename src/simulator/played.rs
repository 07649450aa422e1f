//! Plays a capture to the simulator's clients: `dhan simulate --replay`.

use super::source::{FrameSource, SourceFrame};
use crate::capture::entry::Entry;
use crate::capture::{Part, Player};
use crate::model::{Micros, Stream};
use crate::pipeline::item::FrameKind;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A capture that is played to clients of the stream that it was received from. Runs follow each other without a
/// pause, and damaged parts are skipped.
#[derive(Debug, Clone)]
pub struct Played {
    path: PathBuf,
    kind: Stream,
    /// Speed as a multiple of the original; `None`: as fast as the client reads.
    times: Option<u32>,
}

impl Played {
    /// Opens a capture.
    ///
    /// # Errors
    /// Says in words why the file is no capture.
    pub fn open(path: &Path, times: Option<u32>) -> Result<Played, String> {
        let mut player = Player::open(path)?;
        loop {
            match player.next() {
                Ok(Some(Part::Session(session))) => {
                    return Ok(Played { path: path.to_owned(), kind: session.feed, times });
                }
                Ok(Some(_)) => {}
                Ok(None) => return Err("there is no run in it that this dhan can read".to_owned()),
                Err(error) => return Err(crate::model::io_words(&error)),
            }
        }
    }

    /// Returns the stream that it was received from.
    #[cfg(feature = "testing")]
    pub fn kind(&self) -> Stream {
        self.kind
    }
}

impl FrameSource for Played {
    fn frames(&self, kind: Stream) -> Box<dyn Iterator<Item = SourceFrame> + Send> {
        match Player::open(&self.path) {
            Ok(player) if kind == self.kind => Box::new(Frames {
                player: Some(player),
                wanted: if kind == Stream::Orders { FrameKind::Text } else { FrameKind::Binary },
                times: self.times,
                ready: VecDeque::new(),
                session_from: None,
                before: Duration::ZERO,
                last: Duration::ZERO,
            }),
            _ => Box::new(std::iter::empty()),
        }
    }
}

struct Frames {
    player: Option<Player<File>>,
    wanted: FrameKind,
    times: Option<u32>,
    /// Frames of the block that is being played.
    ready: VecDeque<SourceFrame>,
    /// First time of this run.
    session_from: Option<Micros>,
    /// Duration of the runs before this one.
    before: Duration,
    last: Duration,
}

impl Frames {
    /// Reads the next block; returns `false` at the end.
    fn read(&mut self) -> bool {
        let Some(player) = &mut self.player else { return false };
        match player.next() {
            Ok(Some(Part::Session(_))) => {
                self.session_from = None;
                self.before = self.last;
            }
            Ok(Some(Part::Entries(entries))) => {
                for entry in entries {
                    let Ok(Entry::Frame(frame)) = entry else { continue };
                    if frame.kind != self.wanted {
                        continue;
                    }
                    let from = *self.session_from.get_or_insert(frame.recv);
                    let since = frame.recv.since(from);
                    let after = self.times.map_or(Duration::ZERO, |times| self.before + since / times.max(1));
                    self.last = self.last.max(after);
                    self.ready.push_back(SourceFrame { after: self.last, bytes: Bytes::copy_from_slice(frame.bytes) });
                }
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                self.player = None;
                return false;
            }
        }
        true
    }
}

impl Iterator for Frames {
    type Item = SourceFrame;

    fn next(&mut self) -> Option<SourceFrame> {
        while self.ready.is_empty() {
            if !self.read() {
                return None;
            }
        }
        self.ready.pop_front()
    }
}
