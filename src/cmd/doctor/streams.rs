//! Lists the account's streams on this host, and ends them.

use super::process::{self, EndResult};
use crate::account::{Account, Holder};
use crate::doctor::view::counted;
use crate::doctor::{Check, Facts, Finding, judge};
use crate::model::{Exit, Micros, Stream};
use std::time::Duration;

/// Time to wait for a stream to end: it takes 2 s at most, a little more on a busy host.
const END_TIMEOUT: Duration = Duration::from_secs(4);

/// Returns findings about the places of every kind, and about every stream.
pub(super) fn places_and_streams(account: &Account, now: Micros) -> Vec<Finding> {
    let holders = account.holders();
    let mut found: Vec<_> = Stream::ALL.into_iter().map(|kind| judge::places(kind, &holders)).collect();
    if holders.is_empty() {
        found.push(Finding::ok(Check::Stream, NONE));
    }
    found.extend(holders.iter().map(|holder| judge::stream(holder, &process::look(holder.pid), now)));
    found
}

const NONE: &str = "no stream of this account runs on this host";

/// Ends every stream of the account on this host.
pub(super) fn stop(account: &Account) -> Vec<Finding> {
    let holders = account.holders();
    let mut pids: Vec<_> = holders.iter().map(|holder| holder.pid).filter(|pid| *pid != std::process::id()).collect();
    pids.sort_unstable();
    pids.dedup();
    if pids.is_empty() {
        return vec![Finding::ok(Check::Stream, NONE)];
    }
    let outcome = |(pid, asked): (u32, EndResult)| {
        let of_it: Vec<_> = holders.iter().filter(|holder| holder.pid == pid).collect();
        let what = words(&of_it);
        let finding = match asked {
            EndResult::Ended => Finding::ok(Check::Stream, format!("ended pid {pid}: {what}")),
            EndResult::Stays => {
                let words =
                    format!("asked pid {pid} to end, but it still runs: {what}; kill -9 {pid} is the last resort");
                Finding::fail(Check::Stream, Exit::NoPlace, words)
            }
            EndResult::Not(why) => Finding::fail(Check::Stream, Exit::NoPlace, format!("not ended, {why}: {what}")),
        };
        let facts = Facts {
            pid: Some(pid),
            instruments: u64::try_from(of_it.iter().map(|holder| holder.instruments).sum::<usize>()).ok(),
            since: of_it.iter().map(|holder| holder.since).min(),
            ..Facts::default()
        };
        let finding = finding.with(facts);
        match of_it.first() {
            Some(first) => finding.of(first.kind.socket_name()),
            None => finding,
        }
    };
    process::end(&pids, END_TIMEOUT).into_iter().map(outcome).collect()
}

/// Returns words like `feed with 5000 instruments, feed with 120 instruments`.
fn words(holders: &[&Holder]) -> String {
    let one = |holder: &&Holder| match holder.kind {
        Stream::Orders => "orders".to_owned(),
        kind => format!("{kind} with {}", counted(holder.instruments, "instrument")),
    };
    holders.iter().map(one).collect::<Vec<_>>().join(", ")
}
