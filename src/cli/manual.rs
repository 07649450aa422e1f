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
    DHAN "dhan"
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

/// The end of `dhan -h`.
pub const ROOT_SHORT: &str = "\
Start here:  dhan watch --demo               prices that move, without an account
             dhan token save && dhan doctor  set up an account
             dhan feed NIFTY                 its last price, as it changes
More: dhan --help, dhan feed -h, dhan feed --help, man dhan-feed";

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
