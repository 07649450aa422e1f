//! Plain HTTP: the few REST calls that a streaming client makes, and the instrument master.

use super::http::{Request, Response};
use super::state::Broker;
use super::tokens::Replaced;
use super::{master, orders};
use crate::clock;
use serde_json::{Value, json};

/// The answer to a plain HTTP request.
pub(crate) fn answer(request: &Request, broker: &Broker) -> Response {
    let response = undated(request, broker);
    if response.headers.iter().any(|(name, _)| name == "Date") {
        return response;
    }
    response.header("Date", &broker.tokens.date())
}

fn undated(request: &Request, broker: &Broker) -> Response {
    let path = request.path.as_str();
    let set = broker.state().answers.iter().find(|(end, _)| path.ends_with(end.as_str())).map(|(_, r)| r.clone());
    if let Some(response) = set {
        return response;
    }
    if path == "/app/generateAccessToken" {
        if request.method != "POST" {
            return Response::status(405).header("Allow", "POST");
        }
        return made(broker, broker.tokens.generate(request));
    }
    if path == "/v2/RenewToken" {
        return match request.method.as_str() {
            "GET" => renewed(request, broker),
            // As Dhan does.
            _ => Response::status(400),
        };
    }
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::status(405).header("Allow", "GET, HEAD");
    }
    match path.strip_prefix("/v2").unwrap_or(path) {
        "/master.csv" => master(request),
        "/profile" => authorized(request, broker, profile),
        "/orders" => authorized(request, broker, |client| {
            Value::from_iter(broker.desk.book().iter().map(|order| orders::rest_order(order, client)))
        }),
        _ => Response::status(404),
    }
}

/// A token that was made or refused; the streams of one that was replaced fall.
fn made(broker: &Broker, (response, replaced): (Response, Option<Replaced>)) -> Response {
    if let Some(replaced) = replaced {
        broker.token_replaced(&replaced.client_id);
    }
    response
}

fn renewed(request: &Request, broker: &Broker) -> Response {
    if !broker.is_token_good(request.header("access-token")) {
        return unauthorized();
    }
    made(broker, broker.tokens.renew(request))
}

fn authorized(request: &Request, broker: &Broker, body: impl FnOnce(&str) -> Value) -> Response {
    if !broker.is_token_good(request.header("access-token")) {
        return unauthorized();
    }
    Response::json(200, &body(request.header("dhanClientId").unwrap_or("1000000001")).to_string())
}

fn unauthorized() -> Response {
    let error = json!({
        "errorType": "Invalid_Authentication",
        "errorCode": "DH-901",
        "errorMessage": "Client ID or user generated access token is invalid or expired.",
    });
    Response::json(401, &error.to_string())
}

fn profile(client: &str) -> Value {
    let day = 86_400 * clock::SECOND_US;
    let at = |us: i64, format: &str| clock::ist_civil(us).strftime(format).to_string();
    let now = clock::now_us();
    json!({
        "dhanClientId": client,
        "tokenValidity": at(now + day, "%d/%m/%Y %H:%M"),
        "activeSegment": "Equity, Derivative, Currency, Commodity",
        "ddpi": "Active",
        "mtf": "Deactive",
        "dataPlan": "Active",
        "dataValidity": at(now + 30 * day, "%Y-%m-%d %H:%M:%S.0"),
    })
}

fn master(request: &Request) -> Response {
    let today = clock::ist_civil(clock::now_us()).date();
    // The file is made anew every day, and only then.
    let tag = format!("\"{today}\"");
    if request.header("if-none-match") == Some(tag.as_str()) {
        return Response::status(304).header("ETag", &tag);
    }
    Response { status: 200, headers: Vec::new(), body: master::compact(today).into_bytes() }
        .header("Content-Type", "text/csv")
        .header("ETag", &tag)
}
