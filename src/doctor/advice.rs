//! Words what to do about a finding whose own words do not say it.

use super::{Check, Finding, State};
use crate::model::Exit;

/// Returns what to do about a finding that failed or warns.
pub fn of(finding: &Finding) -> Option<&'static str> {
    let subject = finding.subject.as_deref();
    match (finding.check, finding.state) {
        (_, State::Ok | State::Skipped) => None,
        (Check::Token, State::Warn) if subject == Some("making") => None,
        (Check::Token, _) if finding.exit == Exit::Account => {
            Some("Leave DHAN_CLIENT_ID and --client-id out, or name the client id that the token was made for.")
        }
        (Check::Token, _) if finding.detail.contains("dhan token save") => None,
        (Check::Token, _) => Some(NEW_TOKEN),
        (Check::Account | Check::Quote | Check::Endpoint, State::Fail) => by_exit(finding.exit),
        (Check::CoolOff, _) => {
            Some("Wait: no program of this account should connect before; a running stream goes on by itself.")
        }
        (Check::Clock, _) => Some("Let the system keep its clock: timedatectl set-ntp true"),
        (Check::State, _) => Some("Make the folder writable, or name another one with XDG_STATE_HOME."),
        (Check::Market, _) => None,
        // Their own words say what to do.
        (
            Check::Credentials
            | Check::Permissions
            | Check::CoreDumps
            | Check::Instruments
            | Check::Places
            | Check::Stream,
            _,
        )
        | (Check::Account | Check::Quote | Check::Endpoint, State::Warn) => None,
    }
}

const NEW_TOKEN: &str =
    "Make a token on web.dhan.co and keep it with dhan token save, or let dhan token ensure make one by PIN and TOTP.";

fn by_exit(exit: Exit) -> Option<&'static str> {
    Some(match exit {
        Exit::Credentials => NEW_TOKEN,
        Exit::Account => "See on web.dhan.co that the data plan (Data APIs) is subscribed and paid for this account.",
        Exit::NoPlace => "Close another stream of this account; dhan doctor --stop ends those of this host.",
        Exit::Certificate => {
            "If a proxy of yours opens TLS, name its root with --ca-file; else look at the clock and the system's roots."
        }
        Exit::Network => "Look at the network, the firewall and the proxy (HTTPS_PROXY, NO_PROXY), and try again.",
        Exit::Protocol => {
            "Something else answers in Dhan's place: a proxy, a portal, or a wrong address (DHAN_API_URL, DHAN_WS_…_URL)."
        }
        Exit::Refused => {
            "Look at the address (DHAN_API_URL, DHAN_WS_…_URL); if none is set, Dhan refuses this request now: try again later."
        }
        Exit::Usage => "Mend the variable that is named.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_a_server_says_what_to_do() {
        for exit in [
            Exit::Usage,
            Exit::Credentials,
            Exit::Account,
            Exit::Refused,
            Exit::NoPlace,
            Exit::Network,
            Exit::Certificate,
            Exit::Protocol,
        ] {
            for check in [Check::Account, Check::Quote, Check::Endpoint] {
                assert!(of(&Finding::fail(check, exit, "")).is_some(), "{check:?} {exit:?}");
            }
        }
        assert_eq!(of(&Finding::ok(Check::Token, "")), None);
        assert!(of(&Finding::fail(Check::Token, Exit::Credentials, "the access token has expired")).is_some());
        assert_eq!(of(&Finding::fail(Check::Token, Exit::Credentials, "hand it to dhan token save")), None);
        assert!(
            of(&Finding::fail(Check::Token, Exit::Account, "")).is_some_and(|words| words.contains("DHAN_CLIENT_ID"))
        );
    }
}
