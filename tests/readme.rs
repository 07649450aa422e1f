//! The README's examples that are marked ```` ```sh test ```` do what it says.

use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn marked_examples_run_and_print() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a README");
    let blocks: Vec<_> = readme.split("```sh test\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "the README has examples");
    let bin = Path::new(env!("CARGO_BIN_EXE_dhan")).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let has_jq = Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok();
    for block in blocks {
        if block.contains("jq ") && !has_jq {
            continue;
        }
        // An example that never ends is a failure with a name, not a test run that hangs.
        let mut command = Command::new("timeout");
        command.args(["60", "bash", "-euo", "pipefail", "-c", block]).env("PATH", &path).stdin(Stdio::null());
        let output = command.output().expect("bash runs");
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{block} prints nothing");
    }
}
