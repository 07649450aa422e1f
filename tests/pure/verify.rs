//! `dhan verify` on complete and damaged files.

use dhan::testing::cmd::verify::check;
use dhan::testing::model::Micros;
use dhan::testing::verify::{FileVerdict, VerifySummary};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const TICKER: &str = r#"{"type":"ticker","segment":"NSE_EQ","security_id":"2885","symbol":"RELIANCE","ltp":1234.5,"ltt":1781065197,"recv_us":1000}"#;

fn ticker(recv_us: i64) -> String {
    TICKER.replace("1000}", &format!("{recv_us}}}"))
}

fn gap(reason: &str, from: i64, to: i64, recv_us: i64) -> String {
    format!(
        r#"{{"type":"gap","feed":"market","conn":1,"reason":"{reason}","detail":null,"from_us":{from},"to_us":{to},"instruments":1,"ids":["NSE_EQ:2885"],"dropped":null,"recv_us":{recv_us}}}"#
    )
}

fn end(received: i64, written: i64, gaps: i64, recv_us: i64) -> String {
    format!(
        r#"{{"type":"end","received":{received},"written":{written},"filtered":0,"dropped":0,"malformed":0,"gaps":{gaps},"reason":"count","recv_us":{recv_us}}}"#
    )
}

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (dir, path)
}

fn lines(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

fn checked(name: &str, bytes: &[u8]) -> (FileVerdict, VerifySummary) {
    let (_dir, path) = file(name, bytes);
    check(&path).unwrap()
}

#[test]
fn a_complete_file_is_summarised() {
    let text = lines(&[ticker(1_000), ticker(2_000), ticker(5_000_000), end(3, 3, 0, 5_000_001)]);
    let (verdict, summary) = checked("x.ndjson", &text);
    assert_eq!(verdict, FileVerdict::Ok, "{summary:?}");
    assert_eq!((summary.lines, summary.ends, summary.ended_orderly), (4, 1, true));
    assert_eq!((summary.first, summary.last), (Some(Micros::new(1_000)), Some(Micros::new(5_000_001))));
    let [coverage] = &summary.coverage[..] else { panic!("{summary:?}") };
    assert_eq!((&*coverage.instrument, coverage.records), ("NSE_EQ:2885", 3));
    assert_eq!((coverage.first, coverage.last), (Micros::new(1_000), Micros::from_secs(5)));
    assert_eq!((coverage.longest_silence_seconds, coverage.longest_silence_from), (4.998, Micros::new(2_000)));
    let record = serde_json::to_string(&summary).unwrap();
    assert!(record.starts_with(r#"{"type":"verify","file":""#), "{record}");
}

#[test]
fn the_counters_of_a_file_of_bars_count_the_packets_in_bars() {
    let bar = |ticks: i64, recv_us: i64| {
        format!(
            r#"{{"type":"bar","segment":"IDX_I","security_id":"13","symbol":null,"interval":"1m","start":0,"open":1.0,"high":1.0,"low":1.0,"close":1.0,"volume":null,"oi":null,"ticks":{ticks},"incomplete":null,"recv_us":{recv_us}}}"#
        )
    };
    let first = [bar(4, 61_000_000), end(4, 4, 0, 61_000_001)];
    // A packet in two bars is counted once; one with a record of its own is not counted for the bar.
    for written in 1..=8 {
        let run = [ticker(70_000_000), bar(4, 121_000_000), bar(3, 121_000_001), end(written, written, 0, 121_000_002)];
        let (verdict, summary) = checked("x.ndjson", &lines(&[&first[..], &run].concat()));
        assert_eq!((verdict, summary.elsewhere), (FileVerdict::Ok, 0), "{written}: {summary:?}");
    }
    for written in [0, 9] {
        let run = [ticker(70_000_000), bar(4, 121_000_000), bar(3, 121_000_001), end(written, written, 0, 121_000_002)];
        let (verdict, summary) = checked("x.ndjson", &lines(&[&first[..], &run].concat()));
        let what = summary.first_damage.expect("damage").what;
        assert!(verdict == FileVerdict::Damaged && what.contains("and bars of 7 trades"), "{written}: {what}");
    }
}

#[test]
fn damage_is_reported_with_its_line() {
    let good = [ticker(1_000), ticker(2_000), end(2, 2, 0, 3_000)];
    assert_eq!(checked("x.ndjson", &lines(&good)).0, FileVerdict::Ok);
    let with = |at: usize, line: String| {
        let mut all = good.to_vec();
        all[at] = line;
        all
    };
    let t = ticker(2_000);
    for (all, at, words) in [
        (with(1, t[..40].to_owned()), 2, "not a JSON object"),
        (with(1, String::new()), 2, "not a JSON object"),
        (with(1, t.replace("ticker", "tick")), 2, "not a type"),
        (with(1, t.replace("\"type\"", "\"kind\"")), 2, "does not begin with a type"),
        (with(1, t.replace("1234.5", "1234")), 2, "ltp is 1234"),
        (with(1, t.replace("1234.5", "\"1234.5\"")), 2, "ltp is"),
        (with(1, t.replace("\"2885\"", "2885")), 2, "security_id is 2885"),
        (with(1, t.replace(r#","symbol":"RELIANCE""#, "")), 2, "symbol should be"),
        (
            with(1, t.replace(r#""ltp":1234.5,"ltt":1781065197"#, r#""ltt":1781065197,"ltp":1234.5"#)),
            2,
            "ltp should be",
        ),
        (with(1, t.replace(r#","recv_us":2000"#, "")), 2, "does not end in its receive time"),
        (with(1, t.replace("\":", "\": ")), 2, "spaces"),
        (with(1, ticker(1_000)), 2, "does not grow"),
        (with(1, ticker(999)), 2, "does not grow"),
        (with(2, end(3, 2, 0, 3_000)), 3, "do not balance"),
        (with(2, end(3, 3, 0, 3_000).replace("count", "rotated")), 3, "lines are missing"),
        ([&with(2, end(2, 2, 0, 3_000))[..], &[ticker(4_000), end(2, 2, 0, 5_000)]].concat(), 5, "lines are missing"),
        (with(2, end(1, 1, 0, 3_000)), 3, "lines are missing or repeated"),
        (with(1, gap("stalled", 1_900, 1_000, 2_000)), 2, "ends before it begins"),
        (vec![ticker(1), gap("stalled", 1, 2, 3), end(1, 1, 0, 4)], 3, "gaps"),
    ] {
        let (verdict, summary) = checked("x.ndjson", &lines(&all));
        assert_eq!(verdict, FileVerdict::Damaged, "{words}: {summary:?}");
        let damage = summary.first_damage.unwrap();
        assert!(damage.line == at && damage.what.contains(words), "{words} in line {at}: {damage:?}");
    }
}

#[test]
fn losses_that_only_the_counters_show_are_gaps() {
    // The output took no more records, and so no gap record.
    let dropped =
        end(5, 5, 0, 2_000).replace(r#""written":5"#, r#""written":1"#).replace(r#""dropped":0"#, r#""dropped":4"#);
    // `--no-gaps`
    let untold = end(1, 1, 3, 2_000);
    for end in [dropped, untold] {
        let (verdict, summary) = checked("x.ndjson", &lines(&[ticker(1_000), end.clone()]));
        assert_eq!((verdict, summary.damaged), (FileVerdict::Gaps, 0), "{end}");
    }
}

#[test]
fn the_last_file_of_a_rotated_run_has_the_counters_of_every_file() {
    let last = lines(&[ticker(1_000), end(11, 11, 0, 2_000)]);
    let (verdict, summary) = checked("x.3.ndjson", &last);
    assert_eq!((verdict, summary.elsewhere), (FileVerdict::Ok, 10), "{summary:?}");
}

#[test]
fn a_truncation_at_any_byte_is_detected() {
    let whole = lines(&[ticker(1_000), ticker(2_000), end(2, 2, 0, 3_000)]);
    for cut in 0..whole.len() {
        let (verdict, summary) = checked("x.ndjson", &whole[..cut]);
        assert!(verdict >= FileVerdict::NoEnd, "cut at {cut}: {summary:?}");
        // A truncation between lines leaves complete lines.
        let between = cut == 0 || whole[cut - 1] == b'\n';
        assert_eq!(verdict == FileVerdict::NoEnd, between, "cut at {cut}: {summary:?}");
    }
}

#[test]
fn a_truncation_or_a_flipped_byte_in_a_compressed_file_is_detected() {
    let text = lines(&[ticker(1_000), ticker(2_000), end(2, 2, 0, 3_000)]);
    let zst = zstd::encode_all(&text[..], 3).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(&text).unwrap();
    for (name, whole) in [("x.ndjson.zst", zst), ("x.ndjson.gz", gz.finish().unwrap())] {
        let (verdict, summary) = checked(name, &whole);
        assert_eq!(verdict, FileVerdict::Ok, "{name}: {summary:?}");
        for cut in 1..whole.len() {
            assert_eq!(checked(name, &whole[..cut]).0, FileVerdict::Damaged, "{name} cut at {cut}");
        }
    }
}

#[test]
fn several_runs_in_a_file_are_valid_and_a_killed_run_is_a_gap() {
    let two = lines(&[ticker(1_000), end(1, 1, 0, 2_000), ticker(500), end(1, 1, 0, 600)]);
    assert_eq!(checked("x.ndjson", &two).0, FileVerdict::Ok);
    let killed = lines(&[
        ticker(1_000),
        ticker(2_000),
        gap("restarted", 2_000, 3_002_000, 3_002_000),
        ticker(3_002_001),
        end(1, 1, 1, 3_002_002),
    ]);
    let (verdict, summary) = checked("x.ndjson", &killed);
    assert_eq!(verdict, FileVerdict::Gaps, "{summary:?}");
    assert_eq!((summary.gaps, summary.gap_seconds), (1, 3.0));
    assert_eq!(summary.gap_reasons.get("restarted"), Some(&1));
}

#[test]
fn a_marker_explains_a_missing_end_and_an_incomplete_last_line() {
    let (dir, path) = file("x.ndjson", (ticker(1_000) + "\n{\"type\":\"ti").as_bytes());
    assert_eq!(check(&path).unwrap().0, FileVerdict::Damaged);
    std::fs::write(dir.path().join(".x.ndjson.dhan"), "{\"pid\":1}\n").unwrap();
    let (verdict, summary) = check(&path).unwrap();
    assert_eq!((verdict, summary.torn_bytes, summary.writer_pid), (FileVerdict::NoEnd, 11, None), "{summary:?}");
}

#[test]
fn iso_times_are_read_as_times() {
    let text = r#"{"type":"ticker","segment":"IDX_I","security_id":"13","symbol":null,"ltp":23900.1,"ltt":"2026-06-10T09:49:57+05:30","recv":"2026-06-10T09:49:57.817220+05:30"}
{"type":"gap","feed":"market","conn":1,"reason":"stalled","detail":"x","from":"2026-06-10T09:49:57.817220+05:30","to":"2026-06-10T09:49:59.817220+05:30","instruments":1,"ids":null,"dropped":null,"recv":"2026-06-10T09:49:59.817220+05:30"}
{"type":"end","received":1,"written":1,"filtered":0,"dropped":0,"malformed":0,"gaps":1,"reason":"count","recv":"2026-06-10T09:50:57.817220+05:30"}
"#;
    let (verdict, summary) = checked("x.ndjson", text.as_bytes());
    assert_eq!(verdict, FileVerdict::Gaps, "{summary:?}");
    assert_eq!((summary.gap_seconds, summary.first), (2.0, Some(Micros::new(1_781_065_197_817_220))));
}

#[test]
fn csv_is_checked_against_its_header_and_its_gap_file() {
    let header = "type,segment,security_id,symbol,ltp,ltt,recv_us\n";
    let row = |us: i64| format!("ticker,NSE_EQ,2885,\"A \"\"B\"\"\nC\",1.0,,{us}\n");
    let good = header.to_owned() + &row(1) + &row(2);
    let (verdict, summary) = checked("x.csv", good.as_bytes());
    assert_eq!((verdict, summary.lines, summary.format), (FileVerdict::Ok, 2, "csv"), "{summary:?}");
    for (text, at, words) in [
        (good.replace("ltp", "last"), 1, "not a column"),
        (good.replace("1.0,,2", "1,,2"), 4, "ltp is"),
        (good.replace(",,2", ",2"), 4, "6 cells under 7 columns"),
        (good.replace(",,2\n", ",,1\n"), 4, "does not grow"),
        (good.clone() + header, 6, "\"type\" is not a type"),
        (good.replace(",,2\n", ",,2"), 3, "not a whole line"),
    ] {
        let (verdict, summary) = checked("x.csv", text.as_bytes());
        let damage = summary.first_damage.clone().unwrap_or_else(|| panic!("{words}: {summary:?}"));
        assert_eq!(verdict, FileVerdict::Damaged);
        assert!(damage.what.contains(words) && (damage.line == at || words.contains("whole")), "{words}: {damage:?}");
    }
    let (_dir, path) = file("x.csv", good.as_bytes());
    std::fs::write(dhan::testing::storage::gaps_path(&path), gap("disconnected", 1, 1_000_001, 2) + "\n").unwrap();
    let (verdict, summary) = check(&path).unwrap();
    assert_eq!((verdict, summary.gaps, summary.gap_seconds), (FileVerdict::Gaps, 1, 1.0), "{summary:?}");
    // A second run, whose clock is an hour earlier, is appended here and in the gap file: no damage.
    const HOUR: i64 = 3_600_000_000;
    let two_runs = header.to_owned() + &row(HOUR + 1) + &row(HOUR + 2) + &row(1) + &row(2);
    let (_dir, path) = file("x.csv", two_runs.as_bytes());
    let gaps = [gap("disconnected", HOUR + 1, HOUR + 2, HOUR + 2), gap("disconnected", 1, 2, 2)].join("\n") + "\n";
    std::fs::write(dhan::testing::storage::gaps_path(&path), gaps).unwrap();
    let (verdict, summary) = check(&path).unwrap();
    assert_eq!((verdict, summary.lines, summary.gaps), (FileVerdict::Gaps, 4, 2), "{summary:?}");
    // Depth has a row for each level, with the same time.
    let depth = "type,segment,security_id,symbol,levels,side,level,price,qty,orders,recv_us\n\
                 depth,NSE_EQ,1333,,20,bid,1,1.0,5,1,7\ndepth,NSE_EQ,1333,,20,ask,1,1.5,5,1,7\n";
    let (verdict, summary) = checked("x.csv", depth.as_bytes());
    assert_eq!((verdict, summary.records.get("depth")), (FileVerdict::Ok, Some(&1)), "{summary:?}");
}

#[test]
fn a_packet_of_an_unnamed_segment_is_no_damage() {
    let all = [
        r#"{"type":"ticker","segment":"14","security_id":"77","symbol":null,"ltp":1.05,"ltt":null,"recv_us":1}"#
            .to_owned(),
        end(1, 1, 0, 2),
    ];
    let (verdict, summary) = checked("x.ndjson", &lines(&all));
    assert_eq!(verdict, FileVerdict::Ok, "{summary:?}");
}

#[test]
fn every_record_type_of_the_contract_passes() {
    let level = r#"[{"price":1.0,"qty":5,"orders":2}]"#;
    let head = r#""segment":"NSE_EQ","security_id":"1","symbol":null"#;
    let quote = r#""ltp":1.0,"ltq":1,"ltt":null,"atp":1.5,"volume":9,"total_buy_qty":1,"total_sell_qty":2,"day_open":1.0,"day_high":1.0,"day_low":1.0,"close":null"#;
    let mut all = vec![
        format!(r#"{{"type":"quote",{head},{quote},"recv_us":1}}"#),
        format!(
            r#"{{"type":"full",{head},{quote},"oi":1,"oi_high":2,"oi_low":1,"best_bid":1.0,"best_ask":null,"spread":null,"bids":{level},"asks":[],"recv_us":2}}"#
        ),
        format!(r#"{{"type":"oi",{head},"oi":4,"recv_us":3}}"#),
        format!(r#"{{"type":"prev_close",{head},"prev_close":1.5,"prev_oi":0,"recv_us":4}}"#),
        format!(r#"{{"type":"market_status",{head},"payload":"","recv_us":5}}"#),
        format!(r#"{{"type":"unknown",{head},"code":99,"payload":"00ff","recv_us":6}}"#),
        r#"{"type":"status","feed":"market","conn":1,"event":"live","detail":null,"recv_us":7}"#.to_owned(),
    ];
    all.push(end(6, 6, 0, 8));
    let (verdict, summary) = checked("x.ndjson", &lines(&all));
    assert_eq!(verdict, FileVerdict::Ok, "{summary:?}");
    assert_eq!(summary.records.len(), 8);
    let depth = [
        format!(
            r#"{{"type":"depth",{head},"levels":20,"best_bid":1.0,"best_ask":1.0,"spread":0.0,"total_buy_qty":5,"total_sell_qty":5,"bids":{level},"asks":{level},"recv_us":1}}"#
        ),
        format!(r#"{{"type":"depth_side",{head},"levels":20,"side":"bid","seq":null,"rows":{level},"recv_us":2}}"#),
        end(3, 3, 0, 3),
    ];
    let (verdict, summary) = checked("x.ndjson", &lines(&depth));
    assert_eq!(verdict, FileVerdict::Ok, "{summary:?}");
    let wrong = depth[0].replace("\"qty\":5,\"orders\":2", "\"orders\":2,\"qty\":5");
    assert_eq!(checked("x.ndjson", &lines(&[wrong, end(1, 1, 0, 2)])).0, FileVerdict::Damaged);
}

#[test]
fn an_unreadable_file_is_an_error_and_has_no_verdict() {
    for path in ["/nonexistent/x.ndjson", "/"] {
        let failure = check(Path::new(path)).unwrap_err();
        assert_eq!(failure.exit, dhan::testing::model::exit::Exit::Data);
        assert!(failure.message.contains(path), "{failure}");
    }
}
