//! Section 4 of the fault catalogue: the token in eight encodings, wherever a server or a user puts it. Every home is
//! searched for it when its test ends.

use crate::support::proc::is_alive;
use crate::support::{
    CLIENT, DHAN, Home, Signal, secrets, secrets::OPAQUE, simulator, simulator_of, skipped, subscribed, wait,
};
use dhan::testing::model::Stream;
use dhan::testing::model::{InstrumentKey, Segment};
use dhan::testing::protocol::encode;
use dhan::testing::simulator::{Cut, Response, SimConfig, Upgrade};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

/// Options that print the most about received messages.
const WAYS: [&[&str]; 2] =
    [&["-vv", "--status-records"], &["-v", "--log-format", "json", "-f", "csv", "--color", "always"]];

/// Replays the capture in a process that knows no token and so masks none.
fn replays(home: &Home, way: &[&str], live: &str) {
    let mut command = home.command(&[]);
    command.args(["replay", "t.dcap"]).args(way).env_remove("DHAN_ACCESS_TOKEN");
    let ended = home.run(command).exits(0);
    secrets::assert_clean("the replay", ended.out.as_bytes());
    assert!(ended.out == live, "the replay is another: {} and {} bytes", ended.out.len(), live.len());
}

#[test]
fn s02_a_token_echoed_by_a_server_is_in_neither_records_nor_messages() {
    for way in WAYS {
        let sim = simulator_of(50.0);
        let home = Home::new();
        let outputs = ["-o", "-", "-o", "t.ndjson.gz", "--capture", "t.dcap"];
        let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885"]);
        command.args(outputs);
        command.args(way);
        let running = home.start(command);
        running.prints(3);
        let id = subscribed(&sim, Stream::Market, 1);
        let instrument = InstrumentKey::new(Segment::NSE_EQ, 2885);
        for (i, (_, text)) in secrets::disguises().into_iter().enumerate() {
            sim.send_text(id, &format!("{{\"error\":\"bad token {text}\"}}"));
            for code in [77, 7, 50 + i as u8 + 1] {
                let mut packet = Vec::new();
                encode::raw(&mut packet, code, instrument, text.as_bytes());
                sim.send(id, packet);
            }
            // Bytes that are no packet.
            sim.send(id, text.into_bytes());
        }
        let messages = secrets::disguises().len() as u64 * 5;
        wait("the echoes", || (sim.connection(id)?.messages_sent > messages).then_some(()));
        let lines = running.out.lines();
        running.prints(lines + 10);
        let ended = running.stop(Signal::INT).exits(0);
        assert!(ended.out.contains("unknown"), "the packets are printed, the token is not");
        assert!(ended.err.contains("bad token"), "{}", ended.err);
        let unpacked = Command::new("gzip").arg("-dc").arg(home.path("t.ndjson.gz")).output().unwrap();
        assert!(unpacked.status.success());
        secrets::assert_clean("the compressed file", &unpacked.stdout);
        replays(&home, way, &ended.out);
    }
}

#[test]
fn a_client_id_echoed_by_a_server_is_masked_to_its_last_digits() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    let running = home.start(home.dhan(&sim, &["feed", "NSE_EQ:2885", "-vv"]));
    running.prints(1);
    let id = subscribed(&sim, Stream::Market, 1);
    sim.send_text(id, &format!("client {CLIENT} is bad"));
    running.says("the server says: client ******0001 is bad");
    let ended = running.stop(Signal::INT).exits(0);
    assert!(!ended.err.contains(CLIENT) && !ended.out.contains(CLIENT), "{}", ended.err);
}

#[test]
fn a_token_in_a_wrong_argument_is_not_quoted_in_the_error() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    fs::write(home.path("token.secret"), OPAQUE).unwrap();
    let mut wrong_file = home.dhan(&sim, &["feed", "-i", "token.secret", "--token-file", "token.secret"]);
    wrong_file.env_remove("DHAN_ACCESS_TOKEN");
    let mut from_environment = home.dhan(&sim, &["feed", "-i", "token.secret"]);
    from_environment.env_remove("DHAN_ACCESS_TOKEN").env("DHAN_TOKEN_FILE", "token.secret");
    let mut runs = vec![wrong_file, from_environment];
    for args in [
        &["feed", OPAQUE][..],
        &["feed", "NSE_EQ:2885", "--only", OPAQUE],
        &["feed", "NSE_EQ:2885", "-o", &format!("none/{OPAQUE}")],
        &["verify", OPAQUE],
        &["instruments", "find", OPAQUE],
        &[OPAQUE],
    ] {
        runs.push(home.dhan(&sim, args));
    }
    for command in runs {
        let ended = home.run(command);
        assert!(ended.code() != 0 && ended.err.contains("[redacted]"), "{}", ended.err);
        secrets::assert_clean("stderr", ended.err.as_bytes());
    }
}

#[test]
fn g07_a_token_command_never_outlives_the_program() {
    let sim = simulator_of(50.0);
    for by_signal in [false, true] {
        let home = Home::new();
        let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "--token-command"]);
        command.arg("sleep 300 & echo $! $$ > pids.new; mv pids.new pids; wait");
        command.args(["--auth-wait", if by_signal { "10m" } else { "1s" }]);
        let running = home.start(command);
        let pids = wait("the command", || fs::read_to_string(home.path("pids")).ok());
        if by_signal {
            running.stops_soon(Signal::TERM).exits(0)
        } else {
            running.end().exits(3)
        };
        wait("the end of the command", || (!pids.split_whitespace().any(is_alive)).then_some(()));
    }
}

#[test]
fn s20_orders_that_echo_the_token_are_printed_complete_without_it() {
    for way in WAYS {
        let sim = simulator(SimConfig { order_life: false, ..SimConfig::default() });
        let home = Home::new();
        let list = secrets::disguises().iter().find(|(name, _)| *name == "list").unwrap().1.clone();
        let row = format!("[{{\"orderId\":\"77\",\"orderStatus\":\"PENDING\",\"omsErrorDescription\":\"{OPAQUE}\"}}]");
        sim.answer("/orders", Response::json(200, &row));
        let mut command = home.dhan(&sim, &["orders", "-o", "-", "-o", "t.ndjson", "--capture", "t.dcap"]);
        command.args(way);
        let running = home.start(command);
        let id = subscribed(&sim, Stream::Orders, 0);
        wait("the order book", || home.text("t.ndjson").contains("snapshot").then_some(()));
        let escaped: String = OPAQUE.bytes().map(|b| format!("\\u{b:04x}")).collect();
        let mut sent = 0;
        for text in secrets::disguises().into_iter().map(|(_, text)| text).chain([escaped]) {
            let data = format!(
                "{{\"orderNo\":\"{sent}\",\"status\":\"PENDING\",\"remarks\":\"{text}\",\"correlationId\":\"{text}\",\
                 \"note\":{{\"deep\":[\"{text}\",{list}]}},\"{text}\":1}}"
            );
            sim.send_text(id, &format!("{{\"Type\":\"order_alert\",\"Data\":{data}}}"));
            sent += 1;
        }
        sim.send_text(id, &format!("{{\"Type\":\"{OPAQUE}\"}}"));
        sim.send_text(id, &format!("not JSON: {OPAQUE}"));
        sim.send_text(id, "{\"Type\":\"order_alert\",\"Data\":{\"orderNo\":\"last\",\"remarks\":\"fine\"}}");
        wait("the last order", || home.text("t.ndjson").contains("fine").then_some(()));
        let ended = running.stop(Signal::INT).exits(0);
        // Only the two invalid messages are malformed: a masked message is still JSON.
        let [_, written, _, dropped, malformed, _] = ended.counts();
        assert_eq!((written, dropped, malformed), (sent + 2, 0, 1), "{}", ended.err);
        for line in home.text("t.ndjson").lines().filter(|_| !way.contains(&"csv")) {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        replays(&home, way, &ended.out);
        let mode = fs::metadata(home.path("t.ndjson")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "orders are for their owner");
    }
}

#[test]
fn s04_answers_that_quote_the_token_are_reported_without_it() {
    let far = format!("https://example.org/?token={OPAQUE}&x={OPAQUE}");
    let answers = [
        (Upgrade::Answer(Response::status(302).header("Location", &far)), 5),
        (Upgrade::Answer(Response::json(400, &format!("{{\"got\":\"{OPAQUE}\"}}"))), 5),
        (Upgrade::Answer(Response::json(404, OPAQUE)), 5),
        (Upgrade::Answer(Response::json(401, OPAQUE).header("WWW-Authenticate", OPAQUE)), 3),
        (Upgrade::Raw(format!("SSH-2.0-{OPAQUE}\r\n\r\n").into_bytes()), 0),
        (Upgrade::Raw(format!("HTTP/1.1 101 Fine\r\nSec-WebSocket-Protocol: {OPAQUE}\r\n\r\n").into_bytes()), 0),
        (Upgrade::Reset, 0),
    ];
    for way in WAYS {
        for (answer, code) in &answers {
            let sim = simulator_of(50.0);
            sim.every_upgrade(answer.clone());
            let home = Home::new();
            let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "--stats", "1s"]);
            command.args(way);
            let mut running = home.start(command);
            wait("attempts", || {
                (sim.upgrades().len() > 1 || running.child.try_wait().unwrap().is_some()).then_some(())
            });
            if *code == 0 {
                running.signal(Signal::INT);
            }
            running.end().exits(*code);
        }
    }
}

#[test]
fn s05_the_command_line_and_the_names_of_threads_hold_no_token() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    fs::write(home.path("token.secret"), OPAQUE).unwrap();
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "--token-file", "token.secret"]);
    command.env_remove("DHAN_ACCESS_TOKEN");
    let running = home.start(command);
    running.prints(3);
    let process = format!("/proc/{}", running.pid());
    secrets::assert_clean("the command line", &fs::read(format!("{process}/cmdline")).unwrap());
    for task in fs::read_dir(format!("{process}/task")).unwrap().flatten() {
        secrets::assert_clean("a thread's name", &fs::read(task.path().join("comm")).unwrap());
    }
    assert!(running.err.text().contains("token.secret"), "others can read that file: a warning says so");
    running.stop(Signal::INT).exits(0);

    // Only a JWT is recognised as a token on the command line.
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    let ended = home.run(home.dhan(&sim, &["feed", "NSE_EQ:2885", "--url", &format!("ws://127.0.0.1/?token={jwt}")]));
    assert!(!ended.exits(2).err.contains("eyJhbGci"));
}

#[test]
fn s06_children_get_no_secrets_of_dhan() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    fs::write(home.path("token.secret"), OPAQUE).unwrap();
    let mut command =
        home.dhan(&sim, &["feed", "NSE_EQ:2885", "-o", "t.ndjson", "--rotate-size", "20KB", "-n", "1500"]);
    command.args(["--on-rotate", "env >>rotated.env; cat /proc/self/cmdline >>rotated.cmdline"]);
    command.args(["--token-command", "env >>token.env; cat token.secret"]);
    command.env("DHAN_PARTNER_SECRET", OPAQUE);
    home.run(command).exits(0);
    wait("the last file's command", || (home.text("rotated.env").matches("PWD=").count() > 1).then_some(()));
    for name in ["rotated.env", "token.env"] {
        let text = home.text(name);
        assert!(text.contains("HOME=") && !text.contains("DHAN_ACCESS_TOKEN"), "{name}: {text}");
        assert!(!text.contains("PARTNER_SECRET"), "{name}: {text}");
    }
}

#[test]
fn s07_token_files_may_be_links_or_pipes_and_files_readable_by_others_are_a_warning() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let run = |file: &str| {
        let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "2", "--token-file", file]);
        command.env_remove("DHAN_ACCESS_TOKEN");
        home.run(command).exits(0).err
    };
    let wide = home.path("wide.secret");
    fs::write(&wide, OPAQUE).unwrap();
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o666, true)] {
        fs::set_permissions(&wide, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(run("wide.secret").contains("wide.secret"), warned, "{mode:o}");
    }
    symlink("wide.secret", home.path("link")).unwrap();
    assert!(run("link").contains("warning"), "a link to a wide file is as wide");
    fs::set_permissions(&wide, fs::Permissions::from_mode(0o600)).unwrap();
    run("link");
    if !Command::new("mkfifo").arg(home.path("pipe")).status().is_ok_and(|status| status.success()) {
        return skipped("no mkfifo");
    }
    let mut writer = home.bare("sh");
    writer.args(["-c", "chmod 600 pipe; cat wide.secret >pipe"]);
    let writer = home.start(writer);
    run("pipe");
    writer.end();
    let tokens: Vec<_> = sim.upgrades().iter().filter_map(|(_, request)| request.query_value("token")).collect();
    assert!(tokens.len() == 8 && tokens.iter().all(|token| token == OPAQUE));
}

#[test]
fn s07_an_open_umask_and_planted_links_expose_nothing() {
    let sim = simulator_of(500.0);
    let home = Home::new();
    let mut command = home.bare("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh", DHAN]).envs(sim.environment());
    command.args(["feed", "RELIANCE", "-o", "t.ndjson", "-n", "5"]);
    home.run(command).exits(0);
    let mode = |path: &std::path::Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path("t.ndjson")), 0o644);
    let mut folders = vec![home.path(".local/state/dhan")];
    assert!(folders[0].is_dir());
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            assert!(!entry.file_name().to_string_lossy().contains(CLIENT), "names tell no client id");
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
            }
        }
    }
}

#[test]
fn s08_signals_that_dump_core_leave_no_core() {
    let sim = simulator_of(50.0);
    for signal in [Signal::SEGV, Signal::ABORT, Signal::QUIT] {
        let home = Home::new();
        let mut command = home.bare("bash");
        // Children inherit an ignored SIGQUIT from a shell that started the tests in the background.
        let script = "ulimit -c unlimited; exec env --default-signal \"$@\"";
        command.args(["-c", script, "bash", DHAN]).envs(sim.environment());
        command.args(["feed", "NSE_EQ:2885"]);
        let mut running = home.start(command);
        running.prints(2);
        // The runtime's handler for stack overflows takes the first SIGSEGV and removes itself.
        wait("the end", || {
            running.signal(signal);
            running.child.try_wait().unwrap()
        });
        let ended = running.end();
        assert!(ended.code() > 128, "{signal:?}: {}", ended.code());
        let core = fs::read_dir(home.path("."))
            .unwrap()
            .flatten()
            .find(|e| e.file_name().to_string_lossy().starts_with("core"));
        assert!(core.is_none(), "{core:?}");
    }
}

#[test]
fn s09_a_key_log_is_not_written() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    let mut command = home.dhan(&sim, &["feed", "NSE_EQ:2885", "-n", "2"]);
    command.env("SSLKEYLOGFILE", home.path("keys"));
    home.run(command).exits(0);
    assert!(!home.path("keys").exists());
}

#[test]
fn s18_help_dry_runs_and_usage_errors_contain_no_token() {
    let sim = simulator_of(50.0);
    let home = Home::new();
    for args in [
        &["feed", "NSE_EQ:2885", "--dry-run"][..],
        &["orders", "--dry-run"],
        &["feed", "--help"],
        &["generate", "man", "feed"],
        &["feed", "NSE_EQ:2885", "--no-such-flag"],
        &["feed"],
    ] {
        home.run(home.dhan(&sim, args));
    }
    // A refusal during the run, and a partner's secret with the value of the token.
    let mut partner = home.dhan(&sim, &["orders", "--user-type", "partner", "-vv"]);
    partner.env("DHAN_PARTNER_ID", "P1").env("DHAN_PARTNER_SECRET", OPAQUE).env_remove("DHAN_ACCESS_TOKEN");
    let running = home.start(partner);
    let id = subscribed(&sim, Stream::Orders, 0);
    sim.send_text(id, &format!("{{\"Type\":\"order_alert\",\"Data\":{{\"orderNo\":\"1\",\"remarks\":\"{OPAQUE}\"}}}}"));
    sim.cut(id, Cut::Disconnect(808));
    wait("the disconnect", || sim.connection(id)?.closed);
    running.end().exits(3);
}
