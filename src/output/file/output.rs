//! One open file: lines in, plain bytes or compressed blocks out.

use crate::format::line::recv_us;
use crate::model::exit::{Exit, Failure};
use crate::model::os_text;
use crate::output::{Unwritten, WriteFailure};
use crate::storage::frames::Compressor;
use crate::storage::{Appender, Compression, CutPoint};
use std::io;

/// A block is closed early when this many bytes of lines wait for it.
const BLOCK: usize = 4 * 1024 * 1024;

/// Where the lines of one file go.
pub struct Output {
    appender: Appender,
    compression: Compression,
    frame: Option<Compressor>,
    /// Lines of the block that is not closed yet: needed again if somebody cuts the file, and counted if it fails.
    raw: Vec<u8>,
    /// Compressed bytes that are not in the file yet.
    pending: Vec<u8>,
    last_us: Option<i64>,
    /// Bytes of lines and of blocks so far: how well these lines compress.
    seen: (u64, u64),
    cut: bool,
    /// The first line of a CSV file, written again when somebody cut it.
    header: Option<Vec<u8>>,
}

impl Output {
    /// Writes behind what `appender` has.
    pub fn new(appender: Appender, compression: Compression, header: Option<Vec<u8>>) -> Output {
        Output {
            appender,
            compression,
            frame: None,
            raw: Vec::new(),
            pending: Vec::new(),
            last_us: None,
            seen: (4_096, 1_024),
            cut: false,
            header,
        }
    }

    /// The file.
    pub fn appender(&mut self) -> &mut Appender {
        &mut self.appender
    }

    /// Takes whole lines.
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
            // Taken, whatever becomes of the block: what is lost with it counts as lost, not as unwritten.
            self.flush().map_err(|failure| Unwritten { failure, written: lines.len() })?;
        }
        Ok(())
    }

    /// Closes the block: all lines so far are in the file then.
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

    /// Closes the frame; `true` if one was open.
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
        self.last_us = last_record(&self.raw).or(self.last_us);
        self.raw.clear();
        Ok(())
    }

    /// A frame whose beginning somebody cut away would be unreadable: the lines that are not in the file yet go into a
    /// new one. Rows without a header would be, too.
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

    /// Whether somebody cut the file since this was last asked.
    pub fn was_cut(&mut self) -> bool {
        if self.compression == Compression::None && self.header.is_none() {
            return self.appender.was_cut();
        }
        let _ = self.begin_anew_if_cut();
        std::mem::take(&mut self.cut)
    }

    /// Bytes that the file will have when `upcoming` bytes of lines are written too; compressed: about.
    pub fn size_with(&self, upcoming: usize) -> u64 {
        if self.compression == Compression::None {
            return self.appender.len() + upcoming as u64;
        }
        let unpacked = (self.raw.len() + upcoming) as u64;
        self.appender.len() + self.pending.len() as u64 + unpacked * self.seen.1 / self.seen.0
    }

    /// Bytes that were appended to the file.
    pub fn written(&self) -> u64 {
        self.appender.total()
    }

    /// The last record that is in the file for certain.
    pub fn last_us(&self) -> Option<i64> {
        self.last_us
    }

    /// Lines that were taken and are not in the file.
    pub fn unsaved_lines(&self) -> u64 {
        memchr::memchr_iter(b'\n', &self.raw).count() as u64
    }
}

fn last_record(lines: &[u8]) -> Option<i64> {
    lines.trim_ascii_end().rsplit(|&b| b == b'\n').next().and_then(recv_us)
}

fn compressor_failed(error: io::Error) -> WriteFailure {
    WriteFailure::Failed(Failure::new(Exit::Output, format!("cannot compress: {}", os_text(&error))))
}
