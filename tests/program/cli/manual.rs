//! Help and manual pages: the length of short help, the checks of mandoc and groff, and examples that run.

use crate::cli::home::{Home, lacking};
use crate::support::{both, dhan, skipped, stderr, stdout};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;

/// Maximum number of lines of `-h`: a screen.
const SCREEN: usize = 40;
/// Number of examples that run at a time.
const AT_ONCE: usize = 6;

/// Returns what `dhan` prints on a terminal of 80 columns.
fn printed(line: &[&str]) -> String {
    let output = dhan(line).env("COLUMNS", "80").output().expect("dhan runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", both(&output));
    stdout(&output)
}

/// Returns the commands that have a manual page.
fn commands() -> Vec<Vec<String>> {
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("man")).unwrap().flatten();
    let names = pages.map(|page| page.file_name().into_string().unwrap());
    let names: Vec<_> = names.filter_map(|name| Some(name.strip_suffix(".1")?.to_owned())).collect();
    names.into_iter().map(|name| name.split('-').skip(1).map(str::to_owned).collect()).collect()
}

#[test]
fn short_help_fits_a_screen_and_names_every_option_it_omits() {
    let commands = commands();
    assert!(commands.len() > 20);
    for command in commands {
        let line: Vec<_> = command.iter().map(String::as_str).collect();
        let help = |option| printed(&[&line[..], &[option]].concat());
        let (short, long) = (help("-h"), help("--help"));
        assert!(short.lines().count() <= SCREEN, "dhan {} -h: {} lines", line.join(" "), short.lines().count());
        assert!(long.contains("\nExamples:\n"), "{long}");
        let options = long.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
        let names = options.filter_map(|line| Some(line.split_once("--")?.1.split([' ', '[', '.']).next()?.to_owned()));
        let mut names: Vec<_> = names.collect();
        names.retain(|name| !short.contains(&format!("--{name}")));
        let everywhere = ["log-format", "color", "profile", "no-config"];
        names.retain(|name| !everywhere.contains(&name.as_str()) || short.contains("More options"));
        assert!(names.is_empty(), "dhan {} -h does not name {names:?}", line.join(" "));
    }
}

#[test]
fn a_command_group_without_a_subcommand_prints_its_short_help() {
    for line in [&[][..], &["instruments"], &["token"], &["config"], &["generate"]] {
        let alone = printed(line);
        assert!(alone.contains("Commands:") && alone == printed(&[line, &["-h"]].concat()), "{line:?}: {alone}");
    }
}

#[test]
fn manual_pages_pass_mandoc_and_groff_and_have_their_sections() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for page in fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        let source = fs::read_to_string(&page).unwrap();
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let wanted = ["NAME", "DESCRIPTION", "EXAMPLE", "SEE ALSO"];
        let of_commands = ["SYNOPSIS", "OPTIONS", "\"EXIT STATUS\""];
        let wanted = wanted.iter().chain(of_commands.iter().filter(|_| name.ends_with(".1")));
        for section in wanted {
            let section = if section.contains(' ') { section.trim_matches('"') } else { section };
            assert!(source.lines().any(|l| l.starts_with(".SH") && l.contains(section)), "{name} has no {section}");
        }
        for (program, line) in [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("groff", &["-ww", "-man", "-Tutf8"])]
        {
            match Command::new(program).args(line).arg(&page).output() {
                Ok(output) => {
                    let complaints = if program == "mandoc" { both(&output) } else { stderr(&output) };
                    assert!(output.status.success() && complaints.is_empty(), "{program} {name}: {complaints}");
                }
                Err(_) => return skipped(&format!("no {program} here")),
            }
        }
    }
}

/// Returns the examples at the end of a help text, whose commands are indented by four blanks.
fn examples(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut is_new = true;
    for line in text.lines().skip_while(|line| *line != "Examples:").skip(1) {
        match line.strip_prefix("    ") {
            Some(command) if is_new => all.push(command.to_owned()),
            Some(command) => all.last_mut().expect("a command").extend(["\n", command]),
            None if line.is_empty() && !is_new => all.last_mut().expect("a command").push('\n'),
            None => {}
        }
        is_new = !line.starts_with("    ") && (is_new || !line.is_empty());
    }
    all
}

/// Returns a token that expires in 12 hours and claims to come from the web page.
fn token() -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let end = jiff::Timestamp::now().as_second() + 12 * 3600;
    let claims = format!(r#"{{"exp":{end},"tokenConsumerType":"SELF","dhanClientId":"1000000001"}}"#);
    format!("{}.{}.bm90LXNpZ25lZA\n", part(r#"{"alg":"HS512"}"#), part(&claims))
}

/// Creates a home with the files that examples name.
fn furnished(day: &Path) -> Home {
    let home = Home::new();
    for name in ["work/pasted-token", "work/other-token", ".config/dhan/token"] {
        home.write(name, &token(), 0o600);
    }
    home.write("work/watchlist.txt", "IDX_I:13\nNSE_EQ:2885@quote\n", 0o644);
    home.write(".config/dhan/config.toml", "[profile.night.feed]\ndemo = true\noutput = \"-\"\n", 0o600);
    home.write("work/pin", "864209\n", 0o600);
    home.write("work/totp", "QZ7XK2MNV4TBWJ5HRDYCP3LSGA6EUFIO\n", 0o600);
    home.write("work/relay-secret", "of-the-relay\n", 0o600);
    for name in ["day.dcap", "day.ndjson.zst"] {
        fs::copy(day.join(name), home.path(&format!("work/{name}"))).unwrap();
    }
    home
}

/// Whether a command runs until it is stopped.
fn is_endless(example: &str) -> bool {
    let streams = ["dhan feed", "dhan depth", "dhan orders"];
    let ends = [" -n ", " -d ", "--once", "--dry-run", "--until"];
    ["dhan watch", "dhan simulate", "dhan relay"].iter().any(|name| example.contains(name))
        || (streams.iter().any(|name| example.contains(name)) && !ends.iter().any(|end| example.contains(end)))
}

/// Runs an example: in a terminal if it needs one, until SIGINT if it has no end.
fn run(home: &Home, example: &str) -> Output {
    let example = home.here(example);
    // Each example gets a capture of its own, since captures are appended to. The simulated share has a made-up ISIN.
    let example = example.replace("--capture day.dcap", "--capture own.dcap").replace("INE002A01018", "INE00288501010");
    let script = match example.as_str() {
        watch if watch.contains("dhan watch") => {
            home.write("work/example.sh", &format!("stty cols 100 rows 30\nexec {watch}\n"), 0o644);
            "script -qec 'timeout --foreground --preserve-status -s INT 4 bash example.sh' /dev/null >/dev/null"
                .to_owned()
        }
        endless if is_endless(endless) => {
            home.write("work/example.sh", &format!("exec {endless}"), 0o644);
            "timeout --preserve-status -s INT 4 bash example.sh".to_owned()
        }
        // On a terminal the program would prompt for the token.
        "dhan token save" => "dhan token save <pasted-token".to_owned(),
        // `man` needs a pager.
        page if page.contains("man -l") => page.replace("man -l -", "grep -q EXAMPLES"),
        other => other.to_owned(),
    };
    let detailed = if script.contains("--detailed") {
        "DHAN_INSTRUMENTS_URL=${DHAN_INSTRUMENTS_URL%/*}/detailed.csv\n"
    } else {
        ""
    };
    home.run(&format!("{detailed}{script}"))
}

#[test]
fn the_examples_of_help_and_manual_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, text: &str| all.extend(examples(text).into_iter().map(|e| (name.to_owned(), e)));
    for folder in ["src/cli/manual", "src/cmd/generate/man"] {
        for path in fs::read_dir(root.join(folder)).unwrap().flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "txt") {
                add(&path.file_stem().unwrap().to_string_lossy(), &fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(all.len() > 80, "{}", all.len());
    let day = Home::new();
    let made = day.run("dhan feed --demo -m quote -n 50 --capture day.dcap -o day.ndjson.zst IDX_I:13 NSE_EQ:2885");
    assert!(made.status.success(), "{}", both(&made));
    let (day, queue) = (day.path("work"), Mutex::new(all.into_iter()));
    let next = || queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).next();
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((name, example)) = next() {
                    let home = furnished(&day);
                    if let Some(lacking) = lacking(&home, &example) {
                        skipped(&format!("no {lacking} for: {example}"));
                        continue;
                    }
                    let output = run(&home, &example);
                    if !output.status.success() {
                        let failure = format!("{name}: {:?}\n{example}\n{}", output.status.code(), both(&output));
                        failed.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} examples fail:\n{}", failed.len(), failed.join("\n---\n"));
}
