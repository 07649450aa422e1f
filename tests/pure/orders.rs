//! Orders: messages and order snapshots are the input, lines of NDJSON and CSV the output.

use dhan::testing::format::csv::{CsvColumns, layout};
use dhan::testing::format::encoder::{Encoder, Format, Style};
use dhan::testing::format::text::TextBuf;
use dhan::testing::format::time::TimeStyle;
use dhan::testing::model::Micros;
use dhan::testing::pipeline::orders::{Orders, Outcome};
use dhan::testing::record::RecordType;
use dhan::testing::record::order::Order;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;

const DAY_US: i64 = 24 * 3600 * 1_000_000;

fn line_as(format: Format, order: &Order, recv: Micros) -> String {
    let mut out = TextBuf::new();
    Encoder::new(Style { format, time: TimeStyle::Epoch, columns: CsvColumns::Own }).line(&mut out, order, recv);
    String::from_utf8(out.as_bytes().to_vec()).unwrap()
}

/// A run that returns outcomes as short words: the events of a record, or another result of the message.
struct Run {
    orders: Orders,
    recv: Micros,
    records: Vec<Order>,
}

impl Run {
    fn new() -> Run {
        Run { orders: Orders::new(false), recv: Micros::from_secs(1), records: Vec::new() }
    }

    fn take(&mut self, give: impl FnOnce(&mut Orders, Micros, &mut dyn FnMut(Outcome))) -> Vec<String> {
        let Run { orders, recv, records } = self;
        let mut words = Vec::new();
        give(orders, *recv, &mut |outcome| {
            words.push(match outcome {
                Outcome::Record(order) => {
                    let events: Vec<&str> = order.events.iter().map(|event| event.name()).collect();
                    records.push(*order);
                    events.join(" ")
                }
                Outcome::Repeat => "repeat".to_owned(),
                Outcome::NotAnOrder => "other".to_owned(),
                Outcome::Malformed(_) => "malformed".to_owned(),
            });
        });
        words
    }

    fn text(&mut self, text: impl AsRef<[u8]>) -> Vec<String> {
        self.take(|orders, recv, sink| orders.on_text(text.as_ref(), recv, sink))
    }

    fn order(&mut self, data: Value) -> String {
        self.text(json!({"Data": data, "Type": "order_alert"}).to_string()).join("; ")
    }

    fn book(&mut self, rows: Value, at_start: bool) -> Vec<String> {
        self.take(|orders, recv, sink| orders.on_snapshot(rows.to_string().as_bytes(), at_start, recv, sink))
    }

    fn last(&self) -> Value {
        let line = line_as(Format::Ndjson, self.records.last().expect("a record"), Micros::new(7));
        serde_json::from_str(&line).expect(&line)
    }

    fn field(&self, name: &str) -> Value {
        self.last().get(name).unwrap_or_else(|| panic!("no {name}")).clone()
    }
}

fn one(data: Value) -> Value {
    let mut run = Run::new();
    run.order(data);
    run.last()
}

#[test]
fn the_csv_header_is_that_of_the_contract() {
    let contract = "type,events,previous_status,previous_traded_qty,execution_percentage,pending_quantity,\
        exchange,segment,source,security_id,client_id,exch_order_no,order_no,product,txn_type,order_type,validity,\
        disc_quantity,disc_qty_rem,remaining_quantity,quantity,traded_qty,price,trigger_price,traded_price,\
        avg_traded_price,algo_ord_no,off_mkt_flag,order_date_time,exch_order_time,last_updated_time,remarks,mkt_type,\
        reason_description,leg_no,instrument,symbol,product_name,status,lot_size,strike_price,expiry_date,opt_type,\
        display_name,isin,series,good_till_days_date,ref_ltp,tick_size,algo_id,multiplier,correlation_id,\
        extra,origin,recv_us";
    assert_eq!(layout(&[RecordType::Order], TimeStyle::Epoch).1.trim_end(), contract);
}

#[test]
fn an_order_message_becomes_a_complete_record_in_both_formats_and_casings() {
    let camel = r#"{"Data":{"exchange":"BSE","segment":"D","source":"P","securityId":"874230","clientId":"9876543210","exchOrderNo":"31","orderNo":"77","product":"M","txnType":"S","orderType":"SL","validity":"DAY","discQuantity":5,"discQtyRem":5,"remainingQuantity":30,"quantity":40,"tradedQty":10,"price":12.5,"triggerPrice":12,"tradedPrice":12.45,"avgTradedPrice":12.475,"algoOrdNo":"76","offMktFlag":"1","orderDateTime":"2026-06-10 09:49:57","exchOrderTime":"2026-06-10 09:49:58","lastUpdatedTime":"2026-06-10 09:49:59","remarks":"a \"b\"","mktType":"NL","reasonDescription":"CONFIRMED","legNo":1,"instrument":"OPTIDX","symbol":"SENSEX-Jun2026-81000-CE","productName":"MARGIN","status":"Pending","lotSize":20,"strikePrice":81000,"expiryDate":"2026-06-11 14:30:00","optType":"CE","displayName":"SENSEX 11 JUN 81000 CALL","isin":"NA","series":"XX","goodTillDaysDate":"2026-06-10","refLtp":12.55,"tickSize":0.05,"algoId":"0","multiplier":1,"correlationId":"mine 1","zeta":{"a": [1, 2.50]}},"Type":"order_alert"}"#;
    let ndjson = r#"{"type":"order","events":["update","execution","order_pending","order_part_traded"],"previous_status":null,"previous_traded_qty":null,"execution_percentage":25.0,"pending_quantity":30,"exchange":"BSE","segment":"BSE_FNO","source":"P","security_id":"874230","client_id":"******3210","exch_order_no":"31","order_no":"77","product":"M","txn_type":"S","order_type":"SL","validity":"DAY","disc_quantity":5,"disc_qty_rem":5,"remaining_quantity":30,"quantity":40,"traded_qty":10,"price":12.5,"trigger_price":12.0,"traded_price":12.45,"avg_traded_price":12.475,"algo_ord_no":"76","off_mkt_flag":"1","order_date_time":1781065197,"exch_order_time":1781065198,"last_updated_time":1781065199,"remarks":"a \"b\"","mkt_type":"NL","reason_description":"CONFIRMED","leg_no":1,"instrument":"OPTIDX","symbol":"SENSEX-Jun2026-81000-CE","product_name":"MARGIN","status":"PENDING","lot_size":20,"strike_price":81000.0,"expiry_date":"2026-06-11","opt_type":"CE","display_name":"SENSEX 11 JUN 81000 CALL","isin":"NA","series":"XX","good_till_days_date":"2026-06-10","ref_ltp":12.55,"tick_size":0.05,"algo_id":"0","multiplier":1,"correlation_id":"mine 1","extra":{"zeta":{"a":[1,2.50]}},"origin":"stream","recv_us":7}"#;
    let csv = r#"order,update|execution|order_pending|order_part_traded,,,25.0,30,BSE,BSE_FNO,P,874230,******3210,31,77,M,S,SL,DAY,5,5,30,40,10,12.5,12.0,12.45,12.475,76,1,1781065197,1781065198,1781065199,"a ""b""",NL,CONFIRMED,1,OPTIDX,SENSEX-Jun2026-81000-CE,MARGIN,PENDING,20,81000.0,2026-06-11,CE,SENSEX 11 JUN 81000 CALL,NA,XX,2026-06-10,12.55,0.05,0,1,mine 1,"{""zeta"":{""a"":[1,2.50]}}",stream,7"#;
    let pascal = pascal_case(camel);
    for text in [camel, &pascal] {
        let mut run = Run::new();
        run.text(text);
        assert_eq!(line_as(Format::Ndjson, &run.records[0], Micros::new(7)).trim_end(), ndjson);
        assert_eq!(line_as(Format::Csv, &run.records[0], Micros::new(7)).trim_end(), csv);
    }
}

/// Returns the message with every known key of `Data` in PascalCase.
fn pascal_case(camel: &str) -> String {
    let mut message: serde_json::Map<String, Value> = serde_json::from_str(camel).unwrap();
    let Some(Value::Object(data)) = message.get_mut("Data") else { panic!() };
    let keys: Vec<String> = data.keys().filter(|key| *key != "zeta").cloned().collect();
    for key in keys {
        let value = data.remove(&key).unwrap();
        data.insert(format!("{}{}", key[..1].to_uppercase(), &key[1..]), value);
    }
    // serde_json writes 2.50 as 2.5: put the digits back.
    Value::Object(message).to_string().replace("2.5]", "2.50]")
}

#[test]
fn real_order_messages_become_the_expected_fields() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/orders/order_updates.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: no {}", path.display());
        return;
    };
    let mut run = Run::new();
    let events: Vec<String> = text.lines().map(|line| run.text(line).join("; ")).collect();
    assert_eq!(
        events,
        [
            "update execution order_traded",
            "update execution order_traded",
            "update order_pending",
            "update status_change execution order_traded",
        ]
    );
    let renamed = |key: &str| match key {
        "previous_status" | "previous_traded_qty" | "execution_percentage" | "pending_quantity" | "events" | "type" => {
            None
        }
        "extra" | "origin" | "recv_us" => None,
        snake => {
            let mut words = snake.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            Some(words.fold(first, |name, word| format!("{name}{}{}", word[..1].to_uppercase(), &word[1..])))
        }
    };
    for (order, line) in run.records.iter().zip(text.lines()) {
        let message: Value = serde_json::from_str(line).unwrap();
        let said = message["Data"].as_object().unwrap();
        let record: serde_json::Map<String, Value> =
            serde_json::from_str(&line_as(Format::Ndjson, order, Micros::new(7))).unwrap();
        let mut used = Vec::new();
        for (key, value) in &record {
            let Some(wire) = renamed(key) else { continue };
            let expected = match (key.as_str(), said.get(&wire)) {
                ("segment", Some(letter)) => json!(if letter == "D" { "NSE_FNO" } else { "NSE_EQ" }),
                ("client_id", Some(_)) => json!("******0001"),
                ("status", Some(status)) => json!(status.as_str().unwrap().to_uppercase()),
                ("expiry_date", Some(date)) if date.as_str().unwrap().starts_with("0001") => Value::Null,
                ("order_date_time" | "exch_order_time" | "last_updated_time", Some(time)) => {
                    let civil: jiff::civil::DateTime = time.as_str().unwrap().parse().unwrap();
                    json!(dhan::testing::clock::from_ist(civil).seconds())
                }
                ("price" | "trigger_price" | "traded_price" | "avg_traded_price" | "ref_ltp" | "tick_size", said) => {
                    json!(said.map_or(0.0, |said| said.as_f64().unwrap()))
                }
                ("strike_price", said) => said.map_or(Value::Null, |said| json!(said.as_f64().unwrap())),
                (
                    "disc_quantity" | "disc_qty_rem" | "remaining_quantity" | "quantity" | "traded_qty" | "leg_no"
                    | "lot_size" | "multiplier",
                    None,
                ) => json!(0),
                (_, said) => said.cloned().unwrap_or(Value::Null),
            };
            assert_eq!(value, &expected, "{key}");
            used.push(wire);
        }
        let left: serde_json::Map<String, Value> =
            said.iter().filter(|(key, _)| !used.contains(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        assert_eq!(record["extra"], if left.is_empty() { Value::Null } else { Value::Object(left) });
    }
    assert_eq!(run.records[0].details.order_date_time, Some(1_741_233_725));
    assert_eq!(run.records[3].previous_status.as_deref(), Some("PENDING"));
    assert_eq!(run.text(text.lines().next_back().unwrap()), ["repeat"]);
}

#[test]
fn an_order_that_is_pending_repeated_and_then_traded_has_its_events() {
    let mut run = Run::new();
    let pending = json!({"orderNo":"1","status":"Pending","quantity":150,"remainingQuantity":150});
    assert_eq!(run.order(pending.clone()), "update order_pending");
    assert_eq!((run.field("previous_status"), run.field("previous_traded_qty")), (Value::Null, Value::Null));
    assert_eq!(run.order(pending), "repeat");
    assert_eq!(
        run.order(json!({"orderNo":"1","status":"Traded","quantity":150,"tradedQty":150})),
        "update status_change execution order_traded"
    );
    assert_eq!((run.field("previous_status"), run.field("previous_traded_qty")), (json!("PENDING"), json!(0)));
    assert_eq!((run.field("execution_percentage"), run.field("pending_quantity")), (json!(100.0), json!(0)));
}

#[test]
fn an_order_first_seen_partly_traded_and_then_fully_traded_has_its_events() {
    let mut run = Run::new();
    for (data, events) in [
        (
            json!({"orderNo":"1","status":"PENDING","quantity":150,"tradedQty":75}),
            "update execution order_pending order_part_traded",
        ),
        (json!({"orderNo":"1","status":"PENDING","quantity":150,"tradedQty":100}), "update execution"),
        (json!({"orderNo":"1","status":"PENDING","quantity":150,"tradedQty":100,"price":1}), "update"),
        (
            json!({"orderNo":"1","status":"TRADED","quantity":150,"tradedQty":150}),
            "update status_change execution order_traded",
        ),
    ] {
        assert_eq!(run.order(data), events);
    }
    assert_eq!(
        Run::new().order(json!({"orderNo":"2","status":"TRADED","quantity":5,"tradedQty":5})),
        "update execution order_traded"
    );
}

#[test]
fn every_status_transition_has_one_event_and_an_unknown_status_is_kept() {
    let mut run = Run::new();
    let mut told = |status: &str, n: i32| run.order(json!({"orderNo":"1","status":status,"quantity":5,"lotSize":n}));
    assert_eq!(told("Transit", 0), "update order_transit");
    assert_eq!(told("PENDING", 1), "update status_change order_pending");
    assert_eq!(told("pending", 2), "update");
    assert_eq!(told("Modified", 3), "update status_change");
    assert_eq!(told("PENDING", 4), "update status_change order_pending");
    assert_eq!(told("PART_TRADED", 5), "update status_change order_part_traded");
    for (status, event) in [
        ("Rejected", "order_rejected"),
        ("Cancelled", "order_cancelled"),
        ("Expired", "order_expired"),
        ("Triggered", "order_triggered"),
        ("Closed", "order_closed"),
    ] {
        assert_eq!(told(status, 6), format!("update status_change {event}"));
    }
    told("Modified", 7);
    assert_eq!(run.field("status"), json!("MODIFIED"));
}

#[test]
fn a_partial_trade_before_a_cancellation_is_an_event_too() {
    let events = Run::new().order(json!({"orderNo":"1","status":"Cancelled","quantity":150,"tradedQty":75}));
    assert_eq!(events, "update execution order_cancelled order_part_traded");
}

#[test]
fn missing_fields_are_zero_or_null_if_zero_would_be_a_claim() {
    for data in [
        json!({"orderNo":"1"}),
        json!({"orderNo":"1","exchOrderNo":"0","algoOrdNo":0.0,"strikePrice":0,"expiryDate":"0001-01-01 00:00:00","quantity":"","price":""}),
        json!({"orderNo":"1","exchOrderNo":0,"algoOrdNo":"","strikePrice":"0.00","expiryDate":null,"exchOrderTime":"0001-01-01 00:00:00"}),
    ] {
        let record = one(data.clone());
        for name in [
            "disc_quantity",
            "disc_qty_rem",
            "remaining_quantity",
            "quantity",
            "traded_qty",
            "leg_no",
            "lot_size",
            "multiplier",
        ] {
            assert_eq!(record[name], json!(0), "{name} {data}");
        }
        for name in ["price", "trigger_price", "traded_price", "avg_traded_price", "ref_ltp", "tick_size"] {
            assert_eq!(record[name], json!(0.0), "{name} {data}");
        }
        for name in [
            "exch_order_no",
            "algo_ord_no",
            "strike_price",
            "expiry_date",
            "exch_order_time",
            "status",
            "segment",
            "extra",
            "correlation_id",
        ] {
            assert_eq!(record[name], Value::Null, "{name} {data}");
        }
    }
}

#[test]
fn numbers_may_be_text_and_order_numbers_keep_their_digits() {
    let mut run = Run::new();
    run.text(r#"{"Type":"order_alert","Data":{"orderNo":123456789012345678901234567890,"exchOrderNo":9007199254740993,"securityId":11630,"algoOrdNo":1.50,"quantity":"150","tradedQty":" 75.0 ","price":"188.10","lotSize":1e2,"legNo":9223372036854775807}}"#);
    let record = run.last();
    for (name, value) in [
        ("order_no", json!("123456789012345678901234567890")),
        ("exch_order_no", json!("9007199254740993")),
        ("security_id", json!("11630")),
        ("algo_ord_no", json!("1.50")),
        ("quantity", json!(150)),
        ("traded_qty", json!(75)),
        ("price", json!(188.1)),
        ("lot_size", json!(100)),
        ("leg_no", json!(i64::MAX)),
        ("extra", Value::Null),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
}

#[test]
fn an_unreadable_field_is_null_and_its_text_is_kept() {
    let mut run = Run::new();
    run.text(r#"{"Type":"order_alert","Data":{"orderNo":"1","quantity":"many","tradedQty":99999999999999999999,"price":"NaN","orderDateTime":"yesterday","expiryDate":"26/06/2026","exchange":"LSE","segment":"E","symbol":["x"]}}"#);
    let record = run.last();
    for name in
        ["quantity", "traded_qty", "price", "order_date_time", "expiry_date", "segment", "symbol", "pending_quantity"]
    {
        assert_eq!(record[name], Value::Null, "{name}");
    }
    assert_eq!(
        run.records[0].extra.as_deref(),
        Some(
            r#"{"quantity":"many","tradedQty":99999999999999999999,"price":"NaN","orderDateTime":"yesterday","expiryDate":"26/06/2026","symbol":["x"],"segment":"E"}"#
        )
    );
    assert_eq!(record["exchange"], json!("LSE"));
}

#[test]
fn the_last_non_empty_value_of_duplicate_keys_is_used() {
    let mut run = Run::new();
    run.text(r#"{"Type":"order_alert","Data":{"OrderNo":"1","Remarks":"Super Order","Remarks":"","remarks":" ","quantity":5,"Quantity":7,"quantity":null,"new":1,"new":2,"new":null}}"#);
    let record = run.last();
    assert_eq!(
        (&record["remarks"], &record["quantity"], &record["extra"]),
        (&json!("Super Order"), &json!(7), &json!({"new":2}))
    );
}

#[test]
fn a_blank_remark_and_a_correlation_id_of_na_are_kept() {
    let record = one(json!({"orderNo":"1","remarks":" ","correlationId":"NA"}));
    assert_eq!((&record["remarks"], &record["correlation_id"]), (&json!(" "), &json!("NA")));
}

#[test]
fn segments_are_composed_of_exchange_and_letter() {
    for (exchange, letter, segment) in [
        ("NSE", "E", json!("NSE_EQ")),
        ("NSE", "D", json!("NSE_FNO")),
        ("NSE", "C", json!("NSE_CURRENCY")),
        ("NSE", "M", json!("NSE_COMM")),
        ("BSE", "E", json!("BSE_EQ")),
        ("BSE", "D", json!("BSE_FNO")),
        ("BSE", "C", json!("BSE_CURRENCY")),
        ("MCX", "M", json!("MCX_COMM")),
        ("NSE", "I", json!("IDX_I")),
        ("BSE", "I", json!("IDX_I")),
        ("mcx", "m", json!("MCX_COMM")),
        ("NSE", "NSE_FNO", json!("NSE_FNO")),
        ("NSE", "Q", Value::Null),
    ] {
        assert_eq!(
            one(json!({"orderNo":"1","exchange":exchange,"segment":letter}))["segment"],
            segment,
            "{exchange} {letter}"
        );
    }
}

#[test]
fn client_ids_are_masked_by_default() {
    for (mask, id, shown) in [
        (true, "1000000001", "******0001"),
        (true, "1234", "****"),
        (true, "é12345", "**2345"),
        (false, "1000000001", "1000000001"),
    ] {
        let mut run = Run { orders: Orders::new(!mask), ..Run::new() };
        run.order(json!({"orderNo":"1","clientId":id}));
        assert_eq!(run.field("client_id"), json!(shown));
    }
}

#[test]
fn every_message_of_a_frame_has_one_outcome_independent_of_its_neighbours() {
    let order = r#"{"Data":{"orderNo":"@"},"Type":"order_alert"}"#;
    let a = order.replace('@', "1");
    let b = order.replace('@', "2");
    for (frame, words) in [
        (format!("{a}{b}"), vec!["update", "update"]),
        (format!("[{a},{b}]"), vec!["update", "update"]),
        (format!(" {a}\r\n[{b}] "), vec!["update", "update"]),
        (format!("{a}{a}"), vec!["update", "repeat"]),
        (format!("{a}garbage{b}"), vec!["update", "malformed"]),
        (format!("\u{feff}{a}"), vec!["update"]),
        (format!("[{a},[{b}],7]"), vec!["update", "malformed", "other"]),
        (r#"{"Type":"heartbeat"}"#.to_owned(), vec!["other"]),
        (format!(r#"{{"Type":"{}"}}{a}"#, "long".repeat(99)), vec!["other", "update"]),
        (r#"{"type":"ORDER_ALERT","data":{"OrderNo":"1"}}"#.to_owned(), vec!["update"]),
        (r#"{"Data":[{"orderNo":"1"},{"orderNo":"2"}],"Type":"order_alert"}"#.to_owned(), vec!["update", "update"]),
        (r#"{"Data":{"orderNo":"1"}}"#.to_owned(), vec!["update"]),
        (r#"{"Data":{},"Type":"order_alert"}"#.to_owned(), vec!["malformed"]),
        (r#"{"Data":"x","Type":"order_alert"}"#.to_owned(), vec!["malformed"]),
        (r#"{"Data":[],"Type":"order_alert"}"#.to_owned(), vec!["malformed"]),
        (r#"{"Type":"order_alert"}"#.to_owned(), vec!["malformed"]),
        ("{}".to_owned(), vec!["malformed"]),
        ("no json".to_owned(), vec!["malformed"]),
        (r#"{"Data":{"orderNo":"1""#.to_owned(), vec!["malformed"]),
        (String::new(), vec!["other"]),
        ("[]".to_owned(), vec!["other"]),
        ("\"ping\"".to_owned(), vec!["other"]),
    ] {
        assert_eq!(Run::new().text(&frame), words, "{frame}");
    }
}

#[test]
fn deep_nesting_is_malformed_and_overflows_no_stack() {
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    for (frame, word) in [
        (format!(r#"{{"Type":"order_alert","Data":{{"orderNo":"1","x":{}}}}}"#, deep(62)), "update"),
        (format!(r#"{{"Type":"order_alert","Data":{{"orderNo":"1","x":{}}}}}"#, deep(63)), "malformed"),
        (format!(r#"{{"Type":"order_alert","Data":{{"orderNo":"1","x":{}}}}}"#, deep(100_000)), "malformed"),
        (deep(100_000), "malformed"),
        ("[".repeat(100_000), "malformed"),
        (r#"{"Data":"#.repeat(100_000), "malformed"),
    ] {
        assert_eq!(Run::new().text(&frame), [word], "{}", &frame[..50]);
        assert_eq!(
            Run::new().take(|orders, at, sink| orders.on_snapshot(frame.as_bytes(), true, at, sink)),
            ["malformed"]
        );
    }
}

#[test]
fn text_that_is_not_utf8_is_malformed() {
    assert_eq!(Run::new().text(b"{\"Data\":{\"orderNo\":\"\xff\"},\"Type\":\"order_alert\"}"), ["malformed"]);
    assert_eq!(Run::new().text(b"\xff\xfe"), ["malformed"]);
}

#[test]
fn a_record_is_one_line_whatever_the_layout_of_the_message() {
    let mut run = Run::new();
    run.text("{\n \"Type\": \"order_alert\",\n \"Data\": {\n  \"orderNo\": \"1\",\n  \"new key\": {\n \"a\": \"x\\ny\"\n }\n }\n}");
    let line = line_as(Format::Ndjson, &run.records[0], Micros::new(7));
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.contains(r#""extra":{"new key":{"a":"x\ny"}},"#), "{line}");
}

/// A row of the order snapshot.
fn row(number: &str, status: &str, traded: i64, update_time: &str) -> Value {
    json!({
        "dhanClientId":"1000000003","orderId":number,"exchangeOrderId":"0","correlationId":"c1","orderStatus":status,
        "transactionType":"BUY","exchangeSegment":"NSE_EQ","productType":"INTRADAY","orderType":"LIMIT","validity":"DAY",
        "tradingSymbol":"TCS","securityId":"11536","quantity":10,"disclosedQuantity":0,"price":100.0,"triggerPrice":0.0,
        "afterMarketOrder":false,"createTime":"2026-06-10 09:20:00","updateTime":update_time,
        "exchangeTime":"0001-01-01 00:00:00","drvExpiryDate":null,"drvOptionType":null,"drvStrikePrice":0.0,
        "omsErrorCode":null,"omsErrorDescription":"CONFIRMED","algoId":"0","remainingQuantity":10 - traded,
        "averageTradedPrice":99.5,"filledQty":traded
    })
}

/// The stream's message about the same order.
fn update(number: &str, status: &str, traded: i64, update_time: &str) -> Value {
    json!({
        "orderNo":number,"status":status,"quantity":10,"tradedQty":traded,"price":100,"orderType":"LMT","validity":"DAY",
        "lastUpdatedTime":update_time,"lotSize":1
    })
}

const T1: &str = "2026-06-10 09:21:00";
const T2: &str = "2026-06-10 09:22:00";

#[test]
fn order_snapshot_rows_have_the_same_words_as_the_stream() {
    let mut run = Run::new();
    assert_eq!(run.book(json!([row("1", "PART_TRADED", 4, T1)]), true), ["snapshot"]);
    let record = run.last();
    for (name, value) in [
        ("events", json!(["snapshot"])),
        ("previous_status", Value::Null),
        ("previous_traded_qty", Value::Null),
        ("execution_percentage", json!(40.0)),
        ("pending_quantity", json!(6)),
        ("exchange", json!("NSE")),
        ("segment", json!("NSE_EQ")),
        ("source", Value::Null),
        ("security_id", json!("11536")),
        ("client_id", json!("******0003")),
        ("exch_order_no", Value::Null),
        ("order_no", json!("1")),
        ("product", json!("I")),
        ("product_name", json!("INTRADAY")),
        ("txn_type", json!("B")),
        ("order_type", json!("LMT")),
        ("validity", json!("DAY")),
        ("disc_quantity", json!(0)),
        ("disc_qty_rem", Value::Null),
        ("remaining_quantity", json!(6)),
        ("quantity", json!(10)),
        ("traded_qty", json!(4)),
        ("price", json!(100.0)),
        ("trigger_price", json!(0.0)),
        ("traded_price", Value::Null),
        ("avg_traded_price", json!(99.5)),
        ("off_mkt_flag", json!("0")),
        ("order_date_time", json!(1_781_063_400)),
        ("exch_order_time", Value::Null),
        ("last_updated_time", json!(1_781_063_460)),
        ("reason_description", json!("CONFIRMED")),
        ("leg_no", Value::Null),
        ("symbol", json!("TCS")),
        ("status", json!("PART_TRADED")),
        ("lot_size", Value::Null),
        ("strike_price", Value::Null),
        ("expiry_date", Value::Null),
        ("opt_type", Value::Null),
        ("tick_size", Value::Null),
        ("algo_id", json!("0")),
        ("correlation_id", json!("c1")),
        ("extra", json!({"omsErrorCode":null})),
        ("origin", json!("snapshot")),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    let mut other = row("2", "TRADED", 10, T1);
    for (key, value) in [
        ("exchangeSegment", json!("MCX_COMM")),
        ("transactionType", json!("SELL")),
        ("productType", json!("CNC")),
        ("orderType", json!("STOP_LOSS_MARKET")),
        ("afterMarketOrder", json!(true)),
        ("drvOptionType", json!("PUT")),
        ("drvStrikePrice", json!(5400.0)),
        ("drvExpiryDate", json!("2026-06-17")),
    ] {
        other[key] = value;
    }
    run.book(json!([other]), true);
    let record = run.last();
    for (name, value) in [
        ("exchange", json!("MCX")),
        ("segment", json!("MCX_COMM")),
        ("txn_type", json!("S")),
        ("product", json!("C")),
        ("order_type", json!("SLM")),
        ("off_mkt_flag", json!("1")),
        ("opt_type", json!("PE")),
        ("strike_price", json!(5400.0)),
        ("expiry_date", json!("2026-06-17")),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
}

#[test]
fn the_first_order_snapshot_has_no_events_and_later_events_compare_with_it() {
    let mut run = Run::new();
    assert_eq!(
        run.book(json!([row("1", "PENDING", 0, T1), row("2", "TRADED", 10, T1), row("3", "PENDING", 4, T1)]), true),
        ["snapshot", "snapshot", "snapshot"]
    );
    assert_eq!(run.order(update("1", "Pending", 0, T1)), "update");
    assert_eq!(run.order(update("1", "Traded", 10, T2)), "update status_change execution order_traded");
    assert_eq!(run.order(update("2", "Traded", 10, T1)), "update");
    assert_eq!(run.order(update("3", "Pending", 6, T2)), "update execution");
    assert_eq!((run.field("previous_status"), run.field("previous_traded_qty")), (json!("PENDING"), json!(4)));
}

#[test]
fn after_a_reconnect_only_changed_orders_are_printed_with_their_events() {
    let mut run = Run::new();
    run.book(json!([row("1", "PENDING", 0, T1), row("2", "PENDING", 0, T1)]), true);
    run.order(update("3", "Pending", 4, T1));
    run.order(update("4", "Traded", 10, T1));
    let mut modified = row("2", "PENDING", 0, T2);
    modified["price"] = json!(101.5);
    let book = json!([
        row("1", "TRADED", 10, T2),
        modified,
        // The stream's PENDING with a traded quantity is the snapshot's PART_TRADED: no transition.
        row("3", "PART_TRADED", 4, T1),
        row("4", "TRADED", 10, T1),
        row("5", "REJECTED", 0, T2),
        row("6", "TRADED", 10, T2)
    ]);
    assert_eq!(
        run.book(book.clone(), false),
        [
            "update status_change execution order_traded",
            "update",
            "repeat",
            "repeat",
            "update order_rejected",
            "update execution order_traded",
        ]
    );
    assert!(run.records[4..].iter().all(|order| order.origin.name() == "snapshot"));
    assert_eq!(run.book(book, false), ["repeat"; 6]);
    assert_eq!(run.order(update("3", "Pending", 4, T1)), "repeat", "the stream's last word is still the last word");
}

#[test]
fn an_order_snapshot_older_than_the_stream_changes_nothing() {
    for (told, stale) in [
        (update("1", "Traded", 10, T1), row("1", "PENDING", 0, T1)),
        (update("1", "Traded", 10, T1), row("1", "PENDING", 0, T2)),
        (update("1", "Cancelled", 0, T1), row("1", "TRANSIT", 0, T2)),
        (update("1", "Rejected", 0, T1), row("1", "PENDING", 0, T2)),
        (update("1", "Expired", 0, T1), row("1", "PENDING", 0, T2)),
        (update("1", "Closed", 10, T2), row("1", "TRADED", 10, T1)),
        (update("1", "Pending", 6, T1), row("1", "PART_TRADED", 4, T1)),
        (update("1", "Pending", 0, T1), row("1", "TRANSIT", 0, T1)),
        (update("1", "Modified", 0, T2), row("1", "PENDING", 0, T1)),
    ] {
        for at_start in [false, true] {
            let mut run = Run::new();
            run.book(json!([]), true);
            run.order(told.clone());
            assert_eq!(run.book(json!([stale.clone()]), at_start), ["repeat"], "{told} {stale}");
            assert_eq!(run.order(told.clone()), "repeat");
        }
    }
}

#[test]
fn late_stream_messages_do_not_undo_a_newer_order_snapshot() {
    for at_start in [true, false] {
        let mut run = Run::new();
        run.book(json!([row("1", "TRADED", 10, T1)]), at_start);
        assert_eq!(run.order(update("1", "Transit", 0, T1)), "repeat");
        assert_eq!(run.order(update("1", "Pending", 4, T1)), "repeat");
        let last = run.order(update("1", "Closed", 10, T2));
        assert_eq!(last, "update status_change order_closed", "what is new is told");
    }
}

#[test]
fn a_missed_final_status_is_printed_even_with_an_older_time() {
    for (status, event) in [("TRADED", "order_traded"), ("CANCELLED", "order_cancelled"), ("EXPIRED", "order_expired")]
    {
        let mut run = Run::new();
        run.book(json!([]), true);
        run.order(update("1", "Pending", 0, T2));
        assert_eq!(run.book(json!([row("1", status, 0, T1)]), false), [format!("update status_change {event}")]);
    }
}

#[test]
fn without_a_first_order_snapshot_unknown_orders_have_no_events() {
    let mut run = Run::new();
    assert_eq!(
        run.take(|orders, at, sink| orders.on_snapshot(b"{\"errorCode\":\"DH-904\"}", true, at, sink)),
        ["malformed"]
    );
    run.order(update("1", "Pending", 0, T1));
    assert_eq!(
        run.book(json!([row("1", "TRADED", 10, T2), row("2", "TRADED", 10, T1)]), false),
        ["update status_change execution order_traded", "snapshot"]
    );
    assert_eq!(run.book(json!([row("3", "TRADED", 10, T2)]), false), ["update execution order_traded"]);
}

#[test]
fn the_first_order_snapshot_is_printed_completely_even_after_stream_messages() {
    let mut run = Run::new();
    run.order(update("1", "Traded", 10, T1));
    assert_eq!(run.book(json!([row("1", "TRADED", 10, T1)]), true), ["snapshot"]);
    assert_eq!(run.order(update("1", "Traded", 10, T1)), "repeat");
}

#[test]
fn bad_rows_do_not_affect_other_rows() {
    let mut run = Run::new();
    assert_eq!(
        run.book(json!([{"orderStatus":"TRADED"}, 7, row("1", "TRADED", 10, T1), null, []]), true),
        ["malformed", "malformed", "snapshot", "malformed", "malformed"]
    );
    assert_eq!(run.book(json!([]), true), [""; 0]);
}

#[test]
fn ten_thousand_orders_are_remembered_and_the_least_recent_is_forgotten_first() {
    let mut run = Run::new();
    for number in 0..10_000 {
        run.order(json!({"orderNo":number.to_string()}));
    }
    assert_eq!(run.order(json!({"orderNo":"0"})), "repeat");
    run.order(json!({"orderNo":"new"}));
    assert_eq!(run.order(json!({"orderNo":"0"})), "repeat", "heard of a moment ago");
    assert_eq!(run.order(json!({"orderNo":"2"})), "repeat");
    assert_eq!(run.order(json!({"orderNo":"1"})), "update", "the one that made room");
}

#[test]
fn an_order_is_remembered_for_seven_days() {
    let mut run = Run::new();
    run.order(json!({"orderNo":"1","status":"PENDING"}));
    run.order(json!({"orderNo":"2","status":"PENDING"}));
    run.recv = run.recv.plus_us(7 * DAY_US);
    assert_eq!(run.order(json!({"orderNo":"1","status":"PENDING"})), "repeat");
    run.recv = run.recv.plus_us(1);
    assert_eq!(run.order(json!({"orderNo":"2","status":"PENDING"})), "update order_pending");
    assert_eq!(run.order(json!({"orderNo":"1","status":"TRADED"})), "update status_change order_traded");
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_frame_has_an_outcome(bytes in prop::collection::vec(any::<u8>(), 0..200), at_start: bool) {
        let mut run = Run::new();
        prop_assert!(!run.text(&bytes).is_empty());
        run.take(|orders, at, sink| orders.on_snapshot(&bytes, at_start, at, sink));
    }

    /// Parts of valid messages, so that random input gets beyond the JSON parser.
    #[test]
    fn no_message_panics_and_every_record_is_a_line_of_json(
        members in prop::collection::vec((
            prop::sample::select(vec!["orderNo", "OrderNo", "status", "quantity", "tradedQty", "price", "exchange", "segment",
                "orderDateTime", "expiryDate", "strikePrice", "algoOrdNo", "clientId", "other", "é\\n\\u0000"]),
            prop::sample::select(vec!["null", "\"\"", "\" \"", "0", "-1", "1e400", "1e18", "\"75\"", "\"NaN\"", "true", "[ 1 ]",
                "{ \"a\" : \"\\ud800\" }", "\"\\ud800\"", "\"0001-01-01 00:00:00\"", "\"9999-12-31 23:59:59\"", "\"-9999-01-01\"",
                "\"2026-06-10T09:49:57.5\"", "\"2026-06-10 09:49é57\"", "\"NSE\"", "\"E\"", "99999999999999999999999"]),
        ), 0..12),
    ) {
        let data: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\" : {value}")).collect();
        let frame = format!("{{\"Type\":\"order_alert\",\n\"Data\":{{{}}}}}", data.join(" ,\n"));
        let mut run = Run::new();
        prop_assert_eq!(run.text(&frame).len(), 1);
        for order in &run.records {
            let line = line_as(Format::Ndjson, order, Micros::new(7));
            prop_assert_eq!(line.matches('\n').count(), 1);
            let parsed: &serde_json::value::RawValue = serde_json::from_str(&line).unwrap();
            let whole = parsed.get().ends_with("\"recv_us\":7}");
            prop_assert!(whole);
        }
    }

    #[test]
    fn casing_changes_nothing(upper in prop::collection::vec(any::<bool>(), 6)) {
        let keys = ["orderNo", "status", "quantity", "tradedQty", "goodTillDaysDate", "isin"];
        let values = [json!("1"), json!("Traded"), json!(5), json!(5), json!("2026-06-10"), json!("INE")];
        let message = |upper: &[bool]| {
            let data: serde_json::Map<String, Value> = keys.iter().zip(&values).zip(upper).map(|((key, value), upper)| {
                let key = if *upper { format!("{}{}", key[..1].to_uppercase(), &key[1..]) } else { (*key).to_owned() };
                (key, value.clone())
            }).collect();
            Value::Object(data)
        };
        let mut run = Run::new();
        prop_assert_eq!(run.order(message(&[false; 6])), "update execution order_traded");
        prop_assert_eq!(run.order(message(&upper)), "repeat");
    }
}

#[test]
fn an_order_snapshot_row_without_a_status_is_printed_once() {
    let mut orders = Orders::new(false);
    let mut look = |row: &str| {
        let mut all = Vec::new();
        orders.on_snapshot(row.as_bytes(), false, Micros::from_secs(1_781_065_200), &mut |outcome| all.push(outcome));
        all
    };
    look(r#"[{"orderId":"1","orderStatus":"PENDING","quantity":4,"filledQty":0}]"#);
    assert!(matches!(look(r#"[{"orderId":"1","quantity":5}]"#)[..], [Outcome::Record(_)]));
    assert_eq!(look(r#"[{"orderId":"1","quantity":5}]"#), [Outcome::Repeat]);
}

fn real(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/orders").join(name);
    std::fs::read_to_string(path).ok()
}

#[test]
fn the_legs_of_a_super_order_are_three_orders_with_one_number() {
    let Some(body) = real("docs_super_order_legs.json") else { return };
    let mut run = Run::new();
    let rows: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(run.book(rows.clone(), true), ["snapshot", "snapshot", "snapshot"]);
    let legs: Vec<_> = run.records.iter().map(|order| (order.details.leg_no, order.details.price)).collect();
    assert_eq!(legs, [(Some(1), Some(1500.0)), (Some(2), Some(1400.0)), (Some(3), Some(1550.0))]);
    assert!(run.records.iter().all(|order| order.details.order_no.as_deref() == Some("5925022734212")));
    assert!(run.records.iter().all(|order| order.details.segment.as_deref() == Some("NSE_EQ")));

    let leg = |leg: i64, status: &str, traded: i64| {
        json!({"orderNo":"5925022734212","legNo":leg,"status":status,"quantity":10,"tradedQty":traded,"txnType":"S",
               "lastUpdatedTime":"2025-02-28 10:00:00"})
    };
    // The stop is traded: its own execution, compared with its own state.
    assert_eq!(run.order(leg(2, "Traded", 10)), "update status_change execution order_traded");
    assert_eq!(run.field("previous_status"), json!("PENDING"));
    assert_eq!(run.order(leg(3, "Cancelled", 0)), "update status_change order_cancelled");
    // The entry leg is another order.
    assert_eq!(run.order(leg(1, "Traded", 10)), "update status_change execution order_traded");
    assert_eq!(run.order(leg(2, "Traded", 10)), "repeat");
}

#[test]
fn a_missing_zero_or_na_leg_is_the_first_leg() {
    let mut run = Run::new();
    run.order(json!({"orderNo":"1","status":"Pending","quantity":5}));
    assert_eq!(
        run.order(json!({"orderNo":"1","status":"Traded","quantity":5,"tradedQty":5,"legNo":1})),
        "update status_change execution order_traded"
    );
    let mut row = row("2", "PENDING", 0, "2026-06-10 10:00:00");
    row["legName"] = json!("NA");
    assert_eq!(run.book(json!([row]), true), ["snapshot"]);
    assert_eq!(run.field("leg_no"), json!(1));
    assert_eq!(run.order(update("2", "Traded", 10, "2026-06-10 10:00:01")).split(' ').next(), Some("update"));
    assert_eq!(run.field("previous_status"), json!("PENDING"));
}

#[test]
fn statuses_that_only_one_source_has_are_no_transition() {
    // The stream's MODIFIED against the snapshot's PENDING, in both directions.
    for word in ["Modified", "Active", "Dummy"] {
        let mut run = Run::new();
        run.order(update("1", word, 0, "2026-06-10 10:00:00"));
        assert_eq!(run.book(json!([row("1", "PENDING", 0, "2026-06-10 10:00:00")]), false), ["repeat"], "{word}");
        let mut run = Run::new();
        run.book(json!([row("1", "PENDING", 0, "2026-06-10 10:00:00")]), true);
        assert_eq!(run.order(update("1", word, 0, "2026-06-10 10:00:05")), "repeat", "{word}");
        // The next status is a transition again.
        assert_eq!(
            run.order(update("1", "Cancelled", 0, "2026-06-10 10:00:06")),
            "update status_change order_cancelled"
        );
    }
    // The snapshot's PART_TRADED against the stream's PENDING with a part traded.
    let mut run = Run::new();
    run.order(update("1", "Pending", 4, "2026-06-10 10:00:00"));
    assert_eq!(run.book(json!([row("1", "PART_TRADED", 4, "2026-06-10 10:00:00")]), false), ["repeat"]);
    let mut run = Run::new();
    run.book(json!([row("1", "PART_TRADED", 4, "2026-06-10 10:00:00")]), true);
    assert_eq!(run.order(update("1", "Pending", 4, "2026-06-10 10:00:00")), "repeat");
}

#[test]
fn after_a_reconnect_unchanged_orders_are_not_printed() {
    let mut run = Run::new();
    let sent = [update("1", "Modified", 0, "2026-06-10 10:00:00"), update("2", "Pending", 4, "2026-06-10 10:00:01")];
    for order in &sent {
        run.order(order.clone());
    }
    let rows =
        json!([row("1", "PENDING", 0, "2026-06-10 10:00:00"), row("2", "PART_TRADED", 4, "2026-06-10 10:00:01"),]);
    assert_eq!(run.book(rows, false), ["repeat", "repeat"]);
    for order in sent {
        assert_eq!(run.order(order), "repeat");
    }
    // An order that changed meanwhile is printed once: from the snapshot, not again from the stream.
    assert_eq!(run.book(json!([row("1", "TRADED", 10, "2026-06-10 10:01:00")]), false).len(), 1);
    assert_eq!(run.order(update("1", "Traded", 10, "2026-06-10 10:01:00")), "repeat");
}

#[test]
fn an_explicit_null_is_null_and_a_missing_field_is_zero() {
    let order = one(json!({"orderNo":"1","price":null,"quantity":5,"tradedQty":null,"triggerPrice":"","legNo":null}));
    assert_eq!(order["price"], Value::Null);
    assert_eq!(order["traded_qty"], Value::Null);
    assert_eq!(order["leg_no"], Value::Null);
    assert_eq!(order["trigger_price"], json!(0.0));
    assert_eq!(order["disc_quantity"], json!(0));
    assert_eq!(order["pending_quantity"], Value::Null);
}

#[test]
fn order_numbers_sent_as_floats_are_integers() {
    let mut run = Run::new();
    run.text(r#"{"Type":"order_alert","Data":{"orderNo":1124091136546.0,"exchOrderNo":1.12e12,"securityId":11630.0,"quantity":1.5e1}}"#);
    assert_eq!(run.field("order_no"), json!("1124091136546"));
    assert_eq!(run.field("exch_order_no"), json!("1120000000000"));
    assert_eq!(run.field("security_id"), json!("11630"));
    assert_eq!(run.field("quantity"), json!(15));
}

#[test]
fn an_unpaired_surrogate_becomes_the_replacement_character() {
    let mut run = Run::new();
    let text = r#"{"Type":"order_alert","Data":{"orderNo":"1","remarks":"a\ud83d","correlationId":"\ud83d\ude00","new":"\udc00"}}"#;
    assert_eq!(run.text(text), ["update"]);
    assert_eq!(run.field("remarks"), json!("a\u{fffd}"));
    assert_eq!(run.field("correlation_id"), json!("😀"));
    assert_eq!(run.field("extra"), json!({"new":"\u{fffd}"}));
}
