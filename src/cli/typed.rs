//! Parses the command line. All bad values are found, and then the options that do not fit together.

use super::args::Cli;
use super::lazy;
use super::problems::Problems;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, CommandFactory as _, Error, FromArgMatches as _};
use std::ffi::OsString;

/// Maximum number of bad values that are collected.
const MOST: usize = 20;

/// Holds a parsed command line.
pub struct Typed {
    /// Its words, without the options whose values could not be parsed.
    pub line: Vec<OsString>,
    /// The result of clap for the words.
    pub matches: ArgMatches,
    /// Problems of the options that were left out.
    pub problems: Problems,
}

impl Typed {
    /// Returns the typed flags.
    ///
    /// # Errors
    /// Returns clap's error.
    pub fn cli(mut self) -> Result<(Cli, Problems), Error> {
        let cli = Cli::from_arg_matches_mut(&mut self.matches).map_err(|error| error.format(&mut Cli::command()))?;
        Ok((cli, self.problems))
    }
}

/// Parses a command line; options with bad values are left out and reported as problems.
///
/// # Errors
/// Returns clap's error if the command line cannot be used: requested help, an unknown option, a missing argument.
pub fn parse(mut line: Vec<OsString>) -> Result<Typed, Error> {
    let mut problems = Problems::default();
    for _ in 0..MOST {
        let error = match matches(&line) {
            Ok(matches) => return Ok(Typed { line, matches, problems }),
            Err(error) => error,
        };
        if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
            return Err(error);
        }
        let Some(shorter) = without(&line, &error) else { return Err(error) };
        problems.add(one_line(&error));
        line = shorter;
    }
    matches(&line).map(|matches| Typed { line, matches, problems })
}

/// Parses one command line unchanged.
///
/// # Errors
/// Returns clap's error.
pub fn matches(line: &[OsString]) -> Result<ArgMatches, Error> {
    Cli::command().try_get_matches_from(line)
}

/// Returns an error in one line: what is wrong, which values exist, which is similar.
pub fn one_line(error: &Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("For more information"));
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let line = lines.join("; ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    match error.get(ContextKind::InvalidValue) {
        // Quoted like in every other message.
        Some(ContextValue::String(value)) => line.replacen(&format!("'{value}'"), &format!("{value:?}"), 1),
        _ => line.to_owned(),
    }
}

/// Returns the line without the option whose value caused an error.
fn without(line: &[OsString], error: &Error) -> Option<Vec<OsString>> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (option, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let option = option.strip_prefix("--")?;
    let long = &option[..option.find([' ', '=', '[']).unwrap_or(option.len())];
    let short = short_of(long);
    // A list is one word, but the error quotes one element.
    let holds = |typed: &str| typed == value || typed.split(',').any(|part| part == value);
    let mut shorter = line.to_vec();
    for i in 1..line.len() {
        let word = line[i].to_string_lossy();
        if word == "--" {
            return None;
        }
        let next_holds = line.get(i + 1).is_some_and(|next| holds(&next.to_string_lossy()));
        // The letters before the option in its word, and what follows its name there.
        let found = match word.strip_prefix("--") {
            Some(name) => {
                name.strip_prefix(long).filter(|rest| rest.is_empty() || rest.starts_with('=')).map(|rest| ("", rest))
            }
            None => word.strip_prefix('-').zip(short).and_then(|(letters, short)| letters.split_once(short)),
        };
        let Some((before, rest)) = found else { continue };
        let takes_next = rest.is_empty() && next_holds;
        if !takes_next && (rest.is_empty() || !holds(rest.strip_prefix('=').unwrap_or(rest))) {
            continue;
        }
        shorter.drain(i..=i + usize::from(takes_next));
        if !before.is_empty() {
            shorter.insert(i, format!("-{before}").into());
        }
        return Some(shorter);
    }
    None
}

/// Returns an option's letter, which is the same in every command that has the option.
fn short_of(long: &str) -> Option<char> {
    let cli = lazy::whole::<Cli>();
    let mut commands = vec![&cli];
    while let Some(command) = commands.pop() {
        if let Some(arg) = command.get_arguments().find(|arg| arg.get_long() == Some(long)) {
            return arg.get_short();
        }
        commands.extend(command.get_subcommands());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(line: &[&str]) -> String {
        let line = std::iter::once("dhan").chain(line.iter().copied()).map(OsString::from).collect();
        parse(line)
            .expect("something to go on with")
            .problems
            .finish()
            .err()
            .map(|failure| failure.message)
            .unwrap_or_default()
    }

    #[test]
    fn every_bad_value_is_found_however_it_is_given() {
        let messages = problems(&[
            "feed",
            "--mode",
            "qoute",
            "-n",
            "0",
            "-d60",
            "--until=25:00",
            "--only",
            "full,fulll",
            "-qf",
            "cvs",
            "IDX_I:13",
        ]);
        for part in [
            "6 problems:",
            "\"qoute\" for '--mode <MODE>'; [possible values: ticker, quote, full]; tip: a similar value exists: 'quote'",
            "\"0\" for '--count <N>'",
            "60s",
            "\"25:00\" for '--until <TIME>'",
            "\"fulll\"",
            "\"cvs\" for '--format <FORMAT>'",
        ] {
            assert!(messages.contains(part), "{part} is missing in: {messages}");
        }
    }

    #[test]
    fn a_line_without_bad_values_has_no_problem_and_words_are_known_in_any_case() {
        assert_eq!(problems(&["feed", "IDX_I:13", "-m", "QUOTE", "-f", "Csv", "--color", "never"]), "");
        assert_eq!(problems(&["orders", "--events", "EXECUTION,update", "--only", "order"]), "");
    }
}
