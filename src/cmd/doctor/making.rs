//! Checks with what a token could be made on this host, and when one was last requested.

use super::host::private;
use crate::account::Account;
use crate::auth::Environment;
use crate::clock::SECOND_US;
use crate::doctor::{Check, Finding};
use crate::model::Micros;
use std::path::Path;

/// Microseconds for which Dhan bars an account after each attempt; `dhan token` waits a little longer.
const BARRED_US: i64 = 130 * SECOND_US;

/// Returns findings for PIN and TOTP secret, and for the last attempt. No secret is read.
pub(super) fn findings(environment: &Environment, account: Option<&Account>, now: Micros) -> Vec<Finding> {
    let secrets =
        [("PIN", "DHAN_PIN_COMMAND", "DHAN_PIN_FILE"), ("TOTP secret", "DHAN_TOTP_COMMAND", "DHAN_TOTP_FILE")];
    let mut found: Vec<_> =
        secrets.iter().map(|(what, command, file)| secret(what, command, file, environment)).collect();
    for name in ["DHAN_PIN", "DHAN_TOTP", "DHAN_TOTP_SECRET"].into_iter().filter(|name| environment.is_set(name)) {
        let words = "set, but not read: put the secret into a file, and name that";
        found.push(Finding::warn(Check::Credentials, words).of(name));
    }
    found.extend(account.map(|account| last_try(account, now)));
    found
}

fn secret(what: &str, command: &str, file: &str, environment: &Environment) -> Finding {
    if environment.text(command).is_some() {
        return Finding::ok(Check::Credentials, format!("dhan token asks {command} for it")).of(what);
    }
    match environment.text(file) {
        Some(path) => private(what, Path::new(&path), true),
        None => {
            let words = format!("not set ({command}, {file}): dhan token makes none without its options");
            Finding::ok(Check::Credentials, words).of(what)
        }
    }
}

fn last_try(account: &Account, now: Micros) -> Finding {
    let state = account.token_state();
    let finding = match state.last_try.map(|last| now.us_since(last)) {
        Some(ago) if (0..BARRED_US).contains(&ago) => {
            let left = (BARRED_US - ago) / SECOND_US;
            Finding::warn(Check::Token, format!("asked for {} s ago: none is made for {left} s more", ago / SECOND_US))
        }
        _ if state.is_open => Finding::warn(
            Check::Token,
            "a run was ended while it asked for a token, and the one at hand may be dead: dhan token ensure finds out",
        ),
        Some(_) => Finding::ok(Check::Token, "none was asked for in the last two minutes"),
        None => Finding::ok(Check::Token, "none was ever asked for by dhan on this host"),
    };
    finding.of("making")
}
