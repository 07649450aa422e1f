//! Defaults from `config.toml`: the order of precedence, and errors in the file.

use crate::support::{dhan, stderr, stdout};
use std::path::PathBuf;
use std::process::{Command, Output};

/// A home with a configuration file.
struct Home(tempfile::TempDir);

impl Home {
    fn with(text: &str) -> Home {
        let home = Home::without();
        std::fs::create_dir(home.0.path().join("dhan")).expect("a folder is made");
        std::fs::write(home.file(), text).expect("a file is written");
        home
    }

    fn without() -> Home {
        Home(tempfile::tempdir().expect("a folder is made"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("dhan/config.toml")
    }

    fn run(&self, line: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = dhan(line);
        command.env("XDG_CONFIG_HOME", self.0.path()).env("HOME", self.0.path());
        command.envs(environment.iter().copied()).output().expect("dhan runs")
    }

    /// The type of the first record that the simulated exchange sends.
    fn first_type(&self, line: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.run(&[&["feed", "--demo=1", "-n", "1", "-d", "20s", "IDX_I:13"], line].concat(), environment);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        text.split('"').nth(3).unwrap_or_default().to_owned()
    }
}

const MODES: &str = "mode = \"quote\"\n[profile.deep.feed]\nmode = \"ticker\"\n";

#[test]
fn flags_override_the_profile_and_the_profile_overrides_the_rest_of_the_file() {
    let home = Home::with(MODES);
    assert_eq!(home.first_type(&[], &[]), "quote");
    assert_eq!(home.first_type(&["--no-config"], &[]), "ticker");
    assert_eq!(home.first_type(&["--profile", "deep"], &[]), "ticker");
    assert_eq!(home.first_type(&[], &[("DHAN_PROFILE", "deep")]), "ticker");
    assert_eq!(home.first_type(&["--profile", "deep", "--mode", "quote"], &[]), "quote");
}

#[test]
fn the_environment_overrides_the_file() {
    let home = Home::with("token-file = \"/nowhere/of-the-file\"\n");
    let line = ["token", "show"];
    assert!(stderr(&home.run(&line, &[])).contains("/nowhere/of-the-file"));
    let other = stderr(&home.run(&line, &[("DHAN_TOKEN_FILE", "/nowhere/of-the-environment")]));
    assert!(other.contains("of-the-environment") && !other.contains("of-the-file"), "{other}");
    let command = stderr(&home.run(&["token", "show", "--token-command", "exit 9"], &[]));
    assert!(!command.contains("of-the-file"), "{command}");
}

#[test]
fn a_default_is_ignored_beside_an_option_that_conflicts_with_it() {
    let home = Home::with("quiet = true\n[feed]\ncount = 3\nbars = [\"1m\"]\n");
    let output = home.run(&["feed", "--demo=1", "--once", "-v", "-d", "20s", "IDX_I:13"], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(output.stdout.starts_with(b"{\"type\":\"ticker\""));
}

#[test]
fn a_top_level_value_applies_to_the_commands_that_have_the_option() {
    let home = Home::with("format = \"csv\"\n");
    let output = home.run(&["feed", "--demo=1", "-n", "1", "-d", "20s", "IDX_I:13"], &[]);
    assert!(output.stdout.starts_with(b"type,"), "{}", stderr(&output));
    assert_eq!(home.run(&["schema", "ticker"], &[]).status.code(), Some(0));
    assert!(!stderr(&home.run(&["doctor", "--offline"], &[])).contains("csv"));
}

#[test]
fn an_invalid_file_ends_every_command_except_those_that_read_no_file() {
    let home = Home::with("\nmod = \"quote\"\n");
    let output = home.run(&["feed", "IDX_I:13", "--until", "25:00"], &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let file = home.file().display().to_string();
    for part in [&format!("{file} line 2: "), "\"mod\"; the nearest is mode", "\"25:00\""] {
        assert!(stderr(&output).contains(part), "{part} is missing in: {}", stderr(&output));
    }
    for line in [
        &["--help"][..],
        &["feed", "--help"],
        &["help", "feed"],
        &["--version"],
        &[],
        &["instruments"],
        &["config", "path"],
        &["generate", "completions", "bash"],
        &["generate", "man"],
        &["schema", "ticker", "--no-config"],
    ] {
        assert_eq!(home.run(line, &[("DHAN_PROFILE", "none")]).status.code(), Some(0), "{line:?}");
    }
    assert_eq!(home.run(&["config", "show"], &[]).status.code(), Some(2));
    // An error on the command line does not hide those in the file.
    let both = home.run(&["feed", "--moed", "full"], &[]);
    assert_eq!(both.status.code(), Some(2));
    assert!(
        stderr(&both).contains("--moed") && stderr(&both).contains("\"mod\"; the nearest is mode"),
        "{}",
        stderr(&both)
    );
}

#[test]
fn an_error_in_a_default_names_the_file_and_the_line() {
    let home = Home::with(
        "skip-missing = true\n[orders]\noutput = \"x.parquet\"\n[token.show]\ntoken-file = \"~/nowhere/token\"\n",
    );
    let output = home.run(&["orders"], &[]);
    let from = format!("(--output is on line 3 of {})", home.file().display());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(&from), "{}", stderr(&output));
    let output = home.run(&["token", "show"], &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("(--token-file is on line 5 of "), "{}", stderr(&output));
}

/// Creates something in the place of the file.
type Make<'a> = &'a dyn Fn(&std::path::Path);

#[test]
fn an_unreadable_file_is_an_error_with_its_reason_and_never_blocks() {
    let run = |make: Make| {
        let home = Home::with("");
        std::fs::remove_file(home.file()).expect("removed");
        make(&home.file());
        let output = home.run(&["schema", "ticker"], &[]);
        (output.status.code(), stderr(&output))
    };
    let failures: [(Make, &str); 4] = [
        (&|path| std::fs::create_dir(path).expect("made"), "it is no regular file"),
        (
            &|path| assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success()),
            "it is no regular file",
        ),
        (&|path| std::fs::write(path, b"mode = \"\xff\"").expect("written"), "it is not UTF-8"),
        (&|path| std::fs::write(path, vec![b'\n'; 2 << 16]).expect("written"), "65536 are read at most"),
    ];
    for (make, words) in failures {
        let (code, messages) = run(make);
        assert_eq!(code, Some(2), "{words}");
        assert!(
            messages.contains("config.toml: ") && messages.contains(words) && messages.contains("--no-config"),
            "{messages}"
        );
    }
    // A link to a file is read; a broken link counts as no file.
    let text = |path: &std::path::Path| path.with_file_name("elsewhere");
    let link = |path: &std::path::Path| std::os::unix::fs::symlink(text(path), path).expect("linked");
    let (code, messages) = run(&|path| {
        std::fs::write(text(path), "mod = 1").expect("written");
        link(path);
    });
    assert!(code == Some(2) && messages.contains("the nearest is mode"), "{messages}");
    assert_eq!(run(&link).0, Some(0));
}

#[test]
fn no_file_is_read_without_a_home() {
    let run = |line: &[&str]| dhan(line).output().expect("dhan runs");
    assert_eq!(run(&["schema", "ticker"]).status.code(), Some(0));
    for line in [&["config", "path"][..], &["config", "show"], &["schema", "--profile", "x"]] {
        let output = run(line);
        assert_eq!(output.status.code(), Some(2), "{line:?}");
        assert!(stderr(&output).contains("neither XDG_CONFIG_HOME nor HOME is set"), "{}", stderr(&output));
    }
}

#[test]
fn config_show_masks_secrets_in_values() {
    let home = Home::with(
        "token-command = \"echo sentinel-7f3a\"\npin-command = \"PIN=482913 printenv PIN\"\n\
         url = \"wss://me:sentinel-7f3a@h/p?token=sentinel-7f3a\"\nclient-id = 1100001234\ntotp-file = \"/run/totp\"\n",
    );
    let output = home.run(&["config", "show"], &[]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for secret in ["sentinel", "482913", "1100001234"] {
        assert!(!text.contains(secret), "{text}");
    }
    for part in
        ["token-command = \"echo …\"", "pin-command = \"…\"", "url = \"wss://h/p\"", "totp-file = \"/run/totp\""]
    {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    let home = Home::with("pin = \"482913\"\naccess-token = \"sentinel-7f3a\"\n");
    let output = home.run(&["schema", "ticker"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let messages = stderr(&output);
    assert!(messages.contains("pin-file") && messages.contains("token-file"), "{messages}");
    assert!(!messages.contains("482913") && !messages.contains("sentinel"), "{messages}");
}

#[test]
fn an_unknown_profile_is_refused_with_the_nearest_one() {
    let home = Home::with(MODES);
    for (line, environment) in
        [(&["schema", "--profile", "deap"][..], &[][..]), (&["schema"], &[("DHAN_PROFILE", "deap")])]
    {
        let output = home.run(line, environment);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("the nearest is \"deep\""), "{}", stderr(&output));
    }
    let output = Home::without().run(&["schema", "--profile", "deep"], &[]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("there is no file"), "{}", stderr(&output));
}

#[test]
fn config_show_prints_each_value_with_its_origin() {
    let home = Home::with(
        "client-id = \"1100001234\"\ntoken-file = \"/t\"\n[feed]\nmode = \"quote\"\n[profile.deep.feed]\nmode = \"full\"\n",
    );
    let output = home.run(&["config", "show", "--profile", "deep"], &[("DHAN_TOKEN_FILE", "/e")]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for part in [
        &home.file().display().to_string(),
        "[feed]",
        "\nmode = \"full\"  # line 6, profile deep\n",
        "\n# mode = \"quote\"  # line 4; line 6 wins\n",
        "# token-file = \"/t\"  # line 2; DHAN_TOKEN_FILE wins",
        "# token-file: from the environment, DHAN_TOKEN_FILE",
    ] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
    assert!(!text.contains("1100001234"), "{text}");
    let ignored = home.run(&["config", "show", "--no-config"], &[]);
    let text = stdout(&ignored);
    assert_eq!(text, format!("# {} is not read: --no-config\n", home.file().display()));
    let path = home.run(&["config", "path"], &[]);
    assert_eq!(stdout(&path), format!("{}\n", home.file().display()));
}
