//! The life of access tokens: which are refused, and the two calls that make new ones.

use crate::clock;
use crate::server::{Request, Response};
use base64::Engine as _;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

/// Between two tries to make a token; a refused try counts.
const MINT_EVERY: Duration = Duration::from_secs(120);
/// Tokens and accounts that are remembered.
const REMEMBERED: usize = 10_000;
/// How long a token lives.
const LIFE_US: i64 = 86_400 * clock::SECOND_US;

/// What is known of tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    refused: BTreeSet<String>,
    /// The last token that was made for an account, and when somebody last tried.
    minted: HashMap<String, (Instant, Option<String>)>,
    made: u64,
}

impl Tokens {
    pub fn new(refused: &[String]) -> Tokens {
        Tokens { refused: refused.iter().cloned().collect(), ..Tokens::default() }
    }

    pub fn is_refused(&self, token: &str) -> bool {
        self.refused.contains(token)
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

    /// Answers `GET /RenewToken`: a new token, and the old one is dead. A minted token cannot be renewed.
    pub fn renew(&mut self, token: &str, client: &str) -> Response {
        if consumer_type(token).as_deref() == Some("APP") {
            let error = json!({
                "errorType": "Input_Exception",
                "errorCode": "DH-905",
                "errorMessage": "Renewal of token not allowed for this token type",
            });
            return Response::json(500, &error.to_string());
        }
        self.refuse(token);
        let (token, expiry) = self.make(client, "SELF");
        let body = json!({
            "dhanClientId": client,
            "dhanClientName": "SIMULATED",
            "accessToken": token,
            "expiryTime": expiry,
        });
        Response::json(200, &body.to_string())
    }

    /// Answers `POST /app/generateAccessToken`. Refusals have status 200, as Dhan's have.
    pub fn mint(&mut self, request: &Request) -> Response {
        let value = |key: &str| request.query_value(key).unwrap_or_default();
        let client = value("dhanClientId");
        let refused = |message: &str| Response::json(200, &json!({"status": "error", "message": message}).to_string());
        let is_digits = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if client.is_empty() {
            return refused("Invalid Client Id");
        }
        let last = self.minted.get(&client).cloned();
        if self.minted.len() >= REMEMBERED {
            self.minted.retain(|_, (at, _)| at.elapsed() < MINT_EVERY);
        }
        let previous = last.as_ref().and_then(|(_, token)| token.clone());
        self.minted.insert(client.clone(), (Instant::now(), previous.clone()));
        if last.is_some_and(|(at, _)| at.elapsed() < MINT_EVERY) {
            return refused("Token can be generated once every 2 minutes.");
        }
        if !is_digits(&value("pin")) {
            return refused("Invalid Pin");
        }
        if !is_digits(&value("totp")) {
            return refused("Invalid TOTP");
        }
        if let Some(previous) = previous {
            self.refuse(&previous);
        }
        let (token, expiry) = self.make(&client, "APP");
        self.minted.insert(client.clone(), (Instant::now(), Some(token.clone())));
        let body = json!({
            "dhanClientId": client,
            "dhanClientName": "SIMULATED",
            "dhanClientUcc": "SIM0000001",
            "givenPowerOfAttorney": false,
            "accessToken": token,
            "expiryTime": expiry,
        });
        Response::json(200, &body.to_string())
    }

    /// Returns a token in the shape of Dhan's, and when it ends on India's wall clock.
    fn make(&mut self, client: &str, consumer_type: &str) -> (String, String) {
        let now_us = clock::now_us();
        let (iat, exp) = (now_us / clock::SECOND_US, (now_us + LIFE_US) / clock::SECOND_US);
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
        let signature = encode(&json!({"simulated": self.made, "at": now_us}));
        let expiry = clock::ist_civil(now_us + LIFE_US).strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
        (format!("{header}.{claims}.{signature}"), expiry)
    }
}

/// Returns the kind that a token says it is of.
fn consumer_type(token: &str) -> Option<String> {
    let claims = token.split('.').nth(1)?;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("tokenConsumerType")?.as_str().map(str::to_owned)
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
        let response = tokens.mint(&request);
        assert_eq!(response.status, 200);
        serde_json::from_slice(&response.body).unwrap()
    }

    #[test]
    fn refusals_have_status_200_and_each_try_starts_the_two_minutes_again() {
        let mut tokens = Tokens::default();
        let made = mint(&mut tokens, "1", "123456", "654321");
        let token = made["accessToken"].as_str().unwrap();
        assert_eq!(consumer_type(token).as_deref(), Some("APP"));
        assert_eq!(
            mint(&mut tokens, "1", "123456", "654321")["message"],
            "Token can be generated once every 2 minutes."
        );
        assert_eq!(mint(&mut tokens, "2", "12", "654321")["message"], "Invalid Pin");
        assert_eq!(mint(&mut tokens, "3", "123456", "x")["message"], "Invalid TOTP");
        assert_eq!(mint(&mut tokens, "3", "123456", "123456")["status"], "error");
    }

    #[test]
    fn a_renewed_token_is_dead_and_a_minted_one_is_never_renewed() {
        let mut tokens = Tokens::default();
        let response = tokens.renew("old", "1");
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        let new = body["accessToken"].as_str().unwrap();
        assert!(tokens.is_refused("old") && !tokens.is_refused(new));
        assert_eq!(consumer_type(new).as_deref(), Some("SELF"));
        let minted = mint(&mut tokens, "1", "123456", "123456");
        assert_eq!(tokens.renew(minted["accessToken"].as_str().unwrap(), "1").status, 500);
    }
}
