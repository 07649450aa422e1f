//! A plan in words, for `--dry-run`: what would be connected to and sent. It goes to stdout, a line a connection and a
//! request, and holds no secret because none is read.

use super::plan::{StreamPlan, StreamSource};
use crate::auth::Endpoint;
use crate::record::control::Feed;
use crate::session::plan::TooMany;
use crate::session::{Plan, Subscription, requests};
use std::fmt::Write as _;

/// The connections and requests of a plan whose instruments are known.
///
/// # Errors
/// When more was asked for than fits.
pub fn describe(plan: &StreamPlan, subscriptions: &[Subscription]) -> Result<String, TooMany> {
    let feed = plan.feed();
    let address = match &plan.source {
        StreamSource::Demo { .. } => "a simulated exchange inside this process".to_owned(),
        StreamSource::Server(server) => {
            let query = match server.base.endpoint() {
                Endpoint::Market => " (query: version, token=[redacted], clientId=[redacted], authType)",
                Endpoint::Depth20 | Endpoint::Depth200 => " (query: token=[redacted], clientId=[redacted], authType)",
                Endpoint::Orders => "",
            };
            format!("{}{query}", server.base.bare_address())
        }
    };
    let mut text = String::new();
    if feed == Feed::Orders {
        let _ = writeln!(text, "connect 1: {address}\nsend 1: the login, with [redacted] credentials");
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
