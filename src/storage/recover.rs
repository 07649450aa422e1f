//! Recovers a file that a killed run left.
//!
//! The order of the steps makes a kill at any of them harmless:
//!
//! * Plain text: the bytes behind the last line end are copied to `NAME.torn-TIME` (prepared under another name, then
//!   renamed), then the file is cut. If killed in between, the next start copies the same bytes once more.
//! * Compressed: the complete lines of the unfinished frame are compressed into a frame of their own in
//!   `.NAME.dhan-mending`. If there were other bytes than those lines, the unfinished frame is copied to
//!   `NAME.torn-TIME`. The marker's note records where the file is to be cut; the file is cut and the prepared frame
//!   appended; the note is reset; the prepared frame is removed. As long as the note is there, cutting and appending
//!   are repeated from the start.

use super::disk::{Filesystem, OpenMode, Reader, read_full};
use super::frames::{self, Compressor, FrameEvent};
use super::marker::{Marker, MarkerContent};
use super::names::{self, Compression};
use crate::model::Micros;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Bytes read at a time.
const STEP: u64 = 64 * 1024;
/// Bytes before the end in which a last record is searched.
const FAR: u64 = 16 * 1024 * 1024;

/// Returns the receive time of a line, or `None` if the line is no record.
pub type RecordTime = fn(&[u8]) -> Option<Micros>;

/// Reports what was found and done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Time of the last record in the file.
    pub last: Option<Micros>,
    /// Length of the file in bytes; `None` if there is no file.
    pub len: Option<u64>,
    /// Path and length in bytes of the torn tail, if there was one.
    pub torn: Option<(PathBuf, u64)>,
}

/// Recovers the file at `path`. `note` is the content of the killed run's marker; without it only plain text is
/// repaired.
pub fn recover(
    fs: &dyn Filesystem,
    path: &Path,
    held: Option<(&Marker, Option<&MarkerContent>)>,
    mode: u32,
    now: Micros,
    record_time: RecordTime,
) -> io::Result<Recovery> {
    let file = match fs.open(path, OpenMode::Truncate) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Recovery::default()),
        Err(error) => return Err(error),
    };
    let job = Job { fs, path, file: &file, mode, now, record_time };
    match (Compression::of(path), held) {
        (Compression::None, _) => job.plain(),
        (compression, Some((marker, content))) => job.compressed(compression, marker, content),
        // A run that ended in an orderly way left complete frames only.
        (_, None) => Ok(Recovery { len: Some(fs.fstat(&file)?.len), ..Recovery::default() }),
    }
}

struct Job<'a> {
    fs: &'a dyn Filesystem,
    path: &'a Path,
    file: &'a File,
    mode: u32,
    now: Micros,
    record_time: RecordTime,
}

impl Job<'_> {
    fn plain(&self) -> io::Result<Recovery> {
        let len = self.fs.fstat(self.file)?.len;
        let good = self.line_end_before(len)?;
        let torn = if good < len {
            let torn = self.move_aside(good, len)?;
            self.fs.set_len(self.file, good)?;
            Some((torn, len - good))
        } else {
            None
        };
        Ok(Recovery { last: self.last_record(good)?, len: Some(good), torn })
    }

    /// Returns the offset of the end of the last complete line in the first `len` bytes.
    fn line_end_before(&self, len: u64) -> io::Result<u64> {
        let mut end = len;
        let mut bytes = vec![0; STEP as usize];
        while end > 0 {
            let start = end.saturating_sub(STEP);
            let bytes = &mut bytes[..(end - start) as usize];
            let n = read_full(self.fs, self.file, bytes, start)?;
            if let Some(at) = memchr::memrchr(b'\n', &bytes[..n]) {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }

    /// Returns the receive time of the last record in the first `len` bytes of plain text.
    fn last_record(&self, len: u64) -> io::Result<Option<Micros>> {
        let mut back = STEP;
        loop {
            let start = len.saturating_sub(back);
            let mut bytes = vec![0; (len - start) as usize];
            let n = read_full(self.fs, self.file, &mut bytes, start)?;
            let text = &bytes[..n];
            // The first line may be incomplete.
            let text =
                if start == 0 { text } else { memchr::memchr(b'\n', text).map_or(&[][..], |at| &text[at + 1..]) };
            if let Some(time) = text.split(|&b| b == b'\n').rev().find_map(self.record_time) {
                return Ok(Some(time));
            }
            if start == 0 || back >= FAR {
                return Ok(None);
            }
            back *= 8;
        }
    }

    fn compressed(
        &self,
        compression: Compression,
        marker: &Marker,
        content: Option<&MarkerContent>,
    ) -> io::Result<Recovery> {
        if let Some(content) = content
            && let Some(at) = content.cut_at
            && self.fs.stat(&names::recovery_path(self.path)).is_ok()
        {
            self.put_in_place(at, marker, content)?;
        }
        let len = self.fs.fstat(self.file)?.len;
        // A note that does not match the file, which others cut, is ignored.
        let start = content.map_or(0, |content| content.frame_at).min(len);
        let start = if content.is_some_and(|content| content.frame_at > len) { 0 } else { start };
        let mut lines = LastLine::of(self.record_time);
        let mut frame = LastLine::of(self.record_time);
        let scan = frames::scan(compression, Reader::new(self.fs, self.file, start), start, |piece| {
            match piece {
                FrameEvent::Data(data) => frame.take(data),
                FrameEvent::FrameEnd(_) => {
                    lines.time = frame.time.or(lines.time);
                    frame = LastLine::of(self.record_time);
                }
            }
            Ok(())
        })?;
        let last = frame.time.or(lines.time).or(content.and_then(|content| content.last));
        if !scan.torn {
            return Ok(Recovery { last, len: Some(len), torn: None });
        }
        let at = scan.complete_to;
        let prepared = self.prepare_frame(compression, at)?;
        let clean = frame.rest.is_empty()
            && frames::ends_with_complete_block(compression, Reader::new(self.fs, self.file, at))?;
        let torn = if clean { None } else { Some((self.move_aside(at, len)?, len - at)) };
        let content = MarkerContent {
            cut_at: Some(at),
            ..content.cloned().unwrap_or(MarkerContent {
                pid: 0,
                pattern: String::new(),
                since: last.unwrap_or(self.now),
                len: 0,
                frame_at: at,
                last,
                cut_at: None,
                has_given_up: false,
            })
        };
        marker.write(&content)?;
        self.put_in_place(at, marker, &content)?;
        Ok(Recovery { last, len: Some(at + prepared), torn })
    }

    /// Compresses the complete lines of the unfinished frame at `at` into a frame of its own; returns its length in
    /// bytes.
    fn prepare_frame(&self, compression: Compression, at: u64) -> io::Result<u64> {
        let path = names::recovery_path(self.path);
        match self.fs.remove(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let out = self.fs.open(&path, OpenMode::New(self.mode))?;
        let mut compressor = Compressor::new(compression)?;
        let (mut packed, mut line, mut written, mut any) = (Vec::new(), Vec::new(), 0, false);
        frames::scan(compression, Reader::new(self.fs, self.file, at), at, |piece| {
            let (FrameEvent::Data(data), Some(compressor)) = (piece, &mut compressor) else { return Ok(()) };
            line.extend_from_slice(data);
            if let Some(end) = memchr::memrchr(b'\n', &line) {
                any = true;
                compressor.write(&line[..=end])?;
                line.drain(..=end);
            }
            if compressor.ready() > STEP as usize {
                compressor.flush_into(&mut packed)?;
                written += self.write_out(&out, &packed, written)?;
                packed.clear();
            }
            Ok(())
        })?;
        if let (true, Some(compressor)) = (any, compressor) {
            compressor.finish_into(&mut packed)?;
            written += self.write_out(&out, &packed, written)?;
        }
        Ok(written)
    }

    fn write_out(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<u64> {
        let mut done = 0;
        while done < bytes.len() {
            match self.fs.write_at(file, &bytes[done..], offset + done as u64) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes.len() as u64)
    }

    /// Cuts the file and appends the prepared frame; may be repeated.
    fn put_in_place(&self, at: u64, marker: &Marker, content: &MarkerContent) -> io::Result<()> {
        let prepared = names::recovery_path(self.path);
        let from = self.fs.open(&prepared, OpenMode::Read)?;
        let size = self.fs.fstat(&from)?.len;
        self.fs.set_len(self.file, at)?;
        self.copy(&from, 0, size, self.file, at)?;
        marker.write(&MarkerContent { cut_at: None, ..content.clone() })?;
        self.fs.remove(&prepared)
    }

    fn copy(&self, from: &File, start: u64, end: u64, to: &File, at: u64) -> io::Result<()> {
        let mut bytes = vec![0; STEP as usize];
        let mut done = 0;
        while start + done < end {
            let want = (end - start - done).min(STEP) as usize;
            let n = read_full(self.fs, from, &mut bytes[..want], start + done)?;
            if n == 0 {
                break;
            }
            done += self.write_out(to, &bytes[..n], at + done)?;
        }
        Ok(())
    }

    /// Copies a range of the file to `NAME.torn-TIME`, which appears only when it is complete.
    fn move_aside(&self, start: u64, end: u64) -> io::Result<PathBuf> {
        let mut half = names::recovery_path(self.path).into_os_string();
        half.push("-torn");
        let half = PathBuf::from(half);
        match self.fs.remove(&half) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let to = self.fs.open(&half, OpenMode::New(self.mode))?;
        self.copy(self.file, start, end, &to, 0)?;
        for attempt in 0.. {
            let torn = names::torn(self.path, self.now, attempt);
            match self.fs.stat(&torn) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.fs.rename(&half, &torn)?;
                    return Ok(torn);
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }
}

/// Remembers the time of the last record in a stream of text.
struct LastLine {
    record_time: RecordTime,
    /// The bytes behind the last line end.
    rest: Vec<u8>,
    time: Option<Micros>,
}

impl LastLine {
    fn of(record_time: RecordTime) -> LastLine {
        LastLine { record_time, rest: Vec::new(), time: None }
    }

    fn take(&mut self, data: &[u8]) {
        match memchr::memrchr(b'\n', data) {
            None => self.rest.extend_from_slice(data),
            Some(end) => {
                let start = memchr::memrchr(b'\n', &data[..end]).map_or(0, |at| at + 1);
                let time = if start == 0 {
                    self.rest.extend_from_slice(&data[..end]);
                    (self.record_time)(&self.rest)
                } else {
                    (self.record_time)(&data[start..end])
                };
                self.time = time.or(self.time);
                self.rest.clear();
                self.rest.extend_from_slice(&data[end + 1..]);
            }
        }
    }
}
