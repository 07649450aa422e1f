//! Checks this host: credentials, what makes a token, files, core dumps, the instrument cache.

use crate::account::Account;
use crate::auth::{CredentialSource, Environment, SourceOptions};
use crate::clock::{self, SECOND_US};
use crate::cmd::defaults::Defaults;
use crate::doctor::{Check, Facts, Finding, judge};
use crate::folders;
use crate::instruments::layout::Layout;
use crate::instruments::store::Store;
use crate::model::{Exit, Micros};
use crate::redact::mask_client_id;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Returns a finding for every place where credentials may be. A value is read only to see whether there is one.
pub(super) fn credentials(args: &SourceOptions, defaults: &Defaults, environment: &Environment) -> Vec<Finding> {
    // Options that come from the configuration file were not typed.
    let option = |name: &'static str, words: Option<String>| {
        let words = words.map(|words| match defaults.place(name.trim_start_matches('-')) {
            Some(place) if words.is_empty() => format!("by {place}"),
            Some(place) => format!("{words}, by {place}"),
            None => words,
        });
        (name, words)
    };
    let variable = |name: &'static str, words: fn(&str) -> String| {
        let is_empty = name == "DHAN_ACCESS_TOKEN" && environment.is_set(name);
        let value = environment.text(name).map(|value| words(&value));
        (name, value.or_else(|| is_empty.then(|| "but empty".to_owned())))
    };
    let nothing = |_: &str| String::new();
    let default = crate::auth::default_token_file(environment).filter(|path| path.exists());
    let token = [
        option("--token-command", args.token_command.as_ref().map(|_| String::new())),
        option("--token-file", args.token_file.as_ref().map(|path| format!("the file {path:?}"))),
        variable("DHAN_TOKEN_COMMAND", nothing),
        variable("DHAN_TOKEN_FILE", |path| format!("the file {path:?}")),
        variable("DHAN_ACCESS_TOKEN", nothing),
        ("the default file", default.map(|path| format!("the file {path:?}"))),
    ];
    let id = [
        option("--client-id", args.client_id.as_ref().map(|id| mask_client_id(id.trim()))),
        variable("DHAN_CLIENT_ID", |id| mask_client_id(id.trim())),
    ];
    let mut found = judge::credential_places(&token);
    found.extend(judge::credential_places(&id));
    for name in ["DHAN_PARTNER_ID", "DHAN_PARTNER_SECRET"].into_iter().filter(|name| environment.is_set(name)) {
        found.push(Finding::ok(Check::Credentials, "set: for dhan orders --user-type partner").of(name));
    }
    for name in ["CLIENT_ID", "ACCESS_TOKEN"].into_iter().filter(|name| environment.is_set(name)) {
        let words = format!("set, but not read, since it may be another broker's: set DHAN_{name}");
        found.push(Finding::warn(Check::Credentials, words).of(name));
    }
    found
}

/// Returns findings about the token file, the state folder and the cache folder.
pub(super) fn permissions(source: &CredentialSource, account: Option<&Account>) -> Vec<Finding> {
    let token = source.place().and_then(|place| place.path()).map(|path| private("token file", path, true));
    let state = match folders::STATE.of_process() {
        Some(dir) if dir.exists() => private("state", &dir, false),
        Some(dir) => Finding::ok(Check::Permissions, format!("{dir:?} is not there yet")).of("state"),
        None => Finding::warn(Check::Permissions, "neither XDG_STATE_HOME nor HOME is set").of("state"),
    };
    let folder = account.and_then(Account::folder).map(|folder| private("account", folder, false));
    token.into_iter().chain([state]).chain(folder).chain([cache()]).collect()
}

/// Returns a finding about the permissions of a path. `follow`: a token file may be a link; the program's own folders
/// may not.
pub(super) fn private(subject: &str, path: &Path, follow: bool) -> Finding {
    let shown = format!("{path:?}");
    let metadata = if follow { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) };
    let finding = match metadata {
        Err(error) => Finding::warn(Check::Permissions, format!("{shown}: {}", crate::model::io_words(&error))),
        Ok(metadata) if follow && !metadata.is_file() => {
            Finding::ok(Check::Permissions, format!("{shown} is no regular file: its reader decides"))
        }
        Ok(metadata) => {
            let me = rustix::process::geteuid().as_raw();
            // Files of root (a service's credentials) are as safe as root is.
            judge::private(metadata.mode(), [me, 0].contains(&metadata.uid()), &shown)
        }
    };
    finding.of(subject)
}

fn cache() -> Finding {
    let dir = Store::from_env(Layout::Compact, true).ok().and_then(|store| Some(store.path()?.parent()?.to_owned()));
    let finding = match dir {
        None => Finding::warn(Check::Permissions, "neither DHAN_CACHE_DIR nor HOME is set: nothing is cached"),
        Some(dir) => match std::fs::metadata(&dir) {
            Err(_) => Finding::ok(Check::Permissions, format!("{dir:?} is not there yet")),
            Ok(metadata) => {
                use rustix::fs::{Access, access};
                let facts = Facts { mode: Some(format!("{:04o}", metadata.mode() & 0o7777)), ..Facts::default() };
                let finding = match access(&dir, Access::WRITE_OK | Access::EXEC_OK) {
                    Ok(()) => Finding::ok(Check::Permissions, format!("{dir:?} can be written")),
                    Err(_) => Finding::warn(
                        Check::Permissions,
                        format!("{dir:?} cannot be written: every run downloads the instrument master anew"),
                    ),
                };
                finding.with(facts)
            }
        },
    };
    finding.of("cache")
}

/// Returns whether a crash could write the token to disk. Every command of `dhan` disables core dumps at its start.
pub(super) fn core_dumps() -> Finding {
    let size = rustix::process::getrlimit(rustix::process::Resource::Core).current;
    #[cfg(target_os = "linux")]
    let dumpable = !matches!(rustix::process::dumpable_behavior(), Ok(rustix::process::DumpableBehavior::NotDumpable));
    #[cfg(not(target_os = "linux"))]
    let dumpable = true;
    match (size, dumpable) {
        (Some(0), false) => Finding::ok(Check::CoreDumps, "off, and other processes cannot read this one's memory"),
        (Some(0), true) => Finding::ok(Check::CoreDumps, "off: the size limit is 0"),
        (_, false) => Finding::ok(Check::CoreDumps, "off: the process is not dumpable"),
        (_, true) => Finding::warn(Check::CoreDumps, "this system does not let them be turned off: ulimit -c 0"),
    }
}

/// Returns findings about the cached instrument masters.
pub(super) fn instruments() -> Vec<Finding> {
    [Layout::Compact, Layout::Detailed].map(|layout| cached(layout).of(layout.name())).to_vec()
}

fn cached(layout: Layout) -> Finding {
    let store = match Store::from_env(layout, true) {
        Ok(store) => store,
        Err(failure) => return Finding::fail(Check::Instruments, failure.exit, failure.message),
    };
    let Some(path) = store.path().filter(|path| path.exists()) else {
        return Finding::ok(Check::Instruments, "none cached: downloaded when it is first needed");
    };
    let now = clock::now();
    match store.query(store.cached(), |cached| cached.master.verify()) {
        Some(((), cached)) => {
            let rows = cached.master.footer().rows;
            judge::master(rows, cached.checked, cached.is_fresh(now), now)
        }
        None => {
            let words = format!("{path:?} is damaged or cannot be read: dhan instruments sync --force");
            Finding::fail(Check::Instruments, Exit::Data, words)
        }
    }
}

/// Microseconds for which Dhan bars an account after each attempt; `dhan token` waits a little longer.
const BARRED_US: i64 = 130 * SECOND_US;

/// Returns findings for PIN and TOTP secret, and for the last attempt. No secret is read.
pub(super) fn making(environment: &Environment, account: Option<&Account>, now: Micros) -> Vec<Finding> {
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
