//! Parses instruments from the command line and from list files, and finds every bad one with its line.

use super::plan::{InstrumentPlan, ListFile, TextSource};
use super::value::nearest;
use crate::instruments::{Name, Place, Spec, SpecSegment};
use crate::model::Segment;
use crate::protocol::Mode;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// Says which instruments a stream accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// The market feed: any segment, with modes; the mode of specs that name none.
    Modes(Mode),
    /// The depth sockets.
    Depth,
}

/// Parses a list: one spec a line, `#` begins a comment at the start of a line or after white space; or records of
/// `dhan instruments`, NDJSON or CSV with their header. Returns the good specs, and one problem with its line number
/// for each bad line.
pub fn list(name: &str, text: &str, takes: Takes) -> (Vec<Spec>, Vec<String>) {
    let (mut specs, mut problems) = (Vec::new(), Vec::new());
    let mut columns = None;
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let typed = match columns {
            _ if line.starts_with('{') => json_record(line),
            Some(columns) => csv_record(line, columns),
            None => {
                if specs.is_empty() && problems.is_empty() {
                    columns = csv_columns(line);
                }
                let line = without_comment(line);
                if columns.is_some() || line.trim().is_empty() {
                    continue;
                }
                Ok(line.to_owned())
            }
        };
        match typed.and_then(|typed| spec(&typed, takes)) {
            Ok(spec) => specs.push(Spec { place: Place::line(name, number), ..spec }),
            Err(problem) => problems.push(format!("{name}:{number}: {problem}")),
        }
    }
    (specs, problems)
}

/// Returns the spec of a record that `dhan instruments` printed as NDJSON.
fn json_record(line: &str) -> Result<String, String> {
    #[derive(serde::Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        segment: Cow<'a, str>,
        #[serde(borrow)]
        security_id: Cow<'a, str>,
    }
    serde_json::from_str(line)
        .map(|Record { segment, security_id }| format!("{segment}:{security_id}"))
        .map_err(|_| "is no record of dhan instruments: it needs \"segment\" and \"security_id\" as texts".to_owned())
}

/// Returns the columns of segment and id in a CSV header, if it is one.
fn csv_columns(line: &str) -> Option<(usize, usize)> {
    let header = csv_fields(line)?;
    let at = |name: &str| header.iter().position(|field| field.trim() == name);
    Some((at("segment")?, at("security_id")?))
}

/// Returns the spec of a record that `dhan instruments` printed as CSV.
fn csv_record(line: &str, (segment, id): (usize, usize)) -> Result<String, String> {
    let fields = csv_fields(line).unwrap_or_default();
    match (fields.get(segment), fields.get(id)) {
        (Some(segment), Some(id)) => Ok(format!("{segment}:{id}")),
        _ => Err("has no segment and security_id, as the header says that it has".to_owned()),
    }
}

fn csv_fields(line: &str) -> Option<csv::StringRecord> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    reader.records().next()?.ok()
}

fn without_comment(line: &str) -> &str {
    let comment = line
        .char_indices()
        .find(|(at, c)| *c == '#' && line[..*at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// Parses one spec and checks it as far as possible without a look-up.
///
/// # Errors
/// Quotes what is wrong, and says what to write instead.
pub fn spec(typed: &str, takes: Takes) -> Result<Spec, String> {
    let spec = Spec::parse(typed).map_err(|error| error.to_string())?;
    let text = &spec.text;
    match (spec.segment, &spec.name) {
        (None, Name::Symbol(name)) => {
            if let Some(problem) = unknown_segment(name) {
                return Err(format!("\"{text}\": {problem}"));
            }
        }
        (Some(SpecSegment::NseComm), _) => {
            return Err(format!(
                "\"{text}\": NSE_COMM can be looked up (dhan instruments), but not streamed: the feed has no code for it"
            ));
        }
        (Some(SpecSegment::Feed(segment)), _) if takes == Takes::Depth && !segment.has_depth() => {
            return Err(format!("\"{text}\": depth is there for NSE_EQ and NSE_FNO only, not for {segment}"));
        }
        _ => {}
    }
    if takes == Takes::Depth
        && let Some(mode) = spec.mode
    {
        return Err(format!("\"{text}\": depth has no modes: leave out @{}", mode.name()));
    }
    Ok(spec)
}

/// No symbol looks like `WORD:DIGITS`, so the word is meant as a segment.
fn unknown_segment(name: &str) -> Option<String> {
    let (before, after) = name.split_once(':')?;
    let word = !before.is_empty() && before.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let id = !after.is_empty() && after.bytes().all(|b| b.is_ascii_digit());
    if !word || !id {
        return None;
    }
    let names: Vec<&str> = Segment::ALL.iter().filter_map(|segment| segment.name()).collect();
    let near = nearest(before, &names).map(|near| format!("did you mean {near}:{after}? ")).unwrap_or_default();
    Some(format!("\"{before}\" is not a segment: {near}write one of {}", names.join(", ")))
}

/// Returns the specs of a command line and its lists, without duplicates, and every problem in them.
pub fn gather(
    typed: &[String],
    lists: &[PathBuf],
    takes: Takes,
    read: &mut dyn FnMut(&TextSource) -> io::Result<Vec<u8>>,
) -> (InstrumentPlan, Vec<String>) {
    let mut problems = Vec::new();
    let mut plan = InstrumentPlan::default();
    let (mut all, mut stdin_read) = (Vec::new(), false);
    for typed in typed {
        match spec(typed, takes) {
            Ok(spec) => plan.typed.push(spec),
            Err(problem) => problems.push(problem),
        }
    }
    all.extend(plan.typed.iter().cloned());
    for path in lists {
        let is_stdin = path == Path::new("-");
        if is_stdin && std::mem::replace(&mut stdin_read, true) {
            continue;
        }
        let (source, name) = if is_stdin {
            (TextSource::Stdin, "stdin".to_owned())
        } else {
            (TextSource::File(path.clone()), crate::console::untrusted(&path.display().to_string()))
        };
        let read = read(&source).map_err(|error| format!("--instruments {name}: {}", why(&error)));
        let text = read.and_then(|bytes| {
            String::from_utf8(bytes)
                .map_err(|_| format!("--instruments {name} is not text in UTF-8: give one spec a line"))
        });
        match text.map(|text| list(&name, &text, takes)) {
            Ok((specs, bad)) => {
                problems.extend(bad);
                if !is_stdin {
                    plan.lists.push(ListFile { path: path.clone(), specs: specs.clone() });
                } else {
                    // Stdin cannot be read again, so its specs stay, like typed ones.
                    plan.typed.extend(specs.iter().cloned());
                }
                all.extend(specs);
            }
            Err(problem) => problems.push(problem),
        }
    }
    let mut seen = HashSet::new();
    all.retain(|spec| seen.insert(identity(spec, takes)));
    plan.specs = all;
    (plan, problems)
}

/// Limit in bytes of a list of instruments.
const LONGEST_LIST: u64 = 64 << 20;

/// Reads a list of instruments up to a limit.
///
/// # Errors
/// Returns errors of reading; [`io::ErrorKind::InvalidData`] if there are more than 64 MiB.
pub fn read_bounded(reader: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(reader, LONGEST_LIST + 1), &mut bytes)?;
    if bytes.len() as u64 > LONGEST_LIST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it has more than 64 MiB: that is no list of instruments",
        ));
    }
    Ok(bytes)
}

/// Returns what identifies a spec's subscription, as far as known before a look-up.
fn identity(spec: &Spec, takes: Takes) -> (Option<SpecSegment>, Name, Option<Mode>) {
    let name = match &spec.name {
        Name::Symbol(symbol) => Name::Symbol(symbol.to_uppercase()),
        id => id.clone(),
    };
    (spec.segment, name, mode_of(spec, takes))
}

/// Returns the mode of a spec.
pub fn mode_of(spec: &Spec, takes: Takes) -> Option<Mode> {
    match takes {
        Takes::Modes(default) => Some(spec.mode.unwrap_or(default)),
        Takes::Depth => None,
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read: check its permissions".to_owned(),
        io::ErrorKind::IsADirectory => "that is a folder: name a file".to_owned(),
        io::ErrorKind::InvalidData => error.to_string(),
        kind => format!("it cannot be read ({kind})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: Takes = Takes::Modes(Mode::Ticker);

    #[test]
    fn a_list_names_the_line_and_quotes_the_spec_of_every_problem() {
        let text = "\u{feff}# mine\r\n\r\nIDX_I:13 # Nifty\r\nNSE_EQ:\nM&M\nNSE_EQQ:5\nNIFTY@ful\n";
        let problems = list("w.txt", text, FEED).1;
        assert_eq!(problems.len(), 3, "{problems:?}");
        for (problem, says) in
            problems.iter().zip(["w.txt:4: \"NSE_EQ:\"", "w.txt:6: \"NSE_EQQ:5\"", "w.txt:7: \"NIFTY@ful\""])
        {
            assert!(problem.starts_with(says), "{problem}");
        }
        let specs = list("w.txt", "IDX_I:13#x\n  # no\nA#B # c\n", FEED).0;
        assert_eq!(specs.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["IDX_I:13#x", "A#B"]);
    }

    #[test]
    fn records_of_the_instruments_command_are_specs() {
        let names = |text: &str| {
            let (specs, problems) = list("stdin", text, FEED);
            (specs.iter().map(|spec| spec.text.clone()).collect::<Vec<_>>(), problems)
        };
        let ndjson = "{\"segment\":\"NSE_EQ\",\"security_id\":\"2885\",\"symbol\":\"A \\\"B\\\"\"}\nIDX_I:13\n";
        assert_eq!(names(ndjson), (vec!["NSE_EQ:2885".to_owned(), "IDX_I:13".to_owned()], vec![]));
        let csv = "\u{feff}symbol,segment,security_id\r\n\"A,B\",NSE_EQ,2885\r\nC,IDX_I,13\r\n";
        assert_eq!(names(csv).0, ["NSE_EQ:2885", "IDX_I:13"]);
        let (specs, problems) = names("segment,security_id\nNSE_EQ,\nNSE_EQ\n");
        assert!(specs.is_empty() && problems.len() == 2, "{problems:?}");
        assert!(problems[0].starts_with("stdin:2: ") && problems[1].starts_with("stdin:3: "), "{problems:?}");
        let (specs, problems) = names("{\"a\":1}\n{\n");
        assert!(specs.is_empty() && problems[1].starts_with("stdin:2: is no record"), "{problems:?}");
    }

    #[test]
    fn a_word_before_digits_that_is_no_segment_gets_the_nearest_one() {
        let error = spec("NSE_FO:35084", FEED).unwrap_err();
        assert!(error.contains("did you mean NSE_FNO:35084?"), "{error}");
        assert!(spec("6:13", FEED).unwrap_err().contains("NSE_EQ"));
        assert!(spec("IDX_I:Nifty 500 Infra 50:30:20", FEED).is_ok());
        assert!(spec("Nifty 500 Infra 50:30:20", FEED).is_ok());
    }

    #[test]
    fn depth_refuses_what_its_sockets_do_not_serve() {
        assert!(spec("IDX_I:13", Takes::Depth).unwrap_err().contains("NSE_EQ and NSE_FNO only"));
        assert!(spec("NSE_EQ:2885@full", Takes::Depth).unwrap_err().contains("leave out @full"));
        assert!(spec("NSE_COMM:1", FEED).unwrap_err().contains("not streamed"));
    }

    #[test]
    fn the_same_instrument_twice_collapses_but_two_modes_are_two() {
        let typed = ["IDX_I:13", "idx:13@ticker", "0:13@quote", "nifty", "NIFTY"].map(str::to_owned);
        let (plan, problems) = gather(&typed, &[], FEED, &mut |_| Ok(Vec::new()));
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(plan.specs.iter().map(|s| s.text.as_str()).collect::<Vec<_>>(), ["IDX_I:13", "0:13@quote", "nifty"]);
    }
}
