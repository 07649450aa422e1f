//! Writes the systemd units of an unattended capture: a token before the market opens, a stream while it is open.

use std::path::{Path, PathBuf};

/// Path of the program for a service that cannot read home folders.
const USUAL: &str = "/usr/local/bin/dhan";

/// Lists the units with their names, and with `{…}` where [`units`] fills something in.
const UNITS: [(&str, &str); 4] = [
    ("dhan-feed.service", include_str!("systemd/dhan-feed.service")),
    ("dhan-feed.timer", include_str!("systemd/dhan-feed.timer")),
    ("dhan-token.service", include_str!("systemd/dhan-token.service")),
    ("dhan-token.timer", include_str!("systemd/dhan-token.timer")),
];

/// Returns the units with their names, for a program at this path.
pub(super) fn units(program: &Path) -> Vec<(String, String)> {
    let filled = |text: &str| {
        text.replace("{program}", &program.display().to_string())
            // Users and folders of both services.
            .replace("{place}\n", include_str!("systemd/place.conf"))
            // Restrictions of both services; `systemd-analyze security` explains each.
            .replace("{hardening}\n", include_str!("systemd/hardening.conf"))
    };
    UNITS.map(|(name, text)| (name.to_owned(), filled(text))).to_vec()
}

/// Returns the path of this program, and a warning if a service could not run it there.
pub(super) fn program() -> (PathBuf, Option<String>) {
    let usual = PathBuf::from(USUAL);
    let Some(here) = std::env::current_exe().ok().filter(|path| path.is_absolute()) else { return (usual, None) };
    if !["/home", "/root", "/run/user", "/tmp"].iter().any(|home| here.starts_with(home)) {
        return (here, None);
    }
    let folder = here.parent().unwrap_or(Path::new("/"));
    let warning = format!(
        "services may not look into {folder:?}: the units start {USUAL}; put the program there (sudo install {here:?} {USUAL})"
    );
    (usual, Some(warning))
}
