//! The architecture, checked by reading the sources: which folder may use which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Files that may be longer than [`LONGEST`] lines, with the reason.
const LONG: &[(&str, &str)] = &[];
const LONGEST: usize = 600;

fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("the sources are there").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    // It is no part of the program.
    found.retain(|path| *path != root.join("build.rs"));
    found.sort();
    assert!(found.len() > 20, "the walk found the sources");
    let name = |path: &Path| path.strip_prefix(&root).expect("below src").display().to_string();
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("readable"))).collect()
}

/// Returns the code of a file without comments and tests.
fn code(text: &str) -> String {
    let upto = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..upto].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

/// Returns the lines of these folders' code that contain one of the words.
fn offenders(of: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut bad = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| of(name) && !is_test(name)) {
        for line in code(&text).lines() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                bad.push(format!("{name}: {word}: {}", line.trim()));
            }
        }
    }
    bad
}

#[test]
fn model_protocol_record_and_session_touch_no_runtime_file_thread_or_clock() {
    let pure =
        |name: &str| ["model/", "protocol/", "record/", "session/"].iter().any(|folder| name.starts_with(folder));
    let words = ["tokio", "std::fs", "std::net", "std::thread", "std::env", "::now(", "SystemTime"];
    assert_eq!(offenders(pure, &words), [""; 0]);
}

/// Returns the rows of the table of folders in the crate documentation: a folder and the folders it uses.
fn plan() -> Vec<(String, BTreeSet<String>)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("readable");
    let row = |line: &str| {
        let cells: Vec<_> = line.strip_prefix("//! | `")?.split('|').map(str::trim).collect();
        let [folder, _, uses, ""] = cells[..] else { return None };
        let uses = uses.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Some((folder.trim_end_matches('`').to_owned(), uses))
    };
    text.lines().filter_map(row).collect()
}

/// Returns the folders of the crate that each folder names in its code.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| !is_test(name)) {
        let folder = name.split('/').next().expect("a name").trim_end_matches(".rs").to_owned();
        if ["lib", "main"].contains(&folder.as_str()) {
            continue;
        }
        let uses = all.entry(folder.clone()).or_default();
        for rest in code(&text).split("crate::").skip(1) {
            let named = match rest.strip_prefix('{') {
                Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
                None => vec![rest],
            };
            let word = |text: &str| text.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().map(str::to_owned);
            uses.extend(named.into_iter().filter_map(word).filter(|used| !used.is_empty() && *used != folder));
        }
    }
    all
}

#[test]
fn folders_use_what_the_crate_documentation_says_and_only_folders_above_them() {
    let plan = plan();
    assert!(plan.len() > 15, "the table of folders has {} rows", plan.len());
    let imports = imports();
    let mut wrong = Vec::new();
    let planned: BTreeSet<_> = plan.iter().map(|(folder, _)| folder.clone()).collect();
    let there: BTreeSet<_> = imports.keys().cloned().collect();
    wrong.extend(
        planned.symmetric_difference(&there).map(|folder| format!("{folder}: in the table or in src, not both")),
    );
    for (row, (folder, uses)) in plan.iter().enumerate() {
        let found = imports.get(folder).cloned().unwrap_or_default();
        wrong.extend(found.difference(uses).map(|used| format!("{folder} uses {used}, which the table does not say")));
        wrong.extend(uses.difference(&found).map(|used| format!("{folder} does not use {used}, as the table says")));
        let above: BTreeSet<_> = plan[..row].iter().map(|(name, _)| name.clone()).collect();
        wrong.extend(found.difference(&above).map(|used| format!("{folder} uses {used}, which is not above it")));
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn anyhow_stays_in_cmd() {
    assert_eq!(offenders(|name| !name.starts_with("cmd/"), &["anyhow"]), [""; 0]);
}

#[test]
fn only_net_and_the_servers_know_the_websocket_crate() {
    let known = ["net/", "server/", "simulator/", "relay/"];
    let others = |name: &str| !known.iter().any(|folder| name.starts_with(folder));
    assert_eq!(offenders(others, &["tungstenite::"]), [""; 0]);
}

#[test]
fn nothing_prints_but_the_writer_and_the_console() {
    assert_eq!(offenders(|_| true, &["println!", "eprintln!", " print!(", " eprint!(", "dbg!("]), [""; 0]);
}

#[test]
fn every_allow_attribute_has_a_reason() {
    let mut bad = Vec::new();
    for (name, text) in sources() {
        for start in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in text.match_indices(start) {
                let end = text[at..].find(")]").map_or(text.len(), |end| at + end);
                if !text[at..end].contains("reason") {
                    bad.push(format!("{name}: {}", &text[at..end]));
                }
            }
        }
    }
    assert_eq!(bad, [""; 0]);
}

#[test]
fn no_file_is_longer_than_the_limit() {
    let sources = sources();
    let gone = LONG.iter().filter(|(long, _)| !sources.iter().any(|(name, _)| name == long));
    let mut bad: Vec<_> = gone.map(|(long, _)| format!("{long} is no more: take it off the list")).collect();
    for (name, text) in sources.into_iter().filter(|(name, _)| !is_test(name)) {
        let lines = code(&text).lines().count();
        let excepted = LONG.iter().any(|(long, _)| *long == name);
        if lines > LONGEST && !excepted {
            bad.push(format!("{name} has {lines} lines of code: which second thing does it do?"));
        }
        if lines <= LONGEST && excepted {
            bad.push(format!("{name} is short enough now: take it off the list"));
        }
    }
    assert_eq!(bad, [""; 0]);
}
