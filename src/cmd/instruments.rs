//! Runs `dhan instruments`: sync, list, find, search, show.

mod output;

use crate::chain::{self, Strike, Strikes};
use crate::cli::instruments::{
    FindArgs, Format, InstrumentsArgs, InstrumentsCommand, ListArgs, SearchArgs, ShowArgs, SourceArgs, SyncArgs,
};
use crate::cli::out::unwritten;
use crate::clock;
use crate::console::Console;
use crate::instruments::filter::{Expiry, ordered};
use crate::instruments::index::build::MAX_CSV;
use crate::instruments::index::{Bytes, build};
use crate::instruments::lookup::{self, LookUpOutcome, candidates, look_up, suggestions};
use crate::instruments::master::{Found, Master, MasterError, NameLevel};
use crate::instruments::resolve::missing;
use crate::instruments::search::{Words, search};
use crate::instruments::{Layout, Name, Place, Problem, Spec, SpecSegment, Store, renew};
use crate::model::{Exit, Failure, InstrumentKey};
use flate2::read::MultiGzDecoder;
use jiff::civil::Date;
use output::Printer;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

/// Runs the command.
///
/// # Errors
/// Exit 2, 9, 11 or 14, with what was wrong and what to do.
pub fn run(args: &InstrumentsArgs, console: &Console) -> Result<Exit, Failure> {
    match &args.command {
        InstrumentsCommand::Sync(args) => sync(args, console),
        InstrumentsCommand::List(args) => list(args, console),
        InstrumentsCommand::Find(args) => find(args, console),
        InstrumentsCommand::Search(args) => words(args, console),
        InstrumentsCommand::Show(args) => show(args, console),
    }
}

fn sync(args: &SyncArgs, console: &Console) -> Result<Exit, Failure> {
    let store = Store::from_env(layout(args.detailed), false)?;
    match store.renew(args.force, true, console) {
        Ok(renewed) => {
            let footer = renewed.master.footer();
            let (rows, layout) = (footer.rows, footer.layout.name());
            let place = store.path().filter(|_| renewed.kept).map(|path| path.display().to_string());
            let place = place.unwrap_or_else(|| "not kept".to_owned());
            let news = match renewed.changed {
                true => "",
                false if args.force => "downloaded again, the same as before: ",
                false => "the server has nothing newer: ",
            };
            console.info(format_args!("{news}{rows} instruments ({layout}): {place}"));
            Ok(Exit::Done)
        }
        Err(error) => {
            let old = match store.cached() {
                Some(old) => format!("; the one of {} stays in use", old.day()),
                None => String::new(),
            };
            Err(Failure::new(Exit::Data, format!("the instrument master could not be renewed: {error}{old}")))
        }
    }
}

/// Queries the master; a damaged cache is repaired or downloaded again, and queried once more. The query must not
/// print.
fn ask<T>(
    args: &SourceArgs,
    console: &Console,
    question: impl Fn(&Master) -> Result<T, MasterError>,
) -> Result<(T, Master), Failure> {
    match &args.file {
        Some(path) => {
            let master = from_file(path, console)?;
            Ok((question(&master)?, master))
        }
        None => Store::from_env(layout(args.detailed), args.offline)?.query_current(console, question),
    }
}

const fn layout(detailed: bool) -> Layout {
    if detailed { Layout::Detailed } else { Layout::Compact }
}

impl From<MasterError> for Failure {
    fn from(error: MasterError) -> Failure {
        Failure::new(Exit::Data, format!("the instrument master cannot be used: {error}"))
    }
}

/// Opens a file of the user's, compressed or not.
fn from_file(path: &Path, console: &Console) -> Result<Master, Failure> {
    let refused = |why: String| Failure::new(Exit::Data, format!("--file {}: {why}", path.display()));
    let read = || -> io::Result<Bytes> {
        let mut file = File::open(path)?;
        let regular = file.metadata()?.is_file();
        let mut magic = [0; 2];
        let gzip = regular && file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        if regular {
            file.rewind()?;
        }
        if regular && !gzip {
            return Ok(Bytes::File(file));
        }
        // A pipe cannot be read twice, and a compressed file not at an offset.
        let mut copy = tempfile::tempfile()?;
        let plain: &mut dyn io::Read = if gzip { &mut MultiGzDecoder::new(file) } else { &mut file };
        io::copy(&mut plain.take(MAX_CSV + 1), &mut copy)?;
        Ok(Bytes::File(copy))
    };
    let bytes = read().map_err(|error| refused(crate::model::os_text(&error)))?;
    let built = build(&bytes).map_err(|error| refused(error.to_string()))?;
    renew::report_skipped(&built.footer, console);
    Master::from_parts(Arc::new(bytes), &built).map_err(|error| refused(error.to_string()))
}

fn list(args: &ListArgs, console: &Console) -> Result<Exit, Failure> {
    let mut filter = args.filter.meant();
    if args.around.is_some() && filter.expiries.is_empty() {
        filter.expiries.push(Expiry::Nearest);
    }
    let today = clock::ist_today();
    let ((rows, missed), master) = ask(&args.source, console, |master| {
        // Checked before printing: once a line is printed, damage in a later one would come too late.
        master.verify()?;
        let ready = filter.ready(master, today)?;
        let mut rows = ordered(master, &ready)?;
        if let Some(spot) = args.around {
            rows = near_spot(master, rows, spot, args.strikes)?;
        }
        let missed = if rows.is_empty() { ready.missed(master)? } else { None };
        Ok((rows, missed))
    })?;
    print(&master, rows.iter().map(|number| master.found(*number)), args.source.format, args.filter.limit)?;
    match missed {
        Some(missed) => Err(Failure::new(Exit::NotFound, format!("no instrument passes the filters: {missed}"))),
        None => Ok(Exit::Done),
    }
}

/// Returns the options around a spot, for each underlying and expiry, on the exchange with most trading.
fn near_spot(master: &Master, rows: Vec<u32>, spot: f64, sides: usize) -> Result<Vec<u32>, MasterError> {
    /// For an underlying and an expiry: rows with their segments and strikes.
    type Chains = BTreeMap<(String, Option<Date>), Vec<(u32, SpecSegment, Strike)>>;
    let mut chains = Chains::new();
    for number in rows {
        let found = master.found(number)?;
        let row = found.row(master.columns())?;
        let (Some(segment), Some(price)) = (row.segment.feed(), row.strike()) else { continue };
        let one = Some((InstrumentKey::new(segment, row.id), Arc::from("")));
        let (call, put) = if row.option_type() == Some("CE") { (one, None) } else { (None, one) };
        let chain = (row.underlying().unwrap_or_default().to_ascii_uppercase(), row.expiry);
        chains.entry(chain).or_default().push((number, row.segment, Strike { price, call, put }));
    }
    let mut kept = Vec::new();
    for mut options in chains.into_values() {
        let segments: Vec<SpecSegment> = options.iter().map(|(_, segment, _)| *segment).collect();
        let segment = chain::SEGMENTS.map(SpecSegment::Feed).into_iter().find(|segment| segments.contains(segment));
        options.retain(|(_, of, _)| Some(*of) == segment);
        let Some(listed) = Strikes::new(options.iter().map(|(.., strike)| strike.clone()).collect()) else { continue };
        let wanted = listed.range(listed.nearest(spot), sides);
        let prices = listed.price(*wanted.start())..=listed.price(*wanted.end());
        kept.extend(options.iter().filter(|(.., strike)| prices.contains(&strike.price)).map(|(number, ..)| *number));
    }
    Ok(kept)
}

/// Prints at most `limit` rows.
fn print(
    master: &Master,
    found: impl Iterator<Item = Result<Found, MasterError>>,
    format: Format,
    limit: Option<usize>,
) -> Result<(), Failure> {
    let mut printer = Printer::new(format);
    for found in found.take(limit.unwrap_or(usize::MAX)) {
        let found = found?;
        printer.print(&found.row(master.columns())?, found.entry.form).map_err(unwritten)?;
    }
    printer.finish().map_err(unwritten)
}

fn find(args: &FindArgs, console: &Console) -> Result<Exit, Failure> {
    let specs = specs(&args.symbols)?;
    let filter = args.filter.meant();
    let today = clock::ist_today();
    let ((found, problems), master) = ask(&args.source, console, |master| {
        let ready = filter.ready(master, today)?;
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for spec in &specs {
            let (mut wanted, mut others) = (Vec::new(), Vec::new());
            let mut named = master.named(spec.segment, &spec.name)?;
            // A display name counts only if no instrument has that symbol.
            if named.iter().any(|(level, _)| *level < NameLevel::Display) {
                named.retain(|(level, _)| *level < NameLevel::Display);
            }
            if let (true, None, Name::Symbol(symbol)) = (named.is_empty(), spec.segment, &spec.name)
                && let Ok(id) = symbol.parse()
            {
                for segment in SpecSegment::ALL {
                    named.extend(master.by_id(segment, id)?.map(|found| (NameLevel::Ours, found)));
                }
            }
            for (_, found) in named {
                let takes = ready.takes(&found.row(master.columns())?);
                if takes { wanted.push(found) } else { others.push(found) }
            }
            if wanted.is_empty() {
                problems.push(if others.is_empty() {
                    missing(master, spec, |_| true, today)?.to_string()
                } else {
                    filtered(master, spec, others, today)?
                });
            }
            all.extend(wanted);
        }
        Ok((all, problems))
    })?;
    print(&master, found.into_iter().map(Ok), args.source.format, args.filter.limit)?;
    if problems.is_empty() { Ok(Exit::Done) } else { Err(Failure::new(Exit::NotFound, problems.join("\n"))) }
}

/// Returns why the instruments found are not printed.
fn filtered(master: &Master, spec: &Spec, found: Vec<Found>, today: Date) -> Result<String, MasterError> {
    if found.iter().all(|found| found.entry.has_expired(today)) {
        let contract = candidates(master, found)?.join("; ").replace("expires", "expired");
        return Ok(format!("{}; --expired shows it", Problem::Expired { spec: spec.text.clone(), contract }));
    }
    Ok(format!("\"{spec}\" does not pass the filters; it is:\n  {}", candidates(master, found)?.join("\n  ")))
}

fn words(args: &SearchArgs, console: &Console) -> Result<Exit, Failure> {
    let text = args.text.join(" ");
    let words = Words::of(&text).ok_or_else(|| Failure::usage("nothing to search for: write one word at least"))?;
    let filter = args.filter.meant();
    let today = clock::ist_today();
    let ((rows, near), master) = ask(&args.source, console, |master| {
        let rows = search(master, &words, &filter.ready(master, today)?)?;
        let near = if rows.is_empty() {
            let name = Name::Symbol(text.clone());
            let spec = Spec { text: text.clone(), segment: None, name, mode: None, place: Place::default() };
            suggestions(master, &spec, |_| true, today)?
        } else {
            Vec::new()
        };
        Ok((rows, near))
    })?;
    print(&master, rows.iter().map(|number| master.found(*number)), args.source.format, args.filter.limit)?;
    if !rows.is_empty() || args.filter.limit == Some(0) {
        return Ok(Exit::Done);
    }
    let mut message = format!("nothing holds \"{text}\"");
    if text.split_whitespace().any(is_isin) && !args.source.detailed && master.columns().layout == Layout::Compact {
        message.push_str("; ISINs are in the detailed file only: add --detailed");
    }
    if !near.is_empty() {
        message.push_str(&format!("; nearest symbols:\n  {}", near.join("\n  ")));
    }
    Err(Failure::new(Exit::NotFound, message))
}

/// Returns whether a word has the form of an ISIN: two letters, nine letters or digits, a digit.
fn is_isin(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() == 12
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(u8::is_ascii_digit)
}

fn show(args: &ShowArgs, console: &Console) -> Result<Exit, Failure> {
    let spec = specs(std::slice::from_ref(&args.spec))?.remove(0);
    let today = clock::ist_today();
    let (found, master) = ask(&args.source, console, |master| {
        let text = || spec.text.clone();
        Ok(match look_up(master, &spec, |_| true, today, args.expired)? {
            LookUpOutcome::One(found, also) => Ok((found, also)),
            LookUpOutcome::Many(found) => {
                Err(Problem::Ambiguous { spec: text(), candidates: candidates(master, found)? }.to_string())
            }
            LookUpOutcome::Expired(found) => Err(filtered(master, &spec, found, today)?),
            LookUpOutcome::Elsewhere(_) | LookUpOutcome::None => {
                Err(missing(master, &spec, |_| true, today)?.to_string())
            }
        })
    })?;
    let (found, also) = found.map_err(|problem| Failure::new(Exit::NotFound, problem))?;
    if !also.is_empty() {
        console.info(lookup::also(&spec, &found, &also));
    }
    output::show(&found.row(master.columns())?, args.source.format).map_err(unwritten)?;
    Ok(Exit::Done)
}

/// Parses specs, with every mistake in one message.
fn specs(texts: &[String]) -> Result<Vec<Spec>, Failure> {
    let mut problems = Vec::new();
    let mut specs = Vec::new();
    for text in texts {
        match Spec::parse(text) {
            Ok(spec) if spec.mode.is_some() => {
                problems.push(format!("\"{spec}\": a mode is for streaming; write it without the @"));
            }
            Ok(spec) => specs.push(spec),
            Err(error) => problems.push(error.to_string()),
        }
    }
    if problems.is_empty() { Ok(specs) } else { Err(Failure::usage(problems.join("\n"))) }
}
