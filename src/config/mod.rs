//! Reads defaults of options from the user's `config.toml`, checks them, and adds them to the command line.
//!
//! Flags win over the environment, the environment over the profile, the profile over the other defaults of the file.
//!
//! * `read` – the file as settings.
//! * `check` – values, by the parsers of their options.
//! * `apply` – the words that the settings add to a command line.
//! * `relations` – options and variables that mean the same, or need each other.

mod apply;
mod check;
mod read;
mod relations;
#[cfg(test)]
mod tests;

pub use apply::Applied;
pub use read::{FileOptions, file_path, load};
pub use relations::VARIABLES;

use crate::auth::Environment;
use std::path::PathBuf;

/// Holds the file's settings, with the chosen profile.
#[derive(Clone)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// The chosen profile, and what chose it.
    pub profile: Option<(String, &'static str)>,
    /// The profiles in the file.
    pub profiles: Vec<String>,
    /// The options it sets for all commands and in the chosen profile.
    pub settings: Vec<Setting>,
    /// The environment, which wins over the file.
    pub environment: Environment,
}

/// Describes an option that the file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The profile whose table contains it.
    pub profile: Option<String>,
    /// The command whose table contains it, such as `feed` or `token ensure`; empty at the top.
    pub command: Vec<String>,
    /// The option's long name.
    pub key: String,
    /// Its value, or the values of a list.
    pub values: Vec<Value>,
    /// Whether the file gives a list.
    pub is_list: bool,
    /// The line of the file.
    pub line: usize,
}

/// Holds a value of the file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Text or a time, as an option would be given it.
    Text(String),
    /// A number, as an option would be given it.
    Number(String),
    /// `true` or `false`.
    Switch(bool),
}

impl Value {
    /// Returns the value as a word of the command line.
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) | Value::Number(text) => text.clone(),
            Value::Switch(on) => on.to_string(),
        }
    }
}

impl Setting {
    /// Returns the rank that decides between two settings for the same option: a profile's first, then the more
    /// specific command's.
    fn rank(&self) -> (bool, usize) {
        (self.profile.is_some(), self.command.len())
    }

    /// Returns whether the setting applies to a command.
    fn concerns(&self, command: &[&str]) -> bool {
        self.command.len() <= command.len() && self.command.iter().zip(command).all(|(a, b)| a == b)
    }
}

impl Settings {
    /// Returns the setting that replaces another one wherever that would apply.
    pub fn replaced_by(&self, setting: &Setting) -> Option<&Setting> {
        let command: Vec<_> = setting.command.iter().map(String::as_str).collect();
        let same = |other: &&Setting| other.key == setting.key || relations::is_same_source(&setting.key, &other.key);
        let above = |other: &&Setting| other.concerns(&command) && other.rank() > setting.rank();
        self.settings.iter().filter(same).find(above)
    }

    /// Returns the environment variable that sets the same as an option of a command.
    pub fn variable(&self, command: &[&str], key: &str) -> Option<&'static str> {
        relations::variables(command, key).iter().find(|name| self.environment.text(name).is_some()).copied()
    }
}
