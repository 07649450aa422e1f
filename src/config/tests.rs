use super::read::{FileOptions, load, parse};
use crate::auth::Environment;
use crate::cli::args::Cli;
use crate::cli::{lazy, typed};
use std::ffi::OsString;
use std::path::Path;

fn problems(text: &str) -> Vec<String> {
    parse(Path::new("/c.toml"), text, &Environment::of::<&str, &str>([]), &lazy::whole::<Cli>()).1
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_the_nearest() {
    for (text, said) in [
        ("\nmod = \"full\"", "/c.toml line 2: there is no option \"mod\"; the nearest is mode"),
        ("token_file = \"x\"", "line 1: there is no option \"token_file\"; the nearest is token-file"),
        ("q = true", "line 1: there is no option \"q\"; the keys are the long names: write quiet"),
        ("[feed]\nn = 1", "line 2: there is no option \"n\" of dhan feed; the keys are the long names: write count"),
        ("DHAN_ACCESS_TOKEN = \"x\"", "line 1: DHAN_ACCESS_TOKEN: no key holds a secret; put it into a file"),
        ("[fed]\nmode = \"full\"", "/c.toml line 1: there is no command \"fed\"; the nearest is feed"),
        ("[mode]\nfeed = 1", "line 1: mode is an option, not a command: write mode = …"),
        ("feed = 1", "line 1: feed is a command: write [feed] above its keys"),
        ("[token]\nensure = 1", "line 2: ensure is a command: write [token.ensure] above its keys"),
        (
            "[orders]\nmode = \"full\"",
            "line 2: there is no option \"mode\" of dhan orders; it is one of dhan feed, dhan watch",
        ),
        ("[orders]\nevens = \"update\"", "no option \"evens\" of dhan orders; the nearest is events"),
        (
            "mode = \"qoute\"",
            "line 1: invalid value \"qoute\" for '--mode <MODE>'; [possible values: ticker, quote, full]; tip: a similar value exists: 'quote'",
        ),
        ("[profile.x.feed]\nmode = 5", "line 2: invalid value \"5\" for '--mode <MODE>'"),
        ("once = \"yes\"", "line 1: once takes true or false, not \"yes\""),
        ("once = [true]", "line 1: once takes true or false, not a list"),
        ("mode = true", "line 1: mode takes a value, not true"),
        ("mode = [\"full\"]", "line 1: mode takes one value, not a list"),
        ("only = [[\"full\"]]", "line 1: only takes text, numbers, true or false"),
        ("only = {a = 1}", "line 1: only is an option, not a command"),
        ("verbose = \"2\"", "line 1: verbose takes true, false, or how many times"),
        ("verbose = 99", "line 1: verbose takes true, false, or how many times"),
        ("duration = 60", "line 1: invalid value \"60\" for '--duration <DURATION>': no unit: write 60s for seconds"),
        ("top = 201", "line 1: invalid value \"201\" for '--top <N>': 201 is not in 1..=200"),
        ("profile = \"x\"", "line 1: profile is a table"),
        ("[profile]\nx = 1", "line 2: profile \"x\" is a table: write [profile.x] above its keys"),
        ("no-config = true", "line 1: no-config is for the command line only"),
        ("mode = ", "/c.toml line 1: this is not TOML: "),
        ("# mine\nmode = full", "; text needs quotes, as in mode = \"full\""),
        ("mode = \"full\"\nmode = \"quote\"", "/c.toml line 2: this is not TOML: duplicate key \"mode\""),
    ] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].contains(said), "{text}: {found:?}");
    }
}

#[test]
fn all_that_is_wrong_is_named_at_once_in_the_order_of_the_file() {
    let found = problems("mode = \"qoute\"\nmod = 1\n[feed]\nmoed = 1\n[profile.a]\nx = 1\n[profile.a.feed]\nonce = 5");
    let lines: Vec<_> = found.iter().map(|words| words.split(' ').nth(2).unwrap_or_default()).collect();
    assert_eq!(lines, ["1:", "2:", "4:", "6:", "8:"], "{found:?}");
}

#[test]
fn a_file_of_nothing_but_mistakes_is_refused_at_once() {
    let text: String = (0..5_000).map(|n| format!("key{n} = 1\n")).collect();
    assert_eq!(problems(&text).len(), 20);
    let profiles: String = (0..1_000).map(|n| format!("[profile.p{n}.feed]\nmode = \"full\"\n")).collect();
    assert_eq!(problems(&profiles), Vec::<String>::new());
}

#[test]
fn secrets_are_refused_unseen_with_the_option_that_names_a_file() {
    let jwt = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3ODAwMDAwMDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
    for (key, instead) in [
        ("access-token", "token-file"),
        ("access_token", "token-file"),
        ("token", "token-file"),
        ("pin", "pin-file"),
        ("totp", "totp-file"),
        ("totp-secret", "totp-file"),
        ("partner-secret", "DHAN_PARTNER_SECRET"),
        ("url", "token-file"),
        ("output", "token-file"),
    ] {
        let found = problems(&format!("{key} = \"{jwt}\""));
        assert!(found.len() == 1 && found[0].contains(instead) && !found[0].contains("eyJ"), "{key}: {found:?}");
    }
    let seed = problems("totp-file = \"otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ\"");
    assert!(seed.len() == 1 && seed[0].contains("totp-file") && !seed[0].contains("GEZD"), "{seed:?}");
    let torn = problems(&format!("access-token = \"{jwt}\nmode = 1"));
    assert!(torn.len() == 1 && !torn[0].contains("eyJ"), "{torn:?}");
}

#[test]
fn values_that_options_take_are_no_problem() {
    let text = "\u{feff}log-format = \"json\"\nformat = \"csv\"\nquiet = 1\nonly = [\"full\", \"quote\"]\n\
                [feed]\nmode = \"full\"\ncount = 5\nonce = false\nbars = \"1m,5m\"\ndemo = 7\n\
                until = 15:30:00\nstats = '60s'\n\
                [token.ensure]\nfor = \"8h\"\n[instruments]\noffline = true\n\
                [profile.p]\nurl = \"ws://127.0.0.1:1\"\n[profile.p.depth]\nlevels = 200";
    assert_eq!(problems(text), Vec::<String>::new());
    assert_eq!(problems(""), Vec::<String>::new());
}

/// Returns the words that a file adds to a line, or what does not go together.
fn added(text: &str, line: &[&str], environment: &[(&str, &str)]) -> Result<Vec<String>, Vec<String>> {
    let root = lazy::whole::<Cli>();
    let environment = Environment::of(environment.iter().copied());
    let (settings, wrong) = parse(Path::new("/c.toml"), text, &environment, &root);
    assert_eq!(wrong, Vec::<String>::new(), "{text}");
    let line: Vec<OsString> = std::iter::once("dhan").chain(line.iter().copied()).map(OsString::from).collect();
    let typed = typed::parse(line.clone()).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let (longer, applied) = settings.apply(&typed, &root)?;
    let words: Vec<_> =
        longer.iter().filter(|word| !line.contains(word)).map(|w| w.to_string_lossy().into_owned()).collect();
    assert_eq!(applied.is_empty(), words.is_empty());
    assert!(typed::matches(&longer).is_ok());
    Ok(words)
}

#[test]
fn a_default_becomes_the_words_of_its_option() {
    for (text, line, words) in [
        ("mode = \"quote\"", &["feed", "NIFTY"][..], &["--mode=quote"][..]),
        ("only = [\"full\", \"quote\"]", &["feed", "NIFTY"], &["--only=full", "--only=quote"]),
        ("only = []", &["feed", "NIFTY"], &[]),
        ("only = \"full,quote\"", &["feed", "NIFTY"], &["--only=full,quote"]),
        ("once = true\nno-gaps = false", &["feed", "NIFTY"], &["--once"]),
        ("verbose = 2", &["feed", "NIFTY"], &["--verbose", "--verbose"]),
        ("verbose = true", &["feed", "NIFTY"], &["--verbose"]),
        ("count = 1_000", &["feed", "NIFTY"], &["--count=1000"]),
        ("count = 0x10", &["feed", "NIFTY"], &["--count=16"]),
        ("rate = 2.5", &["simulate"], &["--rate=2.5"]),
        ("until = 15:30:00", &["feed", "NIFTY"], &["--until=15:30:00"]),
        ("demo = true", &["feed"], &["--demo"]),
        ("demo = 7", &["feed"], &["--demo=7"]),
        ("demo = false", &["feed"], &[]),
        ("token-file = \"~/t\"\ntoken-command = \"\"", &["token", "save"], &["--token-file=/h/t"]),
        ("on-rotate = \"~/bin/x\"\noutput = \"~/a.csv\"", &["orders"], &["--on-rotate=~/bin/x", "--output=/h/a.csv"]),
        ("strike = \"-5..5\"", &["instruments", "list"], &["--strike=-5..5"]),
        // The more precise table wins; what a command does not have, or does not take, is none of its.
        ("mode = \"quote\"\n[feed]\nmode = \"full\"", &["feed", "NIFTY"], &["--mode=full"]),
        ("mode = \"quote\"\n[feed]\nmode = \"full\"", &["watch", "NIFTY"], &["--mode=quote"]),
        ("mode = \"quote\"", &["schema"], &[]),
        ("format = \"csv\"", &["doctor"], &[]),
        ("[token]\nclient-id = \"1\"\n[token.mint]\nclient-id = \"2\"", &["token", "mint"], &["--client-id=2"]),
        ("[token]\nclient-id = \"1\"\n[token.mint]\nclient-id = \"2\"", &["token", "renew"], &["--client-id=1"]),
        ("mode = \"quote\"", &["feed", "--", "NIFTY"], &["--mode=quote"]),
    ] {
        assert_eq!(added(text, line, &[("HOME", "/h")]).expect("they go together"), words, "{text} {line:?}");
    }
}

#[test]
fn a_default_gives_way_to_what_is_typed_and_to_the_environment() {
    let file = ("DHAN_TOKEN_FILE", "/e");
    for (text, line, environment) in [
        ("mode = \"quote\"", &["feed", "NIFTY", "-m", "full"][..], &[][..]),
        ("count = 3", &["feed", "NIFTY", "--once"], &[]),
        ("once = true", &["feed", "NIFTY", "-n", "3"], &[]),
        ("once = true", &["feed", "--chain", "NIFTY"], &[]),
        ("bars = [\"1m\"]", &["feed", "NIFTY", "--once"], &[]),
        ("quiet = true", &["-v", "feed", "NIFTY"], &[]),
        ("verbose = 1", &["feed", "NIFTY", "-qq"], &[]),
        ("url = \"wss://a\"\nca-file = \"/c\"", &["feed", "--demo"], &[]),
        ("demo = true", &["feed", "NIFTY", "--url", "wss://a"], &[]),
        ("token-command = \"x\"", &["feed", "NIFTY", "--token-file", "/f"], &[]),
        ("token-file = \"/t\"", &["feed", "NIFTY"], &[file]),
        ("token-command = \"x\"", &["feed", "NIFTY"], &[file]),
        ("token-file = \"/t\"", &["feed", "NIFTY"], &[("DHAN_ACCESS_TOKEN", "x")]),
        ("token-file = \"/t\"", &["token", "save"], &[file]),
        ("url = \"wss://a\"", &["depth", "NIFTY"], &[("DHAN_WS_MARKET_DEPTH_URL", "wss://b")]),
        ("color = \"always\"", &["schema"], &[("NO_COLOR", "1")]),
        // What needs an output does nothing without one.
        ("rotate-size = \"1MB\"\non-rotate = \"x\"", &["feed", "NIFTY"], &[]),
        ("rotate-size = \"1MB\"", &["feed", "NIFTY", "-o", "-"], &[]),
        ("nats-stream = \"x\"", &["feed", "NIFTY", "-o", "a.csv"], &[]),
        ("levels = 200\nspeed = \"max\"", &["watch"], &[]),
        ("depth = \"NSE_EQ:1\"\norders = true", &["watch", "NIFTY"], &[]),
    ] {
        let words = added(text, line, environment).expect("they go together");
        assert_eq!(words, Vec::<String>::new(), "{text} {line:?} {environment:?}");
    }
    // The token is written to the file, whatever the value that is at hand.
    let words = added("token-file = \"/t\"", &["token", "save"], &[("DHAN_ACCESS_TOKEN", "x")]);
    assert_eq!(words.expect("a file"), ["--token-file=/t"]);
    let rotated = added("rotate-size = \"1MB\"", &["feed", "NIFTY", "-o", "a.csv"], &[]);
    assert_eq!(rotated.expect("a file"), ["--rotate-size=1MB"]);
    let levels = added("[watch]\nlevels = 200\ndepth = \"NSE_EQ:1\"", &["watch"], &[]);
    assert_eq!(levels.expect("they go together"), ["--levels=200", "--depth=NSE_EQ:1"]);
}

#[test]
fn defaults_of_one_table_that_exclude_each_other_are_refused() {
    for (text, line, said) in [
        ("once = true\ncount = 3", "feed", "/c.toml line 2: count and once (line 1) exclude each other: leave one out"),
        ("[feed]\nonce = true\nbars = \"1m\"", "feed", "/c.toml line 3: bars and once (line 2) exclude each other"),
        ("token-file = \"/a\"\ntoken-command = \"b\"", "orders", "token-command and token-file (line 1) exclude"),
    ] {
        let found = added(text, &[line], &[]).or_else(|wrong| if wrong.len() == 1 { Ok(wrong) } else { Err(wrong) });
        assert!(found.as_ref().is_ok_and(|wrong| wrong[0].contains(said)), "{text}: {found:?}");
    }
    // A more precise table decides.
    assert_eq!(added("once = true\n[feed]\ncount = 3", &["feed", "NIFTY"], &[]).expect("one"), ["--count=3"]);
    assert_eq!(added("count = 3\nonce = false", &["feed", "NIFTY"], &[]).expect("one"), ["--count=3"]);
}

#[test]
fn a_profile_wins_over_the_rest_even_for_all_commands() {
    let root = lazy::whole::<Cli>();
    let home = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(home.path().join("dhan")).expect("a folder");
    let text = "[feed]\nmode = \"quote\"\n[profile.p]\nmode = \"full\"\n[profile.q]\nmode = \"ticker\"\n";
    std::fs::write(home.path().join("dhan/config.toml"), text).expect("written");
    let environment =
        Environment::of([("XDG_CONFIG_HOME", home.path().to_str().expect("text")), ("DHAN_PROFILE", "q")]);
    for (profile, mode) in [(None, "ticker"), (Some("p"), "full")] {
        let asked = FileOptions { profile: profile.map(str::to_owned), ignored: false };
        let (settings, wrong) = load(&asked, &environment, || &root);
        assert_eq!(wrong, Vec::<String>::new());
        let typed = typed::parse(["dhan", "feed", "NIFTY"].map(OsString::from).to_vec()).expect("a line");
        let (line, _) = settings.expect("a file").apply(&typed, &root).expect("one mode");
        assert_eq!(line.last(), Some(&OsString::from(format!("--mode={mode}"))));
    }
}

#[test]
fn the_options_about_the_file_are_found_before_the_line_is_read() {
    let asked = |line: &[&str]| FileOptions::of(&line.iter().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(asked(&["dhan", "feed", "--profile", "a"]).profile.as_deref(), Some("a"));
    assert_eq!(asked(&["dhan", "--profile=b", "feed"]).profile.as_deref(), Some("b"));
    assert!(asked(&["dhan", "--no-config", "feed"]).ignored);
    assert_eq!(asked(&["dhan", "feed", "--", "--no-config"]), FileOptions::default());
}
