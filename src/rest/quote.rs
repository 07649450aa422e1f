//! What one quote asked for tells: whether the data plan serves, whatever `GET /profile` says.

use super::RestError;
use crate::model::DisconnectReason;
use serde_json::Value;
use std::time::Duration;

/// The segment and the id of the index whose last price is asked for: NIFTY, which is always there.
pub const ASKED: (&str, u32) = ("IDX_I", 13);

/// Why no quote came. Safe to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// A code of the data API's own, as a feed's disconnect packet carries it.
    #[error("{0}")]
    Data(DisconnectReason),
    /// Anything else that a call can end with.
    #[error(transparent)]
    Rest(#[from] RestError),
}

/// Returns the last price that an answer holds; `None` where it holds none.
///
/// # Errors
/// What the answer says instead.
pub(super) fn judge(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Result<Option<f64>, QuoteError> {
    let answer: Option<Value> = serde_json::from_slice(body).ok();
    if let Some(code) = answer.as_ref().and_then(data_code) {
        return Err(QuoteError::Data(DisconnectReason(code)));
    }
    if !(200..300).contains(&status) {
        return Err(match RestError::refused(status, retry_after, body) {
            // The trading API's word for the same.
            RestError::TokenDead { code: Some(code), .. } | RestError::Refused { code: Some(code), .. }
                if code == "DH-902" =>
            {
                QuoteError::Data(DisconnectReason(806))
            }
            error => error.into(),
        });
    }
    let data = answer.as_ref().and_then(|answer| answer.get("data")).ok_or(RestError::Nonsense)?;
    let price = data.get(ASKED.0).and_then(|segment| segment.get(ASKED.1.to_string()));
    Ok(price.and_then(|quote| quote.get("last_price")).and_then(Value::as_f64).filter(|price| *price > 0.0))
}

/// Returns the code in `{"status":"failed","data":{"806":"…"}}`.
fn data_code(answer: &Value) -> Option<u16> {
    answer.get("data")?.as_object()?.keys().find_map(|key| key.parse().ok().filter(|code| (800..900).contains(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_price_none_or_the_reason_for_none() {
        let data = |code| Err(QuoteError::Data(DisconnectReason(code)));
        let refused = |status, code: Option<&str>| {
            Err(QuoteError::Rest(RestError::Refused { status, code: code.map(str::to_owned) }))
        };
        for (status, body, meant) in [
            (200, r#"{"data":{"IDX_I":{"13":{"last_price":24500.5}}},"status":"success"}"#, Ok(Some(24500.5))),
            (200, r#"{"data":{"IDX_I":{"13":{"last_price":0}}},"status":"success"}"#, Ok(None)),
            (200, r#"{"data":{"IDX_I":{}},"status":"success"}"#, Ok(None)),
            (401, r#"{"status":"failed","data":{"806":"Data APIs not Subscribed"}}"#, data(806)),
            (200, r#"{"status":"failed","data":{"806":"Data APIs not Subscribed"}}"#, data(806)),
            (401, r#"{"status":"failed","data":{"808":"Authentication Failed"}}"#, data(808)),
            (403, r#"{"errorType":"x","errorCode":"DH-902","errorMessage":"x"}"#, data(806)),
            (200, "<html>", Err(RestError::Nonsense.into())),
            (403, "<html>", refused(403, None)),
            (502, "", refused(502, None)),
            (429, "", Err(RestError::TooMany { retry_after: None }.into())),
        ] {
            assert_eq!(judge(status, None, body.as_bytes()), meant, "{status} {body}");
        }
    }
}
