//! Shell completion of instruments from the cache, in every installed shell.

use crate::cli::home::Home;
use crate::support::{DHAN, both, skipped};
use std::process::Command;

/// A home whose cache holds the simulated master, with a file that a shell would offer.
fn home() -> Home {
    let home = Home::new();
    let synced = home.run("dhan instruments sync && touch RELATIONS NSE_EQ:RELATIONS");
    assert!(synced.status.success(), "{}", both(&synced));
    home
}

/// Returns the suggestions for a word. Repeats the request, since a busy machine may not read the names within 20 ms.
fn suggested(home: &Home, word: &str) -> Vec<String> {
    for _ in 0..10 {
        let output = home.run(&format!("dhan __complete {word}"));
        assert!(output.status.success() && output.stderr.is_empty(), "{}", both(&output));
        if !output.stdout.is_empty() {
            return String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        }
    }
    Vec::new()
}

/// Runs a script until its lines satisfy `are_right`; a busy machine may leave out suggestions, which take 20 ms at most.
fn completes(home: &Home, shell: &str, script: &str, are_right: impl Fn(&[String]) -> bool) {
    if !home.run(&format!("command -v {shell}")).status.success() {
        return skipped(&format!("no {shell} here"));
    }
    home.write("work/script", script, 0o644);
    home.run("dhan generate completions --dir completions");
    let mut lines = Vec::new();
    for _ in 0..10 {
        let output = home.run(&format!("timeout 60 {shell} script"));
        lines = both(&output).lines().map(|line| line.trim().to_owned()).collect();
        if are_right(&lines) {
            return;
        }
    }
    panic!("{}", lines.join("\n"));
}

#[test]
fn suggestions_are_symbols_and_live_contracts_with_the_typed_prefix() {
    let home = home();
    assert_eq!(suggested(&home, "NSE_EQ:REL"), ["NSE_EQ:RELIANCE"]);
    assert_eq!(suggested(&home, "nse:rel"), ["nse:RELIANCE"]);
    assert!(suggested(&home, "NSE").contains(&"NSE_EQ:".to_owned()));
    assert_eq!(suggested(&home, "NSE_EQ:"), [""; 0], "without a letter there are too many");
    for word in ["NFO:NIFTY", "NFO:nifty", "NFO:NIFTY-"] {
        let all = suggested(&home, word);
        assert!(!all.is_empty() && all.len() <= 100, "{word}: {}", all.len());
        let begins = |one: &String| one.to_ascii_uppercase().starts_with(&word.to_ascii_uppercase());
        assert!(all.iter().all(begins) && all.iter().all(|one| !one.contains(' ')), "{word}: {all:?}");
    }
    let future = suggested(&home, "NFO:NIFTY-").into_iter().find(|one| one.ends_with("-FUT")).expect("a future");
    let found = home.run(&format!("dhan instruments find {future} --offline -f spec"));
    assert!(found.status.success() && found.stdout.starts_with(b"NSE_FNO:"), "{future}: {}", both(&found));
}

#[test]
fn a_missing_or_broken_cache_gives_no_suggestions_and_no_error() {
    let home = Home::new();
    assert_eq!(suggested(&home, "NSE_EQ:REL"), [""; 0]);
    home.write(".cache/dhan/compact.master", "no master", 0o644);
    assert_eq!(suggested(&home, "NSE_EQ:REL"), [""; 0]);
    let alone = Command::new(DHAN).arg("__complete").env_clear().output().expect("dhan runs");
    assert!(alone.status.success() && alone.stderr.is_empty(), "{}", both(&alone));
}

#[test]
fn bash_completes_instruments_only_where_the_command_takes_them() {
    let home = home();
    // As readline hands words over: a colon is a word of its own.
    let script = r#"
source completions/dhan.bash
try() {
    COMP_LINE="$1"; COMP_POINT=${#1}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    _dhan_with_instruments dhan "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    echo "$COMP_LINE => ${COMPREPLY[*]}"
}
try 'dhan feed NSE_EQ:REL' dhan feed NSE_EQ : REL
try 'dhan feed REL' dhan feed REL
try 'dhan depth --top 5 REL' dhan depth --top 5 REL
try 'dhan watch -m full NSE_EQ:REL' dhan watch -m full NSE_EQ : REL
try 'dhan instruments show REL' dhan instruments show REL
try 'dhan feed --mo' dhan feed --mo
try 'dhan feed -i REL' dhan feed -i REL
try 'dhan inst' dhan inst
"#;
    let wanted = [
        "dhan feed NSE_EQ:REL => RELIANCE",
        "dhan feed REL => RELIANCE RELIANCE-",
        "dhan watch -m full NSE_EQ:REL => RELIANCE",
        "dhan instruments show REL => RELIANCE RELIANCE-",
        "dhan feed --mo => --mode",
        "dhan feed -i REL => RELATIONS",
        "dhan inst => instruments",
    ];
    completes(&home, "bash", script, |lines| wanted.iter().all(|line| lines.iter().any(|known| known == line)));
}

#[test]
fn fish_completes_instruments_and_no_files() {
    let home = home();
    let script =
        "source completions/dhan.fish\ncomplete -C 'dhan feed NSE_EQ:REL'\necho -\ncomplete -C 'dhan feed REL'\n";
    completes(&home, "fish", script, |lines| lines == ["NSE_EQ:RELIANCE", "-", "RELIANCE", "RELIANCE-"]);
}

#[test]
fn zsh_completes_instruments_and_no_files() {
    let home = home();
    // A shell in a terminal of its own: TAB, then a key that shows the line.
    let script = r#"
zmodload zsh/zpty
for typed in 'dhan feed NSE_EQ:REL' 'dhan depth -q nse:RELI' 'dhan instruments show nse:rel'; do
    zpty inner zsh -f -i
    zpty -w inner "PROMPT= fpath=($PWD/completions \$fpath); autoload -U compinit && compinit -u -D; compdef _dhan dhan"
    zpty -w inner 'show() { print -r -- "LINE<$BUFFER>" }; zle -N show; bindkey "^X" show; print REA""DY'
    zpty -r inner answer '*READY*'
    zpty -w -n inner "$typed"$'\t\C-x'
    zpty -r inner answer '*LINE<*>*'
    print -r -- "${answer##*LINE}"
    zpty -d inner
done
"#;
    let wanted =
        ["<dhan feed NSE_EQ:RELIANCE>", "<dhan depth -q nse:RELIANCE>", "<dhan instruments show nse:RELIANCE>"];
    completes(&home, "zsh", script, |lines| {
        wanted.iter().all(|line| lines.iter().any(|known| known.replace('\\', "") == *line))
    });
}
