//! Captures: entries are read back as they were written, and of a damaged file everything else is read.

use super::take::Take;
use dhan::testing::capture::block::{ENTRIES, HEADER, SESSION, put};
use dhan::testing::capture::entry::{Entries, Entry, EntryIter};
use dhan::testing::capture::play::CaptureSession;
use dhan::testing::capture::{Part, Player};
use dhan::testing::model::{Micros, Stream};

/// What a payload holds, as far as it is whole.
fn entries(payload: &[u8]) -> Vec<Entry<'_>> {
    EntryIter::new(payload).map(|all| all.map_while(Result::ok).collect()).unwrap_or_default()
}

/// Whatever was read is read again once it is written.
fn written_again(payload: &[u8]) {
    let read = entries(payload);
    let mut block = Entries::new(1, Micros::from_secs(1_781_065_200));
    for entry in &read {
        match entry {
            Entry::Frame(frame) => block.frame(frame),
            Entry::Event(event) => block.event(event),
            Entry::Lagged(lagged) => block.lagged(*lagged),
            Entry::EndsWithin { packets, reason } => block.ends_within(*packets, reason),
            Entry::Once(wanted) => block.once(wanted),
            Entry::Partner => block.partner(),
            Entry::Finish(finish) => block.finish(finish),
            // Of a later version: passed over.
            Entry::Other(_) => {}
        }
    }
    let known: Vec<_> = read.into_iter().filter(|entry| !matches!(entry, Entry::Other(_))).collect();
    let again = entries(block.bytes());
    assert_eq!(again, known, "what is written is read back");
}

/// How many sessions and blocks of entries there are, and the bytes that are told to be lost.
fn played(file: &[u8]) -> (usize, Vec<Vec<u8>>, Vec<std::ops::Range<u64>>) {
    let (mut sessions, mut frames, mut lost) = (0, Vec::new(), Vec::new());
    let mut player = Player::new(file).expect("memory can be read");
    let mut parts = 0;
    while let Some(part) = player.next().expect("memory can be read") {
        parts += 1;
        assert!(parts <= 2 * file.len() + 2, "it goes on for ever");
        match part {
            Part::Session(_) => sessions += 1,
            Part::Entries(all) => {
                for entry in all.flatten() {
                    if let Entry::Frame(frame) = entry {
                        frames.push(frame.bytes.to_vec());
                    }
                }
            }
            Part::Damaged(range) | Part::Torn(range) => {
                // A block that is right and holds nothing readable is told where it ends.
                assert!(range.start <= range.end && range.end <= file.len() as u64, "{range:?} of {}", file.len());
                lost.push(range);
            }
            Part::Missing { blocks } => assert!(blocks > 0),
            Part::Newer { .. } => {}
        }
    }
    (sessions, frames, lost)
}

fn session(out: &mut Vec<u8>, feed: Stream) {
    let session =
        CaptureSession { feed, created: Micros::from_secs(1_781_065_200), pid: 7, program: "dhan 0.1.0".to_owned() };
    assert_eq!(CaptureSession::read(&session.bytes()), Ok(session.clone()));
    put(out, SESSION, &session.bytes());
}

/// Blocks that are right, then one place that is not.
fn damaged(take: &mut Take<'_>) {
    let mut file = Vec::new();
    session(&mut file, Stream::Market);
    let mut frames = Vec::new();
    let mut ends = vec![file.len()];
    for number in 1..=u64::from(take.u8() % 4) {
        let mut block = Entries::new(number, Micros::from_secs(1_781_065_200));
        for _ in 0..take.u8() % 4 {
            let bytes = take.fewer_than(40);
            let kind = dhan::testing::pipeline::item::FrameKind::Binary;
            let recv = Micros::from_secs(1_781_065_200).plus_us(i64::from(take.u16()));
            block.frame(&dhan::testing::pipeline::item::Frame {
                conn: u16::from(take.u8()),
                kind,
                recv,
                bytes,
                packet: None,
            });
            frames.push((bytes.to_vec(), number as usize));
        }
        put(&mut file, ENTRIES, block.bytes());
        ends.push(file.len());
    }
    let (sessions, read, lost) = played(&file);
    assert_eq!((sessions, lost.len()), (1, 0));
    assert_eq!(read, frames.iter().map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>());
    let at = usize::from(take.u16()) % file.len();
    let flip = take.u8();
    if flip == 0 {
        file.truncate(at);
    } else {
        file[at] ^= flip;
    }
    // A flip costs the block it is in; a cut all that follow.
    let (_, read, _) = played(&file);
    let hit = ends.iter().position(|&end| at < end).unwrap_or(0);
    let before: Vec<_> = frames.iter().filter(|(_, block)| *block < hit).map(|(bytes, _)| bytes.clone()).collect();
    if hit > 0 {
        assert!(read.starts_with(&before), "what lies before the damage is read");
    }
}

/// The first byte: any bytes as a file, as a block's payload, as payloads below right checksums; or a right file, damaged.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    match take.u8() % 4 {
        0 => {
            let _ = played(take.0);
            let _ = dhan::testing::capture::fuzz(take.0);
        }
        1 => written_again(take.0),
        2 => {
            let mut file = Vec::new();
            session(&mut file, take.one(&[Stream::Market, Stream::Orders]));
            while !take.is_empty() {
                let kind = take.one(&[ENTRIES, ENTRIES, SESSION, b'?']);
                let payload = take.chunk();
                put(&mut file, kind, payload);
                if take.u8() % 16 == 15 {
                    file.extend_from_slice(take.fewer_than(HEADER as u8));
                }
            }
            let _ = played(&file);
            let packed = zstd::bulk::compress(&file, 1).expect("memory takes everything");
            let _ = played(&packed);
        }
        _ => damaged(&mut take),
    }
}
