//! Writes raw frames to a file and reads them back: everything that reached the pipeline of a live run, so that a
//! replay prints the same bytes. dhan-capture(5) describes the format for other programs.
//!
//! * [`entry`] – encodes frames and events, and decodes them.
//! * [`block`] – the checksummed blocks that hold entries, and finding them in a damaged file.
//! * [`record`] – the file while it is written.
//! * [`play`] – a file read back, session by session.
//!
//! A capture holds exactly what the sockets received after the handshake: no login, and nothing that was sent.

pub mod block;
pub mod entry;
mod open;
pub mod play;
pub mod record;
#[cfg(test)]
mod tests;
mod varint;
mod writer;

pub use open::open;
pub use play::{Part, Player};
pub use record::Recorder;

/// Reads a capture of any bytes to its end, for fuzzing; returns the numbers of entries, damaged ranges and frame
/// bytes.
#[cfg(any(test, feature = "testing"))]
pub fn fuzz(bytes: &[u8]) -> (u64, u64, u64) {
    let (mut entries, mut damaged, mut frames) = (0, 0, 0);
    let Ok(mut player) = Player::new(bytes) else { return (0, 0, 0) };
    while let Ok(Some(part)) = player.next() {
        match part {
            Part::Entries(block) => {
                for entry in block {
                    match entry {
                        Ok(entry::Entry::Frame(frame)) => {
                            entries += 1;
                            frames += frame.bytes.len() as u64;
                        }
                        Ok(_) => entries += 1,
                        Err(_) => damaged += 1,
                    }
                }
            }
            Part::Session(_) => entries += 1,
            Part::Damaged(_) | Part::Torn(_) | Part::Newer { .. } | Part::Missing { .. } => damaged += 1,
        }
    }
    (entries, damaged, frames)
}
