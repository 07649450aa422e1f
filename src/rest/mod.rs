//! Makes the REST calls. All of them read: GETs, and the one POST by which Dhan lets a quote be requested.

mod error;
mod profile;
mod quote;

pub use error::RestError;
pub use profile::Profile;
pub use quote::{ASKED as QUOTED, QuoteError};

use crate::auth::{ApiBase, Credentials};
use crate::model::exit::Failure;
use crate::net::{Resolver, http_client, tls::LazyTls};
use crate::redact::Redactor;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use std::time::Duration;

/// Time limit of a call, from the name look-up to the last byte of its body.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// Limit in bytes of a body.
pub const BODY_LIMIT: usize = 16 << 20;
/// Limit in bytes of an error's body, which is read for its code.
const ERROR_BODY_LIMIT: usize = 64 << 10;

/// Makes the REST calls; cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: ApiBase,
    redactor: Redactor,
}

impl Client {
    /// Creates a client for this base without connecting.
    ///
    /// # Errors
    /// As [`LazyTls::config`].
    pub fn new(base: ApiBase, tls: &LazyTls, resolver: &Resolver, redactor: Redactor) -> Result<Client, Failure> {
        let http = http_client(tls, resolver, !base.is_plain(), |builder| builder.timeout(CALL_LIMIT))?;
        Ok(Client { http, base, redactor })
    }

    /// Returns the host of the server, for messages.
    pub fn host(&self) -> &str {
        self.base.host()
    }

    /// Requests `GET /profile`: whether the token is valid and the data plan active. Dhan allows it once a minute.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn profile(&self, credentials: &Credentials) -> Result<Profile, RestError> {
        let body = self.get("profile", credentials, true).await?;
        Profile::parse(&body).ok_or(RestError::Nonsense)
    }

    /// Requests `GET /orders`: the order snapshot of the day, unparsed. Dhan allows it once in 10 s.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn orders(&self, credentials: &Credentials) -> Result<Bytes, RestError> {
        self.get("orders", credentials, false).await
    }

    /// `POST /marketfeed/ltp`: the last price of an index, or `None` where the answer holds none. At most once a second.
    ///
    /// # Errors
    /// See [`QuoteError`].
    pub async fn quote(&self, credentials: &Credentials) -> Result<Option<f64>, QuoteError> {
        let mut headers = self.headers(credentials, true)?;
        // The name that clients of this call use; the other one is that of the other calls.
        headers.insert(HeaderName::from_static("client-id"), header(&credentials.client_id)?);
        headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (segment, id) = QUOTED;
        let body = format!("{{\"{segment}\":[{id}]}}");
        let answer = send(self.http.post(self.base.join("marketfeed/ltp")).headers(headers).body(body)).await?;
        quote::judge(answer.status, answer.retry_after, &answer.body)
    }

    async fn get(&self, call: &str, credentials: &Credentials, with_id: bool) -> Result<Bytes, RestError> {
        let headers = self.headers(credentials, with_id)?;
        let answer = send(self.http.get(self.base.join(call)).headers(headers)).await?;
        match answer.status {
            200..300 => Ok(answer.body),
            status => Err(RestError::refused(status, answer.retry_after, &answer.body)),
        }
    }

    fn headers(&self, credentials: &Credentials, with_id: bool) -> Result<HeaderMap, RestError> {
        self.redactor.add(credentials.token.clone());
        let mut headers = HeaderMap::new();
        let mut token = header(credentials.token.expose_secret())?;
        token.set_sensitive(true);
        headers.insert(HeaderName::from_static("access-token"), token);
        headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
        if with_id {
            headers.insert(HeaderName::from_static("dhanclientid"), header(&credentials.client_id)?);
        }
        Ok(headers)
    }
}

/// An answer, whatever its status.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Bytes,
}

fn header(text: &str) -> Result<HeaderValue, RestError> {
    HeaderValue::from_str(text).map_err(|_| RestError::BadCredentials)
}

/// Makes a call, with a limit around everything: the client's own begins anew with some of its phases.
async fn send(request: reqwest::RequestBuilder) -> Result<Answer, RestError> {
    let all = async {
        let response = request.send().await.map_err(|error| RestError::translate(&error))?;
        let (status, retry_after) = (response.status(), error::retry_after(&response));
        let body = match status.is_success() {
            true => body(response, BODY_LIMIT).await?,
            false => body(response, ERROR_BODY_LIMIT).await.unwrap_or_default(),
        };
        Ok(Answer { status: status.as_u16(), retry_after, body })
    };
    tokio::time::timeout(CALL_LIMIT, all).await.unwrap_or(Err(RestError::Timeout))
}

async fn body(response: reqwest::Response, limit: usize) -> Result<Bytes, RestError> {
    let mut all = BytesMut::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| RestError::translate(&error))?;
        if all.len() + piece.len() > limit {
            return Err(RestError::TooLarge);
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}
