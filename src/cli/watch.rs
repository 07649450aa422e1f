//! The flags of `dhan watch`, and the plan of the stream that they ask for.

use super::args::{DepthArgs, FeedArgs, InstrumentArgs, OrdersArgs, ReplayArgs, ServerArgs, StreamArgs};
use super::credentials::UserTypeArgs;
use super::plan::{ReplayPlan, Speed, StreamKind, StreamPlan};
use super::planner::{self, PlanContext};
use super::value::{levels, modes, speeds};
use crate::model::{Failure, Levels};
use crate::protocol::Mode;
use clap::ValueHint;
use std::path::PathBuf;

/// `dhan watch`.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WatchArgs {
    /// SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
    ///
    /// @ticker, @quote or @full behind it overrides --mode.
    #[arg(value_name = "INSTRUMENT")]
    pub specs: Vec<String>,
    /// Read instruments from FILE, one a line
    ///
    /// May be repeated.
    #[arg(short = 'i', long = "instruments", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub lists: Vec<PathBuf>,
    /// Go on without instruments that cannot be found
    #[arg(long)]
    pub skip_missing: bool,
    /// Watch the options around the spot, such as NIFTY
    ///
    /// CHAIN is as that of dhan feed --chain. May be repeated.
    #[arg(long, value_name = "CHAIN", conflicts_with_all = ["depth", "orders", "replay"])]
    pub chain: Vec<String>,
    /// ticker, quote or full [default: full]
    ///
    /// What to receive of instruments that do not say so themselves.
    #[arg(short, long, value_name = "MODE", ignore_case = true, value_parser = modes(), hide_possible_values = true)]
    pub mode: Option<Mode>,
    /// Show the order book of one instrument
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["specs", "lists", "skip_missing", "mode", "orders", "replay"])]
    pub depth: Option<String>,
    /// With --depth: 20 or 200 levels [default: 20]
    #[arg(long, value_name = "N", requires = "depth", value_parser = levels(), hide_possible_values = true)]
    pub levels: Option<Levels>,
    /// Show the orders of the account
    #[arg(long, conflicts_with_all = ["specs", "lists", "skip_missing", "mode", "replay"])]
    pub orders: bool,
    /// Show what a capture holds
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["specs", "lists", "skip_missing", "mode", "demo", "url"])]
    pub replay: Option<PathBuf>,
    /// With --replay: max, 1x or 10x [default: 1x]
    #[arg(long, value_name = "SPEED", requires = "replay", ignore_case = true, value_parser = speeds(), hide_possible_values = true)]
    pub speed: Option<Speed>,
    /// Whose orders.
    #[command(flatten)]
    pub user_type: UserTypeArgs,
    /// Which server, and as whom.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Says what is shown.
pub enum WatchPlan {
    /// A stream.
    Stream(Box<StreamPlan>),
    /// A capture.
    Replay(Box<ReplayPlan>),
}

/// Plans `dhan watch`: the stream that `dhan feed`, `depth`, `orders` or `replay` would run, without outputs.
///
/// # Errors
/// Returns one usage error (exit 2) with every problem.
pub fn plan(args: &WatchArgs, context: &mut PlanContext<'_>) -> Result<WatchPlan, Failure> {
    if args.lists.iter().any(|path| path.as_os_str() == "-") {
        return Err(Failure::usage("--instruments -: stdin is the keyboard of dhan watch; name a file"));
    }
    // A required option is not asked for where it conflicts with another one.
    if let Some(levels) = args.levels.filter(|_| args.depth.is_none()) {
        let spec = args.specs.first().map_or("RELIANCE", String::as_str);
        let spec = quoted(&crate::console::untrusted(spec));
        let levels = levels.count();
        context.problems.add(format!(
            "--levels {levels} is for the order book of one instrument: write dhan watch --depth {spec} --levels {levels}"
        ));
    }
    if let Some(speed) = args.speed.filter(|_| args.replay.is_none()) {
        let speed = speed.name();
        context.problems.add(format!(
            "--speed {speed} is for a capture: write dhan watch --replay FILE --speed {speed}, or leave --speed out"
        ));
    }
    let stream = StreamArgs { server: args.server.clone(), ..StreamArgs::default() };
    if let Some(file) = &args.replay {
        let speed = Some(args.speed.unwrap_or(Speed::Times(1)));
        let replay = ReplayArgs { files: vec![file.clone()], speed, ..ReplayArgs::default() };
        let mut plan = planner::replay(&replay, context.problems.take())?;
        plan.outputs.targets.clear();
        return Ok(WatchPlan::Replay(Box::new(plan)));
    }
    let mut plan = if let Some(spec) = &args.depth {
        let instruments = InstrumentArgs { specs: vec![spec.clone()], ..InstrumentArgs::default() };
        planner::depth(&DepthArgs { instruments, levels: args.levels, stream, ..DepthArgs::default() }, context)
    } else if args.orders {
        planner::orders(&OrdersArgs { user_type: args.user_type, stream, ..OrdersArgs::default() }, context)
    } else {
        let instruments = InstrumentArgs {
            specs: args.specs.clone(),
            instruments: args.lists.clone(),
            skip_missing: args.skip_missing,
            ..InstrumentArgs::default()
        };
        let mode = Some(args.mode.unwrap_or(Mode::Full));
        let chain = args.chain.clone();
        planner::feed(&FeedArgs { instruments, chain, mode, stream, ..FeedArgs::default() }, context)
    }?;
    if let StreamKind::Market { warn_indices, .. } = &mut plan.kind {
        *warn_indices = args.mode.is_some();
    }
    plan.outputs.targets.clear();
    Ok(WatchPlan::Stream(Box::new(plan)))
}

impl WatchArgs {
    /// Returns the command line that prints the same as records, for use without a terminal.
    pub fn as_records(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        if let Some(file) = &self.replay {
            words.extend(["replay".to_owned(), file.display().to_string()]);
            words.extend(self.speed.iter().map(|speed| format!("--speed={}", speed.name())));
        } else if let Some(spec) = &self.depth {
            words.extend(["depth".to_owned(), spec.clone()]);
            words.extend(self.levels.iter().map(|levels| format!("--levels={}", levels.count())));
        } else if self.orders {
            words.push("orders".to_owned());
        } else {
            words.extend(["feed".to_owned(), "--mode".to_owned(), self.mode.unwrap_or(Mode::Full).name().to_owned()]);
            words.extend(self.specs.iter().cloned());
            words.extend(self.lists.iter().flat_map(|list| ["-i".to_owned(), list.display().to_string()]));
            words.extend(self.chain.iter().flat_map(|chain| ["--chain".to_owned(), chain.clone()]));
            words.extend(self.skip_missing.then(|| "--skip-missing".to_owned()));
        }
        words.extend(self.server.demo.iter().map(|seed| match seed {
            None => "--demo".to_owned(),
            Some(seed) => format!("--demo={seed}"),
        }));
        words.extend(self.server.url.iter().flat_map(|url| ["--url".to_owned(), url.clone()]));
        words.extend(self.server.credentials.token_file.iter().map(|file| format!("--token-file={}", file.display())));
        let quoted = words.iter().map(|word| quoted(&crate::console::untrusted(word)));
        format!("dhan {}", quoted.collect::<Vec<_>>().join(" "))
    }
}

/// Returns a word quoted for a shell, if needed.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_the_line_that_gives_the_same_records_can_be_pasted() {
        let args = |specs: &[&str]| WatchArgs {
            specs: specs.iter().map(|s| (*s).to_owned()).collect(),
            ..WatchArgs::default()
        };
        assert_eq!(
            args(&["NIFTY", "NIFTY 29 SEP 29150 CALL"]).as_records(),
            "dhan feed --mode full NIFTY 'NIFTY 29 SEP 29150 CALL'"
        );
        let demo = WatchArgs {
            server: ServerArgs { demo: Some(None), ..ServerArgs::default() },
            orders: true,
            ..WatchArgs::default()
        };
        assert_eq!(demo.as_records(), "dhan orders --demo");
        let depth = WatchArgs {
            depth: Some("NSE_EQ:2885".to_owned()),
            levels: Some(Levels::TwoHundred),
            ..WatchArgs::default()
        };
        assert_eq!(depth.as_records(), "dhan depth NSE_EQ:2885 --levels=200");
        let replay = WatchArgs { replay: Some("it's.dcap".into()), ..WatchArgs::default() };
        assert_eq!(replay.as_records(), r"dhan replay 'it'\''s.dcap'");
        let chain = WatchArgs { chain: vec!["NIFTY,strikes=3".to_owned()], ..WatchArgs::default() };
        assert_eq!(chain.as_records(), "dhan feed --mode full --chain NIFTY,strikes=3");
    }
}
