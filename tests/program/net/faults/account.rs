//! Section G of the fault catalogue: the token and the account.

use super::reaching::tokens;
use crate::support::*;
use base64::Engine as _;
use dhan::testing::model::Stream;
use dhan::testing::simulator::{BadToken, Cut, SimConfig};
use serde_json::Value;
use std::time::Duration;

/// Returns a token that expires in so many seconds. It has the sentinel's signature, for which outputs are searched.
fn token_that_ends_in(seconds: i64) -> String {
    let part = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let exp = dhan::testing::clock::now().seconds() + seconds;
    let signature = SENTINEL.rsplit('.').next().expect("a signature");
    format!(
        "{}.{}.{signature}",
        part(r#"{"typ":"JWT"}"#.into()),
        part(format!(r#"{{"exp":{exp},"tokenConsumerType":"SELF"}}"#))
    )
}

#[test]
fn g01_a_token_that_expires_before_the_end_of_the_run_is_a_warning_at_the_start() {
    let sim = simulator(lively());
    let mut home = Home::at(&sim);
    home.set("DHAN_ACCESS_TOKEN", &token_that_ends_in(3_600));
    let run = home.start(&["feed", "IDX_I:13", "-d", "6h15m"]);
    run.says("before the planned end");
    run.stop(Signal::TERM).exits(0);
    let run = home.start(&["feed", "IDX_I:13", "-d", "30m"]);
    run.records("ticker", 1);
    assert!(!run.stop(Signal::TERM).exits(0).err.contains("before the planned end"));
}

#[test]
fn g01_an_expired_token_is_never_sent() {
    let sim = simulator(lively());
    let mut home = Home::at(&sim);
    home.set("DHAN_ACCESS_TOKEN", &token_that_ends_in(-60));
    home.run(&["feed", "IDX_I:13"]).exits(3).says("expired");
    assert_eq!(sim.tcp_accepted(), 0);
    // A token file may be replaced.
    let file = home.token_file(&token_that_ends_in(-60));
    let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
    run.says("waiting up to");
    home.write_token(OTHER);
    run.records("ticker", 1);
    assert_eq!(tokens(&sim), [OTHER]);
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn g03_a_replaced_token_is_used_at_the_next_connection() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let file = home.token_file(SENTINEL);
    let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    home.write_token(OTHER);
    sim.refuse_token(SENTINEL);
    sim.cut(id, Cut::Reset);
    run.records("gap", 1);
    assert_eq!(tokens(&sim), [SENTINEL, OTHER]);
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn g04_a_partly_written_token_file_is_waited_for_and_never_sent() {
    let sim = simulator(lively());
    let half = SENTINEL.rfind('.').expect("a dot");
    let states: Vec<Vec<u8>> = vec![
        Vec::new(),
        b" \r\n".to_vec(),
        SENTINEL.as_bytes()[..30].to_vec(),
        SENTINEL.as_bytes()[..=half].to_vec(),
        format!("{SENTINEL}\n{SENTINEL}\n").into_bytes(),
        SENTINEL.repeat((2 << 20) / SENTINEL.len()).into_bytes(),
        b"\xff\xfe\x00abc".to_vec(),
    ];
    for state in states {
        let (home, before) = (Home::at(&sim), tokens(&sim).len());
        let file = home.token_file("");
        std::fs::write(&file, &state).expect("written");
        let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
        run.says("waiting up to");
        assert_eq!(tokens(&sim).len(), before, "nothing is sent while it is half there");
        // A byte order mark and line ends are not part of the token.
        home.write_token(&format!("\u{feff}{SENTINEL}\r\n"));
        run.records("ticker", 1);
        assert_eq!(tokens(&sim)[before..], [SENTINEL]);
        run.stop(Signal::TERM).exits(0);
    }
}

#[test]
fn g04_a_folder_or_missing_token_file_is_waited_for_and_a_pipe_is_read_once() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let file = home.token_file(SENTINEL);
    std::fs::remove_file(&file).expect("removed");
    let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
    run.says("waiting up to");
    std::fs::create_dir(&file).expect("a folder");
    std::thread::sleep(Duration::from_millis(1_200));
    std::fs::remove_dir(&file).expect("removed");
    home.write_token(SENTINEL);
    run.records("ticker", 1);
    run.stop(Signal::TERM).exits(0);
    std::fs::remove_file(&file).expect("removed");
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, rustix::fs::Mode::from_raw_mode(0o600)).expect("a FIFO");
    let run = home.start(&["feed", "IDX_I:13", "--token-file", text(&file)]);
    std::fs::write(&file, SENTINEL).expect("written");
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    sim.cut(id, Cut::Reset);
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0);
    assert!(tokens(&sim).iter().all(|token| token == SENTINEL));
}

#[test]
fn g02_g05_resets_after_an_order_login_request_the_profile_and_end_the_logins() {
    let sim = simulator(SimConfig { bad_token: BadToken::Reset, ..quiet() });
    sim.refuse_token(SENTINEL);
    let home = Home::at(&sim);
    // The environment cannot get a new token.
    home.run(&["orders"]).exits(3).says("the access token is dead");
    let logins = || sim.texts().iter().filter(|seen| seen.kind == Stream::Orders).count();
    assert!(logins() <= 4, "{} logins", logins());
    let before = logins();
    let home = Home::at(&sim);
    let file = home.token_file(SENTINEL);
    let run = home.start(&["orders", "--token-file", text(&file), "--status-records"]);
    run.says("waiting up to");
    assert!(logins() <= before + 4);
    home.write_token(OTHER);
    until("another token was sent", || sim.texts().last().is_some_and(|seen| seen.text.contains(OTHER)));
    run.says("other credentials are there");
    let id = sim.open(Stream::Orders).last().map(|connection| connection.id);
    until("it stays connected", || {
        sim.open(Stream::Orders).last().map(|connection| connection.id) == id && id.is_some()
    });
    run.stop(Signal::TERM).exits(0);
}

#[test]
fn g05_the_profile_explains_a_feed_that_is_reset_without_a_packet() {
    let answers = [
        (r#"{"dhanClientId":"1000000001","dataPlan":"Deactive"}"#, 200, 4),
        (r#"{"errorType":"Invalid_Authentication","errorCode":"DH-906"}"#, 401, 3),
    ];
    for (body, status, code) in answers {
        let sim = simulator(SimConfig { refuse_every_token: true, bad_token: BadToken::Reset, ..quiet() });
        sim.answer("/profile", dhan::testing::simulator::Response::json(status, body));
        let done = Home::at(&sim).run(&["feed", "IDX_I:13"]).exits(code);
        assert!(done.err.contains("two resets within 5 s"), "{}", done.err);
        assert!(sim.upgrades().len() <= 4);
        let asked: Vec<_> = sim.http_requests();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].method.as_str(), asked[0].query.as_str()), ("GET", ""));
        assert_eq!(asked[0].header("access-token"), Some(SENTINEL));
    }
}

#[test]
fn g07_a_token_command_runs_for_every_connection_without_dhans_secrets() {
    let sim = simulator(lively());
    let home = Home::at(&sim);
    let (seen, count) = (home.path("environment"), home.path("count"));
    let file = home.token_file(SENTINEL);
    let line = format!(
        "env > {}; echo x >> {}; echo noise {SENTINEL} >&2; cat {}",
        seen.display(),
        count.display(),
        file.display()
    );
    let mut home = home;
    // The program removes the variable from the environment of children; the command line would show it.
    home.set("DHAN_TOKEN_COMMAND", &line.replace(SENTINEL, "of its own"));
    let run = home.start(&["feed", "IDX_I:13"]);
    let id = subscribed(&sim, Stream::Market, 1);
    run.records("ticker", 1);
    sim.cut(id, Cut::Reset);
    run.records("gap", 1);
    run.stop(Signal::TERM).exits(0);
    let environment = std::fs::read_to_string(seen).expect("it exists");
    assert!(!environment.contains("DHAN_ACCESS_TOKEN") && environment.contains("PATH="), "{environment}");
    assert!(std::fs::read_to_string(count).expect("it exists").lines().count() >= 2);
}

#[test]
fn g08_without_credentials_the_error_names_every_place_that_was_tried() {
    let output = dhan(&["feed", "IDX_I:13"]).current_dir("/").output().expect("dhan runs");
    let messages = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{messages}");
    for place in ["--token-file", "--token-command", "DHAN_ACCESS_TOKEN", "DHAN_CLIENT_ID"] {
        assert!(messages.contains(place), "{place}: {messages}");
    }
}

#[test]
fn s19_s20_records_and_state_contain_no_login_and_no_echo_of_one() {
    let sim = simulator(quiet());
    let home = Home::at(&sim);
    let run = home.start(&["orders", "-vv"]);
    until("it is logged in", || sim.open(Stream::Orders).first().is_some_and(|c| c.client_id.is_some()));
    let id = sim.open(Stream::Orders)[0].id;
    let echo = sim.texts_of(id)[0].clone();
    assert!(echo.contains(SENTINEL));
    sim.send_text(id, &echo);
    sim.send_text(
        id,
        &format!(r#"{{"Type":"order_alert","Data":{{"orderNo":"5","status":"PENDING","remarks":"{SENTINEL}"}}}}"#),
    );
    run.printed("the order", |text| text.contains(r#""order_no":"5""#));
    let done = run.stop(Signal::TERM).exits(0);
    let order: &Value = &done.of("order").into_iter().next_back().expect("one");
    assert_eq!(order["order_no"], "5");
    assert!(order["remarks"].as_str().is_some_and(|remarks| remarks != SENTINEL), "{order}");
}
