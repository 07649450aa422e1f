//! Runs `dhan config`: prints the defaults in effect, and the path of their file.

use super::defaults::Defaults;
use crate::auth::Environment;
use crate::cli::args::{ConfigArgs, ConfigCommand};
use crate::cli::out;
use crate::config::{Setting, Settings, VARIABLES, Value, file_path};
use crate::console::{Console, untrusted};
use crate::model::{Exit, Failure};
use crate::redact::mask_client_id;
use std::fmt::Write as _;

/// Prints the defaults, or the path.
///
/// # Errors
/// A usage error if the file has no known place; exit 9 if stdout cannot be written.
pub fn run(
    args: &ConfigArgs,
    defaults: &Defaults,
    environment: &Environment,
    console: &Console,
) -> Result<Exit, Failure> {
    let path = file_path(environment).ok_or_else(|| {
        Failure::usage("there is no place for config.toml, since neither XDG_CONFIG_HOME nor HOME is set: set one")
    })?;
    let text = match args.what {
        ConfigCommand::Path => format!("{}\n", path.display()),
        ConfigCommand::Show => {
            let mut text = match &defaults.settings {
                Some(settings) => shown(settings),
                None if defaults.is_ignored => format!("# {} is not read: --no-config\n", path.display()),
                None => format!("# {} is not there\n", path.display()),
            };
            for (name, option) in VARIABLES.iter().filter(|(name, _)| environment.text(name).is_some()) {
                let _ = writeln!(text, "# {option}: from the environment, {name}");
            }
            console.masked(&text)
        }
    };
    out::print(&text).map(|()| Exit::Done)
}

fn shown(settings: &Settings) -> String {
    let mut text = format!("# {}\n", settings.file.display());
    if let Some((name, by)) = &settings.profile {
        let _ = writeln!(text, "# profile {}, by {by}", untrusted(name));
    } else if !settings.profiles.is_empty() {
        let _ = writeln!(text, "# no profile is chosen; the file has {}", untrusted(&settings.profiles.join(", ")));
    }
    let mut sorted: Vec<_> = settings.settings.iter().collect();
    sorted.sort_by_key(|setting| (&setting.command, &setting.key, setting.line));
    let mut table: &[String] = &[];
    for setting in sorted {
        if setting.command != table {
            table = &setting.command;
            let _ = writeln!(text, "\n[{}]", table.join("."));
        }
        let from = match &setting.profile {
            Some(profile) => format!("line {}, profile {}", setting.line, untrusted(profile)),
            None => format!("line {}", setting.line),
        };
        let command: Vec<_> = setting.command.iter().map(String::as_str).collect();
        let _ = match (settings.variable(&command, &setting.key), settings.replaced_by(setting)) {
            (Some(variable), _) => writeln!(text, "# {}  # {from}; {variable} wins", written(setting)),
            (None, Some(other)) => writeln!(text, "# {}  # {from}; line {} wins", written(setting), other.line),
            (None, None) => writeln!(text, "{}  # {from}", written(setting)),
        };
    }
    text
}

/// Returns a setting as TOML, without possible secrets: the client id is masked, an address has neither user nor
/// query, and of a command that prints a secret only the program is named.
fn written(setting: &Setting) -> String {
    let one = |value: &Value| match value {
        Value::Switch(_) => value.text(),
        Value::Text(id) | Value::Number(id) if setting.key == "client-id" => quoted(&mask_client_id(id)),
        Value::Number(number) => number.clone(),
        Value::Text(line) if setting.key.ends_with("-command") => quoted(&program(line)),
        Value::Text(text) => quoted(&plain_address(text)),
    };
    let values: Vec<_> = setting.values.iter().map(one).collect();
    if setting.is_list {
        format!("{} = [{}]", setting.key, values.join(", "))
    } else {
        format!("{} = {}", setting.key, values.join(", "))
    }
}

/// Returns the first word of a command line, unless it could be a value.
fn program(line: &str) -> String {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some(word), None) if !word.contains('=') => word.to_owned(),
        (Some(word), Some(_)) if !word.contains('=') => format!("{word} …"),
        _ => "…".to_owned(),
    }
}

/// Returns an address without its user and its query, and any other text as it is.
fn plain_address(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

/// Returns a text as TOML writes it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
