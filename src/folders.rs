//! Names this program's folders of the XDG base directory specification.
//!
//! The crates that do this read the process's environment; callers here pass one in, so that tests need no other process.

use std::path::PathBuf;

/// Names a base directory of the specification: its variable, and the folder below `HOME` that stands for it.
#[derive(Debug, Clone, Copy)]
pub struct Base(&'static str, &'static str);

/// What the user writes.
pub const CONFIG: Base = Base("XDG_CONFIG_HOME", ".config");
/// What processes share.
pub const STATE: Base = Base("XDG_STATE_HOME", ".local/state");
/// What can be downloaded again.
pub const CACHE: Base = Base("XDG_CACHE_HOME", ".cache");

impl Base {
    /// Returns this program's folder in the base directory, or `None` where neither the variable nor `HOME` is an
    /// absolute path: the specification ignores relative ones. `variable` returns a variable's value.
    pub fn folder(self, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        let Base(name, below_home) = self;
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let base = absolute(name).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
        Some(base.join("dhan"))
    }

    /// Returns the folder that this process's environment names.
    pub fn of_process(self) -> Option<PathBuf> {
        self.folder(|name| std::env::var_os(name).map(PathBuf::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_and_empty_paths_count_as_unset() {
        let state = |xdg: Option<&str>, home: Option<&str>| {
            STATE.folder(|name| if name == "HOME" { home } else { xdg }.map(PathBuf::from))
        };
        assert_eq!(state(Some("/s"), Some("/h")), Some("/s/dhan".into()));
        assert_eq!(state(None, Some("/h")), Some("/h/.local/state/dhan".into()));
        assert_eq!(state(Some("relative"), Some("/h")), Some("/h/.local/state/dhan".into()));
        assert_eq!(state(Some(""), None), None);
        assert_eq!(state(None, Some("home")), None);
    }
}
