//! Describes a received message and the headers in it, for `-vv`.

use crate::console::untrusted;
use crate::model::Stream;
use crate::protocol::{Malformed, depth, feed};
use std::fmt::Write as _;

/// Returns one line about a binary message: its length, and each packet's code, length and instrument.
pub(super) fn binary(stream: Stream, bytes: &[u8]) -> String {
    let mut line = format!("binary message, {} bytes", bytes.len());
    match stream {
        Stream::Market => {
            for packet in feed::packets(bytes) {
                let _ = match packet {
                    Ok((header, _)) => {
                        let feed::Header { code, len, instrument } = header;
                        write!(line, "; code {code}, {len} bytes, {instrument}")
                    }
                    Err(bad) => malformed(&mut line, &bad),
                };
            }
        }
        Stream::Depth(levels) => {
            for packet in depth::packets(bytes, levels) {
                let _ = match packet {
                    Ok(depth::Packet::Side(side)) => {
                        let (name, rows) = (side.side.name(), side.rows().len());
                        write!(line, "; {name}, {rows} rows, {}, word {}", side.instrument, side.word)
                    }
                    Ok(depth::Packet::Disconnect(reason)) => write!(line, "; disconnect {}", reason.0),
                    Ok(depth::Packet::Heartbeat) => write!(line, "; heartbeat"),
                    Err(bad) => malformed(&mut line, &bad),
                };
            }
        }
        Stream::Orders => {}
    }
    line
}

/// Returns one line about a text message whose secrets are masked.
pub(super) fn text(bytes: &[u8]) -> String {
    format!("text message, {} bytes: {}", bytes.len(), untrusted(&String::from_utf8_lossy(bytes)))
}

fn malformed(line: &mut String, bad: &Malformed<'_>) -> std::fmt::Result {
    write!(line, "; malformed, {} bytes", bad.bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_of_a_message_is_named() {
        // A ticker of NSE_EQ:2885, and bytes that are no packet.
        let bytes = [2, 16, 0, 1, 0x45, 0x0b, 0, 0, 0, 0, 0x16, 0x43, 0, 0, 0, 0, 2, 1];
        assert_eq!(
            binary(Stream::Market, &bytes),
            "binary message, 18 bytes; code 2, 16 bytes, NSE_EQ:2885; malformed, 2 bytes"
        );
        assert_eq!(text(b"hello\x1b[31m"), "text message, 10 bytes: hello");
    }
}
