//! Reads and writes blocks of 4 KiB, each with its checksum.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;

/// Size of a block in bytes.
pub const BLOCK: usize = 4096;
/// Size in bytes of a block's content; the rest is the checksum.
pub const CONTENT: usize = BLOCK - 4;

/// Bytes that can be read at any offset.
#[derive(Debug)]
pub enum Bytes {
    /// A file.
    File(File),
    /// The first bytes of a file.
    Part(File, u64),
    /// Memory, if no file can be written.
    Memory(Vec<u8>),
}

impl Bytes {
    /// Returns the number of bytes.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn size(&self) -> io::Result<u64> {
        match self {
            Bytes::File(file) => Ok(file.metadata()?.len()),
            Bytes::Part(_, len) => Ok(*len),
            Bytes::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// Fills the buffer from offset `at`.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are fewer bytes, else the operating system's error.
    pub fn read_exact_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Bytes::File(file) => file.read_exact_at(buffer, at),
            Bytes::Part(_, len) if at.saturating_add(buffer.len() as u64) > *len => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Bytes::Part(file, _) => file.read_exact_at(buffer, at),
            Bytes::Memory(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..buffer.len()));
                buffer.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }

    /// Reads from offset `at`, at most as much as the buffer holds; returns 0 at the end.
    ///
    /// # Errors
    /// Returns the operating system's error.
    pub fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::File(file) => file.read_at(buffer, at),
            Bytes::Part(file, len) => {
                let remaining = usize::try_from(len.saturating_sub(at)).unwrap_or(usize::MAX);
                let most = remaining.min(buffer.len());
                file.read_at(&mut buffer[..most], at)
            }
            Bytes::Memory(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or(&[]);
                let len = from.len().min(buffer.len());
                buffer[..len].copy_from_slice(&from[..len]);
                Ok(len)
            }
        }
    }

    /// Returns the CRC-32 of the first `len` bytes.
    ///
    /// # Errors
    /// `UnexpectedEof` if there are fewer bytes, else the operating system's error.
    pub fn crc(&self, len: u64) -> io::Result<u32> {
        let mut hasher = crc32fast::Hasher::new();
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0;
        while at < len {
            let want = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
            self.read_exact_at(at, &mut buffer[..want])?;
            hasher.update(&buffer[..want]);
            at += want as u64;
        }
        Ok(hasher.finalize())
    }
}

/// Returns the number of blocks for `count` items of a size.
pub const fn blocks_of(count: usize, size: usize) -> usize {
    count.div_ceil(CONTENT / size)
}

/// Returns the checksum of a block's content, section and number, so that a block is valid only in its place.
pub fn checksum(content: &[u8], stamp: u32, section: u8, block: usize) -> u32 {
    let place = (u32::from(section) << 28) ^ u32::try_from(block).unwrap_or(u32::MAX);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&stamp.to_le_bytes());
    hasher.update(&place.to_le_bytes());
    hasher.update(content);
    hasher.finalize()
}

/// Writes items as blocks.
pub(super) fn write<const N: usize>(
    out: &mut impl Write,
    stamp: u32,
    section: u8,
    items: impl Iterator<Item = [u8; N]>,
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    let (mut filled, mut number) = (0, 0);
    let mut close = |block: &mut [u8; BLOCK], number: usize| {
        let sum = checksum(&block[..CONTENT], stamp, section, number);
        block[CONTENT..].copy_from_slice(&sum.to_le_bytes());
        let written = out.write_all(block.as_slice());
        block.fill(0);
        written
    };
    for item in items {
        if filled + N > CONTENT {
            close(&mut block, number)?;
            (filled, number) = (0, number + 1);
        }
        block[filled..filled + N].copy_from_slice(&item);
        filled += N;
    }
    if filled > 0 { close(&mut block, number) } else { Ok(()) }
}

/// Returns the content of a block, if its checksum is right.
pub fn content(block: &[u8], stamp: u32, section: u8, number: usize) -> Option<&[u8]> {
    let (content, sum) = block.split_at_checked(CONTENT)?;
    (checksum(content, stamp, section, number).to_le_bytes() == *sum).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_right_only_where_it_belongs() {
        let mut out = Vec::new();
        write(&mut out, 7, 1, (0..2000u32).map(u32::to_le_bytes)).unwrap();
        assert_eq!(out.len(), blocks_of(2000, 4) * BLOCK);
        assert!(content(&out[..BLOCK], 7, 1, 0).is_some());
        for (stamp, section, number) in [(8, 1, 0), (7, 2, 0), (7, 1, 1)] {
            assert!(content(&out[..BLOCK], stamp, section, number).is_none());
        }
        for at in 0..BLOCK {
            let mut flipped = out[..BLOCK].to_vec();
            flipped[at] ^= 1 << (at % 8);
            assert!(content(&flipped, 7, 1, 0).is_none(), "{at}");
        }
    }
}
