//! Test vectors of other clients, each sent to the program as a message of the simulator.
//!
//! [`DIFFERENCES`] lists each vector that the program reads differently on purpose, with the reason. A listed vector that
//! agrees fails the test, so that the list stays current.

use crate::support::*;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{Response, SimConfig};
use serde_json::{Value, json};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const LENGTH_COUNTS_THE_HEADER: &str =
    "the header's length counts the eight bytes of the header, as captured packets show";
const LONGER_IS_READ: &str = "a packet that is longer than its code's size is read by the part that is known";
const NEVER_SENT: &str = "no capture of the server's packets has this size";

/// Vectors that the program reads differently: the beginning of the source, the name, and the reason.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("dhan-rs", "ticker with 9 payload bytes (length 17)", LONGER_IS_READ),
    ("dhani", "ticker whose header says 8", "a packet that is shorter than its code's size is malformed"),
    ("public test (G:59830812371)", "prev close of 12 bytes", NEVER_SENT),
    ("public test (G:62459453760)", "prev close of 12 bytes", NEVER_SENT),
    ("public test (G:54586612127)", "ticker, payload length 8", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:54586612127)", "quote, payload length 42", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:54586612127)", "full, payload length 154", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:54586612127)", "three packets, payload lengths", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:61770630226)", "quote, payload length", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:61770630226)", "ticker, payload length 8", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:61770630226)", "prev close, payload length 8", LENGTH_COUNTS_THE_HEADER),
    ("public test (G:61770630226)", "full without depth, payload length 54", NEVER_SENT),
    ("aureon_mcx", "ticker says 50", LONGER_IS_READ),
    ("aureon_mcx", "oi says 16", LONGER_IS_READ),
    ("aureon_mcx", "market status says 16", LONGER_IS_READ),
    ("karthiks", "full of 62 bytes, no depth", NEVER_SENT),
    ("karthiks", "disconnect of 8 bytes, reason in the id", NEVER_SENT),
    ("dhani", "only an unknown field", "an object without any known field is no order update"),
    ("dhan-rs", "an update in a binary frame", "order updates are text; a binary message is malformed"),
    ("tickvault", "both casings, different values", "the last key wins; no capture shows both"),
    (
        "public test (G:62903642726)",
        "four compact columns only",
        "a file without the known columns is no instrument master",
    ),
];

struct Vector {
    source: String,
    name: String,
    socket: String,
    bytes: Vec<u8>,
    expected: Vec<Value>,
}

fn vectors() -> Option<Vec<Vector>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/vectors.jsonl");
    let text = std::fs::read_to_string(path).ok()?;
    let field = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let vector = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a vector a line");
        let hex = field(&row, "hex");
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
        let bytes = match row["text"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => (0..hex.len()).step_by(2).map(byte).collect(),
        };
        let expected = row["expected"].as_array().expect("a list").clone();
        Vector {
            source: field(&row, "source"),
            name: field(&row, "name"),
            socket: field(&row, "socket"),
            bytes,
            expected,
        }
    };
    Some(text.lines().map(vector).collect())
}

/// The id of the packet behind each vector: when it is printed, the vector has been read.
const LAST: u32 = 777_777;

fn last_packet(stream: Stream) -> Vec<u8> {
    let id = LAST.to_le_bytes();
    let row = [&100.0_f64.to_le_bytes()[..], &[1, 0, 0, 0, 1, 0, 0, 0]].concat();
    match stream {
        Stream::Market => [&[2, 16, 0, 1][..], &id, &1.0_f32.to_le_bytes(), &1_790_000_000_u32.to_le_bytes()].concat(),
        Stream::DEPTH_20 => [&[76, 1, 41, 1][..], &id, &[0; 4], &row.repeat(20)].concat(),
        _ => [&[28, 0, 41, 1][..], &id, &[1, 0, 0, 0], &row].concat(),
    }
}

/// Sends a vector as one message, and returns its records and the number of malformed packets.
fn read(vector: &Vector) -> (Vec<Value>, String, u64) {
    let stream = match vector.socket.as_str() {
        "feed" => Stream::Market,
        "depth20" => Stream::DEPTH_20,
        "depth200" => Stream::DEPTH_200,
        _ => Stream::Orders,
    };
    let sim = simulator(SimConfig { ..quiet() });
    let home = Home::at(&sim);
    if vector.socket == "rest_orders" {
        sim.answer("/orders", Response::json(200, &String::from_utf8_lossy(&vector.bytes)));
    }
    let line: &[&str] = match (stream, vector.socket.as_str()) {
        (Stream::Market, _) => &["feed", "NSE_EQ:888888", "--mode", "full", "--status-records"],
        (Stream::DEPTH_20, _) => &["depth", "NSE_EQ:888888", "--view", "sides", "--status-records"],
        (Stream::DEPTH_200, _) => &["depth", "NSE_EQ:888888", "--levels", "200", "--view", "sides", "--status-records"],
        (_, "rest_orders") => &["orders", "--status-records"],
        _ => &["orders", "--no-snapshot", "--status-records"],
    };
    let run = home.start(line);
    let ends = vector.expected.iter().any(|e| !e["disconnect"].is_null());
    if stream == Stream::Orders {
        run.status("requested", 1);
        let id = subscribed(&sim, stream, 0);
        match std::str::from_utf8(&vector.bytes) {
            _ if vector.socket == "rest_orders" => run.records("order", 1),
            Ok(text) if vector.name != "an update in a binary frame" => sim.send_text(id, text),
            _ => sim.send(id, vector.bytes.clone()),
        }
        sim.send_text(id, &json!({"Type": "order_alert", "Data": {"OrderNo": LAST.to_string()}}).to_string());
    } else {
        let id = subscribed(&sim, stream, 1);
        sim.send(id, vector.bytes.clone());
        sim.send(id, last_packet(stream));
    }
    let mark = format!("\"{LAST}\"");
    run.printed(&vector.name, |text| text.contains(&mark) || text.contains("\"event\":\"disconnected\""));
    if ends {
        run.status("disconnected", 1);
    }
    let is_final = |e: &Value| matches!(e["disconnect"].as_u64(), Some(804 | 807..=814));
    let done = if vector.expected.iter().any(is_final) { run.end() } else { run.stop(Signal::TERM) };
    let books = done.counters();
    let mut records = done.records();
    let reason = records.iter().find(|r| r["event"] == "disconnected").map(|r| r["detail"].to_string());
    // The simulator answers the subscription with a snapshot.
    let is_last = |r: &Value| {
        [&r["security_id"], &r["order_no"]]
            .iter()
            .any(|id| id.as_str().is_some_and(|id| id == "888888" || id.parse() == Ok(LAST)))
    };
    let control = |r: &Value| ["gap", "status", "end"].contains(&r["type"].as_str().unwrap_or_default());
    records.retain(|r| !control(r) && !is_last(r));
    for record in &mut records {
        // The shortest digits, as printed.
        let text = done.out.lines().find(|line| serde_json::from_str::<Value>(line).is_ok_and(|r| r == *record));
        let text = text.and_then(|line| line.split("\"ltp\":").nth(1)).and_then(|t| t.split([',', '}']).next());
        record["ltp_text"] = json!(text);
    }
    (records, reason.unwrap_or_default(), books.malformed)
}

fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected.as_f64(), found.as_f64()) {
        (Some(expected), Some(found)) => (expected - found).abs() <= expected.abs() * 1e-6,
        _ => match (expected.as_array(), found.as_array()) {
            (Some(e), Some(f)) => e.len() == f.len() && e.iter().zip(f).all(|(e, f)| is_same(e, f)),
            _ => match (expected.as_object(), found.as_object()) {
                (Some(e), Some(_)) => e.iter().all(|(key, value)| is_same(value, &found[key])),
                _ => expected == found,
            },
        },
    }
}

/// Returns why a record isn't what a vector expects.
fn difference(expected: &Value, record: &Value) -> Option<String> {
    let payload = record["payload"].as_str().unwrap_or_default();
    expected.as_object().expect("an object").iter().find_map(|(key, value)| {
        let same = match key.as_str() {
            "peer_reads" => true,
            "conflict" => false,
            "type" => value.as_str().is_some_and(|words| words.split('|').any(|word| record["type"] == word)),
            "ltt_wire" => {
                let utc = value.as_i64().map(|ltt| ltt - 19_800).filter(|utc| *utc >= 946_684_800);
                record["ltt"] == json!(utc)
            }
            "payload_len" => value.as_u64() == Some(payload.len() as u64 / 2),
            "ltp_round2" => record["ltp"].as_f64().map(|p| (p * 100.0).round() / 100.0) == value.as_f64(),
            "segment_unknown" => record["segment"].as_str() == Some(value.to_string().as_str()),
            "rows_len" => record["rows"].as_array().map(Vec::len) == value.as_u64().map(|n| n as usize),
            "events_has" => {
                let events = record["events"].as_array().cloned().unwrap_or_default();
                value.as_array().is_some_and(|all| all.iter().all(|event| events.contains(event)))
            }
            _ => is_same(value, &record[key]),
        };
        (!same).then(|| format!("{key}: {value} expected in {record}"))
    })
}

/// Returns how the program's reading of a vector differs from the expected one.
fn compare(vector: &Vector) -> Result<(), String> {
    if vector.socket == "csv" {
        return compare_master(vector);
    }
    let (records, reason, malformed) = read(vector);
    let mut records = records.iter();
    let mut rejected = false;
    for expected in &vector.expected {
        if expected["any"] == true || expected["none"] == true {
            continue;
        }
        if expected["reject"] == true {
            rejected = true;
            continue;
        }
        if let Some(code) = expected["disconnect"].as_u64() {
            if !reason.contains(&code.to_string()) {
                return Err(format!("disconnect {code} expected, {reason:?} found"));
            }
            continue;
        }
        let choice = [&expected["reject_all_or"], &expected["none_or"]].into_iter().find_map(Value::as_array);
        let wanted = choice.map_or(std::slice::from_ref(expected), Vec::as_slice);
        if choice.is_some() && records.len() == 0 {
            continue;
        }
        for wanted in wanted {
            match records.next() {
                None if wanted["type"].as_str().is_some_and(|words| words.ends_with("|reject")) => rejected = true,
                None => return Err(format!("no record for {wanted}; malformed {malformed}")),
                Some(record) => difference(wanted, record).map_or(Ok(()), Err)?,
            }
        }
    }
    if rejected && malformed == 0 {
        return Err("a refusal expected, nothing was malformed".to_owned());
    }
    let any = vector.expected.iter().any(|e| e["any"] == true);
    records.next().filter(|_| !any).map_or(Ok(()), |extra| Err(format!("an extra record: {extra}")))
}

fn compare_master(vector: &Vector) -> Result<(), String> {
    let home = Home::new();
    let path = home.path("master.csv");
    std::fs::write(&path, &vector.bytes).expect("written");
    let done = home.run(&["instruments", "list", "--expired", "--file", text(&path)]);
    let records = done.records();
    vector.expected.iter().try_for_each(|expected| {
        let same = |r: &&Value| r["segment"] == expected["segment"] && r["security_id"] == expected["security_id"];
        let found = records.iter().find(same).ok_or_else(|| format!("no row for {expected}: {}", done.err))?;
        difference(expected, found).map_or(Ok(()), Err)
    })
}

#[test]
fn vectors_of_other_clients_agree_or_are_listed_with_a_reason() {
    let Some(vectors) = vectors() else { return skipped("the vectors of other clients are not here") };
    assert!(vectors.len() >= 312, "{} vectors", vectors.len());
    let next = AtomicUsize::new(0);
    let mut listed = vec![false; DIFFERENCES.len()];
    let judge = |vector: &Vector| {
        let place =
            DIFFERENCES.iter().position(|(source, name, _)| vector.source.contains(source) && vector.name == *name);
        let result = catch_unwind(AssertUnwindSafe(|| compare(vector)));
        let panicked = |why: Box<dyn Any + Send>| why.downcast_ref::<String>().cloned().unwrap_or_default();
        let problem = match (result.unwrap_or_else(|why| Err(panicked(why))), place) {
            (Ok(()), None) | (Err(_), Some(_)) => None,
            (Ok(()), Some(at)) => Some(format!("agrees: take it off the list ({})", DIFFERENCES[at].2)),
            (Err(difference), None) => Some(difference),
        };
        (place, problem.map(|problem| format!("{}: {}: {problem}", vector.source, vector.name)))
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let work = || std::iter::from_fn(|| vectors.get(next.fetch_add(1, Ordering::Relaxed)).map(judge)).collect();
        let workers: Vec<_> = (0..6).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| -> Vec<_> { worker.join().expect("no panic") }).collect()
    });
    results.iter().filter_map(|(place, _)| *place).for_each(|at| listed[at] = true);
    let problems: Vec<_> = results.into_iter().filter_map(|(_, problem)| problem).collect();
    assert!(problems.is_empty(), "{} differ:\n{}", problems.len(), problems.join("\n"));
    let unknown: Vec<_> = DIFFERENCES.iter().zip(listed).filter(|(_, found)| !found).collect();
    assert!(unknown.is_empty(), "no such vectors: {unknown:?}");
}
