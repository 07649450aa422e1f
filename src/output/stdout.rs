//! Writes standard output.
//!
//! A pipe gets only as many complete lines as it has room for. So no line is cut in half when the run must stop while
//! the reader blocks: a `write` that has begun cannot be taken back.

use super::{Destination, StopSignal, Unwritten, WriteFailure};
use crate::console::Console;
use crate::model::Micros;
use crate::model::exit::{Exit, Failure};
use crate::storage::{Disk, WriteContext, WriteRetry, cannot_write};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// Bytes that a pipe takes at once whenever `poll` reports room (`PIPE_BUF` on Linux, and a page).
const PAGE: usize = 4_096;
/// Capacity in bytes requested for a pipe. At the usual 64 KiB every chunk of a busy feed waits for the reader, and
/// the switches between both processes cost a tenth of all CPU time. A reader that keeps up sees its lines no later.
const PIPE: usize = 256 * 1024;
/// Interval between checks of a reader that stopped.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// Longest wait for a slow reader in a write that must not wait, and the interval of its checks.
const MOMENT: Duration = Duration::from_micros(100);
const MOMENTS: u32 = 10;
const NOT_AT_ALL: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Writes records to standard output, or to another descriptor.
pub struct StdoutSink {
    out: File,
    pipe: Option<Pipe>,
    /// Whether it is the null device, which takes everything.
    is_null: bool,
    /// Whether it is a regular file, whose torn end can be taken back.
    is_file: bool,
    context: WriteContext,
    written: u64,
}

impl std::fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StdoutSink").field("pipe", &self.pipe).field("written", &self.written).finish_non_exhaustive()
    }
}

/// Estimates how full a pipe is.
#[derive(Debug)]
struct Pipe {
    /// Number of pages that it can hold.
    pages: usize,
    /// Sizes of the writes that may still be in it, oldest first, and their sum.
    writes: VecDeque<usize>,
    sum: usize,
}

impl Pipe {
    /// Returns the bytes that can certainly be written without waiting when `unread` bytes are in the pipe.
    fn room(&mut self, unread: usize) -> usize {
        while let Some(&oldest) = self.writes.front()
            && self.sum - oldest >= unread
        {
            self.sum -= oldest;
            self.writes.pop_front();
        }
        // A write never needs more pages than it would alone, and the pages of all writes are at least half full on
        // average, because a write that fits is added to the last page.
        let by_writes: usize = self.writes.iter().map(|write| write.div_ceil(PAGE)).sum();
        let by_bytes = unread.div_ceil(PAGE) * 2 + 2;
        let used = if unread == 0 { 0 } else { by_writes.min(by_bytes) };
        self.pages.saturating_sub(used) * PAGE
    }

    fn wrote(&mut self, bytes: usize) {
        self.writes.push_back(bytes);
        self.sum += bytes;
    }
}

impl StdoutSink {
    /// Opens standard output. `stop` ends the wait for a reader that has stopped, or (after `disk_wait` at the
    /// latest) for a full disk.
    ///
    /// # Errors
    /// Exit 9 if it cannot be written.
    pub fn open(disk_wait: Duration, stop: StopSignal, console: &Console) -> Result<StdoutSink, Failure> {
        let fd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).map_err(|_| closed())?;
        StdoutSink::on(fd, disk_wait, stop, console)
    }

    /// Opens any descriptor in the same way.
    ///
    /// # Errors
    /// Exit 9 if it cannot be written.
    pub fn on(fd: OwnedFd, disk_wait: Duration, stop: StopSignal, console: &Console) -> Result<StdoutSink, Failure> {
        let flags = rustix::fs::fcntl_getfl(&fd).map_err(|_| closed())?;
        if flags & OFlags::RWMODE == OFlags::RDONLY {
            return Err(Failure::new(Exit::Output, "standard output is open for reading only; nothing can be written"));
        }
        let stat = rustix::fs::fstat(&fd).map_err(|_| closed())?;
        let pipe = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Fifo => rustix::pipe::fcntl_getpipe_size(&fd).ok().map(|bytes| {
                let wider = (bytes < PIPE).then(|| rustix::pipe::fcntl_setpipe_size(&fd, PIPE).ok()).flatten();
                Pipe { pages: wider.unwrap_or(bytes) / PAGE, writes: VecDeque::new(), sum: 0 }
            }),
            _ => None,
        };
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        let is_null =
            rustix::fs::stat("/dev/null").is_ok_and(|null| (null.st_dev, null.st_ino) == (stat.st_dev, stat.st_ino));
        let context = WriteContext { fs: Arc::new(Disk::default()), disk_wait, stop, console: console.clone() };
        Ok(StdoutSink { out: File::from(fd), pipe, is_null, is_file, context, written: 0 })
    }

    /// Makes one `write`; returns an error that waiting may cure inside, any other outside.
    fn write_some(&self, bytes: &[u8]) -> Result<io::Result<usize>, WriteFailure> {
        loop {
            return match self.context.fs.write(&self.out, bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::BrokenPipe || !self.is_file && is_hang_up(&error) => {
                    Err(WriteFailure::ReaderGone)
                }
                other => Ok(other),
            };
        }
    }

    /// Writes to a file, terminal or socket until everything is written.
    fn write_plain(&mut self, lines: &[u8], done: &mut usize) -> Result<(), WriteFailure> {
        let context = self.context.clone();
        let mut retry = WriteRetry::new(&context, "standard output");
        while *done < lines.len() {
            match self.write_some(&lines[*done..])? {
                Ok(0) => retry.wait_after(&ErrorKind::WriteZero.into())?,
                Ok(n) => *done += n,
                // Another process made it nonblocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait_for_reader()?;
                }
                Err(error) => {
                    self.take_back_torn(lines, done);
                    retry.wait_after(&error)?;
                }
            }
        }
        retry.resolved();
        Ok(())
    }

    /// Takes a line back of which a full disk took only a part.
    fn take_back_torn(&mut self, lines: &[u8], done: &mut usize) {
        use std::io::Seek as _;
        let complete_len = memchr::memrchr(b'\n', &lines[..*done]).map_or(0, |at| at + 1);
        let torn = (*done - complete_len) as u64;
        if torn == 0 || !self.is_file {
            return;
        }
        let Ok(stat) = self.context.fs.fstat(&self.out) else { return };
        if self.context.fs.set_len(&self.out, stat.len.saturating_sub(torn)).is_ok() {
            // Without append mode the next write would leave a hole.
            let _ = self.out.seek(io::SeekFrom::Current(-(torn as i64)));
            *done = complete_len;
        }
    }

    fn write_pipe(&mut self, lines: &[u8], done: &mut usize) -> Result<(), WriteFailure> {
        while *done < lines.len() {
            let rest = &lines[*done..];
            let chunk = self.fitting(rest)?;
            self.write_chunk(&rest[..chunk], done)?;
        }
        Ok(())
    }

    /// Writes lines for which the pipe, or the null device, has room.
    fn write_chunk(&mut self, lines: &[u8], done: &mut usize) -> Result<(), WriteFailure> {
        let mut at = 0;
        while at < lines.len() {
            match self.write_some(&lines[at..])? {
                Ok(n) => {
                    at += n;
                    *done += n;
                    if let Some(pipe) = &mut self.pipe {
                        pipe.wrote(n);
                    }
                }
                // Only if another process made the pipe nonblocking and others write to it too.
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_for_reader()?,
                Err(error) => return Err(WriteFailure::Failed(failed(&error))),
            }
        }
        Ok(())
    }

    /// Returns the result of a write in complete lines.
    fn wrote(&mut self, lines: &[u8], done: usize, result: Result<(), WriteFailure>) -> Result<(), Unwritten> {
        self.written += done as u64;
        result.map_err(|failure| {
            let written = memchr::memrchr(b'\n', &lines[..done]).map_or(0, |at| at + 1);
            Unwritten { failure, written }
        })
    }

    /// Returns the length of the complete lines at the beginning of `lines` that the pipe takes without waiting;
    /// waits until there is at least one.
    fn fitting(&mut self, lines: &[u8]) -> Result<usize, WriteFailure> {
        if lines.len() <= PAGE {
            self.wait_for_reader()?;
            return Ok(lines.len());
        }
        let first = memchr::memchr(b'\n', lines).map_or(lines.len(), |at| at + 1);
        loop {
            let unread = rustix::io::ioctl_fionread(&self.out).unwrap_or(0) as usize;
            let Some(pipe) = &mut self.pipe else { return Ok(lines.len()) };
            if first > pipe.pages * PAGE {
                // Not even one line fits: enlarge the pipe, or else let the write wait.
                match rustix::pipe::fcntl_setpipe_size(&self.out, first.next_power_of_two()) {
                    Ok(bytes) => pipe.pages = bytes / PAGE,
                    Err(_) => return Ok(first),
                }
            }
            let room = pipe.room(unread);
            let complete_len = |limit: usize| {
                let limit = limit.min(lines.len());
                memchr::memrchr(b'\n', &lines[..limit]).map_or(0, |at| at + 1)
            };
            // Less than half a page of room is not worth a system call.
            let chunk = complete_len(room);
            if chunk > PAGE || chunk == lines.len() {
                return Ok(chunk);
            }
            self.wait_for_reader()?;
            if first <= PAGE {
                return Ok(complete_len(PAGE));
            }
            // A long line needs more pages than the one that `poll` promises.
            if self.context.stop.is_stopped() {
                return Err(WriteFailure::Stopped);
            }
            self.context.fs.pause(Duration::from_millis(1));
        }
    }

    /// Returns whether the pipe takes this many bytes without waiting, now or in a moment.
    fn has_room(&mut self, bytes: usize) -> bool {
        if self.pipe.as_ref().is_none_or(|pipe| bytes > pipe.pages * PAGE) {
            return false;
        }
        for moment in 0..MOMENTS {
            if moment > 0 {
                self.context.fs.pause(MOMENT);
            }
            let has_room = if bytes <= PAGE {
                matches!(poll(&mut [PollFd::new(&self.out, PollFlags::OUT)], Some(&NOT_AT_ALL)), Ok(1..))
            } else {
                let unread = rustix::io::ioctl_fionread(&self.out).unwrap_or(0) as usize;
                self.pipe.as_mut().is_some_and(|pipe| pipe.room(unread) >= bytes)
            };
            if has_room {
                return true;
            }
        }
        false
    }

    /// Waits until at least a page can be written.
    fn wait_for_reader(&self) -> Result<(), WriteFailure> {
        let mut patient = false;
        loop {
            let mut fds = [PollFd::new(&self.out, PollFlags::OUT)];
            match poll(&mut fds, Some(if patient { &LOOK } else { &NOT_AT_ALL })) {
                Ok(0) => {
                    if self.context.stop.is_stopped() {
                        return Err(WriteFailure::Stopped);
                    }
                    patient = true;
                }
                // The write will report an error condition.
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(WriteFailure::Failed(failed(&errno.into()))),
            }
        }
    }
}

/// Returns whether an error means that a terminal or a socket is closed.
fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::NotConnected)
        || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

fn closed() -> Failure {
    Failure::new(Exit::Output, "standard output is closed; redirect it (>FILE, | COMMAND) or write to -o FILE")
}

fn failed(error: &io::Error) -> Failure {
    cannot_write("standard output", error)
}

impl Destination for StdoutSink {
    fn name(&self) -> String {
        "standard output".to_owned()
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Unwritten> {
        let mut done = 0;
        let result =
            if self.pipe.is_some() { self.write_pipe(lines, &mut done) } else { self.write_plain(lines, &mut done) };
        self.wrote(lines, done, result)
    }

    fn is_prompt(&self) -> bool {
        self.pipe.is_some() || self.is_null
    }

    fn write_at_once(&mut self, lines: &[u8]) -> Result<bool, Unwritten> {
        if !self.is_null && !self.has_room(lines.len()) {
            return Ok(false);
        }
        let mut done = 0;
        let result = self.write_chunk(lines, &mut done);
        self.wrote(lines, done, result).map(|()| true)
    }

    fn tick(&mut self, _now: Micros) -> Result<(), WriteFailure> {
        // Detects a reader that left, even if there is nothing to write.
        let mut fds = [PollFd::from_borrowed_fd(self.out.as_fd(), PollFlags::empty())];
        if !self.is_file
            && !self.is_null
            && matches!(poll(&mut fds, Some(&NOT_AT_ALL)), Ok(1..))
            && fds[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
        {
            return Err(WriteFailure::ReaderGone);
        }
        Ok(())
    }

    fn finish(&mut self, end_line: Option<&[u8]>) -> Result<(), WriteFailure> {
        end_line.map_or(Ok(()), |line| self.write(line).map_err(|unwritten| unwritten.failure))
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn piped(stop: &StopSignal) -> (File, StdoutSink) {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let sink = StdoutSink::on(writer, Duration::ZERO, stop.clone(), &Console::default()).unwrap();
        (File::from(reader), sink)
    }

    fn lines(sizes: impl IntoIterator<Item = usize>) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, size) in sizes.into_iter().enumerate() {
            let mut line = format!("{i}:").into_bytes();
            line.resize(size.max(line.len()), b'x');
            line.push(b'\n');
            out.extend_from_slice(&line);
        }
        out
    }

    #[test]
    fn a_reader_that_stopped_never_sees_half_a_line_when_we_are_told_to_stop() {
        for sizes in
            [vec![200; 2_000], vec![3_000; 120], vec![25_000; 24], (1..3_000).map(|i| i * 37 % 5_000).collect()]
        {
            for chunk in [1, 3, 400] {
                let stop = StopSignal::default();
                let (mut reader, mut sink) = piped(&stop);
                // Stopped before the pipe is full: the wait ends as soon as one would be needed.
                stop.stop();
                let all = lines(sizes.iter().copied());
                let all_lines: Vec<&[u8]> = all.split_inclusive(|&b| b == b'\n').collect();
                let mut accepted = 0;
                let mut end = None;
                for group in all_lines.chunks(chunk) {
                    match sink.write(&group.concat()) {
                        Ok(()) => accepted += group.concat().len(),
                        Err(unwritten) => {
                            accepted += unwritten.written;
                            end = Some(unwritten.failure);
                            break;
                        }
                    }
                }
                assert_eq!(end, Some(WriteFailure::Stopped));
                drop(sink);
                let mut text = Vec::new();
                reader.read_to_end(&mut text).unwrap();
                assert_eq!(text.len(), accepted);
                assert!(all.starts_with(&text) && text.last().is_none_or(|&b| b == b'\n'));
                // The pipe was filled.
                assert!(accepted >= 24_000, "only {accepted} bytes of {} byte lines", sizes[0]);
            }
        }
    }

    #[test]
    fn everything_arrives_in_order_at_a_reader_that_takes_odd_bits() {
        let stop = StopSignal::default();
        let (mut reader, mut sink) = piped(&stop);
        let all = lines((0..20_000).map(|i| i * 7_919 % 700).chain([70_000, 9_000, 200_000]));
        let expected = all.clone();
        let reading = std::thread::spawn(move || {
            let (mut text, mut bytes, mut size) = (Vec::new(), vec![0; 50_000], 1);
            loop {
                let n = reader.read(&mut bytes[..size]).unwrap();
                if n == 0 {
                    return text;
                }
                text.extend_from_slice(&bytes[..n]);
                size = size * 31 % 49_999 + 1;
            }
        });
        for chunk in all.split_inclusive(|&b| b == b'\n').collect::<Vec<_>>().chunks(97) {
            sink.write(&chunk.concat()).unwrap();
        }
        drop(sink);
        assert!(reading.join().unwrap() == expected);
    }

    #[test]
    fn a_reader_that_went_is_noticed_writing_or_not() {
        let (reader, mut sink) = piped(&StopSignal::default());
        sink.tick(Micros::EPOCH).unwrap();
        drop(reader);
        assert_eq!(sink.tick(Micros::EPOCH), Err(WriteFailure::ReaderGone));
        assert_eq!(sink.write(b"x\n").unwrap_err().failure, WriteFailure::ReaderGone);
    }

    #[test]
    fn a_full_device_is_exit_9_after_the_wait() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut sink = StdoutSink::on(full.into(), Duration::ZERO, StopSignal::default(), &Console::default()).unwrap();
        let Err(Unwritten { failure: WriteFailure::Failed(failure), written: 0 }) = sink.write(b"x\n") else {
            panic!("a full device took a line");
        };
        assert_eq!(failure.exit, Exit::Output);
        assert!(failure.message.contains("standard output") && failure.message.contains("No space left"));
    }

    #[test]
    fn a_descriptor_for_reading_is_refused_at_the_start() {
        let null = File::open("/dev/null").unwrap();
        let refused = StdoutSink::on(null.into(), Duration::ZERO, StopSignal::default(), &Console::default());
        assert_eq!(refused.unwrap_err().exit, Exit::Output);
    }
}
