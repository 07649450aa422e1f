//! What a run is told while it streams: control lines, and list files that are read again on SIGHUP.

use super::names::Names;
use crate::cli::plan::{ListFile, StreamKind, StreamPlan, TextSource};
use crate::console::{Console, untrusted};
use crate::driver::Change;
use crate::exit::{Exit, Failure};
use crate::instruments::Spec;
use crate::session::Subscription;
use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The ways a run is told of changes.
#[derive(Default)]
pub(super) struct Watch {
    pub changes: Option<UnboundedReceiver<Change>>,
    pub reread: Option<Box<dyn Fn()>>,
}

/// What the watcher thread is asked.
enum Ask {
    Line(String),
    Reread,
}

/// A control line, as read.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Subscribe(Vec<Spec>),
    Unsubscribe(Vec<Spec>),
    List,
    Quit,
    Nothing,
}

/// Starts watching what a plan names. Looking names up can take a download, so it happens on a thread of its own.
pub(super) fn start(plan: &StreamPlan, names: Names, console: &Console) -> Result<Watch, Failure> {
    if plan.control.is_none() && plan.instruments.lists.is_empty() {
        return Ok(Watch::default());
    }
    let (say, changes) = unbounded_channel();
    let (ask, asked) = mpsc::channel();
    if let Some(control) = &plan.control {
        read_lines(control.clone(), ask.clone(), console.clone())?;
    }
    let watcher = Watcher {
        names,
        kind: plan.kind.clone(),
        typed: plan.instruments.typed.clone(),
        lists: plan.instruments.lists.clone(),
        console: console.clone(),
        say,
    };
    spawn("watch", move || watcher.run(&asked))?;
    let reread: Box<dyn Fn()> = Box::new(move || {
        let _ = ask.send(Ask::Reread);
    });
    Ok(Watch { changes: Some(changes), reread: Some(reread) })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| Failure::new(Exit::Bug, format!("a thread cannot be started: {}", error.kind())))
}

/// Reads control lines until their source ends. A FIFO is opened again for its next writer.
fn read_lines(source: TextSource, ask: mpsc::Sender<Ask>, console: Console) -> Result<(), Failure> {
    spawn("control", move || {
        loop {
            let again = match &source {
                TextSource::Stdin => {
                    pass_on(std::io::stdin().lock(), &ask);
                    false
                }
                TextSource::File(path) => match std::fs::File::open(path) {
                    Ok(file) => {
                        let fifo = is_fifo(&file);
                        pass_on(BufReader::new(file), &ask);
                        fifo
                    }
                    Err(error) => {
                        console.error(format!("--control: {path:?} cannot be read: {}", error.kind()));
                        false
                    }
                },
            };
            if !again {
                return;
            }
        }
    })
}

fn is_fifo(file: &std::fs::File) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    file.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

fn pass_on(reader: impl BufRead, ask: &mpsc::Sender<Ask>) {
    for line in reader.split(b'\n') {
        let Ok(line) = line else { return };
        if ask.send(Ask::Line(String::from_utf8_lossy(&line).into_owned())).is_err() {
            return;
        }
    }
}

struct Watcher {
    names: Names,
    kind: StreamKind,
    typed: Vec<Spec>,
    lists: Vec<ListFile>,
    console: Console,
    say: UnboundedSender<Change>,
}

impl Watcher {
    fn run(mut self, asked: &mpsc::Receiver<Ask>) {
        while let Ok(ask) = asked.recv() {
            match ask {
                Ask::Line(line) => self.line(&line),
                Ask::Reread => self.reread(),
            }
            if self.say.is_closed() {
                return;
            }
        }
    }

    fn line(&self, line: &str) {
        match command(line, matches!(self.kind, StreamKind::Market { .. })) {
            Ok(Command::Subscribe(specs)) => self.subscribe(&specs),
            Ok(Command::Unsubscribe(specs)) => self.unsubscribe(&specs),
            Ok(Command::List) => self.tell(Change::List),
            Ok(Command::Quit) => self.tell(Change::Quit),
            Ok(Command::Nothing) => {}
            Err(words) => self.console.error(format!("--control: {words}; the line is skipped")),
        }
    }

    fn tell(&self, change: Change) {
        let _ = self.say.send(change);
    }

    fn subscribe(&self, specs: &[Spec]) {
        if let Some(instruments) = self.look_up(specs) {
            let symbol = |s: &Subscription| {
                instruments.symbols.iter().find(|(key, _)| *key == s.instrument).map(|(_, symbol)| symbol.clone())
            };
            let all = instruments.subscriptions.iter().map(|s| (*s, symbol(s))).collect();
            self.tell(Change::Subscribe(all));
        }
    }

    fn unsubscribe(&self, specs: &[Spec]) {
        if let Some(instruments) = self.look_up(specs) {
            // A spec without a mode ends all its modes.
            let bare: HashSet<_> = specs.iter().filter(|spec| spec.mode.is_none()).cloned().collect();
            let mut gone = Vec::new();
            for spec in specs {
                if let Some(one) = self.look_up(std::slice::from_ref(spec)) {
                    gone.extend(one.subscriptions.into_iter().map(|mut subscription| {
                        if bare.contains(spec) {
                            subscription.mode = None;
                        }
                        subscription
                    }));
                }
            }
            debug_assert!(gone.len() >= instruments.subscriptions.len());
            self.tell(Change::Unsubscribe(gone));
        }
    }

    /// What these specs name; what they name wrongly is said, and then nothing is changed.
    fn look_up(&self, specs: &[Spec]) -> Option<super::names::Instruments> {
        match self.names.look_up(&self.kind, specs, false, &self.console) {
            Ok((instruments, None)) => Some(instruments),
            Ok((_, Some(failure))) | Err(failure) => {
                self.console.error(format!("{failure}\nnothing is changed"));
                None
            }
        }
    }

    /// Compares the lists with their previous reading.
    fn reread(&mut self) {
        let before: HashSet<Spec> = self.all_specs();
        for i in 0..self.lists.len() {
            let path = self.lists[i].path.clone();
            match read_list(&path) {
                Ok(specs) => self.lists[i].specs = specs,
                Err(words) => self.console.error(format!("{words}; its last reading stays in force")),
            }
        }
        let after = self.all_specs();
        let added: Vec<_> = after.difference(&before).cloned().collect();
        let removed: Vec<_> = before.difference(&after).cloned().collect();
        // What is named twice, once with and once without its mode, must not be lost with one of the names.
        if !removed.is_empty()
            && let Some(gone) = self.look_up(&removed)
        {
            let kept: Vec<_> = after.intersection(&before).cloned().collect();
            let stays: HashSet<_> =
                self.look_up(&kept).map(|kept| kept.subscriptions.into_iter().collect()).unwrap_or_default();
            let gone: Vec<_> = gone.subscriptions.into_iter().filter(|s| !stays.contains(s)).collect();
            if !gone.is_empty() {
                self.tell(Change::Unsubscribe(gone));
            }
        }
        if !added.is_empty() {
            self.subscribe(&added);
        }
        self.console.info(format!("lists read again: {} added, {} removed", added.len(), removed.len()));
    }

    fn all_specs(&self) -> HashSet<Spec> {
        self.typed.iter().chain(self.lists.iter().flat_map(|list| &list.specs)).cloned().collect()
    }
}

/// Reads a list of specs; all bad lines are told together.
fn read_list(path: &Path) -> Result<Vec<Spec>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path:?} cannot be read: {}", error.kind()))?;
    let (mut specs, mut wrong) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match Spec::parse(line) {
            Ok(spec) => specs.push(spec),
            Err(error) => wrong.push(format!("{path:?} line {number}: {error}")),
        }
    }
    if wrong.is_empty() { Ok(specs) } else { Err(wrong.join("\n")) }
}

/// Reads a control line; all its bad specs are told together.
fn command(line: &str, modes: bool) -> Result<Command, String> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    let Some(verb) = words.next() else { return Ok(Command::Nothing) };
    let mut specs = Vec::new();
    let mut wrong = Vec::new();
    for word in words {
        match Spec::parse(word) {
            Ok(spec) if spec.mode.is_some() && !modes => {
                wrong.push(format!("{word:?}: only the market feed has modes"))
            }
            Ok(spec) => specs.push(spec),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    match (verb, specs.is_empty()) {
        ("sub", false) => Ok(Command::Subscribe(specs)),
        ("unsub", false) => Ok(Command::Unsubscribe(specs)),
        ("sub" | "unsub", true) => Err(format!("\"{verb}\" needs instruments: {verb} NSE_EQ:2885@quote")),
        ("list", true) => Ok(Command::List),
        ("quit", true) => Ok(Command::Quit),
        ("list" | "quit", false) => Err(format!("\"{verb}\" stands alone")),
        _ => Err(format!("{:?} is no command: sub SPEC…, unsub SPEC…, list, quit", untrusted(verb))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_lines_are_read_and_bad_ones_say_what_is_wrong() {
        let read = |line| command(line, true);
        assert!(matches!(read("sub NSE_EQ:2885@full IDX_I:13"), Ok(Command::Subscribe(specs)) if specs.len() == 2));
        assert!(
            matches!(read("  unsub NSE_EQ:2885 # done with it"), Ok(Command::Unsubscribe(specs)) if specs.len() == 1)
        );
        assert_eq!(read("list"), Ok(Command::List));
        assert_eq!(read("quit\r"), Ok(Command::Quit));
        assert_eq!(read("  # nothing"), Ok(Command::Nothing));
        for (line, part) in [("sub", "needs instruments"), ("buy NSE_EQ:2885", "\"buy\""), ("quit now", "stands alone")]
        {
            assert!(read(line).unwrap_err().contains(part), "{line}");
        }
        assert!(command("sub NSE_EQ:2885@full", false).unwrap_err().contains("only the market feed"));
    }
}
