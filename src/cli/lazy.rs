//! Builds arguments only for the named subcommand: building those of all takes as long as the rest of the start.

use super::manual;
use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches};
use std::cell::Cell;
use std::ops::Deref;

/// Holds the arguments of a subcommand, built only if it is the named one. [`whole`] builds all.
#[derive(Debug, Clone)]
pub struct Lazy<T>(Box<T>);

impl<T> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for Lazy<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(|args| Lazy(Box::new(args)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Lazy<T> {
    fn augment_args(command: Command) -> Command {
        if WHOLE.get() {
            return manual::with_daily_help(T::augment_args(command));
        }
        command.defer(|command| described(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

thread_local! {
    static WHOLE: Cell<bool> = const { Cell::new(false) };
}

/// Returns the command line with the arguments of all subcommands, for completions and manual pages.
pub fn whole<C: CommandFactory>() -> Command {
    WHOLE.set(true);
    let command = C::command();
    WHOLE.set(false);
    command
}

/// Adds arguments as if they had always been there: this subcommand's line in the list of subcommands stays, and the
/// options of all subcommands, which were added meanwhile, follow its own.
fn described(command: Command, augment: fn(Command) -> Command) -> Command {
    let (about, long_about) = (command.get_about().cloned(), command.get_long_about().cloned());
    let global: Vec<_> = command.get_arguments().map(|arg| arg.get_id().clone()).collect();
    let command = augment(command).about(Resettable::from(about)).long_about(Resettable::from(long_about));
    // Changing an argument moves it to the end.
    global.into_iter().fold(manual::with_daily_help(command), |command, id| command.mut_arg(id, |arg| arg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;

    /// Returns a command's arguments and those below it, in order, with their help.
    fn described_args(command: &mut Command, all: &mut Vec<String>) {
        all.push(format!("{}: {}", command.get_name(), command.clone().render_long_help()));
        command.get_subcommands_mut().filter(|sub| sub.get_name() != "help").for_each(|sub| described_args(sub, all));
    }

    #[test]
    fn help_is_the_same_whether_arguments_were_built_late_or_at_once() {
        let both = [Cli::command(), whole::<Cli>()].map(|mut command| {
            command.build();
            let mut all = Vec::new();
            described_args(&mut command, &mut all);
            all
        });
        assert!(both[0].len() > 15, "{}", both[0].len());
        assert!(both[0].iter().any(|help| help.starts_with("find:") && help.contains("--underlying")));
        assert_eq!(both[0], both[1]);
    }

    #[test]
    fn only_the_subcommand_that_is_named_is_built() {
        let count = |command: &Command| command.get_subcommands().map(|sub| sub.get_arguments().count()).sum::<usize>();
        assert_eq!(count(&Cli::command()), 0);
        assert!(count(&whole::<Cli>()) > 50);
    }
}
