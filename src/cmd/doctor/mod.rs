//! Runs `dhan doctor`: finds out why no data comes.
//!
//! What needs no network is checked and printed first. Everything takes 15 s at most.

mod host;
mod network;
mod process;
mod report;
mod streams;

use super::defaults::Defaults;
use crate::account::Account;
use crate::auth::{CredentialSource, Environment};
use crate::cli::args::DoctorArgs;
use crate::cli::credentials::source;
use crate::console::Console;
use crate::doctor::{Check, Finding, judge};
use crate::model::{Exit, Failure};
use crate::net::tls::LazyTls;
use crate::{clock, folders};
use report::Report;
use std::time::{Duration, Instant};

/// Time limit of everything, including reading the credentials (10 s at most).
const LIMIT: Duration = Duration::from_millis(14_000);

/// Checks everything, or ends the account's streams.
///
/// # Errors
/// A usage error for a bad flag; exit 9 if stdout cannot be written. Findings are no errors: the exit code is that of
/// the worst one.
pub fn run(args: &DoctorArgs, defaults: &Defaults, color: bool, console: &Console) -> Result<Exit, Failure> {
    let deadline = Instant::now() + LIMIT;
    let environment = Environment::process();
    for name in crate::model::secrets::SECRET_VARIABLES {
        // A secret that is set but not used is masked too.
        if let Some(secret) = environment.text(name) {
            console.keep_secret(secret.into());
        }
    }
    let source = source(&args.credentials, None, &environment, &console.redactor())?;
    let tls = LazyTls::new(args.ca_file.as_deref())?;
    let mut report = Report::begin(args.asked_format(), color, console);
    let account = source.account_id().map(|id| Account::open(folders::STATE.of_process(), &id));
    if args.stop {
        let found = match &account {
            Some(account) => streams::stop(account),
            None => vec![Finding::fail(Check::Stream, Exit::Credentials, NO_ID)],
        };
        report.add_all(found)?;
        return report.end();
    }
    report.add_all(host::credentials(&args.credentials, defaults, &environment))?;
    report.add_all(host::permissions(&source, account.as_ref()))?;
    report.add(host::core_dumps())?;
    report.add_all(host::instruments())?;
    report.add_all(judge::markets(&super::holidays::calendar(console), clock::now()))?;
    report.add_all(of_account(account.as_ref()))?;
    report.add_all(host::making(&environment, account.as_ref(), clock::now()))?;

    super::runtime()?.block_on(async {
        let credentials = source.read().await;
        report.add(token(&source, &credentials))?;
        if args.offline {
            let skipped = |check| Finding::skipped(check, "--offline: not asked");
            return report.add_all([Check::Account, Check::Quote, Check::Endpoint, Check::Clock].map(skipped));
        }
        let network = network::Network { environment: &environment, tls, console, deadline };
        network.look(account.as_ref(), credentials.ok(), &mut report).await
    })?;
    report.end()
}

const NO_ID: &str = "whose streams? no client id in --client-id, DHAN_CLIENT_ID";

/// Returns findings about what the account's processes share.
fn of_account(account: Option<&Account>) -> Vec<Finding> {
    let Some(account) = account else {
        let skipped = |check| Finding::skipped(check, "no client id in --client-id, DHAN_CLIENT_ID");
        return [Check::State, Check::CoolOff, Check::Places, Check::Stream].map(skipped).to_vec();
    };
    let now = clock::now();
    let cool_offs = account.cool_offs(now);
    let mut found: Vec<_> =
        account.take_warnings().into_iter().map(|warning| Finding::warn(Check::State, warning)).collect();
    if let (Some(folder), true) = (account.folder(), found.is_empty()) {
        found.push(Finding::ok(Check::State, format!("shared between processes in {folder:?}")));
    }
    found.extend(judge::cool_offs(&cool_offs, now));
    found.extend(streams::places_and_streams(account, now));
    found
}

fn token(
    source: &CredentialSource,
    credentials: &Result<crate::auth::Credentials, crate::auth::CredentialError>,
) -> Finding {
    let finding = match credentials {
        Ok(credentials) => judge::token(credentials.claims().as_ref(), &credentials.client_id, clock::now()),
        Err(problem) => {
            let failure = Failure::from(problem.clone());
            Finding::fail(Check::Token, failure.exit, failure.message)
        }
    };
    match source.place() {
        Some(place) => finding.of(match place {
            crate::auth::TokenPlace::Command(_) => "command",
            crate::auth::TokenPlace::File(_) => "file",
            crate::auth::TokenPlace::Environment => "DHAN_ACCESS_TOKEN",
        }),
        None => finding,
    }
}
