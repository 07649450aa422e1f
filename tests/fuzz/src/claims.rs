//! What a token tells about itself, and what looks like one.

use super::take::Take;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dhan::testing::auth::{claims, looks_like_jwt};
use dhan::testing::model::Micros;
use dhan::testing::redact::find_jwt;
use dhan::testing::redact::mask_client_id;
use secrecy::SecretString;

fn check(token: &str) {
    let _ = looks_like_jwt(token);
    if let Some(found) = find_jwt(token.as_bytes()) {
        assert!(found.start < found.end && found.end <= token.len());
        assert!(token.as_bytes()[found].starts_with(b"eyJ"));
    }
    if let Some(claims) = claims(&SecretString::from(token)) {
        assert_eq!(token.split('.').count(), 3, "only a JWT has claims");
        assert!(claims.expires_at.is_none_or(|at| at >= Micros::EPOCH));
        if let Some(id) = claims.client_id {
            let shown =
                mask_client_id(&id).chars().zip(id.chars()).filter(|(shown, c)| *c != '*' && shown == c).count();
            assert!(shown <= 4, "{shown} characters of a client id");
        }
    }
}

/// The bytes as a token, and as the payload of one.
pub fn run(data: &[u8]) {
    check(&String::from_utf8_lossy(data));
    let mut take = Take(data);
    let head = URL_SAFE_NO_PAD.encode(take.bytes(usize::from(data.len() > 40) * 8));
    let payload = URL_SAFE_NO_PAD.encode(take.0);
    check(&format!("eyJ{head}.{payload}.c2ln"));
}
