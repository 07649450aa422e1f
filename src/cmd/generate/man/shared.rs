//! Writes what pages share: exit codes, variables and files, of which each page shows its own, and references to
//! other pages.

use super::roff::{Roff, Span};
use crate::cli::manual;
use clap::Command;

/// Says which rows of the tables a page shows. Words are separated by blanks.
pub struct Shared {
    exits: &'static str,
    /// The first variable of each row.
    variables: &'static str,
    files: &'static [&'static str],
    see: &'static str,
}

const TOKEN: &str = "~/.config/dhan/token";
const HOLIDAYS: &str = "~/.config/dhan/holidays";
const CACHE: &str = "~/.cache/dhan/";
const STATE: &str = "~/.local/state/dhan/";
const CONFIG: &str = "~/.config/dhan/config.toml";
const MARKER: &str = ".NAME.dhan";
const TORN: &str = "NAME.torn-TIME";

/// Files of a stream that is shown, and of one that is written.
const SHOWN: &[&str] = &[TOKEN, CONFIG, HOLIDAYS, CACHE, STATE];
const WRITTEN: &[&str] = &[TOKEN, CONFIG, HOLIDAYS, CACHE, STATE, MARKER, TORN];

/// Exit codes of all kinds.
const ANY: &str = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14";

/// Exit codes of commands that make tokens.
const MAKES: &str = "0 1 2 3 5 7 8 9";

/// Variables of a stream.
const STREAM: &str = "DHAN_CLIENT_ID DHAN_TOKEN_FILE DHAN_WS_MARKET_FEED_URL DHAN_WS_MARKET_DEPTH_URL \
                      DHAN_INSTRUMENTS_URL DHAN_CACHE_DIR XDG_STATE_HOME XDG_CONFIG_HOME DHAN_PROFILE DHAN_HOLIDAYS \
                      HTTPS_PROXY NO_COLOR";

/// Variables of a stream without instruments.
const ORDERS: &str = "DHAN_CLIENT_ID DHAN_TOKEN_FILE DHAN_WS_USER_TYPE DHAN_WS_MARKET_FEED_URL DHAN_API_URL \
                      XDG_STATE_HOME XDG_CONFIG_HOME HTTPS_PROXY NO_COLOR";

/// Variables of commands that need a token, and of those that make one.
const TOKENS: &str = "DHAN_CLIENT_ID DHAN_TOKEN_FILE DHAN_API_URL XDG_CONFIG_HOME HTTPS_PROXY";
const MAKING: &str = "DHAN_CLIENT_ID DHAN_TOKEN_FILE DHAN_PIN_FILE DHAN_API_URL XDG_CONFIG_HOME XDG_STATE_HOME \
                      HTTPS_PROXY";
const SAVING: &str = "DHAN_CLIENT_ID DHAN_TOKEN_FILE XDG_CONFIG_HOME";

const LOOK_UP: &str = "DHAN_INSTRUMENTS_URL DHAN_CACHE_DIR HTTPS_PROXY";

impl Shared {
    /// Returns the rows that belong to a page.
    pub fn of(name: &str) -> Shared {
        let of = |exits, variables, files, see| Shared { exits, variables, files, see };
        match name {
            "dhan" => of(ANY, "", &[], "dhan-records dhan-config.5 dhan-capture"),
            "dhan-feed" => of(ANY, STREAM, WRITTEN, "dhan-watch dhan-replay dhan-instruments dhan-records"),
            "dhan-depth" => of(ANY, STREAM, WRITTEN, "dhan-feed dhan-watch dhan-replay dhan-records"),
            "dhan-orders" => {
                let files = &[TOKEN, CONFIG, STATE, MARKER, TORN];
                of("0 1 2 3 4 5 6 7 8 9 10 11 12 13", ORDERS, files, "dhan-watch dhan-replay dhan-records")
            }
            "dhan-watch" => of(ANY, STREAM, SHOWN, "dhan-feed dhan-depth dhan-orders"),
            "dhan-replay" => {
                of("0 1 2 9 10 11", "NO_COLOR", &[MARKER, TORN], "dhan-feed dhan-verify dhan-records dhan-capture")
            }
            "dhan-verify" => {
                of("0 1 2 9 11 13", "", &[MARKER, TORN], "dhan-feed dhan-replay dhan-records dhan-capture")
            }
            "dhan-schema" => of("0 1 2 9", "", &[], "dhan-records"),
            "dhan-simulate" => of("0 1 2 11", "", &[], "dhan-feed dhan-relay dhan-capture"),
            "dhan-relay" => of("0 1 2 3 4 5 6 7 8 12", STREAM, &[TOKEN, CONFIG, STATE], "dhan-feed dhan-simulate"),
            "dhan-doctor" => of("0 1 2 3 4 5 6 7 8 9 11 12", STREAM, SHOWN, "dhan-token dhan-feed"),
            "dhan-config" | "dhan-config-show" | "dhan-config-path" => {
                of("0 1 2 9", "XDG_CONFIG_HOME DHAN_PROFILE", &[CONFIG], "dhan-config.5 dhan-feed")
            }
            "dhan-token-save" => of("0 1 2 3 9", SAVING, &[TOKEN], "dhan-doctor"),
            "dhan-token-show" => of("0 1 2 3 7 8", TOKENS, &[TOKEN], "dhan-doctor"),
            "dhan-token-renew" => of(MAKES, TOKENS, &[TOKEN, STATE], "dhan-token-ensure"),
            "dhan-token" | "dhan-token-ensure" | "dhan-token-mint" => {
                of(MAKES, MAKING, &[TOKEN, STATE], "dhan-generate-systemd dhan-doctor")
            }
            "dhan-generate-systemd" => of("0 1 2 9", "", &[], "dhan-token-ensure dhan-feed"),
            "dhan-generate-completions" | "dhan-generate-man" | "dhan-generate" => of("0 1 2 9", "", &[], ""),
            name if name.starts_with("dhan-instruments") => of("0 1 2 9 11 14", LOOK_UP, &[CACHE], "dhan-feed"),
            _ => of("0 1 2", "", &[], ""),
        }
    }

    /// Writes the sections.
    pub fn write(&self, command: &Command, name: &str, page: &mut Roff) {
        let all = name == "dhan";
        let holds = |words: &str, word: &str| words.split(' ').any(|one| one == word);
        page.heading("EXIT STATUS");
        for (code, words) in rows("Exit codes").iter().filter(|(code, _)| holds(self.exits, code)) {
            page.tagged(&[Span::Bold(code)], &capital(words));
        }
        page.paragraph(
            "A reader of stdout that goes away ends a run quietly, by SIGPIPE. A second SIGINT or SIGTERM ends it at once.",
        );
        let is_own = |names: &str| all || names.split(", ").next().is_some_and(|first| holds(self.variables, first));
        let variables: Vec<_> = rows("Environment").into_iter().filter(|(names, _)| is_own(names)).collect();
        if !variables.is_empty() {
            page.heading("ENVIRONMENT");
            variables.iter().for_each(|(names, words)| page.tagged(&[Span::Bold(names)], &capital(words)));
        }
        let files: Vec<_> = rows("Files").into_iter().filter(|(path, _)| all || self.files.contains(path)).collect();
        if !files.is_empty() {
            page.heading("FILES");
            files.iter().for_each(|(path, words)| page.tagged(&[Span::Italic(path)], &capital(words)));
        }
        page.heading("SEE ALSO");
        page.references(&self.references(command, name));
    }

    /// Returns the page above, the pages below, and those that are named, in this order.
    fn references(&self, command: &Command, name: &str) -> Vec<(String, u8)> {
        let mut all: Vec<(String, u8)> = Vec::new();
        if let Some((above, _)) = name.rsplit_once('-') {
            all.push((above.to_owned(), 1));
            if above != "dhan" {
                all.push(("dhan".to_owned(), 1));
            }
        }
        all.extend(command.get_subcommands().map(|sub| (format!("{name}-{}", sub.get_name()), 1)));
        for page in self.see.split_whitespace() {
            let (page, section) = match page {
                "dhan-config.5" => ("dhan-config", 5),
                "dhan-records" | "dhan-capture" => (page, 5),
                page => (page, 1),
            };
            if !all.iter().any(|(known, number)| (known.as_str(), *number) == (page, section)) {
                all.push((page.to_owned(), section));
            }
        }
        all
    }
}

/// Returns the rows of a table at the end of `dhan --help`: names and their meaning.
fn rows(title: &str) -> Vec<(&'static str, &'static str)> {
    let table = manual::DHAN.split("\n\n").find(|table| table.starts_with(title)).unwrap_or_default();
    let lines: Vec<_> = table.lines().skip(1).map(str::trim).collect();
    match title {
        "Exit codes" => {
            lines.iter().filter_map(|line| line.split_once(' ')).map(|(c, words)| (c, words.trim())).collect()
        }
        _ => lines.chunks_exact(2).map(|row| (row[0], row[1])).collect(),
    }
}

/// Returns words with a capital letter.
pub fn capital(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    super::command::sentence(&format!("{first}{}", chars.as_str()))
}
