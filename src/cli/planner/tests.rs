use super::*;
use crate::cli::args::Command;
use crate::model::Micros;

const NOW: &str = "2026-06-10T10:00:00Z"; // 15:30 in India

fn plan_with(line: &[&str], stdin: &str) -> Result<StreamPlan, Failure> {
    let line = std::iter::once("dhan").chain(line.iter().copied()).map(Into::into).collect();
    let (cli, problems) = crate::cli::typed::parse(line).and_then(|typed| typed.cli()).expect("clap takes it");
    let mut read = |source: &TextSource| match source {
        TextSource::Stdin => Ok(stdin.as_bytes().to_vec()),
        TextSource::File(_) => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let mut context = PlanContext {
        now: Micros::new(NOW.parse::<jiff::Timestamp>().unwrap().as_microsecond()),
        environment: Environment::of([("DHAN_CLIENT_ID", "1000000001"), ("DHAN_ACCESS_TOKEN", "x")]),
        redactor: Redactor::default(),
        read: &mut read,
        known_problems: &|specs, _, _| specs.iter().map(|spec| format!("{spec} is nowhere")).collect(),
        problems,
    };
    match cli.command {
        Command::Feed(args) => feed(&args, &mut context),
        Command::Depth(args) => depth(&args, &mut context),
        Command::Orders(args) => orders(&args, &mut context),
        other => panic!("not a stream: {other:?}"),
    }
}

fn plan(line: &[&str]) -> Result<StreamPlan, Failure> {
    plan_with(line, "")
}

#[test]
fn every_problem_is_in_one_message_quoted_with_what_to_write() {
    let line = [
        "feed",
        "--mode",
        "qoute",
        "NSE_FO:1",
        "-n",
        "0",
        "-d",
        "60",
        "--until",
        "25:00",
        "--only",
        "fulll",
        "--rotate-size",
        "2XB",
        "--demo=x",
        "-i",
        "no.txt",
        "--time",
        "unix",
    ];
    let failure = plan(&line).unwrap_err();
    assert_eq!(failure.exit, crate::model::exit::Exit::Usage);
    for says in [
        "\"qoute\"",
        "similar value exists: 'quote'",
        "NSE_FNO:1?",
        "\"0\" for '--count <N>'",
        "60s",
        "\"25:00\"",
        "similar value exists: 'full'",
        "\"2XB\"",
        "\"x\"",
        "no.txt: there is no such file",
        "\"unix\"",
    ] {
        assert!(failure.message.contains(says), "{says} is missing in: {}", failure.message);
    }
}

/// A user should see all wrong specs at once; skipped ones are no problem.
#[test]
fn a_spec_that_cannot_be_read_brings_those_that_cannot_be_found_with_it() {
    let said = plan(&["feed", "BOGUS:1", "NOSUCH", "IDX_I:13@foo"]).unwrap_err().message;
    assert!(said.starts_with("3 problems:") && said.contains("NOSUCH is nowhere"), "{said}");
    let said = plan(&["feed", "BOGUS:1", "NOSUCH", "--skip-missing"]).unwrap_err().message;
    assert!(!said.contains("NOSUCH"), "{said}");
    assert!(plan(&["feed", "NOSUCH"]).is_ok(), "names alone are judged by the look-up");
}

#[test]
fn contradictions_are_usage_errors() {
    for (line, says) in [
        (vec!["feed", "-i", "-", "--control", "-"], "both want stdin"),
        (vec!["feed"], "no instrument"),
        (vec!["feed", "-i", "-"], "is empty"),
        (vec!["feed", "-i", "-", "--demo"], "is empty"),
        (vec!["feed", "IDX_I:13", "--once", "-n", "3"], "leave one out"),
        (vec!["feed", "IDX_I:13", "--once", "--only", "quote"], "add ticker"),
        (vec!["feed", "IDX_I:13", "--only", "full"], "write --mode full"),
        (vec!["feed", "IDX_I:13@quote", "--only", "ticker,full"], "write --mode ticker"),
        (vec!["feed", "IDX_I:13", "-o", "a", "-o", "a"], "given twice"),
        (vec!["feed", "IDX_I:13", "--capture", "-"], "needs a file"),
        (vec!["feed", "IDX_I:13", "-d", "0s"], "no time at all"),
        (vec!["feed", "IDX_I:13", "-d", "18446744073709551615s"], "36500d"),
        (vec!["feed", "IDX_I:13", "--stats", "18446744073709551615s"], "36500d"),
        (vec!["feed", "IDX_I:13", "-o", "a", "--rotate-size", "300"], "no unit"),
        (vec!["feed", "IDX_I:13", "--rotate-size", "3MB"], "add --output"),
        (vec!["feed", "--demo", "--url", "ws://127.0.0.1:1/"], "leave out --url"),
        (vec!["feed", "IDX_I:13", "--url", "ws://example.com/"], "in the clear"),
        (vec!["feed", "IDX_I:13", "--only", "gap"], "--no-gaps"),
        (vec!["depth", "IDX_I:13"], "NSE_EQ and NSE_FNO only"),
        (vec!["depth", "NSE_EQ:1", "--top", "0"], "--top <N>"),
        (vec!["depth", "NSE_EQ:1", "--levels", "50"], "[possible values: 20, 200]"),
        (vec!["depth", "NSE_EQ:1", "--only", "depth_side"], "--view sides"),
        (vec!["orders", "--events", "traded"], "order_traded"),
        (vec!["orders", "--only", "ticker"], "[possible values: order]"),
    ] {
        let failure = plan(&line).unwrap_err();
        assert!(failure.message.contains(says), "{line:?}: {}", failure.message);
    }
}

#[test]
fn what_fits_is_taken_and_one_more_is_not() {
    for (command, levels, most) in [("feed", None, 25_000), ("depth", Some("20"), 250), ("depth", Some("200"), 5)] {
        let mut line = vec![command, "-i", "-"];
        line.extend(levels.iter().flat_map(|l| ["--levels", l]));
        let list = |n: u32| (1..=n).map(|id| format!("NSE_EQ:{id}\n")).collect::<String>();
        assert_eq!(plan_with(&line, &list(most)).unwrap().instruments.specs.len(), most as usize);
        let said = plan_with(&line, &list(most + 1)).unwrap_err().message;
        assert!(said.contains(&format!("at most {most}")), "{said}");
    }
}

#[test]
fn formats_come_from_the_flag_then_from_the_name() {
    let formats = |line: &[&str]| {
        let plan = plan(&[&["feed", "IDX_I:13"], line].concat()).unwrap();
        (plan.outputs.targets.iter().map(|t| t.format.name()).collect::<Vec<_>>(), plan.warnings.len())
    };
    assert_eq!(formats(&[]), (vec!["ndjson"], 0));
    assert_eq!(formats(&["-o", "a-{date}.csv.zst", "-o", "-", "-o", "b.jsonl"]), (vec!["csv", "ndjson", "ndjson"], 0));
    assert_eq!(formats(&["-f", "CSV", "-o", "a.log", "-o", "-"]), (vec!["csv", "csv"], 0));
    assert_eq!(formats(&["-f", "csv", "-o", "a.ndjson"]), (vec!["csv"], 1));
}

#[test]
fn until_counts_in_india_and_a_passed_one_is_not_an_error() {
    let stop = |until: &str| plan(&["feed", "IDX_I:13", "--until", until]).unwrap().stop;
    assert_eq!(stop("15:31").already_past, None);
    assert!(stop("15:30").already_past.unwrap().contains("2026-06-10 15:30:00 IST"));
    assert!(stop("2026-06-10T09:00:00Z").already_past.is_some());
}

#[test]
fn demo_without_an_instrument_is_five_indices_or_five_shares() {
    for (command, segment) in [("feed", "IDX_I:"), ("depth", "NSE_EQ:")] {
        let plan = plan(&[command, "--demo=7"]).unwrap();
        assert_eq!(plan.instruments.specs.len(), 5);
        assert!(plan.instruments.specs.iter().all(|spec| spec.text.starts_with(segment)));
        assert!(matches!(plan.source, StreamSource::Demo { seed: Some(7) }));
    }
}

#[test]
fn a_partner_has_no_order_book_to_ask() {
    let snapshot = |line: &[&str]| match plan(line).unwrap().kind {
        StreamKind::Orders { snapshot, .. } => snapshot,
        _ => unreachable!(),
    };
    assert!(snapshot(&["orders"]));
    assert!(!snapshot(&["orders", "--no-snapshot"]));
    assert!(!snapshot(&["orders", "--user-type", "partner"]));
}

#[test]
fn a_partner_sees_whole_client_ids_since_they_tell_whose_order_it_is() {
    let whole = |line: &[&str]| match plan(line).unwrap().kind {
        StreamKind::Orders { show_client_id, .. } => show_client_id,
        _ => unreachable!(),
    };
    assert!(!whole(&["orders"]));
    assert!(!whole(&["orders", "--user-type", "self"]));
    assert!(whole(&["orders", "--show-client-id"]));
    assert!(whole(&["orders", "--user-type", "partner"]));
}
