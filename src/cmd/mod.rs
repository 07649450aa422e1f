//! Runs the subcommands, one file each, where the other modules are put together.

mod complete;
pub mod config;
mod defaults;
mod descriptors;
pub mod doctor;
pub mod generate;
mod holidays;
pub mod instruments;
pub mod relay;
pub mod replay;
pub mod schema;
pub mod simulate;
pub mod stream;
pub mod token;
pub mod verify;
pub mod watch;

use crate::auth::Environment;
use crate::cli::args::{Cli, Command, ConsoleArgs};
use crate::cli::plan::{StreamPlan, TextSource};
use crate::cli::planner::{self, PlanContext};
use crate::cli::problems::Problems;
use crate::cli::typed::{self, Typed};
use crate::cli::{lazy, out, specs};
use crate::config::FileOptions;
use crate::console::{Console, ConsoleConfig, LogLevel};
use crate::model::exit::{Exit, Failure};
use crate::stream::{EarlyStop, Ended};
use clap::error::ErrorKind;
use clap::{ArgMatches, ColorChoice};
use defaults::Defaults;
use std::cell::OnceCell;
use std::io::{self, IsTerminal as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs the command line of this process. Only here a failure becomes a message and an exit code.
pub fn main() -> ExitCode {
    crate::auth::harden();
    // A shell calls it at every TAB, so nothing else is built for it.
    if std::env::args_os().nth(1).is_some_and(|name| name == complete::NAME) {
        complete::main();
        return ExitCode::SUCCESS;
    }
    // Until the flags are known, problems are printed as text.
    let printer = Console::default();
    crate::console::install_panic_hook(&printer);
    let environment = Environment::process();
    // A token that was pasted in the wrong place is quoted by the error about it, so the printer must know it first.
    environment.secrets().into_iter().for_each(|secret| printer.keep_secret(secret));
    let mut defaults = Defaults::default();
    let result = match typed(&environment, &mut defaults) {
        Ok((cli, problems)) => {
            console(&cli.console, &environment, io::stderr().is_terminal()).and_then(|config| {
                printer.configure(config);
                // The panic hook has reported it, masked; every run ends with an exit code of ours.
                let dispatched = catch_unwind(AssertUnwindSafe(|| {
                    dispatch(cli.command, problems, &cli.console, &defaults, &printer)
                }));
                dispatched.unwrap_or(Ok(Exit::Bug))
            })
        }
        Err(ended) => ended,
    };
    let exit = result.unwrap_or_else(|failure| {
        let failure = defaults.explained(failure);
        match failure.exit {
            _ if failure.message.is_empty() => {}
            // Nothing has run, so the time of the message is of no interest.
            Exit::Usage | Exit::NotFound => printer.usage_error(&failure),
            _ => printer.error(&failure),
        }
        failure.exit
    });
    printer.finish();
    ExitCode::from(exit.code())
}

/// Returns the command line with the file's defaults, or the result if there is nothing to run.
fn typed(environment: &Environment, defaults: &mut Defaults) -> Result<(Cli, Problems), Result<Exit, Failure>> {
    crate::auth::refuse_token_arguments(std::env::args_os()).map_err(Err)?;
    let line: Vec<_> = std::env::args_os().collect();
    let asked = FileOptions::of(&line);
    defaults.is_ignored = asked.ignored;
    let whole = OnceCell::new();
    let root = || whole.get_or_init(lazy::whole::<Cli>);
    let mut typed = match typed::parse(line) {
        Ok(typed) => typed,
        // Help is printed whatever the file contains; a mistake is reported together with those of the file.
        Err(error) => {
            return Err(ended_by(&error).map_err(|failure| {
                // Help that cannot be printed is no mistake in the command line.
                if failure.exit != Exit::Usage {
                    return failure;
                }
                let (_, wrong) = crate::config::load(&asked, environment, root);
                let message = [vec![failure.message], wrong].concat().join("\n\n");
                Failure::usage(message)
            }));
        }
    };
    if needs_no_defaults(&typed.matches) {
        return typed.cli().map_err(|error| ended_by(&error));
    }
    let (settings, wrong) = crate::config::load(&asked, environment, root);
    if let Some(settings) = settings.as_ref().filter(|settings| wrong.is_empty() && !settings.settings.is_empty()) {
        match settings.apply(&typed, root()) {
            Err(clashes) => typed.problems.extend(clashes),
            Ok((line, applied)) => {
                let matches = typed::matches(&line).map_err(|error| ended_by(&error))?;
                defaults.applied = applied;
                typed = Typed { line, matches, ..typed };
            }
        }
    }
    typed.problems.extend(wrong);
    defaults.settings = settings;
    typed.cli().map_err(|error| ended_by(&error))
}

/// Returns whether a command runs whatever the file contains: the path of the file, and what packages are made of.
fn needs_no_defaults(matches: &ArgMatches) -> bool {
    match matches.subcommand() {
        Some(("generate", _)) => true,
        Some(("config", below)) => below.subcommand_name() == Some("path"),
        _ => false,
    }
}

/// Returns the result of a command line that does not run: help, or a mistake.
fn ended_by(error: &clap::Error) -> Result<Exit, Failure> {
    // A command without anything to do prints its help, which is no mistake.
    if error.exit_code() == 0 || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let text = error.render();
        let text = if io::stdout().is_terminal() { text.ansi().to_string() } else { text.to_string() };
        return out::print(&text).map(|()| Exit::Done);
    }
    let text = error.render().to_string();
    let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim()).to_owned();
    Err(Failure::usage(match elsewhere(error) {
        Some(hint) => format!("{text}\n\n{hint}"),
        None => text,
    }))
}

/// Names the commands that have an option which was given to another one.
fn elsewhere(error: &clap::Error) -> Option<String> {
    use clap::error::{ContextKind, ContextValue};
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(typed))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    else {
        return None;
    };
    let name = typed.strip_prefix("--")?.split('=').next()?;
    let cli = lazy::whole::<Cli>();
    let commands = cli.get_subcommands().filter(|c| c.get_arguments().any(|arg| arg.get_long() == Some(name)));
    let names: Vec<_> = commands.map(|command| format!("dhan {}", command.get_name())).collect();
    (!names.is_empty()).then(|| format!("--{name} is an option of {}", names.join(", ")))
}

/// Returns the options for stderr.
///
/// # Errors
/// Returns a usage error if both more and less is requested.
pub fn console(args: &ConsoleArgs, environment: &Environment, terminal: bool) -> Result<ConsoleConfig, Failure> {
    if args.quiet > 0 && args.verbose > 0 {
        return Err(Failure::usage("-q asks for less on stderr and -v for more: leave one out"));
    }
    Ok(ConsoleConfig {
        level: match (args.quiet, args.verbose) {
            (0, 0) => LogLevel::Info,
            (0, 1) => LogLevel::Debug,
            (0, _) => LogLevel::Trace,
            (1, _) => LogLevel::Warn,
            (_, _) => LogLevel::Error,
        },
        format: args.log_format.unwrap_or_default(),
        color: color(args, environment, terminal),
    })
}

/// Returns whether colours are used where the output is a terminal or not: the option decides before the environment.
fn color(args: &ConsoleArgs, environment: &Environment, is_terminal: bool) -> bool {
    match args.color {
        Some(ColorChoice::Always) => true,
        Some(ColorChoice::Never) => false,
        Some(ColorChoice::Auto) | None => {
            let is_dumb = environment.text("TERM").is_some_and(|term| term == "dumb");
            is_terminal && environment.text("NO_COLOR").is_none() && !is_dumb
        }
    }
}

fn dispatch(
    command: Command,
    problems: Problems,
    args: &ConsoleArgs,
    defaults: &Defaults,
    console: &Console,
) -> Result<Exit, Failure> {
    // Streams and replays find further problems, and report all of them together.
    let plans = matches!(
        command,
        Command::Feed(_) | Command::Depth(_) | Command::Orders(_) | Command::Replay(_) | Command::Watch(_)
    );
    let problems = if plans { problems } else { problems.finish().map(|()| Problems::default())? };
    if !matches!(command, Command::Replay(_) | Command::Schema(_) | Command::Verify(_) | Command::Generate(_)) {
        descriptors::check()?;
    }
    let mut read = |source: &TextSource| -> io::Result<Vec<u8>> {
        match source {
            TextSource::Stdin => specs::read_bounded(io::stdin().lock()),
            TextSource::File(path) => specs::read_bounded(std::fs::File::open(path)?),
        }
    };
    let mut context = PlanContext {
        now: crate::clock::now(),
        environment: Environment::process(),
        redactor: console.redactor(),
        read: &mut read,
        known_problems: &stream::known_problems,
        problems,
    };
    match command {
        Command::Feed(args) => streamed(|| planner::feed(&args, &mut context), console),
        Command::Depth(args) => streamed(|| planner::depth(&args, &mut context), console),
        Command::Orders(args) => streamed(|| planner::orders(&args, &mut context), console),
        Command::Replay(args) => ended(replay::run(&planner::replay(&args, context.problems)?, console)?),
        Command::Watch(watched) => {
            let color = color(args, &context.environment, io::stdout().is_terminal());
            ended(watch::run(&watched, &mut context, color, console)?)
        }
        Command::Instruments(args) => instruments::run(&args, console),
        Command::Schema(args) => schema::run(&args),
        Command::Verify(args) => verify::run(&args, console),
        Command::Simulate(args) => simulate::run(&args, console),
        Command::Relay(args) => relay::run(&args, &context, console),
        Command::Doctor(args) => doctor::run(&args, defaults, console),
        Command::Token(args) => token::run(&args, console),
        Command::Config(args) => config::run(&args, defaults, &context.environment, console),
        Command::Generate(args) => generate::run(&args, console),
    }
}

/// Returns a function that turns an operating-system error, with its context, into a failure of this exit code.
/// Errors of crates that handle secrets are translated elsewhere.
fn exit_with(exit: Exit) -> impl Fn(anyhow::Error) -> Failure {
    move |error| Failure::new(exit, format!("{error:#}"))
}

/// Plans and runs a stream; if the reader of stdout left, the process ends like any Unix tool.
fn streamed(plan: impl FnOnce() -> Result<StreamPlan, Failure>, console: &Console) -> Result<Exit, Failure> {
    let early = EarlyStop::listen(console);
    ended(stream::run(plan()?, early, console, None)?)
}

fn ended(ended: Ended) -> Result<Exit, Failure> {
    match ended {
        Ended::Exit(exit) => Ok(exit),
        Ended::ReaderGone => {
            out::die_of_sigpipe();
            Ok(Exit::Done)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_one_rule_and_the_option_decides_before_the_environment() {
        let colour = |choice, variables: &[(&str, &str)], is_terminal| {
            let args = ConsoleArgs { color: choice, ..ConsoleArgs::default() };
            color(&args, &Environment::of(variables.iter().copied()), is_terminal)
        };
        for variables in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
            for is_terminal in [true, false] {
                assert!(colour(Some(ColorChoice::Always), variables, is_terminal), "{variables:?}");
                assert!(!colour(Some(ColorChoice::Never), variables, is_terminal), "{variables:?}");
                for auto in [None, Some(ColorChoice::Auto)] {
                    assert_eq!(colour(auto, variables, is_terminal), is_terminal && variables.is_empty());
                }
            }
        }
    }
}
