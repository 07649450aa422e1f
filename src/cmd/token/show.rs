//! Runs `dhan token show`: the token's account, kind and expiry.

use crate::auth::{ApiBase, Credentials, Environment, ProblemKind, ist_minute};
use crate::cli::credentials::source;
use crate::cli::out;
use crate::cli::token::ShowArgs;
use crate::clock::{self, SECOND_US};
use crate::cmd::runtime;
use crate::console::{Console, untrusted};
use crate::model::{Exit, Failure, Micros};
use crate::net::Resolver;
use crate::net::tls::LazyTls;
use crate::redact::mask_client_id;
use crate::rest;
use std::fmt::Write as _;
use std::time::Duration;

/// Prints the description; a token that cannot be used is exit 3, but still described if possible.
pub(super) fn run(args: &ShowArgs, environment: &Environment, console: &Console) -> Result<Exit, Failure> {
    let source = source(&args.credentials, None, environment, &console.redactor())?;
    if let Some(warning) = source.permission_warning() {
        console.warn(warning);
    }
    runtime()?.block_on(async {
        let (credentials, problem) = source.read_described().await;
        if let Some(credentials) = &credentials {
            let place = source.place().map(ToString::to_string).unwrap_or_default();
            out::print(&console.masked(&description(credentials, &place, clock::now())))?;
        }
        match problem {
            // The token itself is fine; only who uses it needs the client id.
            Some(problem) if problem.kind == ProblemKind::Missing && credentials.is_some() && !args.check => {
                console.warn(super::NO_CLIENT_ID);
            }
            Some(problem) => return Err(problem.into()),
            None => {}
        }
        match &credentials {
            Some(credentials) if args.check => check(args, credentials, environment, console).await,
            _ => Ok(Exit::Done),
        }
    })
}

fn description(credentials: &Credentials, place: &str, now: Micros) -> String {
    let mut text = String::new();
    let mut line = |name: &str, words: String| {
        let _ = writeln!(text, "{name:<9} {words}");
    };
    let id = credentials.client_id.as_str();
    line("from", place.to_owned());
    line("client id", if id.is_empty() { "not known".to_owned() } else { untrusted(&mask_client_id(id)) });
    let Some(claims) = credentials.claims() else {
        line("kind", "no JWT: it tells nothing about itself, and is sent as it is".to_owned());
        return text;
    };
    line(
        "kind",
        match claims.consumer_type.as_deref() {
            Some("SELF") => "SELF, made on web.dhan.co: it can be renewed".to_owned(),
            Some("APP") => "APP, made by PIN and TOTP or for an application: it cannot be renewed".to_owned(),
            Some(other) => untrusted(other),
            None => "not told".to_owned(),
        },
    );
    line("made", claims.issued_at.map_or_else(|| "not told".to_owned(), ist_minute));
    line(
        "until",
        match claims.expires_at {
            None => "not told".to_owned(),
            Some(ends) => {
                let span = |us: i64| {
                    let minutes = Duration::from_secs((us / SECOND_US / 60 * 60).unsigned_abs());
                    if minutes.is_zero() {
                        "less than a minute".to_owned()
                    } else {
                        humantime::format_duration(minutes).to_string()
                    }
                };
                match ends.us_since(now) {
                    left if left > 0 => format!("{}, in {}", ist_minute(ends), span(left)),
                    over => format!("{}, {} ago", ist_minute(ends), span(-over)),
                }
            }
        },
    );
    text
}

async fn check(
    args: &ShowArgs,
    credentials: &Credentials,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let tls = LazyTls::new(args.ca_file.as_deref())?;
    let rest = rest::Client::new(ApiBase::resolve(environment)?, &tls, &Resolver::default(), console.redactor())?;
    let host = rest.host().to_owned();
    match rest.profile(credentials).await {
        Ok(profile) => {
            let plan = profile.data_plan.unwrap_or_else(|| "not told".to_owned());
            out::print(&console.masked(&format!("{:<9} alive, as {host} says; data plan: {plan}\n", "check")))?;
            Ok(Exit::Done)
        }
        Err(error) => Err(Failure::new(error.exit(), format!("{host}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    #[test]
    fn a_token_is_described_and_never_shown() {
        let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let payload = r#"{"iat":1780000000,"exp":1780086400,"tokenConsumerType":"APP","dhanClientId":"1000000001"}"#;
        let token = format!("{}.{}.c2ln", part("{}"), part(payload));
        let credentials = Credentials { client_id: "1000000001".into(), token: token.clone().into() };
        let text = description(&credentials, "the token file \"/t\"", Micros::from_secs(1_780_000_060));
        for words in
            ["******0001", "APP, made by PIN", "2026-05-29 at 01:56 IST", "in 23h 59m", "from      the token file"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains(&token[..12]) && !text.contains("100000000"));
        let over = description(&credentials, "x", Micros::from_secs(1_780_086_400 + 7_200));
        assert!(over.contains("2h ago"), "{over}");
    }
}
