//! Serves the order socket: the login, and messages in the server's vocabulary.

use super::config::Casing;
use super::order_engine::{OrderStatus, SimulatedOrder};
use super::service::{Service, ServiceOutput};
use super::state::Broker;
use crate::model::Segment;
use crate::server::login::OrderLogin;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;

/// One order-update connection.
pub(crate) struct OrderService {
    broker: Arc<Broker>,
    id: usize,
    /// The account after the login, and the number of updates sent.
    login: Option<(String, usize)>,
}

impl OrderService {
    pub fn new(broker: Arc<Broker>, id: usize) -> OrderService {
        OrderService { broker, id, login: None }
    }
}

/// The account whose orders a partner receives.
const CLIENT: &str = "1000000001";

impl Service for OrderService {
    fn on_text(&mut self, text: &str, out: &mut Vec<ServiceOutput>) {
        // The real server's answer to other texts is not known; this one sends nothing.
        let Some(login) = OrderLogin::read(text) else { return };
        if !self.broker.is_token_good(Some(login.secret())) {
            out.push(ServiceOutput::End(self.broker.config.refusal()));
        } else if self.login.is_none() {
            // Some clients log in twice; the first login counts.
            self.broker.claim(self.id, Some(login.id().to_owned()));
            let client = match login {
                OrderLogin::User { client, .. } => client,
                OrderLogin::Partner { .. } => CLIENT.to_owned(),
            };
            self.login = Some((client, self.broker.orders.listen()));
        }
    }

    fn due(&self) -> Option<Instant> {
        self.login.as_ref().and_then(|(_, heard)| self.broker.orders.due(*heard))
    }

    fn on_due(&mut self, out: &mut Vec<ServiceOutput>) {
        let Some((client, heard)) = &mut self.login else { return };
        for order in self.broker.orders.hear(*heard, &self.broker.market) {
            *heard += 1;
            out.push(ServiceOutput::Text(message(&order, client, self.broker.config.casing)));
        }
    }
}

const fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Transit => "Transit",
        OrderStatus::Pending => "Pending",
        OrderStatus::Rejected => "Rejected",
        OrderStatus::Cancelled => "Cancelled",
        OrderStatus::Traded => "Traded",
    }
}

/// Returns the quantity that can still be traded.
fn remaining(order: &SimulatedOrder) -> u32 {
    match order.status {
        OrderStatus::Transit | OrderStatus::Pending => order.quantity - order.traded,
        _ => 0,
    }
}

/// Returns exchange, segment letter and instrument kind, as order messages name them.
fn venue(segment: Segment) -> (&'static str, &'static str, &'static str) {
    match segment {
        Segment::NSE_FNO => ("NSE", "D", "OPTIDX"),
        Segment::BSE_FNO => ("BSE", "D", "OPTIDX"),
        Segment::BSE_EQ => ("BSE", "E", "EQUITY"),
        _ => ("NSE", "E", "EQUITY"),
    }
}

/// Returns the fields of `Data` in camelCase, without zero and empty ones, like the real server.
fn fields(order: &SimulatedOrder, client: &str) -> Vec<(&'static str, Value)> {
    let (exchange, letter, instrument) = venue(order.instrument.segment);
    let is_option = letter == "D";
    let mut fields = vec![
        ("exchange", json!(exchange)),
        ("segment", json!(letter)),
        ("source", json!("P")),
        ("securityId", json!(order.instrument.security_id.to_string())),
        ("clientId", json!(client)),
        ("exchOrderNo", json!(order.exchange_no)),
        ("orderNo", json!(order.order_no)),
        ("product", json!(if order.is_intraday { "I" } else { "C" })),
        ("txnType", json!(if order.is_buy { "B" } else { "S" })),
        ("orderType", json!(if order.is_market { "MKT" } else { "LMT" })),
        ("validity", json!("DAY")),
        ("remainingQuantity", json!(remaining(order))),
        ("quantity", json!(order.quantity)),
        ("tradedQty", json!(order.traded)),
        ("price", json!(order.price)),
        ("tradedPrice", json!(order.last_fill)),
        ("avgTradedPrice", json!(order.average)),
        ("offMktFlag", json!("0")),
        ("orderDateTime", json!(order.created)),
        ("exchOrderTime", json!(order.at_exchange.as_deref().unwrap_or("0001-01-01 00:00:00"))),
        ("lastUpdatedTime", json!(order.updated)),
        ("remarks", json!("NR")),
        ("mktType", json!("NL")),
        ("reasonDescription", json!(order.reason)),
        ("legNo", json!(1)),
        ("instrument", json!(instrument)),
        ("symbol", json!(order.symbol)),
        ("productName", json!(if order.is_intraday { "INTRADAY" } else { "CNC" })),
        ("status", json!(status(order.status))),
        ("lotSize", json!(if is_option { 65 } else { 1 })),
        ("strikePrice", json!(if is_option { 26_000 } else { 0 })),
        ("expiryDate", json!(order.expiry.as_deref().unwrap_or("0001-01-01 00:00:00"))),
        ("optType", json!(if is_option { "CE" } else { "XX" })),
        ("displayName", json!(order.display_name)),
        ("isin", json!("NA")),
        ("series", json!(if is_option { "XX" } else { "EQ" })),
        ("goodTillDaysDate", json!(&order.created[..10])),
        ("refLtp", json!(order.ltp)),
        ("tickSize", json!(0.05)),
        ("algoId", json!("0")),
        ("multiplier", json!(1)),
        ("correlationId", json!(order.correlation)),
    ];
    fields.retain(|(_, value)| !value.is_null() && value.as_f64() != Some(0.0));
    fields
}

/// Fields that the documentation's sample spells in both ways in one object.
#[cfg(feature = "testing")]
const TWICE: [&str; 6] = ["series", "goodTillDaysDate", "refLtp", "tickSize", "algoId", "multiplier"];

/// Returns a message as JSON. Written by hand, since one of the spellings repeats keys.
fn message(order: &SimulatedOrder, client: &str, casing: Casing) -> String {
    let fields = fields(order, client);
    let pascal = |key: &str| key[..1].to_uppercase() + &key[1..];
    let mut members: Vec<(String, &Value)> = Vec::new();
    #[cfg(feature = "testing")]
    let empty = json!("");
    match casing {
        Casing::Camel => members.extend(fields.iter().map(|(key, value)| ((*key).to_owned(), value))),
        Casing::Pascal => members.extend(fields.iter().map(|(key, value)| (pascal(key), value))),
        #[cfg(feature = "testing")]
        Casing::Mixed => {
            let twice = fields.iter().filter(|(key, _)| TWICE.contains(key));
            members.extend(twice.map(|(key, value)| ((*key).to_owned(), value)));
            members.extend(fields.iter().map(|(key, value)| (pascal(key), value)));
            members.push(("Remarks".to_owned(), &empty));
        }
    }
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{\"Data\":{{{}}},\"Type\":\"order_alert\"}}", members.join(","))
}

/// Returns an order in the form of REST.
pub(crate) fn rest_order(order: &SimulatedOrder, client: &str) -> Value {
    let is_option = order.instrument.segment == Segment::NSE_FNO;
    let status = match order.status {
        OrderStatus::Pending if order.traded > 0 => "PART_TRADED".to_owned(),
        other => status(other).to_uppercase(),
    };
    json!({
        "dhanClientId": client,
        "orderId": order.order_no,
        "exchangeOrderId": order.exchange_no.as_deref().unwrap_or("0"),
        "correlationId": order.correlation,
        "orderStatus": status,
        "transactionType": if order.is_buy { "BUY" } else { "SELL" },
        "exchangeSegment": order.instrument.segment.to_string(),
        "productType": if order.is_intraday { "INTRADAY" } else { "CNC" },
        "orderType": if order.is_market { "MARKET" } else { "LIMIT" },
        "validity": "DAY",
        "tradingSymbol": order.symbol,
        "securityId": order.instrument.security_id.to_string(),
        "quantity": order.quantity,
        "disclosedQuantity": 0,
        "price": order.price,
        "triggerPrice": 0.0,
        "afterMarketOrder": false,
        "createTime": order.created,
        "updateTime": order.updated,
        "exchangeTime": order.at_exchange.as_deref().unwrap_or("0001-01-01 00:00:00"),
        "drvExpiryDate": order.expiry.as_deref().unwrap_or("0001-01-01"),
        "drvOptionType": if is_option { "CALL" } else { "NA" },
        "drvStrikePrice": if is_option { 26_000.0 } else { 0.0 },
        "omsErrorCode": if order.status == OrderStatus::Rejected { "RS-0021" } else { "0" },
        "omsErrorDescription": order.reason,
        "algoId": "0",
        "remainingQuantity": remaining(order),
        "averageTradedPrice": order.average,
        "filledQty": order.traded,
    })
}
