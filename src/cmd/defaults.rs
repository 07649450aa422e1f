//! What a run took from the configuration file, for those who say where a value comes from.

use crate::config::{Applied, Settings};
use crate::model::Failure;

/// What a run took from the configuration file.
#[derive(Default)]
pub struct Defaults {
    /// What the file sets; `None` where it was not read.
    pub settings: Option<Settings>,
    /// The options of this run that it says.
    pub applied: Vec<Applied>,
    /// Whether `--no-config` was typed.
    pub is_ignored: bool,
}

impl Defaults {
    /// Returns where an option's value comes from, if that is the file: `line 3 of config.toml`.
    pub fn place(&self, key: &str) -> Option<String> {
        let applied = self.applied.iter().find(|one| one.key == key)?;
        Some(format!("line {} of config.toml", applied.line))
    }

    /// Adds to a failure which of the options that it names were not typed, and where they come from.
    pub(super) fn explained(&self, failure: Failure) -> Failure {
        let Some(settings) = self.settings.as_ref().filter(|_| !failure.message.is_empty()) else { return failure };
        let is_named = |one: &&Applied| {
            failure.message.contains(&format!("--{}", one.key))
                || one.key.contains('-') && failure.message.contains(&one.key.replace('-', " "))
                || one.values.iter().any(|value| value.contains('/') && failure.message.contains(value.as_str()))
        };
        let named = self.applied.iter().filter(is_named);
        let named: Vec<_> = named.map(|one| format!("--{} is on line {}", one.key, one.line)).collect();
        if named.is_empty() {
            return failure;
        }
        let message = format!("{} ({} of {})", failure.message, named.join(", "), settings.file.display());
        Failure { message, ..failure }
    }
}
