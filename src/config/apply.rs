//! Adds the file's options to a command line. A default gives way to the same option if typed, to typed options that
//! exclude it, and to the environment.

use super::{Setting, Settings, Value, check, relations};
use crate::cli::typed::{self, Typed};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use std::ffi::OsString;

/// Describes an option that a command line took from the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The option's long name.
    pub key: String,
    /// Its values as words of the command line.
    pub values: Vec<String>,
    /// Its line in the file.
    pub line: usize,
}

/// A setting that applies to a command line, as words.
struct Chosen<'a> {
    setting: &'a Setting,
    words: Vec<OsString>,
}

/// The command on a line: its definition, its path from the root, and its typed arguments.
struct Named<'a> {
    command: &'a Command,
    path: Vec<&'a str>,
    matches: &'a ArgMatches,
}

impl Settings {
    /// Returns a command line with the file's defaults, and the list of these.
    ///
    /// # Errors
    /// Returns the problems of defaults that exclude each other, one per line.
    pub fn apply(&self, typed: &Typed, root: &Command) -> Result<(Vec<OsString>, Vec<Applied>), Vec<String>> {
        let named = named(typed, root);
        let args: Vec<&Arg> = named.command.get_arguments().chain(root.get_arguments()).collect();
        let mut chosen: Vec<Chosen<'_>> = args.iter().filter_map(|arg| self.choose(&named, arg, &args)).collect();
        chosen.sort_by_key(|one| (std::cmp::Reverse(one.setting.rank()), one.setting.line));
        let mut problems = Vec::new();
        self.without_rivals(&mut chosen, &mut problems);
        let outputs = outputs(&named, &chosen);
        chosen.retain(|one| relations::is_of_outputs(&one.setting.key, &outputs));
        if typed::matches(&with(&typed.line, &chosen)).is_err() {
            chosen = self.fitting(&typed.line, chosen, &mut problems);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let applied = chosen.iter().filter(|one| !one.words.is_empty()).map(|one| Applied {
            key: one.setting.key.clone(),
            values: one.words.iter().filter_map(|word| Some(word.to_str()?.split_once('=')?.1.to_owned())).collect(),
            line: one.setting.line,
        });
        Ok((with(&typed.line, &chosen), applied.collect()))
    }

    /// Returns the setting that sets an option, unless the command line or the environment does.
    fn choose(&self, named: &Named<'_>, arg: &Arg, args: &[&Arg]) -> Option<Chosen<'_>> {
        let long = arg.get_long()?;
        let is_rival = |other: &&&Arg| other.get_long().is_some_and(|other| relations::is_rival(long, other));
        let is_decided = is_typed(named.matches, arg)
            || self.variable(&named.path, long).is_some()
            || args.iter().filter(is_rival).any(|other| is_typed(named.matches, other));
        if is_decided {
            return None;
        }
        // A value for all commands applies to those that accept it.
        let takes = |setting: &&Setting| {
            setting.key == long && setting.concerns(&named.path) && check::takes(named.command, arg, setting).is_ok()
        };
        let setting = self.settings.iter().filter(takes).max_by_key(|setting| setting.rank())?;
        Some(Chosen { setting, words: self.words(arg, setting) })
    }

    fn words(&self, arg: &Arg, setting: &Setting) -> Vec<OsString> {
        let word = |value: &Value| match (value, arg.get_action()) {
            (Value::Switch(false), _) => Vec::new(),
            (Value::Switch(true), _) => vec![format!("--{}", setting.key)],
            (Value::Number(times), ArgAction::Count) => {
                vec![format!("--{}", setting.key); times.parse::<usize>().unwrap_or_default()]
            }
            (Value::Text(text) | Value::Number(text), _) => {
                vec![format!("--{}={}", setting.key, self.at_home(arg, text))]
            }
        };
        setting.values.iter().flat_map(word).map(OsString::from).collect()
    }

    /// Returns a path with the home folder in place of `~`, like a shell.
    fn at_home(&self, arg: &Arg, text: &str) -> String {
        let is_path = matches!(arg.get_value_hint(), ValueHint::FilePath | ValueHint::DirPath | ValueHint::AnyPath);
        match (text.strip_prefix("~/").filter(|_| is_path), self.environment.text("HOME")) {
            (Some(rest), Some(home)) => format!("{}/{rest}", home.trim_end_matches('/')),
            _ => text.to_owned(),
        }
    }

    /// Of options that exclude each other, keeps the more specific one.
    fn without_rivals(&self, chosen: &mut Vec<Chosen<'_>>, problems: &mut Vec<String>) {
        let mut at = 0;
        while at < chosen.len() {
            let setting = chosen[at].setting;
            let rival = chosen[..at].iter().find(|one| relations::is_rival(&one.setting.key, &setting.key));
            // A switch that is off excludes nothing.
            match rival.filter(|rival| !rival.words.is_empty() && !chosen[at].words.is_empty()) {
                None => at += 1,
                Some(rival) => {
                    problems.extend(self.clash(rival.setting, setting));
                    chosen.remove(at);
                }
            }
        }
    }

    /// Returns the problem of two settings of one table that exclude each other.
    fn clash(&self, a: &Setting, b: &Setting) -> Option<String> {
        let file = self.file.display();
        (a.rank() == b.rank()).then(|| {
            format!(
                "{file} line {}: {} and {} (line {}) exclude each other: leave one out",
                b.line, b.key, a.key, a.line
            )
        })
    }

    /// Returns the settings that clap accepts together, the more specific ones first.
    fn fitting<'a>(
        &self,
        line: &[OsString],
        mut pending: Vec<Chosen<'a>>,
        problems: &mut Vec<String>,
    ) -> Vec<Chosen<'a>> {
        let mut fitting: Vec<Chosen<'a>> = Vec::new();
        loop {
            let before = pending.len();
            // One may need another that comes later, so it is tried again.
            for one in std::mem::take(&mut pending) {
                fitting.push(one);
                if typed::matches(&with(line, &fitting)).is_err() {
                    pending.extend(fitting.pop());
                }
            }
            if pending.is_empty() || pending.len() == before {
                break;
            }
        }
        for one in pending {
            if typed::matches(&with(line, std::slice::from_ref(&one))).is_err() {
                continue;
            }
            let excludes = |other: &&Chosen<'_>| {
                let both = [&other.words[..], &one.words[..]].concat();
                typed::matches(&with_words(line, both)).is_err()
            };
            problems.extend(fitting.iter().find(excludes).and_then(|other| self.clash(other.setting, one.setting)));
        }
        fitting
    }
}

/// Returns the command on a line.
fn named<'a>(typed: &'a Typed, root: &'a Command) -> Named<'a> {
    let mut named = Named { command: root, path: Vec::new(), matches: &typed.matches };
    while let Some((name, matches)) = named.matches.subcommand() {
        let Some(command) = named.command.find_subcommand(name) else { break };
        named.path.push(name);
        (named.command, named.matches) = (command, matches);
    }
    named
}

fn is_typed(matches: &ArgMatches, arg: &Arg) -> bool {
    matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// Returns the typed outputs, else those of the file.
fn outputs(named: &Named<'_>, chosen: &[Chosen<'_>]) -> Vec<String> {
    let key = "output";
    if check::option(named.command, key).is_none() {
        return Vec::new();
    }
    if let Some(typed) = named.matches.get_many::<String>(key) {
        return typed.cloned().collect();
    }
    let of_file = chosen.iter().filter(|one| one.setting.key == key);
    of_file.flat_map(|one| one.setting.values.iter().map(Value::text)).collect()
}

fn with(line: &[OsString], chosen: &[Chosen<'_>]) -> Vec<OsString> {
    with_words(line, chosen.iter().flat_map(|one| one.words.clone()).collect())
}

/// Adds words to a command line, before the `--` that ends its options.
fn with_words(line: &[OsString], words: Vec<OsString>) -> Vec<OsString> {
    let end = line.iter().skip(1).position(|word| word == "--").map_or(line.len(), |at| at + 1);
    let mut longer = line.to_vec();
    longer.splice(end..end, words);
    longer
}
