//! Writes one open file: lines in, plain bytes or compressed blocks out.

use crate::format::line::recv;
use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use crate::model::os_text;
use crate::output::{Unwritten, WriteFailure};
use crate::storage::frames::Compressor;
use crate::storage::{Appender, Compression, CutPoint};
use std::io;

/// Bytes of lines from which a block is closed early.
const BLOCK: usize = 4 * 1024 * 1024;

/// Writes the lines of one file.
pub struct Output {
    appender: Appender,
    compression: Compression,
    frame: Option<Compressor>,
    /// Lines of the open block: written again if another process truncates the file, and counted if the block fails.
    raw: Vec<u8>,
    /// Compressed bytes that are not in the file yet.
    pending: Vec<u8>,
    last: Option<Micros>,
    /// Bytes of lines and of compressed blocks so far, for the compression ratio.
    seen: (u64, u64),
    cut: bool,
    /// First line of a CSV file, written again after another process truncated it.
    header: Option<Vec<u8>>,
}

impl Output {
    /// Creates a writer behind the present content of `appender`.
    pub fn new(appender: Appender, compression: Compression, header: Option<Vec<u8>>) -> Output {
        Output {
            appender,
            compression,
            frame: None,
            raw: Vec::new(),
            pending: Vec::new(),
            last: None,
            seen: (4_096, 1_024),
            cut: false,
            header,
        }
    }

    /// Returns the file's appender.
    pub fn appender(&mut self) -> &mut Appender {
        &mut self.appender
    }

    /// Writes complete lines.
    pub fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        if self.compression == Compression::None {
            self.begin_anew_if_cut().map_err(|failure| Unwritten { failure, written: 0 })?;
            return self.appender.append(lines, CutPoint::Lines);
        }
        let refused = |failure| Unwritten { failure, written: 0 };
        if self.frame.is_none() {
            self.frame = Compressor::new(self.compression).map_err(compressor_failed).map_err(refused)?;
        }
        if let Some(frame) = &mut self.frame {
            frame.write(lines).map_err(compressor_failed).map_err(refused)?;
        }
        self.raw.extend_from_slice(lines);
        if self.raw.len() >= BLOCK {
            // The lines count as written even if the block fails: its lines are counted as lost later.
            self.flush().map_err(|failure| Unwritten { failure, written: lines.len() })?;
        }
        Ok(())
    }

    /// Closes the block, so that all lines so far are in the file.
    pub fn flush(&mut self) -> Result<(), WriteFailure> {
        if self.raw.is_empty() && self.pending.is_empty() {
            return Ok(());
        }
        self.begin_anew_if_cut()?;
        let before = self.pending.len();
        if let Some(frame) = &mut self.frame {
            frame.flush_into(&mut self.pending).map_err(compressor_failed)?;
        }
        self.seen.0 += self.raw.len() as u64;
        self.seen.1 += (self.pending.len() - before) as u64;
        self.put_pending()
    }

    /// Closes the frame; returns `true` if one was open.
    pub fn close_frame(&mut self) -> Result<bool, WriteFailure> {
        if self.frame.is_none() && self.pending.is_empty() {
            return Ok(false);
        }
        self.begin_anew_if_cut()?;
        if let Some(frame) = self.frame.take() {
            frame.finish_into(&mut self.pending).map_err(compressor_failed)?;
        }
        self.put_pending()?;
        Ok(true)
    }

    fn put_pending(&mut self) -> Result<(), WriteFailure> {
        self.appender.append(&self.pending, CutPoint::Nowhere).map_err(|unwritten| unwritten.failure)?;
        self.pending.clear();
        self.last = last_record(&self.raw).or(self.last);
        self.raw.clear();
        Ok(())
    }

    /// Starts a new frame if another process truncated the file: a frame without its beginning would be unreadable,
    /// so the lines of the open block go into a new one. A CSV file gets its header again.
    fn begin_anew_if_cut(&mut self) -> Result<(), WriteFailure> {
        if (self.compression == Compression::None && self.header.is_none()) || !self.appender.was_cut() {
            return Ok(());
        }
        self.cut = true;
        let header = self.header.as_deref().filter(|_| self.appender.len() == 0).unwrap_or_default();
        if self.compression == Compression::None {
            return match header.is_empty() {
                true => Ok(()),
                false => self.appender.append(header, CutPoint::Lines).map_err(|unwritten| unwritten.failure),
            };
        }
        self.pending.clear();
        self.frame = Compressor::new(self.compression).map_err(compressor_failed)?;
        if let Some(frame) = &mut self.frame {
            frame.write(header).and_then(|()| frame.write(&self.raw)).map_err(compressor_failed)?;
        }
        Ok(())
    }

    /// Returns whether another process truncated the file since the last call.
    pub fn was_cut(&mut self) -> bool {
        if self.compression == Compression::None && self.header.is_none() {
            return self.appender.was_cut();
        }
        let _ = self.begin_anew_if_cut();
        std::mem::take(&mut self.cut)
    }

    /// Returns the size in bytes of the file after `upcoming` more bytes of lines; an estimate if it is compressed.
    pub fn size_with(&self, upcoming: usize) -> u64 {
        if self.compression == Compression::None {
            return self.appender.len() + upcoming as u64;
        }
        let unpacked = (self.raw.len() + upcoming) as u64;
        self.appender.len() + self.pending.len() as u64 + unpacked * self.seen.1 / self.seen.0
    }

    /// Returns the number of bytes appended to the file.
    pub fn written(&self) -> u64 {
        self.appender.total()
    }

    /// Returns the time of the last record that is certainly in the file.
    pub fn last(&self) -> Option<Micros> {
        self.last
    }

    /// Returns the number of lines that were accepted but are not in the file.
    pub fn unsaved_lines(&self) -> u64 {
        memchr::memchr_iter(b'\n', &self.raw).count() as u64
    }
}

fn last_record(lines: &[u8]) -> Option<Micros> {
    lines.trim_ascii_end().rsplit(|&b| b == b'\n').next().and_then(recv)
}

fn compressor_failed(error: io::Error) -> WriteFailure {
    WriteFailure::Failed(Failure::new(Exit::Output, format!("cannot compress: {}", os_text(&error))))
}
