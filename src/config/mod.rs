//! Defaults of options from the user's `config.toml`: read, checked, and given to the command line.
//!
//! Flags win over the environment, the environment over the profile, the profile over the defaults of the file.
//!
//! * `read` – the file as entries.
//! * `check` – values, by the parsers of the options they are for.
//! * `apply` – the words that the entries add to a command line.
//! * `relations` – options and variables that say the same, or need each other.

mod apply;
mod check;
mod read;
mod relations;
#[cfg(test)]
mod tests;

pub use apply::Applied;
pub use read::{Asked, file_path, load};
pub use relations::VARIABLES;

use crate::auth::Environment;
use std::path::PathBuf;

/// What the file sets, with the profile that was chosen.
#[derive(Clone)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// The profile that was chosen, and what chose it.
    pub profile: Option<(String, &'static str)>,
    /// The profiles that the file has.
    pub profiles: Vec<String>,
    /// The options that it sets: of all commands and of the chosen profile.
    pub entries: Vec<Entry>,
    /// The environment, which wins over the file.
    pub environment: Environment,
}

/// An option that the file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The profile whose table holds it.
    pub profile: Option<String>,
    /// The command whose table holds it, such as `feed` or `token ensure`; nothing at the top.
    pub command: Vec<String>,
    /// The option's long name.
    pub key: String,
    /// Its value, or those of a list.
    pub values: Vec<Value>,
    /// Whether the file gives a list.
    pub is_list: bool,
    /// The line of the file.
    pub line: usize,
}

/// A value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text or a time, as an option would be given it.
    Text(String),
    /// A number, as an option would be given it.
    Number(String),
    /// `true` or `false`.
    Switch(bool),
}

impl Value {
    /// Returns the value as the command line would have it.
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) | Value::Number(text) => text.clone(),
            Value::Switch(on) => on.to_string(),
        }
    }
}

impl Entry {
    /// Returns which of two entries for the same option wins: a profile's, then that of the more precise command.
    fn rank(&self) -> (bool, usize) {
        (self.profile.is_some(), self.command.len())
    }

    /// Returns whether the entry concerns a command.
    fn concerns(&self, command: &[&str]) -> bool {
        self.command.len() <= command.len() && self.command.iter().zip(command).all(|(a, b)| a == b)
    }
}

impl Settings {
    /// Returns the entry that replaces another one wherever that would hold.
    pub fn replaced_by(&self, entry: &Entry) -> Option<&Entry> {
        let command: Vec<_> = entry.command.iter().map(String::as_str).collect();
        let same = |other: &&Entry| other.key == entry.key || relations::is_same_source(&entry.key, &other.key);
        let above = |other: &&Entry| other.concerns(&command) && other.rank() > entry.rank();
        self.entries.iter().filter(same).find(above)
    }

    /// Returns the variable of the environment that says what an option of a command says.
    pub fn variable(&self, command: &[&str], key: &str) -> Option<&'static str> {
        relations::variables(command, key).iter().find(|name| self.environment.text(name).is_some()).copied()
    }
}
