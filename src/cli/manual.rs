//! Holds the texts of help and manual pages beyond the options: each command's text, exit codes, variables, files.
//!
//! A text has sections: a line that ends in `:`, then lines indented by two blanks. Commands are indented by four.
//! The last section is `Examples:`, and a test runs every one of them.

use clap::{Arg, Command};
use std::fmt::Write as _;

/// Declares the text of each page.
macro_rules! texts {
    ($($name:ident $file:literal)+) => {
        $(
            #[doc = concat!("What help says of `", $file, "` beyond its options.")]
            pub const $name: &str = include_str!(concat!("manual/", $file, ".txt"));
        )+

        /// Lists every text by the name of its manual page without `dhan-`.
        #[cfg(any(test, feature = "testing"))]
        pub const TEXTS: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

texts! {
    FEED "feed"
    DEPTH "depth"
    ORDERS "orders"
    WATCH "watch"
    REPLAY "replay"
    VERIFY "verify"
    SCHEMA "schema"
    SIMULATE "simulate"
    RELAY "relay"
    DOCTOR "doctor"
    INSTRUMENTS "instruments"
    INSTRUMENTS_SYNC "instruments-sync"
    INSTRUMENTS_LIST "instruments-list"
    INSTRUMENTS_FIND "instruments-find"
    INSTRUMENTS_SEARCH "instruments-search"
    INSTRUMENTS_SHOW "instruments-show"
    TOKEN "token"
    TOKEN_SAVE "token-save"
    TOKEN_SHOW "token-show"
    TOKEN_ENSURE "token-ensure"
    TOKEN_MINT "token-mint"
    TOKEN_RENEW "token-renew"
    CONFIG "config"
    CONFIG_SHOW "config-show"
    CONFIG_PATH "config-path"
    GENERATE "generate"
    GENERATE_COMPLETIONS "generate-completions"
    GENERATE_MAN "generate-man"
    GENERATE_SYSTEMD "generate-systemd"
}

/// Lists the exit codes with their meaning.
pub const EXITS: [(u8, &str); 15] = [
    (0, "done, or told to stop"),
    (1, "a bug of dhan"),
    (2, "usage: an option, an instrument, a file of instruments"),
    (3, "credentials are missing, malformed, expired or refused"),
    (4, "the account may not: no data plan, another client id"),
    (5, "the server refused the request"),
    (6, "no free socket: five of the kind are open"),
    (7, "gave up on the network, or received nothing"),
    (8, "the server's certificate cannot be trusted"),
    (9, "output failed: disk, permission, a missing folder"),
    (10, "another dhan is writing that file"),
    (11, "no instrument master, or a damaged file"),
    (12, "the server speaks something else"),
    (13, "more gap than --fail-on-gap, or verify found gaps"),
    (14, "instrument not found, or ambiguous"),
];

/// Lists the environment variables with their meaning.
pub const ENVIRONMENT: [(&str, &str); 16] = [
    ("DHAN_CLIENT_ID, DHAN_ACCESS_TOKEN", "the account and its token"),
    ("DHAN_TOKEN_FILE, DHAN_TOKEN_COMMAND", "the file or the command that has the token"),
    ("DHAN_PIN_FILE, DHAN_PIN_COMMAND, DHAN_TOTP_FILE, DHAN_TOTP_COMMAND", "how dhan token makes a token"),
    ("DHAN_PIN, DHAN_TOTP, DHAN_TOTP_SECRET, DHAN_TOKEN", "not read: a secret belongs in a file"),
    ("DHAN_WS_USER_TYPE, DHAN_PARTNER_ID, DHAN_PARTNER_SECRET", "orders as a partner"),
    ("DHAN_WS_MARKET_FEED_URL, DHAN_WS_ORDER_URL", "other servers for the market feed and for orders"),
    ("DHAN_WS_MARKET_DEPTH_URL, DHAN_WS_MARKET_DEPTH_200_URL", "other servers for depth"),
    ("DHAN_API_URL, DHAN_AUTH_URL", "other servers for the account and its tokens"),
    ("DHAN_INSTRUMENTS_URL", "another address of the instrument master"),
    ("DHAN_CACHE_DIR, XDG_CACHE_HOME", "where the instrument master is kept"),
    ("XDG_STATE_HOME", "where the sockets of an account are counted"),
    ("XDG_CONFIG_HOME", "where the token file and other settings are"),
    ("DHAN_PROFILE", "the profile of config.toml that is read"),
    ("DHAN_HOLIDAYS", "a file of holidays, a date like 2026-01-26 a line"),
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE", "proxy and root certificates, as everywhere"),
    ("NO_COLOR", "no colours"),
];

/// Lists the files with their content.
pub const FILES: [(&str, &str); 7] = [
    ("~/.config/dhan/token", "the access token, unless another place is named"),
    ("~/.config/dhan/config.toml", "defaults of options; see dhan-config(5)"),
    ("~/.config/dhan/holidays", "days on which the market is closed, a date a line"),
    ("~/.cache/dhan/", "the instrument master, with its index"),
    ("~/.local/state/dhan/", "sockets, attempts to connect and refusals of each account on this host"),
    (".NAME.dhan", "beside an output file NAME while it is written; an orderly end removes it"),
    ("NAME.torn-TIME", "what followed the last complete line of NAME when a run had been killed"),
];

/// The end of `dhan -h`.
pub const ROOT_SHORT: &str = "\
Start here:  dhan watch --demo               prices that move, without an account
             dhan token save && dhan doctor  set up an account
             dhan feed NIFTY                 its last price, as it changes
More: dhan --help, dhan feed -h, dhan feed --help, man dhan-feed";

/// Returns the end of `dhan --help`.
pub fn root_long() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, words) in EXITS {
        let _ = writeln!(text, "  {code:<4}{words}");
    }
    for (title, table) in [("Environment", &ENVIRONMENT[..]), ("Files", &FILES[..])] {
        let _ = writeln!(text, "\n{title}:");
        for (names, words) in table {
            let _ = writeln!(text, "  {names}\n      {words}");
        }
    }
    text + ROOT_EXAMPLES
}

/// The examples of `dhan --help`.
pub const ROOT_EXAMPLES: &str = "
Examples:
  Prices that move, without an account:
    dhan watch --demo
  One record for each instrument, then exit:
    dhan feed --demo --once NIFTY RELIANCE
  Set up an account, then look at a price:
    dhan token save <pasted-token && dhan feed NIFTY -n 1
";

/// Lists the options that `-h` explains; it only names the others. Commands that are not listed explain all of
/// theirs.
const DAILY: [(&str, &str); 10] = [
    ("feed", "instruments mode chain once bars format output count capture duration until demo dry-run"),
    ("depth", "instruments levels view top format output count capture duration until demo dry-run"),
    ("orders", "events no-snapshot format output time count capture duration until demo dry-run"),
    ("watch", "instruments chain mode depth levels orders replay speed demo"),
    ("replay", "speed bars only format output time count"),
    ("simulate", "listen seed rate replay speed fault"),
    ("relay", "listen client-token-file token-file client-id demo"),
    ("list", "around strikes segment instrument underlying expiry strike option limit format detailed"),
    ("find", "segment instrument underlying expiry limit format detailed"),
    ("search", "segment instrument underlying expiry limit format detailed"),
];

/// Lists the options of all commands that `-h` only names.
const RARE_EVERYWHERE: [&str; 4] = ["log-format", "color", "profile", "no-config"];

/// Width in columns of the list that ends `-h`.
const WIDTH: usize = 78;

/// Removes the rarely used options from `-h`, which then ends with their names.
pub fn with_daily_help(command: Command) -> Command {
    let Some((_, daily)) = DAILY.iter().find(|(name, _)| *name == command.get_name()) else { return command };
    let explained = |long: &str| daily.split(' ').chain(["help", "quiet", "verbose"]).any(|known| known == long);
    let longs = |arg: &Arg| {
        arg.get_long().filter(|long| !explained(long) && !RARE_EVERYWHERE.contains(long)).map(str::to_owned)
    };
    let rare: Vec<_> = command.get_arguments().filter_map(|arg| Some((arg.get_id().clone(), longs(arg)?))).collect();
    let mut names = String::from("More options, which --help explains:");
    let mut column = WIDTH;
    for name in rare.iter().map(|(_, long)| long.as_str()).chain(RARE_EVERYWHERE) {
        if column + name.len() + 3 > WIDTH {
            names.push_str("\n ");
            column = 1;
        }
        let _ = write!(names, " --{name}");
        column += name.len() + 3;
    }
    let hide = |command: Command, id| command.mut_arg(id, |arg| arg.hide_short_help(true));
    rare.into_iter().map(|(id, _)| id).fold(command, hide).after_help(names)
}
