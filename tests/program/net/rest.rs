//! The REST calls: requests, answers, and secrets that must not be repeated.

use crate::net::support::*;
use crate::support::PATIENCE;
use dhan::testing::auth::{ApiBase, Environment};
use dhan::testing::net::{Resolver, tls::LazyTls};
use dhan::testing::redact::Redactor;
use dhan::testing::rest::{Client, RestError};
use std::net::SocketAddr;
use std::time::Duration;

fn client(at: SocketAddr) -> Client {
    let environment = Environment::of([(ApiBase::VARIABLE, format!("http://{at}/v2/"))]);
    let base = ApiBase::resolve(&environment).expect("a good address");
    Client::new(base, &LazyTls::default(), &Resolver::default(), Redactor::default()).expect("a client")
}

async fn orders(reply: impl Into<Vec<u8>>) -> Result<bytes::Bytes, RestError> {
    let (at, _server) = answer_with(reply).await;
    let result = tokio::time::timeout(PATIENCE, client(at).orders(&credentials())).await.expect("an end");
    if let Err(error) = &result {
        assert_clean(error);
    }
    result
}

#[tokio::test]
async fn the_profile_request_has_both_headers_and_no_secret_in_its_address() {
    let body = r#"{"dhanClientId":"1000000001","dataPlan":"Active","tokenValidity":"30/03/2025 15:37"}"#;
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (at, server) = answer_with(reply).await;
    let profile = client(at).profile(&credentials()).await.expect("a profile");
    assert_eq!(profile.data_plan_is_active(), Some(true));
    let head = server.await.expect("the server ran");
    assert!(head.starts_with("GET /v2/profile HTTP/1.1\r\n"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains(&format!("access-token: {}", SENTINEL.to_lowercase())), "{head}");
    assert!(head.contains("dhanclientid: 1000000001"), "{head}");
}

#[tokio::test]
async fn refusals_are_classified_and_no_body_is_repeated() {
    let refusal = |status: u16, headers: &str, code: &str| {
        let body = format!(r#"{{"errorType":"x","errorCode":"{code}","errorMessage":"{SENTINEL}"}}"#);
        format!("HTTP/1.1 {status} no\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let dead = |status, code: &str| Err(RestError::TokenDead { status, code: Some(code.to_owned()) });
    assert_eq!(orders(refusal(401, "", "DH-901")).await, dead(401, "DH-901"));
    assert_eq!(orders(refusal(400, "", "DH-906")).await, dead(400, "DH-906"));
    let wait = RestError::TooMany { retry_after: Some(Duration::from_secs(7)) };
    assert_eq!(orders(refusal(429, "Retry-After: 7\r\n", "DH-904")).await, Err(wait));
    let (elsewhere, target) = listen().await;
    let location = format!("Location: http://{target}/?token={SENTINEL}\r\n");
    let moved = RestError::Refused { status: 302, code: None };
    assert_eq!(orders(refusal(302, &location, "no code")).await, Err(moved));
    assert!(tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await.is_err(), "followed");
}

#[tokio::test]
async fn a_truncated_or_endless_body_is_an_error() {
    assert_eq!(orders("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await.as_deref(), Ok(&b"[]"[..]));
    assert_eq!(orders("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n[]").await, Err(RestError::Unreachable));
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(dhan::testing::rest::BODY_LIMIT + 1000, b' ');
    assert_eq!(orders(endless).await, Err(RestError::TooLarge));
    assert_eq!(orders("").await, Err(RestError::Unreachable));
}

#[test]
fn a_plain_http_address_for_the_token_is_refused() {
    for url in ["http://api.dhan.co/v2", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://user:pw@h/"] {
        let failure = ApiBase::resolve(&Environment::of([(ApiBase::VARIABLE, url)])).expect_err(url);
        assert_eq!(failure.exit, dhan::testing::model::exit::Exit::Usage);
    }
}
