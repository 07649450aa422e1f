//! Translates the names and words of order snapshots (REST) into the stream's.

use crate::model::Segment;
use crate::record::order::Details;

/// Keys of order snapshots with the stream's keys.
pub(super) const SNAPSHOT_NAMES: [(&str, &str); 30] = [
    ("dhanClientId", "clientId"),
    ("orderId", "orderNo"),
    ("exchangeOrderId", "exchOrderNo"),
    ("correlationId", "correlationId"),
    ("orderStatus", "status"),
    ("transactionType", "txnType"),
    ("exchangeSegment", "segment"),
    ("productType", "productName"),
    ("orderType", "orderType"),
    ("validity", "validity"),
    ("tradingSymbol", "symbol"),
    ("securityId", "securityId"),
    ("quantity", "quantity"),
    ("disclosedQuantity", "discQuantity"),
    ("price", "price"),
    ("triggerPrice", "triggerPrice"),
    ("afterMarketOrder", "offMktFlag"),
    ("createTime", "orderDateTime"),
    ("updateTime", "lastUpdatedTime"),
    ("exchangeTime", "exchOrderTime"),
    ("drvExpiryDate", "expiryDate"),
    ("drvOptionType", "optType"),
    ("drvStrikePrice", "strikePrice"),
    ("omsErrorDescription", "reasonDescription"),
    ("algoId", "algoId"),
    ("remainingQuantity", "remainingQuantity"),
    ("averageTradedPrice", "avgTradedPrice"),
    ("filledQty", "tradedQty"),
    ("legName", "legNo"),
    // Dhan misspells the quantity of a leg.
    ("totalQuatity", "quantity"),
];

/// Key of a super order's other legs.
pub(super) const LEGS: &str = "legDetails";

/// Returns whether order snapshots have a key for a number: if they leave it out, it is 0. Other numbers are unknown.
pub(super) fn in_snapshots(field: &str) -> bool {
    matches!(
        field,
        "disc_quantity"
            | "remaining_quantity"
            | "quantity"
            | "traded_qty"
            | "price"
            | "trigger_price"
            | "avg_traded_price"
    )
}

/// Returns the number of a leg, as JSON, by its name.
pub(super) fn leg(name: &str) -> Option<&'static str> {
    match name.trim_matches('"').trim().to_ascii_uppercase().as_str() {
        "ENTRY_LEG" | "NA" => Some("1"),
        "STOP_LOSS_LEG" => Some("2"),
        "TARGET_LEG" => Some("3"),
        _ => None,
    }
}

const PRODUCTS: [(&str, &str); 6] =
    [("CNC", "C"), ("INTRADAY", "I"), ("MARGIN", "M"), ("MTF", "F"), ("CO", "V"), ("BO", "B")];
const SIDES: [(&str, &str); 2] = [("BUY", "B"), ("SELL", "S")];
const TYPES: [(&str, &str); 4] =
    [("LIMIT", "LMT"), ("MARKET", "MKT"), ("STOP_LOSS", "SL"), ("STOP_LOSS_MARKET", "SLM")];
const OPTIONS: [(&str, &str); 3] = [("CALL", "CE"), ("PUT", "PE"), ("NA", "XX")];
const FLAGS: [(&str, &str); 2] = [("true", "1"), ("false", "0")];

/// Replaces the words of an order snapshot by the stream's. Unknown words are kept.
pub(super) fn translate(details: &mut Details) {
    if let Some(segment) = &mut details.segment {
        if let Some(known) =
            Segment::ALL.into_iter().find_map(|s| s.name().filter(|n| n.eq_ignore_ascii_case(segment.trim())))
        {
            known.clone_into(segment);
        }
        // An index segment belongs to no single exchange.
        details.exchange =
            segment.split_once('_').map(|(exchange, _)| exchange.to_owned()).filter(|exchange| exchange != "IDX");
    }
    details.product = details.product_name.as_deref().and_then(|name| find(&PRODUCTS, name)).map(str::to_owned);
    replace(&mut details.txn_type, &SIDES);
    replace(&mut details.order_type, &TYPES);
    replace(&mut details.opt_type, &OPTIONS);
    replace(&mut details.off_mkt_flag, &FLAGS);
}

fn find(words: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    words.iter().find(|(book, _)| book.eq_ignore_ascii_case(word.trim())).map(|(_, stream)| *stream)
}

fn replace(text: &mut Option<String>, words: &[(&str, &'static str)]) {
    if let Some(text) = text
        && let Some(word) = find(words, text)
    {
        word.clone_into(text);
    }
}
