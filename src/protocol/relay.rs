//! Defines what a relay adds to Dhan's protocols for clients that request it: text messages about gaps.

use crate::model::Micros;
use serde::{Deserialize, Serialize};

/// Name of the header with which a client requests gap messages in its upgrade; the value is `1`.
pub const HEADER: &str = "Dhan-Relay";

/// Beginning of every gap message; no order message begins like this.
const BEGIN: &str = "{\"dhanRelay\":";

/// Describes a time in which a client missed data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapMessage {
    /// The `reason` of a gap record: `disconnected`, `stalled`, `lagged`, ….
    pub reason: String,
    /// What is known beyond the reason.
    pub detail: Option<String>,
    /// Its beginning, in microseconds since the epoch.
    #[serde(rename = "from_us")]
    pub from: Micros,
    /// Its end, in microseconds since the epoch.
    #[serde(rename = "to_us")]
    pub to: Micros,
    /// Number of packets that were lost, if known.
    pub dropped: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "dhanRelay")]
    gap: GapMessage,
}

impl GapMessage {
    /// Returns the message as JSON text.
    pub fn text(&self) -> String {
        // Serializing a struct of strings and numbers cannot fail.
        serde_json::to_string(&Envelope { gap: self.clone() }).unwrap_or_default()
    }

    /// Parses a gap message; returns `None` for any other text.
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
            from: Micros::new(1),
            to: Micros::new(2),
            dropped: None,
        };
        assert_eq!(GapMessage::read(gap.text().as_bytes()), Some(gap));
        for other in ["", "{}", "{\"Data\":{},\"Type\":\"order_alert\"}", "{\"dhanRelay\":1}"] {
            assert_eq!(GapMessage::read(other.as_bytes()), None, "{other}");
        }
    }
}
