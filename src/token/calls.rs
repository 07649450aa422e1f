//! Sends the requests to Dhan: make a token, renew a token, read the server's time. The POST makes a token and nothing
//! else.

use super::answer::{Call, NewToken, Refusal, RefusalKind, judge};
use crate::auth::{ApiBase, Credentials};
use crate::model::{Failure, Micros};
use crate::net::tls::LazyTls;
use crate::net::{Resolver, http_client, is_untrusted, parse_http_date};
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;

/// Time limit of a request, from the name look-up to the last byte of the body.
const LIMIT: Duration = Duration::from_secs(10);
/// Limit in bytes of a body.
const BODY_LIMIT: usize = 64 << 10;

/// Sends the requests.
pub struct Calls {
    api: ApiBase,
    auth: ApiBase,
    to_api: reqwest::Client,
    to_auth: reqwest::Client,
}

impl Calls {
    /// Creates the client without connecting.
    ///
    /// # Errors
    /// As [`LazyTls::config`].
    pub fn new(api: ApiBase, auth: ApiBase, tls: &LazyTls, resolver: &Resolver) -> Result<Calls, Failure> {
        let client = |base: &ApiBase| http_client(tls, resolver, !base.is_plain(), |builder| builder.timeout(LIMIT));
        let (to_api, to_auth) = (client(&api)?, client(&auth)?);
        Ok(Calls { api, auth, to_api, to_auth })
    }

    /// Returns the host of a request, for messages.
    pub(super) fn host(&self, call: Call) -> &str {
        match call {
            Call::Mint => self.auth.host(),
            Call::Renew => self.api.host(),
        }
    }

    /// Returns the server's time (truncated to the second), or `None` if the answer has
    /// no date. The request has no credentials, because every answer has a date.
    pub(super) async fn server_time(&self) -> Result<Option<Micros>, Refusal> {
        let response = send(self.to_api.get(self.api.join("profile")).header(ACCEPT, "application/json")).await?;
        let date = response.headers().get("date").and_then(|date| date.to_str().ok());
        Ok(date.and_then(parse_http_date))
    }

    /// Requests a new token.
    pub(super) async fn mint(
        &self,
        client_id: &str,
        pin: &SecretString,
        totp: &SecretString,
    ) -> Result<NewToken, Refusal> {
        let mut url = self.auth.join("app/generateAccessToken");
        url.query_pairs_mut()
            .append_pair("dhanClientId", client_id)
            .append_pair("pin", pin.expose_secret())
            .append_pair("totp", totp.expose_secret());
        let request = self.to_auth.post(url).header(ACCEPT, "application/json").header("content-length", "0");
        answer(Call::Mint, request).await
    }

    /// Requests the renewal of a token.
    pub(super) async fn renew(&self, credentials: &Credentials) -> Result<NewToken, Refusal> {
        let value = |text: &str| {
            let mut value = HeaderValue::from_str(text)
                .map_err(|_| RefusalKind::Credentials.with("it holds characters that cannot be sent"))?;
            value.set_sensitive(true);
            Ok(value)
        };
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("access-token"), value(credentials.token.expose_secret())?);
        headers.insert(HeaderName::from_static("dhanclientid"), value(&credentials.client_id)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        answer(Call::Renew, self.to_api.get(self.api.join("RenewToken")).headers(headers)).await
    }
}

async fn answer(call: Call, request: RequestBuilder) -> Result<NewToken, Refusal> {
    let all = async {
        let mut response = send(request).await?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| translated(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > BODY_LIMIT {
                return Err(RefusalKind::Foreign.with("its answer is larger than 64 KiB"));
            }
        }
        judge(call, status, &body)
    };
    let late = || RefusalKind::Unreachable.with("no answer came within 10 s");
    tokio::time::timeout(LIMIT, all).await.unwrap_or_else(|_| Err(late()))
}

async fn send(request: RequestBuilder) -> Result<Response, Refusal> {
    request.send().await.map_err(|error| translated(&error))
}

/// Translates the HTTP client's error. Its text contains the address, with PIN and password, and is dropped.
fn translated(error: &reqwest::Error) -> Refusal {
    match (error.is_connect(), error.is_timeout()) {
        _ if is_untrusted(error) => RefusalKind::Untrusted.with("its certificate cannot be trusted"),
        (true, _) => RefusalKind::NotSent.with("it cannot be reached"),
        (_, true) => RefusalKind::Unreachable.with("no answer came within 10 s"),
        _ => RefusalKind::Unreachable.with("the connection broke before an answer came"),
    }
}
