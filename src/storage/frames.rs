//! Writes compressed files as independent frames of flushed blocks, and reads them one frame at a time.

use super::names::Compression;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use zstd::stream::raw::Operation as _;

/// Compresses lines into frames. It emits complete blocks: everything written before a flush can be read back from
/// them.
pub enum Compressor {
    /// One gzip member.
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    /// One Zstandard frame.
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    /// Starts a frame; returns `None` for files that are not compressed.
    pub fn new(compression: Compression) -> io::Result<Option<Compressor>> {
        Ok(match compression {
            Compression::None => None,
            Compression::Gzip => {
                Some(Compressor::Gzip(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default())))
            }
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Some(Compressor::Zstd(encoder))
            }
        })
    }

    /// Compresses lines.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Compressor::Gzip(encoder) => encoder.write_all(lines),
            Compressor::Zstd(encoder) => encoder.write_all(lines),
        }
    }

    /// Returns the number of compressed bytes that were not handed out yet.
    pub fn ready(&self) -> usize {
        match self {
            Compressor::Gzip(encoder) => encoder.get_ref().len(),
            Compressor::Zstd(encoder) => encoder.get_ref().len(),
        }
    }

    /// Closes a block and appends the compressed bytes to `out`.
    pub fn flush_into(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Compressor::Gzip(encoder) => {
                encoder.flush()?;
                out.append(encoder.get_mut());
            }
            Compressor::Zstd(encoder) => {
                encoder.flush()?;
                out.append(encoder.get_mut());
            }
        }
        Ok(())
    }

    /// Closes the frame and appends its last bytes to `out`.
    pub fn finish_into(self, out: &mut Vec<u8>) -> io::Result<()> {
        let mut rest = match self {
            Compressor::Gzip(encoder) => encoder.finish()?,
            Compressor::Zstd(encoder) => encoder.finish()?,
        };
        out.append(&mut rest);
        Ok(())
    }
}

/// Holds what is read from a compressed file.
pub enum FrameEvent<'a> {
    /// Decompressed bytes of the current frame.
    Data(&'a [u8]),
    /// The current frame is complete and ends at this offset of the file.
    FrameEnd(
        #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "fuzz targets and tests read it"))]
        u64,
    ),
}

/// Says how far a compressed file can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameScan {
    /// Offset of the end of the last complete frame.
    pub complete_to: u64,
    /// Whether an incomplete frame follows it.
    pub torn: bool,
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(bytes)?;
        self.count += n as u64;
        Ok(n)
    }
}

/// Decodes frame after frame, beginning at offset `start`, as far as possible.
///
/// # Errors
/// Returns errors of reading and of `on`. A torn or damaged frame is not an error.
pub fn scan(
    compression: Compression,
    input: impl Read,
    start: u64,
    mut on: impl FnMut(FrameEvent<'_>) -> io::Result<()>,
) -> io::Result<FrameScan> {
    let mut input = BufReader::with_capacity(128 * 1024, Counted { inner: input, count: start });
    let mut complete_to = start;
    let mut bytes = vec![0; 128 * 1024];
    loop {
        if input.fill_buf()?.is_empty() {
            return Ok(FrameScan { complete_to, torn: false });
        }
        let complete = match compression {
            Compression::None => plain_frame(&mut input, &mut on)?,
            Compression::Gzip => gzip_member(&mut input, &mut bytes, &mut on)?,
            Compression::Zstd => zstd_frame(&mut input, &mut bytes, &mut on)?,
        };
        if !complete {
            return Ok(FrameScan { complete_to, torn: true });
        }
        complete_to = input.get_ref().count - input.buffer().len() as u64;
        on(FrameEvent::FrameEnd(complete_to))?;
    }
}

type Input<R> = BufReader<Counted<R>>;

fn plain_frame<R: Read>(
    input: &mut Input<R>,
    on: &mut impl FnMut(FrameEvent<'_>) -> io::Result<()>,
) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let n = bytes.len();
        on(FrameEvent::Data(bytes))?;
        input.consume(n);
    }
}

fn gzip_member<R: Read>(
    input: &mut Input<R>,
    bytes: &mut [u8],
    on: &mut impl FnMut(FrameEvent<'_>) -> io::Result<()>,
) -> io::Result<bool> {
    let mut decoder = flate2::bufread::GzDecoder::new(input);
    loop {
        match decoder.read(bytes) {
            Ok(0) => return Ok(true),
            Ok(n) => on(FrameEvent::Data(&bytes[..n]))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_damage(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

fn zstd_frame<R: Read>(
    input: &mut Input<R>,
    bytes: &mut [u8],
    on: &mut impl FnMut(FrameEvent<'_>) -> io::Result<()>,
) -> io::Result<bool> {
    let mut decoder = zstd::stream::raw::Decoder::new()?;
    loop {
        let packed = input.fill_buf()?;
        let at_end = packed.is_empty();
        let Ok(status) = decoder.run_on_buffers(packed, bytes) else { return Ok(false) };
        input.consume(status.bytes_read);
        if status.bytes_written > 0 {
            on(FrameEvent::Data(&bytes[..status.bytes_written]))?;
        }
        if status.remaining == 0 {
            return Ok(true);
        }
        if at_end && status.bytes_written == 0 {
            return Ok(false);
        }
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    error.raw_os_error().is_none() && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof | Other)
}

/// Returns whether an unfinished frame ends exactly behind a flushed block, so that no part of a block is lost.
pub fn ends_with_complete_block(compression: Compression, input: impl Read) -> io::Result<bool> {
    let mut input = BufReader::new(input);
    match compression {
        Compression::None => Ok(true),
        Compression::Gzip => {
            // A flush ends with an empty stored block.
            let mut last = [0; 4];
            loop {
                let bytes = input.fill_buf()?;
                let n = bytes.len();
                if n == 0 {
                    return Ok(last == [0, 0, 0xff, 0xff]);
                }
                let mut window = last.to_vec();
                window.extend_from_slice(&bytes[n.saturating_sub(4)..]);
                last.copy_from_slice(&window[window.len() - 4..]);
                input.consume(n);
            }
        }
        Compression::Zstd => zstd_blocks_end(&mut input),
    }
}

/// Reads the block headers of one frame (RFC 8878, 3.1.1); returns whether it ends at a block's end.
fn zstd_blocks_end(input: &mut impl io::BufRead) -> io::Result<bool> {
    let mut head = [0; 5];
    if !fill(input, &mut head)? {
        return Ok(false);
    }
    let descriptor = head[4];
    let single_segment = descriptor & 0x20 != 0;
    let window = usize::from(!single_segment);
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content = match descriptor >> 6 {
        0 => usize::from(single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    if !skip(input, window + dictionary + content)? {
        return Ok(false);
    }
    loop {
        if input.fill_buf()?.is_empty() {
            return Ok(true);
        }
        let mut header = [0; 3];
        if !fill(input, &mut header)? {
            return Ok(false);
        }
        let header = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let size = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
        if !skip(input, size as usize)? || header & 1 == 1 {
            // Behind the last block only the checksum can be missing.
            return Ok(false);
        }
    }
}

fn fill(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn skip(input: &mut impl Read, bytes: usize) -> io::Result<bool> {
    Ok(io::copy(&mut input.take(bytes as u64), &mut io::sink())? == bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(compression: Compression, frames: &[&[&str]], finish_last: bool) -> (Vec<u8>, Vec<usize>) {
        let (mut out, mut flushed) = (Vec::new(), Vec::new());
        for (i, blocks) in frames.iter().enumerate() {
            let mut compressor = Compressor::new(compression).unwrap().unwrap();
            for block in *blocks {
                compressor.write(block.as_bytes()).unwrap();
                compressor.flush_into(&mut out).unwrap();
                flushed.push(out.len());
            }
            if finish_last || i + 1 < frames.len() {
                compressor.finish_into(&mut out).unwrap();
            }
        }
        (out, flushed)
    }

    fn read_back(compression: Compression, bytes: &[u8]) -> (String, FrameScan) {
        let mut text = Vec::new();
        let scan = scan(compression, bytes, 0, |piece| {
            if let FrameEvent::Data(data) = piece {
                text.extend_from_slice(data);
            }
            Ok(())
        });
        (String::from_utf8_lossy(&text).into_owned(), scan.unwrap())
    }

    #[test]
    fn a_cut_at_any_byte_gives_every_block_before_it_and_is_noticed() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let (bytes, flushed) = packed(compression, &[&["one\n", "two\n"], &["three\n", "four\n"]], false);
            let (first_frame, _) = packed(compression, &[&["one\n", "two\n"]], true);
            for cut in 0..=bytes.len() {
                let (text, scan) = read_back(compression, &bytes[..cut]);
                let blocks = flushed.iter().filter(|&&end| end <= cut).count();
                let all = ["one\n", "two\n", "three\n", "four\n"];
                assert!(text.starts_with(&all[..blocks].concat()), "{compression:?} cut at {cut}: {text:?}");
                let complete = if cut >= first_frame.len() { first_frame.len() } else { 0 };
                assert_eq!(
                    scan,
                    FrameScan { complete_to: complete as u64, torn: cut != complete },
                    "{compression:?} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn only_behind_a_flushed_block_is_nothing_half_there() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let (bytes, flushed) = packed(compression, &[&["one\n", "two\n", "three\n"]], false);
            for cut in 1..=bytes.len() {
                let complete = ends_with_complete_block(compression, &bytes[..cut]).unwrap();
                // In a frame of which only the header is there, nothing is lost either way.
                if cut >= flushed[0] {
                    assert_eq!(complete, flushed.contains(&cut), "{compression:?} cut at {cut} of {flushed:?}");
                }
            }
        }
    }
}
