//! The records of the contract, written a second time to check the program's declarations.

use dhan::testing::record::RecordType;
use dhan::testing::record::json_schema::document;
use serde_json::Value;

const QUOTE: &str = "ltp:number? ltq:integer ltt:integer? atp:number? volume:integer total_buy_qty:integer \
    total_sell_qty:integer day_open:number? day_high:number? day_low:number? close:number?";

/// Every type with its keys between `type` and `recv_us`; `?` is "or null".
fn contract() -> Vec<(&'static str, String)> {
    let instrument = |rest: &str| format!("segment:string security_id:string symbol:string? {rest}");
    vec![
        ("ticker", instrument("ltp:number? ltt:integer?")),
        ("quote", instrument(QUOTE)),
        (
            "full",
            instrument(&format!(
                "{QUOTE} oi:integer oi_high:integer oi_low:integer best_bid:number? best_ask:number? spread:number? \
                 bids:array asks:array"
            )),
        ),
        ("oi", instrument("oi:integer")),
        ("prev_close", instrument("prev_close:number? prev_oi:integer")),
        ("market_status", instrument("payload:string")),
        ("unknown", instrument("code:integer payload:string")),
        (
            "bar",
            instrument(
                "interval:string start:integer open:number? high:number? low:number? close:number? volume:integer? \
                 oi:integer? ticks:integer incomplete:string?",
            ),
        ),
        (
            "depth",
            instrument(
                "levels:integer best_bid:number? best_ask:number? spread:number? total_buy_qty:integer \
                 total_sell_qty:integer bids:array asks:array",
            ),
        ),
        ("depth_side", instrument("levels:integer side:string seq:integer? rows:array")),
        (
            "order",
            "events:array previous_status:string? previous_traded_qty:integer? execution_percentage:number? \
             pending_quantity:integer? exchange:string? segment:string? source:string? security_id:string? \
             client_id:string? exch_order_no:string? order_no:string? product:string? txn_type:string? \
             order_type:string? validity:string? disc_quantity:integer? disc_qty_rem:integer? \
             remaining_quantity:integer? quantity:integer? traded_qty:integer? price:number? trigger_price:number? \
             traded_price:number? avg_traded_price:number? algo_ord_no:string? off_mkt_flag:string? \
             order_date_time:integer? exch_order_time:integer? last_updated_time:integer? remarks:string? \
             mkt_type:string? reason_description:string? leg_no:integer? instrument:string? symbol:string? \
             product_name:string? status:string? lot_size:integer? strike_price:number? expiry_date:string? \
             opt_type:string? display_name:string? isin:string? series:string? good_till_days_date:string? \
             ref_ltp:number? tick_size:number? algo_id:string? multiplier:integer? correlation_id:string? \
             extra:object? origin:string"
                .to_owned(),
        ),
        (
            "chain",
            "underlying:string expiry:string? spot:number? atm:number? step:number? added:array removed:array"
                .to_owned(),
        ),
        (
            "gap",
            "feed:string conn:integer reason:string detail:string? from_us:integer to_us:integer \
             instruments:integer ids:array? dropped:integer?"
                .to_owned(),
        ),
        ("status", "feed:string conn:integer event:string detail:string?".to_owned()),
        (
            "end",
            "received:integer written:integer filtered:integer dropped:integer malformed:integer gaps:integer \
             reason:string"
                .to_owned(),
        ),
    ]
}

fn shape(property: &Value) -> String {
    match &property["type"] {
        Value::String(one) => one.clone(),
        Value::Array(two) => format!("{}?", two[0].as_str().unwrap()),
        other => panic!("{other:?} of {property}"),
    }
}

#[test]
fn every_record_has_the_keys_of_the_contract_in_their_order() {
    let contract = contract();
    assert_eq!(contract.len(), RecordType::ALL.len());
    for (name, keys) in contract {
        let kind = RecordType::parse(name).unwrap();
        let schema = document(&[kind], false);
        let required: Vec<_> = schema["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        let own: Vec<_> = required[1..required.len() - 1]
            .iter()
            .map(|key| format!("{key}:{}", shape(&schema["properties"][key])))
            .collect();
        assert_eq!(own.join(" "), keys, "{name}");
        assert_eq!((required[0], required[required.len() - 1]), ("type", "recv_us"));
        assert_eq!(schema["properties"].as_object().unwrap().len(), required.len());
    }
}
