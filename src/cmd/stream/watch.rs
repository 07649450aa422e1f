//! Changes a run while it streams: control lines, and list files that are read again on SIGHUP.

use super::names::{LookUpOptions, Names, RequestedInstrument};
use crate::cli::plan::{InstrumentPlan, ListFile, StreamKind, StreamPlan, StreamSource, TextSource};
use crate::cli::specs::{self, Takes};
use crate::console::{Console, untrusted};
use crate::instruments::{Name, Spec};
use crate::model::{Exit, Failure};
use crate::protocol::Mode;
use crate::session::Subscription;
use crate::stream::Change;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read as _};
use std::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Limit in bytes of a control line; it holds every subscription of a run.
const LONGEST_LINE: u64 = 1 << 20;

/// Holds the channels by which a run is changed.
#[derive(Default)]
pub(super) struct Watch {
    pub changes: Option<UnboundedReceiver<Change>>,
    pub reread: Option<Box<dyn Fn()>>,
    /// Sends control lines that are typed in a view.
    pub lines: Option<Box<dyn Fn(String) + Send>>,
}

/// A request to the watcher thread.
enum Ask {
    Line(String),
    Typed(String),
    Reread,
}

/// A parsed control line.
#[derive(Debug, PartialEq, Eq)]
pub enum ControlCommand {
    /// `sub SPEC…`
    Subscribe(Vec<Spec>),
    /// `unsub SPEC…`
    Unsubscribe(Vec<Spec>),
    /// `list`
    List,
    /// `quit`
    Quit,
    /// A blank line or a comment.
    Nothing,
}

/// Starts to watch the plan's files. Looking names up can take a download, so it happens on a thread of its own.
pub(super) fn start(plan: &StreamPlan, names: &Names, is_typed: bool, console: &Console) -> Result<Watch, Failure> {
    if plan.control.is_none() && plan.instruments.lists.is_empty() && !is_typed {
        return Ok(Watch::default());
    }
    let (ask, changes) = begin(names.clone(), plan.kind.clone(), &plan.instruments, plan.control.clone(), console)?;
    let typed = ask.clone();
    let lines: Box<dyn Fn(String) + Send> = Box::new(move |line| {
        let _ = typed.send(Ask::Typed(line));
    });
    let reread: Box<dyn Fn()> = Box::new(move || {
        let _ = ask.send(Ask::Reread);
    });
    Ok(Watch { changes: Some(changes), reread: Some(reread), lines: Some(lines) })
}

/// Reads control lines of the market feed for a server, and looks up the names in them.
///
/// # Errors
/// Fails if a thread cannot be started.
pub(crate) fn control(
    lines: TextSource,
    of: &StreamSource,
    console: &Console,
) -> Result<UnboundedReceiver<Change>, Failure> {
    let kind = StreamKind::Market { mode: Mode::Ticker, once: false, warn_indices: false };
    begin(Names::at(of, None), kind, &InstrumentPlan::default(), Some(lines), console).map(|(_, changes)| changes)
}

/// Starts the watcher and, if there are control lines, their reader.
fn begin(
    names: Names,
    kind: StreamKind,
    instruments: &InstrumentPlan,
    control: Option<TextSource>,
    console: &Console,
) -> Result<(mpsc::Sender<Ask>, UnboundedReceiver<Change>), Failure> {
    let (say, changes) = unbounded_channel();
    let (ask, requested) = mpsc::channel();
    if let Some(control) = control {
        read_lines(control, ask.clone(), console.clone())?;
    }
    let takes = match kind {
        StreamKind::Market { mode, .. } => Takes::Modes(mode),
        StreamKind::Depth { .. } | StreamKind::Orders { .. } => Takes::Depth,
    };
    let InstrumentPlan { typed, lists, .. } = instruments.clone();
    let watcher = Watcher { names, kind, takes, typed, lists, console: console.clone(), say };
    spawn("watch", move || watcher.run(&requested))?;
    Ok((ask, changes))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::new(Exit::Bug, format!("a thread cannot be started: {}", error.kind())))
}

/// Reads control lines until their source ends. A FIFO does not end with its writer.
///
/// # Errors
/// Exit 2 when the source is a folder or is not there.
fn read_lines(source: TextSource, ask: mpsc::Sender<Ask>, console: Console) -> Result<(), Failure> {
    if let TextSource::File(path) = &source {
        let refused = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Some("it is a folder".to_owned()),
            Ok(_) => None,
            Err(error) => Some(why(&error)),
        };
        if let Some(why) = refused {
            return Err(Failure::usage(format!(
                "--control {path:?} cannot be read: {why}; name a file, a pipe (mkfifo makes one) or - for stdin"
            )));
        }
    }
    spawn("control", move || {
        let (read, name) = match &source {
            TextSource::Stdin => (pass_on(std::io::stdin().lock(), &ask), "stdin".to_owned()),
            TextSource::File(path) => (follow(path, &ask), format!("{path:?}")),
        };
        if let Err(error) = read {
            console.error(format!("--control: {name} cannot be read: {}", why(&error)));
        }
    })
}

/// Passes on the lines of a file, or of a FIFO as long as it is one.
fn follow(path: &std::path::Path, ask: &mpsc::Sender<Ask>) -> std::io::Result<()> {
    loop {
        let file = std::fs::File::open(path)?;
        pass_on(BufReader::new(&file), ask)?;
        if !is_fifo(&file) {
            return Ok(());
        }
        while has_more(path, &file) {
            pass_on(BufReader::new(&file), ask)?;
        }
    }
}

fn is_fifo(file: &std::fs::File) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Waits for the next writer of a FIFO whose last one is gone; returns whether it wrote. The FIFO stays open meanwhile,
/// because what a writer leaves in a FIFO that nobody has open is lost. Returns `false` if another file has its name.
fn has_more(path: &std::path::Path, fifo: &std::fs::File) -> bool {
    use rustix::event::{PollFd, PollFlags, poll};
    use std::os::unix::fs::OpenOptionsExt as _;
    // With a writer of our own the wait ends when something was written, and not at once.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let Ok(_writer) = std::fs::File::options().write(true).custom_flags(flags).open(path) else { return false };
    let mut waits = [PollFd::new(fifo, PollFlags::IN)];
    while poll(&mut waits, None) == Err(rustix::io::Errno::INTR) {}
    waits[0].revents().contains(PollFlags::IN)
}

/// Passes lines on until the input or the watcher ends. A folder can be opened; only reading it fails.
fn pass_on(mut reader: impl BufRead, ask: &mpsc::Sender<Ask>) -> std::io::Result<()> {
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(LONGEST_LINE + 1).read_until(b'\n', &mut line)?;
        if line.len() as u64 > LONGEST_LINE {
            let words = "a line of more than 1 MiB is no command; nothing more is read from it";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, words));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        if read == 0 || ask.send(Ask::Line(String::from_utf8_lossy(line).into_owned())).is_err() {
            return Ok(());
        }
    }
}

/// Returns why control lines cannot be read, in our own words if there are some.
fn why(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidData => error.to_string(),
        _ => crate::model::io_words(error),
    }
}

struct Watcher {
    names: Names,
    kind: StreamKind,
    takes: Takes,
    typed: Vec<Spec>,
    lists: Vec<ListFile>,
    console: Console,
    say: UnboundedSender<Change>,
}

impl Watcher {
    fn run(mut self, requested: &mpsc::Receiver<Ask>) {
        while let Ok(ask) = requested.recv() {
            match ask {
                Ask::Line(line) => {
                    if let Err(words) = self.line(&line) {
                        self.console.error(format!("--control: {words}; the line is skipped"));
                    }
                }
                Ask::Typed(line) => {
                    if let Err(words) = self.line(&line) {
                        self.console.error(words);
                    }
                }
                Ask::Reread => self.reread(),
            }
            if self.say.is_closed() {
                return;
            }
        }
    }

    fn line(&self, line: &str) -> Result<(), String> {
        match command(line, self.takes)? {
            ControlCommand::Subscribe(specs) => self.subscribe(&specs),
            ControlCommand::Unsubscribe(specs) => self.unsubscribe(&specs),
            ControlCommand::List => self.send(Change::List),
            ControlCommand::Quit => self.send(Change::Quit),
            ControlCommand::Nothing => {}
        }
        Ok(())
    }

    fn send(&self, change: Change) {
        let _ = self.say.send(change);
    }

    fn subscribe(&self, specs: &[Spec]) {
        if let Some(requested) = self.look_up(specs, LookUpOptions::default()) {
            self.send(added(requested));
        }
    }

    fn unsubscribe(&self, specs: &[Spec]) {
        if let Some(requested) = self.look_up(specs, LookUpOptions { expired: true, ..LookUpOptions::default() }) {
            // A spec without a mode removes all its modes.
            let removed = requested.into_iter().map(|requested| match requested.names_mode {
                true => requested.subscription,
                false => Subscription { mode: None, ..requested.subscription },
            });
            self.send(Change::Unsubscribe(removed.collect()));
        }
    }

    /// Resolves these specs; on a problem it is printed and nothing changes.
    fn look_up(&self, specs: &[Spec], wanted: LookUpOptions) -> Option<Vec<RequestedInstrument>> {
        let requested = self.names.look_up(&self.kind, specs, wanted, &self.console);
        requested.map_err(|failure| self.console.error(format!("{failure}; nothing is changed"))).ok()
    }

    /// Compares the lists with their previous reading.
    fn reread(&mut self) {
        let before = self.all_specs();
        for list in &mut self.lists {
            match reading(&list.path, self.takes) {
                Ok((specs, problems)) if problems.is_empty() => list.specs = specs,
                // A broken list may be half-written: it adds subscriptions, but must not remove any.
                Ok((specs, problems)) => {
                    problems.iter().for_each(|problem| self.console.error(format!("{problem}; the line is skipped")));
                    self.console.error("nothing of that list's last reading is given up while it has such lines");
                    let new: Vec<_> = specs.into_iter().filter(|spec| !list.specs.contains(spec)).collect();
                    list.specs.extend(new);
                }
                Err(problem) => self.console.error(format!("{problem}; the last reading of the list stays in force")),
            }
        }
        let after = self.all_specs();
        let new: Vec<_> = after.difference(&before).cloned().collect();
        let removed: Vec<_> = before.difference(&after).cloned().collect();
        let (mut fewer, mut more) = (0, 0);
        if !removed.is_empty() {
            let kept: Vec<_> = after.intersection(&before).cloned().collect();
            // An instrument that was removed under one name and stays under another stays.
            let stays: HashSet<_> =
                self.look_up_each(kept, true).into_iter().map(|requested| requested.subscription).collect();
            let removed = self.look_up_each(removed, true).into_iter().map(|requested| requested.subscription);
            let removed: Vec<_> = removed.filter(|s| !stays.contains(s)).collect();
            fewer = removed.len();
            self.send(Change::Unsubscribe(removed));
        }
        if !new.is_empty() {
            let requested = self.look_up_each(new, false);
            more = requested.len();
            self.send(added(requested));
        }
        self.console.info(format!("lists read again: {more} added, {fewer} removed"));
    }

    /// Resolves these lines; a line that matches nothing is reported and skipped. Ids need no look-up, so they do not
    /// wait for names that cannot be looked up either.
    fn look_up_each(&self, specs: Vec<Spec>, expired: bool) -> Vec<RequestedInstrument> {
        let (ids, names): (Vec<_>, Vec<_>) = specs.into_iter().partition(|spec| matches!(spec.name, Name::Id(_)));
        let wanted = LookUpOptions { skip: true, expired };
        let mut requested = Vec::new();
        for group in [ids, names] {
            match self.names.look_up(&self.kind, &group, wanted, &self.console) {
                Ok(some) => requested.extend(some),
                Err(failure) => self.console.error(failure),
            }
        }
        requested
    }

    fn all_specs(&self) -> HashSet<Spec> {
        self.typed.iter().chain(self.lists.iter().flat_map(|list| &list.specs)).cloned().collect()
    }
}

fn added(requested: Vec<RequestedInstrument>) -> Change {
    Change::Subscribe(requested.into_iter().map(|requested| (requested.subscription, requested.symbol)).collect())
}

/// Reads a list file: its specs, and the problems of its other lines.
///
/// # Errors
/// Says that it cannot be read, or is empty.
fn reading(path: &std::path::Path, takes: Takes) -> Result<(Vec<Spec>, Vec<String>), String> {
    let name = untrusted(&path.display().to_string());
    let file = std::fs::File::open(path);
    let bytes = file.and_then(specs::read_bounded).map_err(|error| format!("--instruments {name}: {}", why(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("--instruments {name} is not text in UTF-8"))?;
    let (specs, problems) = specs::list(&name, &text, takes);
    if specs.is_empty() && problems.is_empty() {
        return Err(format!("--instruments {name} has no instruments"));
    }
    Ok((specs, problems))
}

/// Parses a control line; all its bad specs are reported together.
///
/// # Errors
/// Quotes what is wrong, and says what to write instead.
pub fn command(line: &str, takes: Takes) -> Result<ControlCommand, String> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    let Some(verb) = words.next() else { return Ok(ControlCommand::Nothing) };
    let (mut specs, mut wrong) = (Vec::new(), Vec::new());
    for word in words {
        match specs::spec(word, takes) {
            Ok(spec) => specs.push(spec),
            Err(problem) => wrong.push(problem),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    match (verb, specs.is_empty()) {
        ("sub", false) => Ok(ControlCommand::Subscribe(specs)),
        ("unsub", false) => Ok(ControlCommand::Unsubscribe(specs)),
        ("sub" | "unsub", true) => Err(format!("\"{verb}\" needs instruments: {verb} NSE_EQ:2885")),
        ("list", true) => Ok(ControlCommand::List),
        ("quit", true) => Ok(ControlCommand::Quit),
        ("list" | "quit", false) => Err(format!("\"{verb}\" stands alone")),
        _ => Err(format!("{:?} is no command: sub SPEC…, unsub SPEC…, list, quit", untrusted(verb))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_lines_are_read_and_bad_ones_say_what_is_wrong() {
        let read = |line| command(line, Takes::Modes(Mode::Ticker));
        assert!(
            matches!(read("sub NSE_EQ:2885@full IDX_I:13"), Ok(ControlCommand::Subscribe(specs)) if specs.len() == 2)
        );
        assert!(
            matches!(read("  unsub NSE_EQ:2885 # done with it"), Ok(ControlCommand::Unsubscribe(specs)) if specs.len() == 1)
        );
        assert_eq!(read("list"), Ok(ControlCommand::List));
        assert_eq!(read("quit\r"), Ok(ControlCommand::Quit));
        assert_eq!(read("  # nothing"), Ok(ControlCommand::Nothing));
        for (line, part) in [("sub", "needs instruments"), ("buy NSE_EQ:2885", "\"buy\""), ("quit now", "stands alone")]
        {
            assert!(read(line).unwrap_err().contains(part), "{line}");
        }
        assert!(command("sub NSE_EQ:2885@full", Takes::Depth).unwrap_err().contains("no modes"));
    }
}
