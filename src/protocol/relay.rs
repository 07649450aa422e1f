//! What a relay says beyond Dhan's protocols, to clients that ask for it: text messages about gaps.

use serde::{Deserialize, Serialize};

/// The header of an upgrade request with which a client asks for gap messages; its value is `1`.
pub const HEADER: &str = "Dhan-Relay";

/// The beginning of every such text: no order message begins so.
const BEGIN: &str = "{\"dhanRelay\":";

/// A time in which a client missed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapMessage {
    /// The word of a gap record: `disconnected`, `stalled`, `lagged`, ….
    pub reason: String,
    /// What is known beyond the reason.
    pub detail: Option<String>,
    /// Its beginning, µs since the epoch.
    pub from_us: i64,
    /// Its end, µs since the epoch.
    pub to_us: i64,
    /// Packets that were thrown away, where that is known.
    pub dropped: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "dhanRelay")]
    gap: GapMessage,
}

impl GapMessage {
    /// Returns the text message.
    pub fn text(&self) -> String {
        // A struct of strings and numbers has a JSON text.
        serde_json::to_string(&Envelope { gap: self.clone() }).unwrap_or_default()
    }

    /// Reads a text message; `None` for any other text.
    pub fn read(text: &[u8]) -> Option<GapMessage> {
        if !text.starts_with(BEGIN.as_bytes()) {
            return None;
        }
        serde_json::from_slice::<Envelope>(text).ok().map(|envelope| envelope.gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_read_back_and_nothing_else_is_taken_for_one() {
        let gap = GapMessage {
            reason: "disconnected".to_owned(),
            detail: Some("the server reset the connection".to_owned()),
            from_us: 1,
            to_us: 2,
            dropped: None,
        };
        assert_eq!(GapMessage::read(gap.text().as_bytes()), Some(gap));
        for other in ["", "{}", "{\"Data\":{},\"Type\":\"order_alert\"}", "{\"dhanRelay\":1}"] {
            assert_eq!(GapMessage::read(other.as_bytes()), None, "{other}");
        }
    }
}
