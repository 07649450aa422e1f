//! Reads requests of clients leniently.

use crate::model::{InstrumentKey, Segment};
use serde_json::Value;

/// Request code that ends a session.
pub(crate) const DISCONNECT: u64 = 12;

/// Holds a JSON request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientRequest {
    pub code: u64,
    /// Number of instruments that it lists, including those that cannot be parsed.
    pub named: usize,
    /// The instruments that could be parsed.
    pub instruments: Vec<InstrumentKey>,
}

/// Parses a request of the list form or the flat form; returns `None` for anything else (`{"type":"ping"}`, noise).
pub(crate) fn read(text: &str) -> Option<ClientRequest> {
    let value: Value = serde_json::from_str(text).ok()?;
    let code = value.get("RequestCode")?.as_u64()?;
    let flat = std::slice::from_ref(&value);
    let list = match value.get("InstrumentList") {
        Some(list) => list.as_array().map_or(&[][..], Vec::as_slice),
        None if value.get("SecurityId").is_some() => flat,
        None => &[],
    };
    Some(ClientRequest { code, named: list.len(), instruments: list.iter().filter_map(instrument).collect() })
}

/// Returns the action of a request code in words.
pub(crate) fn action(code: u64) -> &'static str {
    match code {
        11 => "connects",
        12 => "disconnects",
        15 => "subscribes in ticker mode",
        16 => "unsubscribes in ticker mode",
        17 => "subscribes in quote mode",
        18 => "unsubscribes in quote mode",
        21 => "subscribes in full mode",
        22 => "unsubscribes in full mode",
        23 => "subscribes to depth",
        24 | 25 => "unsubscribes from depth",
        _ => "asks for a code that is not known",
    }
}

fn instrument(value: &Value) -> Option<InstrumentKey> {
    let name = value.get("ExchangeSegment")?.as_str()?;
    // Only the eight names: the real server is not known to accept anything else.
    let segment = Segment::ALL.into_iter().find(|segment| segment.name() == Some(name))?;
    let id = match value.get("SecurityId")? {
        Value::String(digits) => digits.parse().ok()?,
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        _ => return None,
    };
    Some(InstrumentKey::new(segment, id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::request::{RequestCode, disconnect, list, single};

    #[test]
    fn both_shapes_are_read_and_noise_is_none() {
        let keys = [InstrumentKey::new(Segment::NSE_EQ, 1333), InstrumentKey::new(Segment::IDX_I, 13)];
        let read_back = read(&list(RequestCode(15), &keys)).unwrap();
        assert_eq!((read_back.code, read_back.named, read_back.instruments), (15, 2, keys.to_vec()));
        assert_eq!(read(&single(RequestCode(23), keys[0])).unwrap().instruments, keys[..1]);
        assert_eq!(read(&disconnect()).unwrap(), ClientRequest { code: 12, named: 0, instruments: vec![] });
        for noise in ["", "{}", r#"{"type":"ping"}"#, "[1]", r#"{"RequestCode":"15"}"#] {
            assert_eq!(read(noise), None, "{noise}");
        }
    }

    #[test]
    fn names_the_server_does_not_know_are_left_out() {
        let text = r#"{"RequestCode":15,"InstrumentCount":3,"InstrumentList":[{"ExchangeSegment":"NSE","SecurityId":"1"},
            {"ExchangeSegment":"NSE_EQ","SecurityId":"x"},{"ExchangeSegment":"NSE_EQ","SecurityId":7}]}"#;
        let request = read(text).unwrap();
        assert_eq!((request.named, request.instruments), (3, vec![InstrumentKey::new(Segment::NSE_EQ, 7)]));
    }
}
