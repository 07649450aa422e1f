//! Describes a plan for `--dry-run`: the connections and requests, one per line on stdout. It holds no secret because
//! none is read.

use super::plan::{StreamKind, StreamPlan, StreamSource};
use crate::model::Stream;
use crate::session::plan::TooMany;
use crate::session::{Plan, Subscription, requests};
use std::fmt::Write as _;

/// Returns the connections and requests of a plan whose instruments are known.
///
/// # Errors
/// Fails if there are more subscriptions than fit.
pub fn describe(plan: &StreamPlan, subscriptions: &[Subscription]) -> Result<String, TooMany> {
    let feed = plan.feed();
    let address = match &plan.source {
        StreamSource::Demo { .. } => "a simulated exchange inside this process".to_owned(),
        StreamSource::Server(server) => server.base.redacted(),
    };
    let mut text = String::new();
    if feed == Stream::Orders {
        let login = match &plan.source {
            StreamSource::Server(server) if server.credentials.is_partner() => {
                r#"{"LoginReq":{"MsgCode":42,"ClientId":"[redacted]"},"UserType":"PARTNER","Secret":"[redacted]"}"#
            }
            _ => r#"{"LoginReq":{"MsgCode":42,"ClientId":"[redacted]","Token":"[redacted]"},"UserType":"SELF"}"#,
        };
        let _ = writeln!(text, "connect 1: {address}\nsend 1: {login}");
        if let (StreamKind::Orders { snapshot: true, .. }, StreamSource::Server(server)) = (&plan.kind, &plan.source) {
            let mut book = server.api.join("orders");
            if book.query().is_some() {
                book.set_query(Some("[redacted]"));
            }
            let _ = writeln!(text, "get: {book}\nheader: access-token: [redacted]");
        }
        return Ok(text);
    }
    for (number, connection) in (1..).zip(Plan::new(feed, subscriptions)?.connections()) {
        let _ = writeln!(text, "connect {number}: {address}");
        for request in requests::subscribe(feed, connection.all()) {
            let _ = writeln!(text, "send {number}: {request}");
        }
    }
    Ok(text)
}
