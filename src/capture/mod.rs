//! Raw frames in a file, written and read: everything that reached the writer of a live run, so that a replay prints
//! the same bytes. The format is described for others in dhan-capture(5).
//!
//! * [`entry`] – frames and events as bytes, and back.
//! * [`block`] – the checked blocks that entries are kept in, found again in whatever is left of a file.
//! * [`record`] – the file while it is written.
//! * [`play`] – a file read back, session by session.
//!
//! What is kept is exactly what the sockets handed on: no handshake, no login, nothing that was sent.

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

/// Reads a capture of any bytes to its end, for fuzzing: entries, damaged stretches, and the frames' bytes.
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
