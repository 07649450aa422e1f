//! Reads the claims of a token. Nothing is verified; the server does that.

use crate::model::Micros;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Holds the claims of a Dhan token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// Expiry time.
    pub expires_at: Option<Micros>,
    /// Time of issue.
    pub issued_at: Option<Micros>,
    /// `SELF` (made on Dhan's web page) or `APP`; 200-level depth was seen to serve only `SELF`.
    pub consumer_type: Option<String>,
    /// The account's client id; may be compared, and shown masked.
    pub client_id: Option<String>,
}

/// Returns whether a text begins like a JWT: `eyJ` is `{"` in base64, and no other token of Dhan's starts like this.
pub fn looks_like_jwt(text: &str) -> bool {
    text.starts_with("eyJ")
}

/// Returns whether a text has three base64url parts; a half-written JWT has not.
pub(super) fn is_whole_jwt(text: &str) -> bool {
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let part = |part: &str| {
        let part = part.trim_end_matches('=');
        !part.is_empty() && part.bytes().all(in_alphabet)
    };
    text.split('.').count() == 3 && text.split('.').all(part)
}

/// Returns the token's claims, if it is a JWT.
pub fn claims(token: &SecretString) -> Option<Claims> {
    #[derive(Deserialize)]
    struct Payload {
        exp: Option<serde_json::Value>,
        iat: Option<serde_json::Value>,
        #[serde(rename = "tokenConsumerType")]
        consumer_type: Option<serde_json::Value>,
        #[serde(rename = "dhanClientId")]
        client_id: Option<serde_json::Value>,
    }
    let token = token.expose_secret();
    if !is_whole_jwt(token) {
        return None;
    }
    let payload: Payload = serde_json::from_slice(&decode(token.split('.').nth(1)?)?).ok()?;
    let text = |value: Option<serde_json::Value>| match value {
        Some(serde_json::Value::String(text)) => Some(text),
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let moment = |value: Option<serde_json::Value>| {
        let seconds = value.as_ref().and_then(|e| e.as_f64().or_else(|| e.as_str()?.parse().ok()));
        // `as` saturates; a date in the far future is as good as none.
        seconds.filter(|e: &f64| e.is_finite() && *e > 0.0).map(|e| Micros::new((e * 1e6) as i64))
    };
    Some(Claims {
        expires_at: moment(payload.exp),
        issued_at: moment(payload.iat),
        consumer_type: text(payload.consumer_type),
        client_id: text(payload.client_id),
    })
}

fn decode(part: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    LENIENT.decode(part).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a token with this payload in the form of Dhan's tokens.
    fn token(payload: &str) -> SecretString {
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        SecretString::from(format!("{}.{}.c2ln", part(r#"{"typ":"JWT","alg":"HS512"}"#), part(payload)))
    }

    #[test]
    fn claims_are_read_without_verifying_anything() {
        let payload = r#"{"iss":"dhan","exp":1780000000,"tokenConsumerType":"SELF","dhanClientId":"1000000001"}"#;
        let claims = claims(&token(payload)).expect("claims");
        assert_eq!(claims.expires_at, Some(Micros::from_secs(1_780_000_000)));
        assert_eq!(claims.consumer_type.as_deref(), Some("SELF"));
        assert_eq!(claims.client_id.as_deref(), Some("1000000001"));
    }

    #[test]
    fn odd_claims_are_unknown_and_not_an_error() {
        for (payload, expires) in [
            (r#"{"exp":"1780000000"}"#, Some(Micros::from_secs(1_780_000_000))),
            (r#"{"exp":1780000000.5}"#, Some(Micros::new(1_780_000_000_500_000))),
            (r#"{"exp":-5}"#, None),
            (r#"{"exp":null}"#, None),
            (r#"{"exp":[1]}"#, None),
            (r#"{"exp":1e300}"#, Some(Micros::new(i64::MAX))),
            ("{}", None),
        ] {
            assert_eq!(claims(&token(payload)).expect("claims").expires_at, expires, "{payload}");
        }
        assert_eq!(claims(&token("not json")), None);
        assert_eq!(claims(&SecretString::from("an-opaque-token")), None);
    }

    #[test]
    fn every_prefix_of_a_jwt_up_to_its_second_dot_is_half_written() {
        let complete = token(r#"{"exp":1}"#);
        let complete = complete.expose_secret();
        let second_dot = complete.rfind('.').expect("a dot");
        assert!(is_whole_jwt(complete));
        for end in 0..=second_dot {
            assert!(!is_whole_jwt(&complete[..end]), "{end}");
        }
    }
}
