//! Checks values with the parsers of their options.

use super::{Setting, Settings, Value};
use crate::cli::typed::one_line;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command};
use std::collections::HashMap;

/// Returns the options of a command and of its subcommands, with the global ones.
pub(super) fn options<'a>(root: &'a Command, path: &[String]) -> impl Iterator<Item = &'a Arg> {
    let globals = root.get_arguments().filter(|arg| !is_of_the_file(arg));
    globals.chain(below(root, path).into_iter().flat_map(Command::get_arguments))
}

/// Returns whether an option selects what is read from the file; the file itself cannot set it.
fn is_of_the_file(arg: &Arg) -> bool {
    matches!(arg.get_long(), Some("profile" | "no-config"))
}

/// Returns a command and those below it, without the root.
fn below<'a>(root: &'a Command, path: &[String]) -> Vec<&'a Command> {
    let Some(at) = path.iter().try_fold(root, |command, name| command.find_subcommand(name)) else {
        return Vec::new();
    };
    let mut all = if path.is_empty() { Vec::new() } else { vec![at] };
    let mut rest: Vec<_> = at.get_subcommands().collect();
    while let Some(command) = rest.pop() {
        all.push(command);
        rest.extend(command.get_subcommands());
    }
    all
}

/// Returns the problems of values that no command of their table accepts, each with its line.
pub(super) fn values(settings: &Settings, root: &Command) -> Vec<(usize, String)> {
    // Profiles often repeat each other.
    let mut known = HashMap::new();
    let values = settings.settings.iter().filter_map(|setting| {
        let Setting { key, command, values, is_list, .. } = setting;
        let problem = known.entry((key, command, values, is_list)).or_insert_with(|| problem(setting, root));
        Some((setting.line, problem.clone()?))
    });
    values.collect()
}

fn problem(setting: &Setting, root: &Command) -> Option<String> {
    let mut commands = below(root, &setting.command);
    commands.push(root);
    let mut first = None;
    for command in commands {
        if let Some(arg) = option(command, &setting.key) {
            match takes(command, arg, setting) {
                Ok(()) => return None,
                Err(words) => first = first.or(Some(words)),
            }
        }
    }
    first
}

/// Returns a command's option with a long name.
pub(super) fn option<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| arg.get_long() == Some(long))
}

/// Checks a setting with an option of a command.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn takes(command: &Command, arg: &Arg, setting: &Setting) -> Result<(), String> {
    let is_switch = |value: &Value| matches!(value, Value::Switch(_));
    let key = &setting.key;
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => match setting.values.as_slice() {
            [Value::Switch(_)] if !setting.is_list => Ok(()),
            _ => Err(format!("{key} takes true or false, not {}", shown(setting))),
        },
        ArgAction::Count => match setting.values.as_slice() {
            [Value::Switch(_)] if !setting.is_list => Ok(()),
            [Value::Number(times)] if !setting.is_list && times.parse::<u8>().is_ok_and(|times| times < 10) => Ok(()),
            _ => {
                Err(format!("{key} takes true, false, or how many times it is meant such as 2, not {}", shown(setting)))
            }
        },
        action => {
            if setting.is_list && !matches!(action, ArgAction::Append) {
                return Err(format!("{key} takes one value, not {}", shown(setting)));
            }
            let is_optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
            if setting.values.iter().any(is_switch) {
                let is_whole = is_optional && !setting.is_list;
                return if is_whole { Ok(()) } else { Err(format!("{key} takes a value, not {}", shown(setting))) };
            }
            by_its_parser(command, setting)
        }
    }
}

/// Returns a setting's values as an error quotes them.
fn shown(setting: &Setting) -> String {
    let one = |value: &Value| match value {
        Value::Text(text) => format!("{text:?}"),
        value => value.text(),
    };
    if setting.is_list { "a list".to_owned() } else { setting.values.first().map_or_else(String::new, one) }
}

/// Parses the values like those of a command line.
fn by_its_parser(command: &Command, setting: &Setting) -> Result<(), String> {
    let alone = Command::new("dhan")
        .args(command.get_arguments().cloned())
        .groups(command.get_groups().cloned())
        .disable_help_flag(command.get_arguments().any(|arg| arg.get_id() == "help"));
    let words = setting.values.iter().map(|value| format!("--{}={}", setting.key, value.text()));
    match alone.try_get_matches_from(std::iter::once("dhan".to_owned()).chain(words)) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidValue
                    | ErrorKind::ValueValidation
                    | ErrorKind::TooManyValues
                    | ErrorKind::TooFewValues
                    | ErrorKind::WrongNumberOfValues
                    | ErrorKind::InvalidUtf8
            ) =>
        {
            Err(one_line(&error))
        }
        // Other errors of such a line are not the file's problem.
        _ => Ok(()),
    }
}

/// Returns the name nearest to an unknown one.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed: String = name.to_lowercase().replace('_', "-").chars().take(64).collect();
    names.min_by_key(|known| (strsim::damerau_levenshtein(&typed, &known.to_lowercase()), known.len(), *known))
}
