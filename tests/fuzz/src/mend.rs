//! Compressed files read as far as they go, and torn tails made whole again: no whole line is lost, no torn one is left.

use super::take::Take;
use dhan::testing::console::{Console, ConsoleConfig, LogLevel};
use dhan::testing::format::encoder::Format;
use dhan::testing::model::Micros;
use dhan::testing::output::file::{FileSink, FileSpec};
use dhan::testing::output::{Destination as _, StopSignal};
use dhan::testing::storage::{Compression, FrameEvent, FrameScan, scan};
use std::io::{Error, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);
/// More than this is not unpacked: a few bytes may stand for gigabytes.
const MOST: usize = 4 << 20;
const END: &[u8] = b"{\"type\":\"end\",\"recv_us\":1781065200000009}\n";

/// What comes out, and how far it could be read; `None` if it was too much.
fn read(compression: Compression, bytes: &[u8]) -> Option<(Vec<u8>, Vec<u64>, FrameScan)> {
    let (mut text, mut ends) = (Vec::new(), Vec::new());
    let walked = scan(compression, bytes, 0, |piece| {
        match piece {
            FrameEvent::Data(data) if text.len() + data.len() > MOST => return Err(Error::other("too much")),
            FrameEvent::Data(data) => text.extend_from_slice(data),
            FrameEvent::FrameEnd(end) => ends.push(end),
        }
        Ok(())
    });
    walked.ok().map(|walked| (text, ends, walked))
}

/// Any bytes at all, as each kind of file.
fn walk_anything(bytes: &[u8]) {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let Some((text, ends, walked)) = read(compression, bytes) else { continue };
        assert!(ends.is_sorted() && ends.last().copied().unwrap_or(0) == walked.complete_to);
        assert!(walked.torn || walked.complete_to == bytes.len() as u64, "{walked:?} of {}", bytes.len());
        // What is whole is whole also without what follows.
        let whole = &bytes[..walked.complete_to as usize];
        let (again, _, walked) = read(compression, whole).expect("less than before");
        assert!(!walked.torn && walked.complete_to == whole.len() as u64);
        assert!(text.starts_with(&again));
    }
}

/// A run's file as a kill left it, and what of it must be there afterwards.
struct Left {
    bytes: Vec<u8>,
    /// Where the newest frame begins.
    frame_at: u64,
    /// Lines that were flushed before the kill.
    kept: Vec<u8>,
}

fn pack(compression: Compression, blocks: &[Vec<u8>], finish: bool) -> (Vec<u8>, Vec<usize>) {
    let mut ends = Vec::new();
    match compression {
        Compression::None => {
            let mut out = Vec::new();
            for block in blocks {
                out.extend_from_slice(block);
                ends.push(out.len());
            }
            (out, ends)
        }
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            for block in blocks {
                encoder.write_all(block).and_then(|()| encoder.flush()).expect("memory takes everything");
                ends.push(encoder.get_ref().len());
            }
            (if finish { encoder.finish().expect("memory") } else { encoder.get_ref().clone() }, ends)
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("an encoder");
            for block in blocks {
                encoder.write_all(block).and_then(|()| encoder.flush()).expect("memory takes everything");
                ends.push(encoder.get_ref().len());
            }
            (if finish { encoder.finish().expect("memory") } else { encoder.get_ref().clone() }, ends)
        }
    }
}

/// Frames of lines, the last one unfinished and cut anywhere, with something else behind it now and then.
fn left(take: &mut Take<'_>, compression: Compression) -> Left {
    let block = |take: &mut Take<'_>| {
        let mut lines = Vec::new();
        for _ in 0..=take.u8() % 3 {
            let text = take.text().replace('\n', " ");
            lines.extend_from_slice(text.as_bytes());
            lines.push(b'\n');
        }
        lines
    };
    let blocks = |take: &mut Take<'_>| (0..take.u8() % 4).map(|_| block(take)).collect::<Vec<_>>();
    let (mut bytes, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..take.u8() % 3 {
        let whole = blocks(take);
        let (packed, _) = pack(compression, &whole, true);
        bytes.extend(packed);
        kept.extend(whole.concat());
    }
    let frame_at = bytes.len() as u64;
    let last = blocks(take);
    let (packed, ends) = pack(compression, &last, false);
    let cut = usize::from(take.u16()) % (packed.len() + 1);
    bytes.extend_from_slice(&packed[..cut]);
    for (block, end) in last.iter().zip(&ends) {
        if *end <= cut {
            kept.extend_from_slice(block);
        }
    }
    if cut == packed.len() && take.bit() {
        bytes.extend_from_slice(take.chunk());
    }
    Left { bytes, frame_at, kept }
}

fn beside(folder: &Path, part: &str) -> Vec<PathBuf> {
    let names = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    names.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(part))).collect()
}

fn mend(take: &mut Take<'_>) {
    let (compression, name) = take.one(&[
        (Compression::None, "x.ndjson"),
        (Compression::Gzip, "x.ndjson.gz"),
        (Compression::Zstd, "x.ndjson.zst"),
    ]);
    let honest = !take.u8().is_multiple_of(4);
    let left = left(take, compression);
    // In memory where there is such a folder.
    let folder = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, &left.bytes).expect("a file");
    let pattern = path.to_string_lossy().into_owned();
    let marker = if honest {
        serde_json::json!({"pid": 1, "pattern": pattern, "since_us": NOW.plus_us(-9), "len": 0, "frame_at": left.frame_at, "last_us": null, "mend_at": null})
            .to_string()
            .into_bytes()
    } else if take.bit() {
        let mut number = || take.bit().then(|| u64::from(take.u16()));
        let (frame_at, mend_at, last_us) = (number().unwrap_or(0), number(), number());
        serde_json::json!({"pid": 1, "pattern": pattern, "since_us": take.u64() as i64, "len": take.u16(), "frame_at": frame_at, "last_us": last_us, "mend_at": mend_at})
            .to_string()
            .into_bytes()
    } else {
        take.chunk().to_vec()
    };
    std::fs::write(folder.path().join(format!(".{name}.dhan")), marker).expect("a marker");
    let spec = FileSpec {
        pattern,
        format: Format::Ndjson,
        csv_header: None,
        rotate_size: None,
        mode: 0o644,
        on_rotate: None,
        disk_wait: Duration::ZERO,
        stop: StopSignal::default(),
    };
    let console = Console::new(ConsoleConfig { level: LogLevel::Error, ..ConsoleConfig::default() });
    // A note that lies may be refused in words; one that a run wrote never is.
    let mut sink = match FileSink::open(spec, NOW, &console) {
        Ok(opened) => opened.sink,
        Err(failure) => return assert!(!honest, "{failure}"),
    };
    let written = sink.path().expect("a file").to_owned();
    sink.finish(Some(END)).expect("the last line");
    let now = std::fs::read(&path).expect("the file");
    if !honest {
        return;
    }
    let Some((text, _, walked)) = read(compression, &now) else { return };
    assert!(!walked.torn, "the file is whole again");
    // Lines never follow what does not begin as ours.
    let mended = if written == path {
        text.strip_suffix(END).expect("what is written after mending is there")
    } else {
        assert!(!text.starts_with(b"{"), "it was not ours");
        &text
    };
    assert!(mended.is_empty() || mended.ends_with(b"\n"), "no torn line is left");
    assert!(mended.starts_with(&left.kept), "no whole line is lost");
    if compression == Compression::None {
        let torn = beside(folder.path(), ".torn-");
        let aside = torn.first().map(|path| std::fs::read(path).expect("what was torn")).unwrap_or_default();
        assert_eq!([mended, &aside].concat(), left.bytes, "every byte is here or aside");
    }
    assert!(beside(folder.path(), "dhan").is_empty(), "an orderly end leaves nothing behind");
}

/// The first byte: scan the bytes as they are, or mend a file made of them.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    if take.u8() % 4 == 0 {
        walk_anything(take.0);
    } else {
        mend(&mut take);
    }
}
