//! Lists options and variables that mean the same, exclude or need each other, as far as clap does not know.

const TOKEN: &[&str] = &["DHAN_ACCESS_TOKEN", "DHAN_TOKEN_FILE", "DHAN_TOKEN_COMMAND"];
const FEED: &str = "DHAN_WS_MARKET_FEED_URL";
const DEPTH: &str = "DHAN_WS_MARKET_DEPTH_URL";
const DEPTH_200: &str = "DHAN_WS_MARKET_DEPTH_200_URL";
const ORDERS: &str = "DHAN_WS_ORDER_URL";

/// Lists every variable that sets the same as an option, with that option.
pub const VARIABLES: [(&str, &str); 15] = [
    ("DHAN_ACCESS_TOKEN", "token-file"),
    ("DHAN_TOKEN_FILE", "token-file"),
    ("DHAN_TOKEN_COMMAND", "token-command"),
    ("DHAN_CLIENT_ID", "client-id"),
    ("DHAN_WS_USER_TYPE", "user-type"),
    ("DHAN_PIN_FILE", "pin-file"),
    ("DHAN_PIN_COMMAND", "pin-command"),
    ("DHAN_TOTP_FILE", "totp-file"),
    ("DHAN_TOTP_COMMAND", "totp-command"),
    ("SSL_CERT_FILE", "ca-file"),
    ("NO_COLOR", "color"),
    (FEED, "url of feed"),
    (DEPTH, "url of depth"),
    (DEPTH_200, "url of depth --levels 200"),
    (ORDERS, "url of orders"),
];

/// Returns the variables that win over the file's value of an option of a command.
pub(super) fn variables(command: &[&str], key: &str) -> &'static [&'static str] {
    match (command, key) {
        // These commands write the token file; where tokens are read does not matter to them.
        (["token", "save" | "ensure" | "mint" | "renew"], "token-file") => &["DHAN_TOKEN_FILE"],
        (_, "token-file" | "token-command") => TOKEN,
        (_, "client-id") => &["DHAN_CLIENT_ID"],
        (_, "user-type") => &["DHAN_WS_USER_TYPE"],
        (_, "pin-file" | "pin-command") => &["DHAN_PIN_FILE", "DHAN_PIN_COMMAND"],
        (_, "totp-file" | "totp-command") => &["DHAN_TOTP_FILE", "DHAN_TOTP_COMMAND"],
        (_, "ca-file") => &["SSL_CERT_FILE"],
        (_, "color") => &["NO_COLOR"],
        (["feed", ..], "url") => &[FEED],
        (["depth", ..], "url") => &[DEPTH, DEPTH_200],
        (["orders", ..], "url") => &[ORDERS],
        (["watch", ..], "url") => &[FEED, DEPTH, DEPTH_200, ORDERS],
        _ => &[],
    }
}

/// Lists options of which a run has at most one; the first three pairs are two ways to name the source of one secret.
const RIVALS: [(&str, &str); 8] = [
    ("token-file", "token-command"),
    ("pin-file", "pin-command"),
    ("totp-file", "totp-command"),
    ("quiet", "verbose"),
    ("once", "count"),
    ("once", "chain"),
    ("demo", "url"),
    ("demo", "ca-file"),
];

/// Returns whether two options exclude each other.
pub(super) fn is_rival(a: &str, b: &str) -> bool {
    RIVALS.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

/// Returns whether two options name the source of the same thing.
pub(super) fn is_same_source(a: &str, b: &str) -> bool {
    RIVALS[..3].iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

/// Returns whether an option has the output it needs: a file to rotate, or a NATS stream.
pub(super) fn is_of_outputs(key: &str, outputs: &[String]) -> bool {
    let is_nats = |output: &String| {
        let output = output.to_ascii_lowercase();
        output.starts_with("nats://") || output.starts_with("tls://")
    };
    match key {
        "rotate-size" | "on-rotate" => outputs.iter().any(|output| output != "-" && !is_nats(output)),
        "nats-stream" | "nats-creds" => outputs.iter().any(is_nats),
        _ => true,
    }
}
