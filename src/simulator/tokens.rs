//! Simulates access tokens: which are refused, and the two calls that make new ones.

use crate::clock;
use crate::model::Micros;
use crate::server::{Request, Response};
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

/// Microseconds between two attempts to make a token; a refused attempt counts.
const MINT_EVERY_US: i64 = 120 * clock::SECOND_US;
/// Number of tokens and accounts that are remembered.
const REMEMBERED: usize = 10_000;
/// Lifetime of a token in microseconds.
const LIFE: Duration = Duration::from_secs(86_400);

/// Holds the rules for making tokens.
#[derive(Clone)]
pub struct TokenRules {
    /// The broker's clock,.
    pub now: replaceable::Clock,
    /// The only accepted PIN; `None`: any.
    pub pin: Option<String>,
    /// The one-time password of a time; `None`: any is accepted.
    pub totp: Option<replaceable::Password>,
}

/// Types of functions that tests replace.
pub mod replaceable {
    use crate::model::Micros;
    use std::sync::Arc;

    /// Returns the time.
    pub type Clock = Arc<dyn Fn() -> Micros + Send + Sync>;
    /// Returns the one-time password of a time.
    pub type Password = Arc<dyn Fn(Micros) -> String + Send + Sync>;
}

impl Default for TokenRules {
    fn default() -> Self {
        TokenRules { now: std::sync::Arc::new(clock::now), pin: None, totp: None }
    }
}

/// Holds what is known of tokens.
#[derive(Default)]
pub(crate) struct Tokens {
    rules: TokenRules,
    refused: BTreeSet<String>,
    /// For each account the time of the last attempt, and the last token made.
    minted: HashMap<String, (Micros, Option<String>)>,
    made: u64,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("made", &self.made).finish_non_exhaustive()
    }
}

impl Tokens {
    pub fn new(refused: &[String], rules: TokenRules) -> Tokens {
        Tokens { refused: refused.iter().cloned().collect(), rules, ..Tokens::default() }
    }

    /// Returns whether a token is refused: by name, or because its account got a newer one.
    pub fn is_refused(&self, token: &str) -> bool {
        let living = claim(token, "dhanClientId").and_then(|owner| self.minted.get(&owner)?.1.clone());
        self.refused.contains(token) || living.is_some_and(|living| living != token)
    }

    /// Returns the broker's time in the form of the `Date` header.
    pub fn date(&self) -> String {
        let now = clock::timestamp((self.rules.now)());
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
    }

    pub fn refuse(&mut self, token: &str) {
        if self.refused.len() >= REMEMBERED {
            self.refused.pop_first();
        }
        self.refused.insert(token.to_owned());
    }

    #[cfg(feature = "testing")]
    pub fn allow(&mut self, token: &str) {
        self.refused.remove(token);
    }

    /// Answers `GET /RenewToken` with a new token and refuses the old one. A minted token cannot be renewed.
    pub fn renew(&mut self, token: &str, client: &str) -> (Response, bool) {
        if claim(token, "tokenConsumerType").as_deref() == Some("APP") {
            let error = json!({
                "errorType": "Input_Exception",
                "errorCode": "DH-905",
                "errorMessage": "Renewal of token not allowed for this token type",
            });
            return (Response::json(500, &error.to_string()), false);
        }
        self.refuse(token);
        let (token, expiry) = self.make(client, "SELF");
        let last = self.minted.get(client).map_or(Micros::MIN, |(at, _)| *at);
        self.minted.insert(client.to_owned(), (last, Some(token.clone())));
        let body = json!({
            "dhanClientId": client,
            "dhanClientName": "SIMULATED",
            "accessToken": token,
            "expiryTime": expiry,
        });
        (Response::json(200, &body.to_string()), true)
    }

    /// Answers `POST /app/generateAccessToken`. Refusals have status 200, like Dhan's.
    pub fn mint(&mut self, request: &Request) -> (Response, Option<String>) {
        let value = |key: &str| request.query_value(key).unwrap_or_default();
        let client = value("dhanClientId");
        let refused =
            |message: &str| (Response::json(200, &json!({"status": "error", "message": message}).to_string()), None);
        if client.is_empty() {
            return refused("Invalid Client Id");
        }
        let now = (self.rules.now)();
        let is_soon = |last: Micros| now.us_since(last) < MINT_EVERY_US;
        if self.minted.len() >= REMEMBERED {
            self.minted.retain(|_, (last, _)| is_soon(*last));
        }
        let last = self.minted.get(&client).cloned();
        let previous = last.as_ref().and_then(|(_, token)| token.clone());
        self.minted.insert(client.clone(), (now, previous));
        if last.is_some_and(|(last, _)| is_soon(last)) {
            return refused("Token can be generated once every 2 minutes.");
        }
        let (pin, totp) = (value("pin"), value("totp"));
        if pin.is_empty() || self.rules.pin.as_ref().is_some_and(|good| *good != pin) {
            return refused("Invalid Pin");
        }
        if totp.is_empty() || self.rules.totp.as_ref().is_some_and(|good| good(now) != totp) {
            return refused("Invalid TOTP");
        }
        let (token, expiry) = self.make(&client, "APP");
        self.minted.insert(client.clone(), (now, Some(token.clone())));
        let body = json!({
            "dhanClientId": client,
            "dhanClientName": "SIMULATED",
            "dhanClientUcc": "SIM0000001",
            "givenPowerOfAttorney": false,
            "accessToken": token,
            "expiryTime": expiry,
        });
        (Response::json(200, &body.to_string()), Some(client))
    }

    /// Returns a token in the form of Dhan's, and its expiry on India's wall clock.
    fn make(&mut self, client: &str, consumer_type: &str) -> (String, String) {
        let now = (self.rules.now)();
        let (iat, exp) = (now.seconds(), (now + LIFE).seconds());
        self.made += 1;
        let encode = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encode(&json!({"typ": "JWT", "alg": "HS512"}));
        let claims = encode(&json!({
            "iss": "dhan",
            "partnerId": "",
            "exp": exp,
            "iat": iat,
            "tokenConsumerType": consumer_type,
            "userRegion": "IN",
            "dhanClientId": client,
        }));
        let signature = encode(&json!({"simulated": self.made, "at": now}));
        let expiry = clock::ist_civil(now + LIFE).strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
        (format!("{header}.{claims}.{signature}"), expiry)
    }
}

/// Returns a claim of a JWT, or `None` for any other text.
fn claim(token: &str, name: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint(tokens: &mut Tokens, client: &str, pin: &str, totp: &str) -> Value {
        let request = Request {
            method: "POST".to_owned(),
            path: "/app/generateAccessToken".to_owned(),
            query: format!("dhanClientId={client}&pin={pin}&totp={totp}"),
            headers: Vec::new(),
        };
        let (response, _) = tokens.mint(&request);
        assert_eq!(response.status, 200);
        serde_json::from_slice(&response.body).unwrap()
    }

    #[test]
    fn refusals_have_status_200_and_each_try_starts_the_two_minutes_again() {
        let mut tokens = Tokens::default();
        let made = mint(&mut tokens, "1", "123456", "654321");
        let token = made["accessToken"].as_str().unwrap();
        assert_eq!(claim(token, "tokenConsumerType").as_deref(), Some("APP"));
        assert_eq!(
            mint(&mut tokens, "1", "123456", "654321")["message"],
            "Token can be generated once every 2 minutes."
        );
        assert_eq!(mint(&mut tokens, "2", "", "654321")["message"], "Invalid Pin");
        assert_eq!(mint(&mut tokens, "3", "123456", "")["message"], "Invalid TOTP");
        assert_eq!(mint(&mut tokens, "3", "123456", "123456")["status"], "error");
    }

    #[test]
    fn a_renewed_token_is_dead_and_a_minted_one_is_never_renewed() {
        let mut tokens = Tokens::default();
        let (response, _) = tokens.renew("old", "1");
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        let new = body["accessToken"].as_str().unwrap();
        assert!(tokens.is_refused("old") && !tokens.is_refused(new));
        assert_eq!(claim(new, "tokenConsumerType").as_deref(), Some("SELF"));
        let minted = mint(&mut tokens, "1", "123456", "123456");
        assert_eq!(tokens.renew(minted["accessToken"].as_str().unwrap(), "1").0.status, 500);
    }
}
