//! Answers plain HTTP: the REST calls that a streaming client makes, and the instrument master.

use super::market::lock;
use super::state::Broker;
use super::{master, orders};
use crate::clock;
use crate::model::{InstrumentKey, Micros, Segment};
use crate::server::{Request, Response};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::time::Duration;

/// Returns the answer to a plain HTTP request.
pub(crate) fn answer(request: &Request, body: &[u8], broker: &Broker) -> Response {
    #[cfg(feature = "testing")]
    if let Some(response) = broker.scripted_answer(request) {
        return response;
    }
    let path = request.path.as_str();
    if path == "/app/generateAccessToken" {
        return match request.method.as_str() {
            "POST" => {
                let (response, replaced) = broker.state().tokens.mint(request);
                replaced.inspect(|client| broker.token_replaced(client));
                response.header("Date", &broker.state().tokens.date())
            }
            _ => Response::status(405).header("Allow", "POST"),
        };
    }
    if path == "/v2/RenewToken" && request.method == "POST" {
        // Dhan answers the same.
        return Response::status(400);
    }
    if path == "/v2/marketfeed/ltp" && request.method == "POST" {
        return last_prices(request, body, broker);
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::status(405).header("Allow", "GET, HEAD");
    }
    match path.strip_prefix("/v2").unwrap_or(path) {
        "/master.csv" => master(request, master::compact),
        "/detailed.csv" => master(request, master::detailed),
        "/profile" => authorized(request, broker, profile),
        "/RenewToken" => renewed(request, broker),
        "/orders" => authorized(request, broker, |client| {
            Value::from_iter(broker.orders.orders().iter().map(|order| orders::rest_order(order, client)))
        }),
        _ => Response::status(404),
    }
}

fn authorized(request: &Request, broker: &Broker, body: impl FnOnce(&str) -> Value) -> Response {
    if !broker.is_token_good(request.header("access-token")) {
        let error = json!({
            "errorType": "Invalid_Authentication",
            "errorCode": "DH-901",
            "errorMessage": "Client ID or user generated access token is invalid or expired.",
        });
        return Response::json(401, &error.to_string()).header("Date", &broker.state().tokens.date());
    }
    Response::json(200, &body(client(request)).to_string()).header("Date", &broker.state().tokens.date())
}

/// Answers `POST /marketfeed/ltp`, whose body names ids by segment, with their last prices.
fn last_prices(request: &Request, body: &[u8], broker: &Broker) -> Response {
    // The data API's refusals have a shape of their own.
    let failed = |status, code: &str, words: &str| {
        Response::json(status, &json!({"data": {code: words}, "status": "failed"}).to_string())
    };
    if !broker.is_token_good(request.header("access-token")) {
        return failed(401, "808", "Authentication Failed - Client ID or Access Token invalid");
    }
    let Ok(Value::Object(asked)) = serde_json::from_slice(body) else { return failed(400, "814", "Invalid Request") };
    let mut data = serde_json::Map::new();
    for (name, ids) in asked {
        let segment = Segment::ALL.into_iter().find(|segment| segment.name() == Some(name.as_str()));
        let (Some(segment), Some(ids)) = (segment, ids.as_array()) else {
            return failed(400, "814", "Invalid Request");
        };
        let ids = ids.iter().filter_map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok()));
        let price = |id| lock(&broker.market.instrument(InstrumentKey::new(segment, id))).rupees();
        let quotes = ids.map(|id| (id.to_string(), json!({"last_price": price(id)})));
        data.insert(name, Value::Object(quotes.collect()));
    }
    Response::json(200, &json!({"data": data, "status": "success"}).to_string())
}

fn renewed(request: &Request, broker: &Broker) -> Response {
    let Some(token) = request.header("access-token").filter(|token| broker.is_token_good(Some(token))) else {
        return authorized(request, broker, |_| Value::Null);
    };
    let client = client(request);
    let (response, is_replaced) = broker.state().tokens.renew(token, client);
    if is_replaced {
        broker.token_replaced(client);
    }
    response
}

/// Returns the account that a request names.
fn client(request: &Request) -> &str {
    request.header("dhanClientId").unwrap_or("1000000001")
}

fn profile(client: &str) -> Value {
    let day = Duration::from_secs(86_400);
    let at = |at: Micros, format: &str| clock::ist_civil(at).strftime(format).to_string();
    let now = clock::now();
    json!({
        "dhanClientId": client,
        "tokenValidity": at(now + day, "%d/%m/%Y %H:%M"),
        "activeSegment": "Equity, Derivative, Currency, Commodity",
        "ddpi": "Active",
        "mtf": "Deactive",
        "dataPlan": "Active",
        "dataValidity": at(now + day * 30, "%Y-%m-%d %H:%M:%S.0"),
    })
}

fn master(request: &Request, file: fn(Date) -> String) -> Response {
    let today = clock::ist_civil(clock::now()).date();
    // The file changes once a day.
    let tag = format!("\"{today}\"");
    if request.header("if-none-match") == Some(tag.as_str()) {
        return Response::status(304).header("ETag", &tag);
    }
    Response { status: 200, headers: Vec::new(), body: file(today).into_bytes() }
        .header("Content-Type", "text/csv")
        .header("ETag", &tag)
}
