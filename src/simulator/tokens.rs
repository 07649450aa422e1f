//! Access tokens as the broker makes them: refusals come as HTTP 200, two minutes lie between two tries, refused ones
//! count too, and a new token is the death of the old one.

use super::http::{Request, Response};
use super::market::lock;
use super::rng::Rng;
use crate::clock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a token lasts.
const LIFE_US: i64 = 24 * 3_600 * clock::SECOND_US;

/// How tokens are made.
#[derive(Clone)]
pub struct TokenRules {
    /// Time between two tries of an account.
    pub between: Duration,
    /// The only PIN that will do; `None`: any.
    pub pin: Option<String>,
    /// The only one-time passwords that will do, by the moment (µs since the epoch); `None`: any.
    pub totp: Option<Arc<dyn Fn(i64) -> String + Send + Sync>>,
    /// The broker's clock, µs since the epoch.
    pub now_us: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Default for TokenRules {
    fn default() -> Self {
        TokenRules { between: Duration::from_mins(2), pin: None, totp: None, now_us: Arc::new(clock::now_us) }
    }
}

impl fmt::Debug for TokenRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRules").field("between", &self.between).finish_non_exhaustive()
    }
}

/// An account that tokens were made for, or tried to be.
#[derive(Default)]
struct Account {
    living: Option<String>,
    last_try_us: Option<i64>,
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    /// Tokens that were in use when another was made, of any shape.
    dead: BTreeSet<String>,
    made: u64,
}

/// The tokens of all accounts.
pub(crate) struct Tokens {
    rules: TokenRules,
    seed: u64,
    state: Mutex<State>,
}

/// A token that was just made: the account's connections are to fall.
pub(crate) struct Replaced {
    pub client_id: String,
}

impl Tokens {
    pub fn new(rules: TokenRules, seed: u64) -> Tokens {
        Tokens { rules, seed, state: Mutex::default() }
    }

    /// Whether a token lives. One of an account that no token was made for does, whatever it is.
    pub fn is_alive(&self, token: &str) -> bool {
        let state = lock(&self.state);
        if state.dead.contains(token) {
            return false;
        }
        let owner = claim(token, "dhanClientId");
        let living = owner.and_then(|owner| state.accounts.get(&owner)?.living.clone());
        living.is_none_or(|living| living == token)
    }

    /// A token that was in use when another was made.
    pub fn bury(&self, token: String) {
        lock(&self.state).dead.insert(token);
    }

    /// `POST /app/generateAccessToken`.
    pub fn generate(&self, request: &Request) -> (Response, Option<Replaced>) {
        let refuse =
            |words: &str| (Response::json(200, &json!({"status": "error", "message": words}).to_string()), None);
        let value = |key| request.query_value(key).filter(|value| !value.is_empty());
        let Some(client_id) = value("dhanClientId") else { return refuse("Invalid Client Id") };
        let now_us = (self.rules.now_us)();
        let between_us = i64::try_from(self.rules.between.as_micros()).unwrap_or(i64::MAX);
        {
            let mut state = lock(&self.state);
            let last = state.accounts.entry(client_id.clone()).or_default().last_try_us.replace(now_us);
            if last.is_some_and(|last| now_us - last < between_us) {
                return refuse("Token can be generated once every 2 minutes.");
            }
        }
        let pin = value("pin");
        if pin.is_none() || self.rules.pin.as_ref().is_some_and(|good| pin.as_ref() != Some(good)) {
            return refuse("Invalid Pin");
        }
        let totp = value("totp");
        if totp.is_none() || self.rules.totp.as_ref().is_some_and(|good| totp != Some(good(now_us))) {
            return refuse("Invalid TOTP");
        }
        let token = self.make(&client_id, "APP", now_us);
        let body = json!({
            "dhanClientId": client_id,
            "dhanClientName": "SIMULATED",
            "dhanClientUcc": "SIM0000001",
            "givenPowerOfAttorney": false,
            "accessToken": token,
            "expiryTime": written(now_us + LIFE_US),
        });
        (Response::json(200, &body.to_string()), Some(Replaced { client_id }))
    }

    /// `GET /RenewToken`, of a token that was found good.
    pub fn renew(&self, request: &Request) -> (Response, Option<Replaced>) {
        let token = request.header("access-token").unwrap_or_default();
        if claim(token, "tokenConsumerType").as_deref() == Some("APP") {
            let error = json!({
                "errorType": "Input_Exception",
                "errorCode": "DH-905",
                "errorMessage": "Renewal of token not allowed for this token type",
            });
            return (Response::json(500, &error.to_string()), None);
        }
        let client_id = claim(token, "dhanClientId").or_else(|| request.header("dhanClientId").map(str::to_owned));
        let Some(client_id) = client_id else {
            let error = json!({"errorType": "Input_Exception", "errorCode": "DH-905", "errorMessage": "dhanClientId is required"});
            return (Response::json(400, &error.to_string()), None);
        };
        self.bury(token.to_owned());
        let now_us = (self.rules.now_us)();
        let token = self.make(&client_id, "SELF", now_us);
        let body = json!({
            "dhanClientId": client_id,
            "dhanClientName": "SIMULATED",
            "accessToken": token,
            "expiryTime": written(now_us + LIFE_US),
        });
        (Response::json(200, &body.to_string()), Some(Replaced { client_id }))
    }

    /// The broker's time, as the `Date` header has it.
    pub fn date(&self) -> String {
        let now = jiff::Timestamp::from_microsecond((self.rules.now_us)()).unwrap_or_default();
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap_or_default()
    }

    fn make(&self, client_id: &str, consumer: &str, now_us: i64) -> String {
        let mut state = lock(&self.state);
        state.made += 1;
        let mut noise = Rng::mixed(&[self.seed, 17, state.made, now_us.unsigned_abs()]);
        let signature: Vec<u8> = (0..8).flat_map(|_| noise.next().to_le_bytes()).collect();
        let payload = json!({
            "iss": "dhan",
            "partnerId": "",
            "exp": (now_us + LIFE_US) / clock::SECOND_US,
            "iat": now_us / clock::SECOND_US,
            "tokenConsumerType": consumer,
            "webhookUrl": "",
            "dhanClientId": client_id,
        });
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let head = part(br#"{"typ":"JWT","alg":"HS512"}"#);
        let token = format!("{head}.{}.{}", part(payload.to_string().as_bytes()), part(&signature));
        state.accounts.entry(client_id.to_owned()).or_default().living = Some(token.clone());
        token
    }
}

/// A moment as these answers write it: a time in India.
fn written(us: i64) -> String {
    clock::ist_civil(us).strftime("%Y-%m-%dT%H:%M:%S.000").to_string()
}

/// A claim of a JWT; `None` for any other text.
fn claim(token: &str, name: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    payload.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn ask(tokens: &Tokens, query: &str) -> Value {
        let request = Request { method: "POST".into(), path: String::new(), query: query.into(), headers: Vec::new() };
        let (response, _) = tokens.generate(&request);
        assert_eq!(response.status, 200, "refusals come as 200 too");
        serde_json::from_slice(&response.body).unwrap()
    }

    #[test]
    fn a_refused_try_arms_the_two_minutes_anew_and_a_new_token_is_the_old_ones_death() {
        let now = Arc::new(AtomicI64::new(1_800_000_000 * clock::SECOND_US));
        let clock_of_test = now.clone();
        let rules = TokenRules {
            pin: Some("123456".into()),
            now_us: Arc::new(move || clock_of_test.load(Ordering::Relaxed)),
            ..TokenRules::default()
        };
        let tokens = Tokens::new(rules, 1);
        let pass = |seconds: i64| now.fetch_add(seconds * clock::SECOND_US, Ordering::Relaxed);
        let good = "dhanClientId=1000000001&pin=123456&totp=000000";
        let first = ask(&tokens, good)["accessToken"].as_str().unwrap().to_owned();
        assert!(tokens.is_alive(&first) && tokens.is_alive("opaque"));
        pass(119);
        assert_eq!(ask(&tokens, good)["message"], "Token can be generated once every 2 minutes.");
        pass(119);
        assert_eq!(ask(&tokens, good)["status"], "error", "the refused try counts");
        pass(120);
        assert_eq!(ask(&tokens, "dhanClientId=1000000001&pin=1&totp=000000")["message"], "Invalid Pin");
        pass(120);
        assert_eq!(ask(&tokens, "dhanClientId=1000000001&pin=123456")["message"], "Invalid TOTP");
        assert!(tokens.is_alive(&first), "no refusal kills a token");
        pass(120);
        let second = ask(&tokens, good)["accessToken"].as_str().unwrap().to_owned();
        assert!(tokens.is_alive(&second) && !tokens.is_alive(&first));
        assert_eq!(ask(&tokens, "pin=1&totp=1")["message"], "Invalid Client Id");
    }
}
